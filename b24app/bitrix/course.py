"""How one REST call has gone so far: what was waited, what was tried, what is in doubt."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from b24app.errors import (
    B24AppError,
    MethodBlocked,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
)
from b24app.records import Patience


class Expired(Exception):
    """The access token's hour is over; never leaves the REST client."""


@dataclass
class Course:
    """How one call has gone so far."""

    patience: Patience
    methods: Collection[str] = ()  # of the items, when the call is a batch
    started: float = field(default_factory=time.monotonic)
    access: str = field(default="", repr=False)
    waited: float = 0.0
    attempt: int = 1
    renewed: bool = False
    moved: bool = False
    doubt: B24AppError | None = None  # a failure after which the portal may have acted

    def lasting(self, work: Callable[[], str]) -> str:
        """Do what may take its time; the patience pays for it."""
        began = time.monotonic()
        try:
            return work()
        finally:
            self.patience.spend(time.monotonic() - began)

    def sleep(self, seconds: float) -> None:
        """Wait, and remember it."""
        time.sleep(seconds)
        self.waited += seconds
        self.patience.spend(seconds)

    def failed(self, error: B24AppError, seconds: float) -> None:
        """A try has failed after so many seconds, which count as waiting: nothing came of them."""
        self.patience.spend(seconds)
        if isinstance(error, PortalTrouble) or getattr(error, "sent", False):
            self.doubt = error


def not_begun(error: B24AppError) -> bool:
    """Whether the last try itself changed nothing, so that an earlier one may be worse news."""
    if isinstance(error, PortalUnreachable):
        return not error.sent
    return isinstance(error, RateLimited | MethodBlocked)
