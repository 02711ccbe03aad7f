"""An installation: where it stands in its life, and what its portal has told."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from b24app.records.chains import Standing


class Life(StrEnum):
    """Where an installation stands in its life; the machine is in ``actions/life.py``."""

    NEW = "new"
    INSTALLED = "installed"
    SUSPENDED = "suspended"
    UNINSTALLING = "uninstalling"
    GONE = "gone"


@dataclass(frozen=True)
class PortalRow:
    """A portal in the operator's list; nothing secret was read for it."""

    member_id: str
    domain: str
    installed_at: int
    state: Life
    standing: Standing


@dataclass(frozen=True)
class Installation:
    """A portal that has installed us. Every address in it was proven.

    ``client_id`` is the application it has installed. ``addresses`` are the origins of ours its
    events were bound to. ``state`` stands since ``since``; ``refuted_at`` is when an uninstall
    event was last found untrue. These last four are written by their own methods of the store.
    """

    member_id: str
    domain: str
    client_endpoint: str
    server_endpoint: str
    scope: tuple[str, ...]
    status: str
    application_token: str = field(repr=False)
    installed_by: int
    installed_at: int
    language: str = "en"
    license: str = ""
    client_id: str = ""
    addresses: tuple[str, ...] = ()
    state: Life = Life.NEW
    since: int = 0
    refuted_at: int = 0


@dataclass(frozen=True)
class Departure:
    """An uninstall that was announced and is being confirmed.

    ``began`` Unix second; ``clean``: everything is to go; ``before`` the state to go back to;
    ``word`` what was last heard, and ``word_since`` since when nothing else was.
    """

    id: str
    began: int
    clean: bool
    before: Life
    looks: int
    word: str
    word_since: int


class Outcome(StrEnum):
    """What became of an event."""

    DONE = "done"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sighting:
    """An event that came, and what became of it."""

    name: str
    at: int
    outcome: Outcome


@dataclass(frozen=True)
class EventFacts:
    """The last events, newest first; how many wait to be done, and how many failed for good.

    ``since`` is the Unix second since which the first of them could be done and nobody reads, 0
    for none. ``later`` were tried in vain and are tried again, the next at ``due``.
    """

    sightings: tuple[Sighting, ...]
    waiting: int
    dead: int
    since: int = 0
    later: int = 0
    due: int = 0
