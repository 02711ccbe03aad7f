"""Work with many things, and looks at what a portal has."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """How a run of work with many things stands; only the first goes on by itself."""

    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DONE = "done"


class ItemState(StrEnum):
    """What became of one thing of a run; the first two are not at their end."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    GONE = "gone"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Item:
    """One thing of a run: its id and what it is called.

    ``reason`` says why it was refused or failed: an error's class, or a reason code.
    ``arrived`` is the number it has now, when it got another one.
    """

    number: int
    thing_id: str
    name: str
    state: ItemState = ItemState.WAITING
    reason: str = ""
    arrived: str = ""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in (ItemState.WAITING, ItemState.SENT)


@dataclass(frozen=True)
class Run:
    """Work with many things of one kind: ``verb`` is done to each on behalf of one person.

    ``reason`` says why it was stopped, ``tries`` how often in a row it came no further.
    """

    id: str
    at: int
    user_id: int
    user_name: str
    verb: str
    thing: str
    total: int
    state: RunState = RunState.RUNNING
    reason: str = ""
    tries: int = 0


class Drifted(StrEnum):
    """How the portal and our list differ over one thing."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


class Deed(StrEnum):
    """What can be done about a difference: make the portal as the list says, the list as the
    portal says, or take the thing off the side that alone has it."""

    RESTORE = "restore"
    ADOPT = "adopt"
    FORGET = "forget"


@dataclass(frozen=True)
class Finding:
    """One difference: a ``thing`` such as ``bot``, its id on the portal and its name.

    ``ours`` and ``theirs`` are fields as history keeps them, JSON-ready; where it is different
    only those that differ. ``deeds`` is what can be done, ``why`` a reason code for what cannot.
    ``commands`` are those of a bot on no list of ours, as fields; None where they are not told.
    """

    thing: str
    thing_id: str
    name: str
    how: Drifted
    ours: dict[str, Any]
    theirs: dict[str, Any]
    deeds: tuple[Deed, ...]
    why: str = ""
    commands: tuple[dict[str, Any], ...] | None = None


@dataclass(frozen=True)
class Look:
    """What the portal's lists said when they were last looked at.

    ``at`` is when, 0 for never. ``unseen`` are kinds of things that could not be listed, with an
    error's class or a reason code; ``strangers`` connectors that are not on our list, id to name.
    ``trouble`` is the class of the error that a later try, at ``tried_at``, has met.
    """

    at: int = 0
    findings: tuple[Finding, ...] = ()
    unseen: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    tried_at: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Check:
    """A walk through what no portal lists, asking for each whether it is there.

    ``done`` of ``total`` are asked, up to ``place``, a kind and an id; ``beat`` is when it last
    came further. ``trouble`` is the class of the error that ended it before its time.
    """

    id: str
    at: int
    total: int
    done: int = 0
    place: tuple[str, int] = ("", 0)
    beat: int = 0
    findings: tuple[Finding, ...] = ()
    trouble: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.done < self.total and not self.trouble
