"""What was changed by whom, and taking it back.

Undo takes the same road as a change: the verbs of ``roads.py``, with a line of its own. History
only grows. What stands now decides what is to be done, so that undoing twice is undoing once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from b24app.actions import bots, chat_apps, past
from b24app.actions.past import REMOVALS
from b24app.actions.portal import Portal
from b24app.actions.roads import ROADS, Arrival, Fields, Road
from b24app.errors import BadPayload, Conflict, NotFound
from b24app.records import Change, Verb

CHANGE_ID: Final = re.compile(r"(?!0+-0+$)[0-9]{1,19}-[0-9]{1,19}")  # nothing is below 0-0
# What changes with every save, is the portal's own, or follows from elsewhere.
BOOKKEEPING: Final = frozenset(
    {"id", "version", "updated_at", "updated_by"}
    | {"icon_on_portal", "published", "bot_id", "app_id"}
)
FIXED: Final = frozenset({"code", "type"})  # of a bot, and the portal's alone to change
PICTURES: Final = frozenset({"icon", "avatar"})  # a portal cannot be told to drop one
HASHED: Final = frozenset({"chat_app", "widget"})
TRIES: Final = 3


@dataclass(frozen=True)
class Undone:
    """What an undo came to: ``already`` when there was nothing left to do."""

    change: Change
    thing_id: str
    already: bool = False
    notes: tuple[str, ...] = ()


def get(portal: Portal, change_id: str) -> Change:
    """One change; raises NotFound."""
    if not CHANGE_ID.fullmatch(change_id):
        raise NotFound("change")
    return portal.store.changes.get(change_id)


def obstacle(change: Change) -> str:
    """Why the change cannot be taken back, a reason code; empty when it can."""
    if change.thing not in ROADS or _is_note(change):
        return "undo_note"
    if change.verb is Verb.REPUBLISH or past.is_replaced(change):
        return "undo_republication"
    if change.verb is Verb.UPDATE and not _touched(change) and not lost(change):
        return _untouchable(change)
    return ""


def lost(change: Change) -> bool:
    """Whether the portal removed the thing by itself, so that it stayed on our list."""
    return bool(change.before.get("published")) and change.after.get("published") is False


def id_now(portal: Portal, change: Change, known: Sequence[Change] | None = None) -> str:
    """The id its thing has now: another one after a republication, or when it came back.

    ``known`` is what ``past.read`` gave, for a caller that has it.
    """
    road = ROADS.get(change.thing)
    return _id_now(road(portal, ""), portal, change, known) if road else change.thing_id


def undo(portal: Portal, change_id: str, typed_name: str = "") -> Undone:
    """Take a change back, by the road it came.

    Updated: the fields get their values from before. Registered: it is unregistered. Removed: it
    is registered again as it was. Lost by the portal: it is published again. Put on the list as
    the portal has it: it goes off the list, and nothing is sent. Twice is once, and what was cut
    short goes on. What has another number now is found under that.
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
    undone = _looked_at_again(undoing, road, change)
    if not undone.already or change.verb is not Verb.UPDATE:
        portal.store.note_taken_back(change.id)
    return undone


def _looked_at_again(portal: Portal, road: Road, change: Change) -> Undone:
    """Take it back by what stands; when somebody saves before its turn to edit, by what does then.

    Raises Conflict with fields only.
    """
    for _ in range(TRIES):
        try:
            return _take_back(portal, road, change)
        except Conflict as exc:
            if isinstance(exc.saved, dict):
                raise
    now = road.standing(_id_now(road, portal, change))
    raise Conflict(now) if now else NotFound(f"{change.thing} {change.thing_id}")


def _take_back(portal: Portal, road: Road, change: Change) -> Undone:
    thing_id = _id_now(road, portal, change)
    now = road.standing(thing_id)
    if change.verb in REMOVALS:
        secret = portal.store.changes.secrets(change).get("hash", "")
        return _put_back(portal, road, change, now, secret)
    if change.verb is Verb.ADOPT:
        return _take_off(portal, road, change, thing_id)
    if change.verb is not Verb.UPDATE:
        return _remove(road, change, now)
    if now is None:
        raise NotFound(f"{change.thing} {change.thing_id}")
    if lost(change):
        return _republish(road, change, now)
    return _restore(portal, road, change, now)


def differences(change: Change, now: Fields) -> tuple[Fields, Fields]:
    """Where a thing now differs from how the change left it, or found what it removed."""
    then = change.before if change.verb in REMOVALS else change.after
    names = [name for name in _comparable(then) if now.get(name) != then[name]]
    if change.thing == "chat_app" and "code" in names and _is_one_line(then, now):
        names.remove("code")
    return {name: then[name] for name in names}, {name: now.get(name) for name in names}


def _is_one_line(then: Fields, now: Fields) -> bool:
    """Whether the codes are those of one chat app, before and after it was republished."""
    return chat_apps.stem(then["code"]) == chat_apps.stem(now["code"])


def _id_now(
    road: Road, portal: Portal, change: Change, known: Sequence[Change] | None = None
) -> str:
    return past.id_now(portal, change, lambda thing_id: road.standing(thing_id) is not None, known)


def lacking(change: Change, now: Fields) -> list[str]:
    """The fields that do not have the values the undo of a removal or an update gives them."""
    if change.verb in REMOVALS:
        return list(differences(change, now)[0])
    if change.verb is Verb.UPDATE:
        return [name for name in _touched(change) if now[name] != change.before[name]]
    return []


def _restore(portal: Portal, road: Road, change: Change, now: Fields) -> Undone:
    thing_id = str(now["id"])
    if not lacking(change, now):
        return Undone(change, thing_id, already=True)
    differs = any(now[name] != change.after[name] for name in _touched(change))
    if differs and not past.is_begun(portal, change, thing_id):
        raise Conflict(now)
    wanted = now | {name: change.before[name] for name in change.before if name in _all(change)}
    return _arrived(change, road.restore(now, wanted))


def _republish(road: Road, change: Change, now: Fields) -> Undone:
    if now["published"]:
        return Undone(change, str(now["id"]), already=True)
    return _arrived(change, road.republish(now))


def _remove(road: Road, change: Change, now: Fields | None) -> Undone:
    if now is None:
        return Undone(change, change.thing_id, already=True)
    if differences(change, now)[0]:
        raise Conflict(now)
    return _arrived(change, road.unregister(now))


def _take_off(portal: Portal, road: Road, change: Change, thing_id: str) -> Undone:
    """What was on the portal before it came onto our list is taken off that alone."""
    with portal.store.editing():
        now = road.standing(thing_id)
        if now is None:
            return Undone(change, thing_id, already=True)
        if differences(change, now)[0]:
            raise Conflict(now)
        if change.thing == "command":
            command = portal.store.commands.get(thing_id)
            portal.store.commands.delete(command, actor=portal.actor, verb=Verb.FORGET)
        elif any(bots.belongings(portal, int(thing_id))):
            raise BadPayload("change", "undo_belongings")  # nobody could remove them any more
        else:
            bot = portal.store.bots.get(thing_id)
            portal.store.bots.delete(bot, actor=portal.actor, verb=Verb.FORGET)
    return Undone(change, thing_id)


def _put_back(
    portal: Portal, road: Road, change: Change, now: Fields | None, secret: str
) -> Undone:
    twin = now or road.twin(change.before)
    if twin is None:
        try:
            return _arrived(change, road.register(change.before, secret))
        except BadPayload:  # somebody may have been faster with the same code
            twin = road.twin(change.before)
            if twin is None:
                raise
    missing, _ = differences(change, twin)
    if not missing or (now and past.companions(portal, change) and _is_back(portal, change)):
        return Undone(change, str(twin["id"]), already=True)
    if not past.is_begun(portal, change, str(twin["id"])):
        raise Conflict(twin)
    return _arrived(change, road.restore(twin, twin | missing))


def _is_back(portal: Portal, change: Change) -> bool:
    """Whether we brought it back ourselves; what was done to it since is no affair of the rest."""
    return change.id in portal.store.changes.undone([change.id])


def _arrived(change: Change, arrival: Arrival) -> Undone:
    return Undone(change, arrival.thing_id, notes=arrival.notes)


def _touched(change: Change) -> list[str]:
    """The fields an update changed that can be changed back."""
    fixed = FIXED if change.thing == "bot" else frozenset[str]()
    names = [name for name in _all(change) if name not in fixed]
    return [name for name in names if name not in PICTURES or change.before[name]]


def _untouchable(change: Change) -> str:
    """Why an update that changed nothing of that kind cannot be taken back."""
    if change.thing == "bot" and FIXED & change.after.keys():
        return "undo_fixed"
    if PICTURES & change.after.keys():
        return "undo_picture"
    if "bot_id" in change.after:
        return "undo_moved"
    if "app_id" in change.after:
        return "undo_followed"
    if "published" in change.after:
        return "undo_noticed"
    # A hash that is set before and after is in no line: nothing but the saving of it is.
    return "undo_hash" if change.thing in HASHED else "undo_note"


def _is_note(change: Change) -> bool:
    """Whether it is about something that was on no list of ours: it has no name."""
    return change.thing in ("connector", "widget") and not change.name


def _all(change: Change) -> list[str]:
    return [name for name in change.after if name not in BOOKKEEPING]


def _comparable(fields: Fields) -> list[str]:
    """The fields that make the same thing: neither the portal's own nor secrets."""
    return [name for name in fields if name not in BOOKKEEPING and name not in ("hash", "api")]
