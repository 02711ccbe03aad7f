"""What a portal allows: its rate, its blocks, and how long somebody waits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Lane(StrEnum):
    """Who waits for whom at a portal's rate limit: a person goes first, bulk work later."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


@dataclass(frozen=True)
class Rate:
    """What a portal allows: ``size`` requests at once, ``leak`` more each second."""

    leak: float
    size: float


@dataclass(frozen=True)
class Permit:
    """The budget's answer: go now, or ask again after ``wait`` seconds."""

    granted: bool
    wait: float
    method_blocked: bool = False


@dataclass(frozen=True)
class Block:
    """A method nobody, or no bulk work, calls before the Unix time ``until``."""

    method: str
    until: float
    bulk_only: bool


@dataclass(frozen=True)
class BudgetFacts:
    """How a portal's budget stands: how full its bucket is and how wide, each 0 to 1."""

    level: float
    width: float
    blocked: tuple[Block, ...]


@dataclass
class Patience:
    """Seconds that may still be spent waiting: for a lock, for room, for what does not answer.

    Everything that waits on behalf of one person shares one of these, so it is no record: it
    runs down. Work that gets its answer costs nothing of it.
    """

    left: float

    def spend(self, seconds: float) -> None:
        """So many seconds were waited."""
        self.left = max(0.0, self.left - seconds)
