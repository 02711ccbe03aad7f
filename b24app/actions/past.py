"""What history tells of a thing: the number it has now, what went with it, what was last done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from b24app.actions.portal import Portal
from b24app.records import Change, RunState, Verb
from b24app.store.changes import KEPT, REPUBLICATION

REMOVALS: Final = frozenset({Verb.UNREGISTER, Verb.FORGET})
NUMBERED: Final = frozenset({"bot", "chat_app", "command"})  # the portal names them, anew each time


def read(portal: Portal) -> list[Change]:
    """All that history keeps, newest first."""
    return portal.store.changes.newest(2 * KEPT)  # it is cut to about so many


def id_now(
    portal: Portal,
    change: Change,
    stands: Callable[[str], bool],
    known: Sequence[Change] | None = None,
) -> str:
    """The id under which the change's thing is on our list now, which ``stands`` tells of an id.

    What was republished, or came back after it was removed, has another number. Where it
    stands nowhere it is the change's own. History is read, unless it is ``known``, only for what
    does not stand under that.
    """
    own = change.thing_id
    if change.thing not in NUMBERED or stands(own):
        return own
    lines = read(portal) if known is None else known
    heirs = _heirs(lines, change.thing)
    seen, coming = {own}, heirs.get(own, [])
    while coming:
        one, *coming = coming
        if stands(one):
            return one
        if one not in seen:
            seen.add(one)
            coming += heirs.get(one, [])
    return own


def _heirs(lines: Sequence[Change], thing: str) -> dict[str, list[str]]:
    """The numbers that followed upon each number, the newest first."""
    mine = [line for line in lines if line.thing == thing]
    removed = {line.id: line.thing_id for line in mine if line.verb in REMOVALS}
    heirs: dict[str, list[str]] = {}
    for line in mine:
        old = ""
        if line.verb is Verb.REPUBLISH:  # one that kept its number has none in its line
            old = str(line.before.get("id", ""))
        elif line.verb is Verb.REGISTER:
            old = removed.get(line.undoes, "")
        if old not in ("", line.thing_id):
            heirs.setdefault(old, []).append(line.thing_id)
    return heirs


def is_replaced(change: Change) -> bool:
    """Whether it removed what a republication had put another in the place of."""
    return change.verb in REMOVALS and change.group.startswith(REPUBLICATION)


def companions(
    portal: Portal, change: Change, known: Sequence[Change] | None = None
) -> list[Change]:
    """What went together with a bot that was removed, oldest first, and is not back yet.

    ``known`` is what ``read`` gave, for a caller that has it.
    """
    if change.thing != "bot" or not change.group or is_replaced(change):
        return []
    lines = read(portal) if known is None else known
    places = [place for place, line in enumerate(lines) if line.id == change.id]
    mine: list[Change] = []
    for other in lines[places[0] + 1 :] if places else []:
        if other.group == change.group:
            if other.thing == "bot":  # one of the same number, that was removed earlier
                break
            mine.append(other)
    undone = portal.store.changes.undone([other.id for other in mine])
    return [other for other in reversed(mine) if other.id not in undone]


def left(portal: Portal, change: Change, known: Sequence[Change] | None = None) -> list[Change]:
    """Those ``companions`` of a bot that no run is about to bring back."""
    found = companions(portal, change, known)
    running = [one for one in portal.store.runs.all() if one.state is RunState.RUNNING]
    if not (found and running):
        return found
    coming = {item.thing_id for run in running for item in portal.store.runs.items(run)}
    return [other for other in found if other.id not in coming]


def is_begun(
    portal: Portal, change: Change, thing_id: str, known: Sequence[Change] | None = None
) -> bool:
    """Whether the last that was done to a thing is an undo of this change, which was cut short."""
    newest = (
        one
        for one in (read(portal) if known is None else known)
        if (one.thing, one.thing_id) == (change.thing, thing_id)
    )
    last = next(newest, None)
    return last is not None and last.undoes == change.id
