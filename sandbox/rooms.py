"""The rooms of a portal: the general chat, an open line's customer, and a room for each pair."""

from sandbox.records import Bot, Portal
from sandbox.records_chat import Room
from sandbox.world import World

GENERAL = "chat1"
OPEN_LINE = "chat2"
CUSTOMER = "Mia Torres"

Said = tuple[int, str, str]


def room_of(world: World, portal: Portal, viewer: int, dialog_id: str) -> Room | None:
    """The room `viewer` calls `dialog_id`, or None; of two people it is made when first asked for.

    `dialog_id` is `chatN` for a group or open line, else the number of the other person or bot.
    """
    with world.lock:
        _furnish(world, portal)
        if dialog_id.startswith("chat"):
            number = dialog_id.removeprefix("chat")
            room = portal.rooms.get(int(number)) if number.isdecimal() else None
            return room if room is not None and room.kind != "private" else None
        if not dialog_id.isdecimal() or portal.person(int(dialog_id)) is None:
            return None
        return private_room(world, portal, viewer, int(dialog_id))


def existing_room(portal: Portal, one: int, other: int) -> Room | None:
    """The private room of these two if they have met, else None."""
    pair = sorted({one, other})
    return next(
        (
            room
            for room in portal.rooms.values()
            if room.kind == "private" and sorted(set(room.members)) == pair
        ),
        None,
    )


def private_room(world: World, portal: Portal, one: int, other: int) -> Room:
    """The private room of these two; made when they have none."""
    room = existing_room(portal, one, other)
    if room is None:
        _furnish(world, portal)
        members = [one] if one == other else [one, other]
        room = Room(max(portal.rooms) + 1, "private", "", one, members)
        portal.rooms[room.id] = room
        if one in portal.users and other in portal.users and other != one:
            _say(world, portal, room, (other, "", "Do you have a minute?"))
        world.save()
    return room


def bots_of(portal: Portal, room: Room) -> list[Bot]:
    """The bots that take part in a room."""
    found = (portal.bot(number) for number in room.members)
    return [bot for bot in found if bot is not None]


def _furnish(world: World, portal: Portal) -> None:
    """The rooms every portal begins with."""
    if portal.rooms:
        return
    people = [user.id for user in portal.users.values() if user.is_active]
    general = Room(1, "chat", "General", people[0], people)
    line = Room(2, "lines", CUSTOMER, 0, list(people), "#4ba984")
    portal.rooms = {1: general, 2: line}
    words = ["Good morning! The plan for the week is on the board.", "Thanks, I'll have a look."]
    for number, text in zip(people, words, strict=False):
        _say(world, portal, general, (number, "", text))
    hello = "Hello! Do you ship to Lisbon, and how long does it take?"
    _say(world, portal, line, (0, CUSTOMER, hello))


def _say(world: World, portal: Portal, room: Room, said: Said) -> None:
    author, name, text = said
    portal.say(room, author, text, at=world.now(), author_name=name)
