"""What a REST client is given: tokens, a budget, and the shape of what it tells of each call."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from b24app.records import Lane, Permit

BLOCKED_SECONDS: Final = 60


class TokenSource(Protocol):
    """Gives an access token; with ``stale`` one that is not that one."""

    def __call__(self, stale: str | None = None) -> str: ...


class Budget(Protocol):
    """How much may be sent to the portal, shared with everybody who calls it."""

    def take(
        self, method: str, lane: Lane, patience: float, items: Collection[str] = ()
    ) -> Permit: ...

    def narrow(self) -> None: ...

    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None: ...

    def refused(self, method: str) -> float: ...

    def note(self, resets: Mapping[str, float]) -> None: ...


class Unlimited:
    """A budget without end, for a portal nobody knows yet."""

    def take(self, method: str, lane: Lane, patience: float, items: Collection[str] = ()) -> Permit:
        """Always granted."""
        return Permit(granted=True, wait=0)

    def narrow(self) -> None:
        """Nothing to narrow."""

    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None:
        """Nothing to block."""

    def refused(self, method: str) -> float:
        """Nobody knows better than in a while."""
        return time.time() + BLOCKED_SECONDS

    def note(self, resets: Mapping[str, float]) -> None:
        """Nobody to remember it."""


def stays() -> str:
    """The proven endpoint of a portal that has moved: there is none."""
    return ""


def has_no_other(access: str, reason: str) -> bool:
    """Whether there is another token than this one, which the portal refuses for good: no."""
    return False


@dataclass(frozen=True)
class Call:
    """What one call came to, for the metrics and the log."""

    method: str
    member_id: str
    outcome: str
    seconds: float
    waited: float
    attempts: int
