"""Access to a portal: the tokens of its administrators and how they stand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


@dataclass(frozen=True)
class Tokens:
    """One access and refresh token pair; ``expires_at`` is the access token's end."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int


class ChainState(StrEnum):
    """How a chain stands; the first two live."""

    ALIVE = "alive"
    SPARE = "spare"
    SPENT = "spent"
    DEAD = "dead"
    UNREADABLE = "unreadable"


LIVING: Final = frozenset({ChainState.ALIVE, ChainState.SPARE})
EARLY_SECONDS: Final = 60


def used_until(issued_at: int, expires_at: int) -> float:
    """Until when an access token issued then is used: a minute before its end, or a quarter of a
    life that is shorter than four minutes. Unix seconds."""
    return expires_at - min(EARLY_SECONDS, max(0, expires_at - issued_at) / 4)


@dataclass(frozen=True)
class Chain:
    """One administrator's tokens and all their successors."""

    user_id: int
    tokens: Tokens
    proven_at: int
    name: str = ""


@dataclass(frozen=True)
class Intent:
    """Somebody was about to spend the refresh token of this version, and no end was noted."""

    version: int
    owner: str
    at: int


@dataclass(frozen=True)
class ChainFacts:
    """What is known of a chain without opening it.

    ``version`` grows with every new pair; ``reason`` and ``since`` say why it does not live and
    since when, ``tried_at`` when it was last shown to the authorization server. A spare is a
    living chain that is not in use.
    """

    user_id: int
    name: str
    version: int
    state: ChainState
    reason: str
    since: int
    tried_at: int
    proven_at: int
    issued_at: int
    expires_at: int
    sealed: str = field(repr=False)
    intent: Intent | None = None

    @property
    def living(self) -> bool:
        """Whether nothing speaks against it."""
        return self.state in LIVING

    @property
    def maybe_spent(self) -> bool:
        """Whether its refresh token was shown to the authorization server, with no known end."""
        return self.intent is not None and self.intent.version == self.version


@dataclass(frozen=True)
class Trouble:
    """What keeps a whole portal from renewing: why, since when, and when it was last asked.

    ``keys`` is the fingerprint of the application keys that were refused, where that is why.
    """

    reason: str
    since: int
    asked_at: int
    keys: str = ""


@dataclass(frozen=True)
class Standing:
    """How a portal's access stands: its chains, the one in use first, then newest proven first.

    ``located_at`` is when a pair was last spent only to learn where the portal has moved.
    """

    generation: int
    chains: tuple[ChainFacts, ...]
    trouble: Trouble | None
    located_at: int = 0

    @property
    def waiting(self) -> bool:
        """Whether only an administrator who opens the application can bring access back."""
        return not any(chain.living for chain in self.chains)
