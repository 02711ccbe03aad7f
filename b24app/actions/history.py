"""What was changed by whom, and taking it back.

Undo takes the same road as a change: the verbs of ``roads.py``, with a line of its own. History
only grows. What stands now decides what is to be done, so that undoing twice is undoing once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from b24app.actions import bots
from b24app.actions.portal import Portal
from b24app.actions.roads import ROADS, Arrival, Fields, Road
from b24app.errors import BadPayload, Conflict, NotFound
from b24app.records import Change, Verb
from b24app.store.changes import KEPT

CHANGE_ID: Final = re.compile(r"(?!0+-0+$)[0-9]{1,19}-[0-9]{1,19}")  # nothing is below 0-0
PAGE: Final = 25
CHUNK: Final = 100
# What changes with every save, is the portal's own, or follows from elsewhere.
BOOKKEEPING: Final = frozenset(
    {"id", "version", "updated_at", "updated_by", "icon_on_portal", "published", "bot_id"}
)
PICTURES: Final = frozenset({"icon", "avatar"})  # a portal cannot be told to drop one
REMOVALS: Final = frozenset({Verb.UNREGISTER, Verb.FORGET})


@dataclass(frozen=True)
class Wanted:
    """Which changes to list; what is left empty does not matter. ``since`` is a Unix second."""

    thing: str = ""
    thing_id: str = ""
    person: int | None = None
    since: int = 0

    def takes(self, change: Change) -> bool:
        """Whether the change is one of them; its moment is not looked at."""
        return (
            self.thing in ("", change.thing)
            and self.thing_id in ("", change.thing_id)
            and self.person in (None, change.user_id)
        )


@dataclass(frozen=True)
class Slice:
    """Some changes, newest first; ``older`` is where the next ones begin, "" at the end.

    ``undone`` has the ids of those that were taken back.
    """

    changes: tuple[Change, ...]
    older: str
    undone: frozenset[str]


@dataclass(frozen=True)
class Undone:
    """What an undo came to: ``already`` when there was nothing left to do."""

    change: Change
    thing_id: str
    already: bool = False
    notes: tuple[str, ...] = ()


def listing(portal: Portal, wanted: Wanted, below: str = "") -> Slice:
    """The next changes that are wanted, older than the id ``below``; reads no more than it must.

    Raises NotFound for a ``below`` that is no id.
    """
    if below and not CHANGE_ID.fullmatch(below):
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
    undone = portal.store.changes.undone([change.id for change in shown])
    return Slice(shown, older, frozenset(undone))


def get(portal: Portal, change_id: str) -> Change:
    """One change; raises NotFound."""
    if not CHANGE_ID.fullmatch(change_id):
        raise NotFound("change")
    return portal.store.changes.get(change_id)


def obstacle(change: Change) -> str:
    """Why the change cannot be taken back, a reason code; empty when it can."""
    if change.thing not in ROADS or _is_note(change):
        return "undo_note"
    if change.verb is Verb.REPUBLISH:
        return "undo_republication"
    if change.verb is Verb.UPDATE and not _touched(change) and not lost(change):
        return _untouchable(change)
    return ""


def lost(change: Change) -> bool:
    """Whether the portal removed the thing by itself, so that it stayed on our list."""
    return bool(change.before.get("published")) and change.after.get("published") is False


def undo(portal: Portal, change_id: str, typed_name: str = "") -> Undone:
    """Take a change back, by the road it came.

    Updated: the fields get their values from before. Registered: it is unregistered. Removed: it
    is registered again as it was. Lost by the portal: it is published again. Put on the list as
    the portal has it: it goes off the list, and nothing is sent. Twice is once.
    ``typed_name`` is needed where a bot would go with its chats: its full name, else
    NotConfirmed. Raises NotFound; BadPayload with the reason when it cannot be taken back;
    Conflict, with the thing's fields as they are, when somebody has changed the same since; else
    what the verbs raise.
    """
    change = get(portal, change_id)
    if reason := obstacle(change):
        raise BadPayload("change", reason)
    undoing = replace(portal, store=portal.store.undoing(change.id))
    road = ROADS[change.thing](undoing, typed_name)
    if lost(change):
        return _republish(road, change)
    if change.verb is Verb.UPDATE:
        return _restore(undoing, road, change)
    if change.verb in REMOVALS:
        secret = portal.store.changes.secrets(change).get("hash", "")
        return _put_back(undoing, road, change, secret)
    if change.verb is Verb.ADOPT:
        return _take_off(undoing, road, change)
    return _remove(road, change)


def companions(portal: Portal, change: Change) -> list[Change]:
    """What went together with a bot that was removed, oldest first, and is not back yet."""
    if change.thing != "bot" or not change.group:
        return []
    mine: list[Change] = []
    for other in portal.store.changes.newest(KEPT, below=change.id):
        if other.group == change.group:
            if other.thing == "bot":  # one of the same number, that was removed earlier
                break
            mine.append(other)
    undone = portal.store.changes.undone([other.id for other in mine])
    return [other for other in reversed(mine) if other.id not in undone]


def differences(change: Change, now: Fields) -> tuple[Fields, Fields]:
    """Where a thing now differs from how the change left it, or found what it removed."""
    then = change.before if change.verb in REMOVALS else change.after
    names = [name for name in _comparable(then) if now.get(name) != then[name]]
    return {name: then[name] for name in names}, {name: now.get(name) for name in names}


def _restore(portal: Portal, road: Road, change: Change) -> Undone:
    now = road.standing(change.thing_id)
    if now is None:
        raise NotFound(f"{change.thing} {change.thing_id}")
    names = _touched(change)
    if all(now[name] == change.before[name] for name in names):
        return Undone(change, change.thing_id, already=True)
    differs = any(now[name] != change.after[name] for name in names)
    if differs and not _is_begun(portal, change, change.thing_id):
        raise Conflict(now)
    wanted = now | {name: change.before[name] for name in change.before if name in _all(change)}
    return _arrived(change, road.restore(now, wanted))


def _republish(road: Road, change: Change) -> Undone:
    now = road.standing(change.thing_id)
    if now is None:
        raise NotFound(f"{change.thing} {change.thing_id}")
    if now["published"]:
        return Undone(change, change.thing_id, already=True)
    return _arrived(change, road.republish(now))


def _remove(road: Road, change: Change) -> Undone:
    now = road.standing(change.thing_id)
    if now is None:
        return Undone(change, change.thing_id, already=True)
    if differences(change, now)[0]:
        raise Conflict(now)
    return _arrived(change, road.unregister(now))


def _take_off(portal: Portal, road: Road, change: Change) -> Undone:
    """What was on the portal before it came onto our list is taken off that alone."""
    with portal.store.editing():
        now = road.standing(change.thing_id)
        if now is None:
            return Undone(change, change.thing_id, already=True)
        if differences(change, now)[0]:
            raise Conflict(now)
        if change.thing == "command":
            command = portal.store.commands.get(change.thing_id)
            portal.store.commands.delete(command, actor=portal.actor, verb=Verb.FORGET)
        elif any(bots.belongings(portal, int(change.thing_id))):
            raise BadPayload("change", "undo_belongings")  # nobody could remove them any more
        else:
            bot = portal.store.bots.get(change.thing_id)
            portal.store.bots.delete(bot, actor=portal.actor, verb=Verb.FORGET)
    return Undone(change, change.thing_id)


def _put_back(portal: Portal, road: Road, change: Change, secret: str) -> Undone:
    twin = road.twin(change.before)
    if twin is None:
        try:
            return _arrived(change, road.register(change.before, secret))
        except BadPayload:  # somebody may have been faster with the same code
            twin = road.twin(change.before)
            if twin is None:
                raise
    lacking, _ = differences(change, twin)
    if not lacking:
        return Undone(change, str(twin["id"]), already=True)
    if not _is_begun(portal, change, str(twin["id"])):
        raise Conflict(twin)
    return _arrived(change, road.restore(twin, twin | lacking))


def _is_begun(portal: Portal, change: Change, thing_id: str) -> bool:
    """Whether the last that was done to a thing is an undo of this change, which was cut short."""
    newest = (
        one
        for one in portal.store.changes.newest(KEPT)
        if (one.thing, one.thing_id) == (change.thing, thing_id)
    )
    last = next(newest, None)
    return last is not None and last.undoes == change.id


def _arrived(change: Change, arrival: Arrival) -> Undone:
    return Undone(change, arrival.thing_id, notes=arrival.notes)


def _touched(change: Change) -> list[str]:
    """The fields an update changed that can be changed back."""
    return [name for name in _all(change) if name not in PICTURES or change.before[name]]


def _untouchable(change: Change) -> str:
    """Why an update that changed nothing of that kind cannot be taken back."""
    if PICTURES & change.after.keys():
        return "undo_picture"
    return "undo_moved" if "bot_id" in change.after else "undo_hash"


def _is_note(change: Change) -> bool:
    """Whether it is about something that was on no list of ours: it has no name."""
    return change.thing in ("connector", "widget") and not change.name


def _all(change: Change) -> list[str]:
    return [name for name in change.after if name not in BOOKKEEPING]


def _comparable(fields: Fields) -> list[str]:
    """The fields that make the same thing: neither the portal's own nor secrets."""
    return [name for name in fields if name not in BOOKKEEPING and name not in ("hash", "api")]
