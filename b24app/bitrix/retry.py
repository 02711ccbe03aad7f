"""Whether to try again, and when: pure rules, nothing waits here."""

from __future__ import annotations

import random
from typing import Final

from b24app.errors import B24AppError, PortalTrouble, PortalUnreachable, RateLimited

ATTEMPTS: Final = 4
SHORT: Final = 0.2
LONG: Final = 1.0  # a refusal for too many requests mends itself no faster


def pause(
    error: B24AppError, attempt: int, *, repeatable: bool, chance: float | None = None
) -> float | None:
    """Seconds to wait before attempt ``attempt + 1``, or None to give up.

    What the portal has not begun is always safe to repeat: nothing was sent, or it refused for
    too many requests. Anything else only when the caller says that doing it twice is doing it
    once. The pause doubles, and ``chance`` (0 to 1) spreads it so that callers drift apart.
    """
    if attempt >= ATTEMPTS:
        return None
    if isinstance(error, PortalUnreachable):
        safe = repeatable or not error.sent
    else:
        safe = isinstance(error, RateLimited) or (repeatable and isinstance(error, PortalTrouble))
    if not safe:
        return None
    base = LONG if isinstance(error, RateLimited) else SHORT
    spread = random.random() if chance is None else chance  # noqa: S311 no secret
    return float(base * 2 ** (attempt - 1) * (0.5 + spread))
