"""The list of what was changed: the newest first, with what was taken back, wholly or in part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from b24app.actions import history, past
from b24app.actions.portal import Portal
from b24app.actions.roads import ROADS
from b24app.errors import NotFound
from b24app.records import Change
from b24app.store.changes import WHOLE

PAGE: Final = 25
CHUNK: Final = 100


@dataclass(frozen=True)
class Wanted:
    """Which changes to list; what is left empty does not matter. ``since`` is a Unix second,
    ``thing_id`` a thing's number or its code.
    """

    thing: str = ""
    thing_id: str = ""
    person: int | None = None
    since: int = 0

    def takes(self, change: Change) -> bool:
        """Whether the change is one of them; its moment is not looked at."""
        code = (change.after or change.before).get("code")
        return (
            self.thing in ("", change.thing)
            and self.thing_id in ("", change.thing_id, code)
            and self.person in (None, change.user_id)
        )


@dataclass(frozen=True)
class Slice:
    """Some changes, newest first; ``older`` is where the next ones begin, "" at the end.

    ``undone`` has the ids of those that were taken back, ``unfinished`` of those that were in
    part: that was cut short and can go on.
    """

    changes: tuple[Change, ...]
    older: str
    undone: frozenset[str]
    unfinished: frozenset[str] = frozenset()


def listing(portal: Portal, wanted: Wanted, below: str = "") -> Slice:
    """The next changes that are wanted, older than the id ``below``; reads no more than it must.

    Raises NotFound for a ``below`` that is no id.
    """
    if below and not history.CHANGE_ID.fullmatch(below):
        raise NotFound("change")
    found: list[Change] = []
    place = below
    while len(found) <= PAGE:
        chunk = portal.store.changes.newest(CHUNK, below=place, since=wanted.since)
        found += filter(wanted.takes, chunk)
        if len(chunk) < CHUNK:
            break
        place = chunk[-1].id
    shown = tuple(found[:PAGE])
    older = shown[-1].id if len(found) > PAGE else ""
    marks = portal.store.changes.undone([change.id for change in shown])
    begun = [change for change in shown if change.id in marks]
    unfinished = _unfinished(portal, begun, marks)
    return Slice(shown, older, frozenset(marks) - unfinished, unfinished)


def _unfinished(portal: Portal, begun: list[Change], marks: Mapping[str, str]) -> frozenset[str]:
    """Of changes that were taken back the ids of those of which something is left to do."""
    open_ends = [
        one for one in begun if marks[one.id] != WHOLE or (one.thing == "bot" and one.group)
    ]
    known = past.read(portal) if open_ends else []
    return frozenset(
        one.id
        for one in open_ends
        if past.left(portal, one, known)
        or (marks[one.id] != WHOLE and _is_cut_short(portal, one, marks[one.id], known))
    )


def _is_cut_short(portal: Portal, change: Change, mark: str, known: list[Change]) -> bool:
    """Whether the undo of a change stopped after the line ``mark``: before it came to the thing
    itself, or before all of that was as it should be."""
    if change.thing not in ROADS:
        return False
    last = next((line for line in known if line.id == mark), None)
    if last is not None and last.thing != change.thing:
        return True
    thing_id = history.id_now(portal, change, known)
    now = ROADS[change.thing](portal, "").standing(thing_id)
    lacks = now is not None and bool(history.lacking(change, now))
    return lacks and past.is_begun(portal, change, thing_id, known)
