"""What people and bots do in the chats: open a dialog, write, invite a bot, answer."""

import re

from sandbox import bot_events
from sandbox.bot_events import Cause, Run
from sandbox.records import Bot, Command, Portal, User
from sandbox.records_chat import Message, Room
from sandbox.rooms import bots_of, existing_room, room_of
from sandbox.world import World

# As the portal finds commands in a message: each line that begins with a slash.
_COMMANDS = re.compile(r"^/(?P<command>[^ \n]*) ?(?P<params>.*)$", re.MULTILINE)
_MENTION = re.compile(r"\[USER=([0-9]+)(?: REPLACE)?\](.*?)\[/USER\]", re.IGNORECASE)
# How many commands of one message are run, and for how long a bot may answer one in a room.
MOST_RUNS = 10
LEAVE_SECONDS = 600


def open_dialog(world: World, portal: Portal, user: User, dialog_id: str) -> Room | None:
    """The room `user` calls `dialog_id`, or None.

    A bot whose dialog is opened for the first time is told that it joined.
    """
    with world.lock:
        bot = portal.bot(int(dialog_id)) if dialog_id.isdecimal() else None
        is_new = bot is not None and existing_room(portal, user.id, bot.id) is None
        room = room_of(world, portal, user.id, dialog_id)
        if bot is not None and room is not None and is_new:
            bot_events.joined(world, portal, bot, room, Cause(user.id))
    return room


def invite(world: World, portal: Portal, user: User, bot: Bot, dialog_id: str) -> bool:
    """Add a bot to a group chat and tell it; False where it cannot be, or already is."""
    with world.lock:
        room = room_of(world, portal, user.id, dialog_id)
        if room is None or room.kind == "private" or bot.id in room.members:
            return False
        room.members.append(bot.id)
        text = f"{user.name} added {_name(bot)} to the chat."
        portal.say(room, user.id, text, at=world.now(), is_system=True)
        bot_events.joined(world, portal, bot, room, Cause(user.id))
        world.save()
    return True


def write(
    world: World, portal: Portal, user: User, dialog_id: str, text: str, context: str = "TEXTAREA"
) -> Message | None:
    """Say something as `user`; commands in it are run, else the bots it is for are told.

    None for a dialog that does not exist and for an empty text.
    """
    with world.lock:
        room = open_dialog(world, portal, user, dialog_id)
        if room is None or not text.strip():
            return None
        message = portal.say(room, user.id, text.strip(), at=world.now())
        _tell(world, portal, room, message, context)
        world.save()
    return message


def _tell(world: World, portal: Portal, room: Room, message: Message, context: str) -> None:
    cause = Cause(message.author)
    runs = _runs(portal, room, message, context)
    for run in runs:
        portal.leaves[f"{run.bot.id}:{room.id}"] = world.now() + LEAVE_SECONDS
    if runs:
        bot_events.commands_run(world, portal, runs, room, message, cause)
        return
    bots = _bots_addressed(portal, room, message)
    if bots:
        bot_events.message_added(world, portal, bots, room, message, cause)


def _runs(portal: Portal, room: Room, message: Message, context: str) -> list[Run]:
    """The registered commands in a message, each with its words only once."""
    found: dict[tuple[int, str], Run] = {}
    for match in _COMMANDS.finditer(message.text):
        name, params = match["command"].removeprefix("/"), match["params"]
        for command in portal.commands.values():
            bot = portal.bot(command.bot_id)
            if bot is not None and command.command == name and _may_run(room, bot, command):
                found.setdefault((command.id, params), Run(bot, command, params, context))
    return list(found.values())[:MOST_RUNS]


def _may_run(room: Room, bot: Bot, command: Command) -> bool:
    if room.kind == "lines" and not bot.openline:
        return False
    return command.common or bot.id in room.members


def commands_offered(portal: Portal, room: Room) -> list[Command]:
    """The commands shown while somebody writes in `room`: those that would run, not hidden."""
    found = []
    for command in portal.commands.values():
        bot = portal.bot(command.bot_id)
        if bot is not None and not command.hidden and _may_run(room, bot, command):
            found.append(command)
    return found


def _bots_addressed(portal: Portal, room: Room, message: Message) -> list[Bot]:
    """The bots a message is for: the partner, those mentioned, and those that hear everything."""
    if portal.bot(message.author) is not None:
        return []
    here = bots_of(portal, room)
    if room.kind == "private":
        return here
    if room.kind == "lines":
        return [bot for bot in here if bot.openline]
    named = {int(number) for number, _ in _MENTION.findall(message.text)}
    return [bot for bot in here if bot.id in named or bot.type in ("supervisor", "personal")]


def bot_says(
    world: World, portal: Portal, bot: Bot, room: Room, text: str, *, is_system: bool = False
) -> Message | None:
    """A message of a bot; None where it does not take part. Runs no commands, tells no bots."""
    if bot.id not in room.members:
        return None
    if is_system:
        text = f"{_name(bot)}:[br]{text}"
    return portal.say(room, bot.id, text, at=world.now(), is_system=is_system)


def answer_command(
    world: World, portal: Portal, bot: Bot, room: Room, text: str, *, is_system: bool = False
) -> Message | None:
    """The answer to a command run in `room` within ten minutes; None when it has no leave to.

    Where the bot does not take part the answer is a system message with its name.
    """
    if portal.leaves.get(f"{bot.id}:{room.id}", 0.0) < world.now():
        return None
    if is_system or bot.id not in room.members:
        named = f"[USER={bot.id}]{_name(bot)}[/USER]\n {text}"
        return portal.say(room, bot.id, named, at=world.now(), is_system=True)
    return portal.say(room, bot.id, text, at=world.now())


def plain(text: str) -> str:
    """A message without the platform's marks, for reading."""
    text = _MENTION.sub(lambda match: match[2], text)
    text = re.sub(r"\[br\]", "\n", text, flags=re.IGNORECASE)
    return re.sub(r"\[/?(?:b|i|u|s)\]", "", text, flags=re.IGNORECASE)


def _name(bot: Bot) -> str:
    return f"{bot.name} {bot.last_name}".strip()
