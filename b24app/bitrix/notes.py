"""What a portal's answers tell the budget, for everybody who calls the portal next.

The store may not answer. That never costs an answer of the portal: a note that is lost is made by
the next answer, or by a refusal.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from b24app.bitrix.answers import operating
from b24app.bitrix.given import BLOCKED_SECONDS, Budget
from b24app.errors import B24AppError, MethodBlocked, StoreUnavailable

TIGHT_OPERATING: Final = 330  # of the 420 to 480 seconds in ten minutes: bulk work stops here


class Notes:
    """Writes into one portal's budget; raises nothing."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget

    def narrow(self) -> None:
        """The portal refused a request although there was room."""
        with suppress(StoreUnavailable):
            self._budget.narrow()

    def times(self, times: Iterable[tuple[str, object]]) -> None:
        """Remember when methods' operating time starts anew; bulk work stops in good time.

        By method, the ``time`` of its answer (b24restdocs: limits.md).
        """
        now, resets = time.time(), {}
        with suppress(StoreUnavailable):
            for method, spent in times:
                found = operating(spent, now)
                if not found or found[0] <= 0:
                    continue
                resets[method] = found[1]
                if found[0] >= TIGHT_OPERATING:
                    self._budget.block(method, found[1], bulk_only=True)
            if resets:
                self._budget.note(resets)

    def blocks(self, errors: Iterable[B24AppError]) -> None:
        """Keep everybody off the methods that are blocked, and say in the errors until when."""
        until: dict[str, float] = {}
        for error in errors:
            if isinstance(error, MethodBlocked):
                if error.method not in until:
                    until[error.method] = self._refused(error.method)
                error.reset_at = until[error.method]

    def _refused(self, method: str) -> float:
        try:
            return self._budget.refused(method)
        except StoreUnavailable:
            return time.time() + BLOCKED_SECONDS
