"""What applications are told of their bots: joined, spoken to, commanded, deleted.

Two formats, one event of each. By the portal's source a bot in webhook mode is told of in every
format its application is subscribed to; by the documentation in that of the API it came by.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox import events
from sandbox.records import Bot, Command, Portal
from sandbox.records_chat import Message, Room
from sandbox.world import World

Fields = dict[str, Any]


@dataclass(frozen=True)
class Cause:
    """Who did it, and how much is left of the chain of events."""

    user_id: int
    hops: int = 7


@dataclass(frozen=True)
class Run:
    """One command found in a message; `context` is TEXTAREA, KEYBOARD or MENU."""

    bot: Bot
    command: Command
    params: str
    context: str = "TEXTAREA"


def joined(world: World, portal: Portal, bot: Bot, room: Room, cause: Cause) -> None:
    """ONIMBOTJOINCHAT and ONIMBOTV2JOINCHAT: `bot` was added to `room`."""
    user_id = cause.user_id
    dialog = room.dialog_id(bot.id)
    params: Fields = {"CHAT_TYPE": room.letter, "MESSAGE_TYPE": room.letter}
    params |= {"BOT_ID": bot.id, "USER_ID": user_id}
    if room.kind != "private" or world.profile == "source":
        params["CHAT_ID"] = room.id
    if room.kind == "private":
        params |= {"TO_USER_ID": user_id, "FROM_USER_ID": bot.id}
    else:
        params |= {"CHAT_AUTHOR_ID": room.owner, "ACCESS_HISTORY": 1}
        params |= {"CHAT_ENTITY_TYPE": _entity(room), "CHAT_ENTITY_ID": ""}
    params |= {"DIALOG_ID": dialog, "LANGUAGE": portal.language}
    if _is_told(world, bot, "v1"):
        _fire_v1(world, portal, "ONIMBOTJOINCHAT", [bot], params, cause)
    if _is_told(world, bot, "v2"):
        more = {"dialogId": dialog, **_circumstances(portal, bot, room, user_id)}
        _fire_v2(world, portal, "ONIMBOTV2JOINCHAT", bot, more, cause)


def message_added(
    world: World, portal: Portal, bots: list[Bot], room: Room, message: Message, cause: Cause
) -> None:
    """ONIMBOTMESSAGEADD for all bots of an application at once, ONIMBOTV2MESSAGEADD for each."""
    for client_id in dict.fromkeys(bot.client_id for bot in bots):
        own = [bot for bot in bots if bot.client_id == client_id and _is_told(world, bot, "v1")]
        if own:
            params = _message_params(portal, room, message, own[0])
            user = _full_user(portal, message.author)
            _fire_v1(world, portal, "ONIMBOTMESSAGEADD", own, params, cause, user)
    for bot in bots:
        if _is_told(world, bot, "v2"):
            more = {
                "message": _message(message),
                **_circumstances(portal, bot, room, message.author),
            }
            _fire_v2(world, portal, "ONIMBOTV2MESSAGEADD", bot, more, cause)


def commands_run(
    world: World, portal: Portal, runs: list[Run], room: Room, message: Message, cause: Cause
) -> None:
    """ONIMCOMMANDADD for all commands of an application at once, ONIMBOTV2COMMANDADD for each."""
    for client_id in dict.fromkeys(run.command.client_id for run in runs):
        own = [
            run
            for run in runs
            if run.command.client_id == client_id and _is_told(world, run.bot, "v1")
        ]
        if own:
            _fire_commands_v1(world, portal, own, room, message, cause)
    for run in runs:
        if _is_told(world, run.bot, "v2"):
            command = {"id": run.command.id, "command": f"/{run.command.command}"}
            command |= {"params": run.params, "context": run.context.lower()}
            more = {"command": command, "message": _message(message)}
            more |= _circumstances(portal, run.bot, room, message.author)
            _fire_v2(world, portal, "ONIMBOTV2COMMANDADD", run.bot, more, cause)


def _fire_commands_v1(
    world: World, portal: Portal, runs: list[Run], room: Room, message: Message, cause: Cause
) -> None:
    params = _message_params(portal, room, message, runs[0].bot)
    user = _user(portal, message.author)

    def data(mint: events.Mint) -> events.Data:
        rows = {
            run.command.id: {
                **_named_v1(run.bot, mint),
                "COMMAND": run.command.command,
                "COMMAND_ID": run.command.id,
                "COMMAND_PARAMS": run.params,
                "COMMAND_CONTEXT": run.context,
                "MESSAGE_ID": message.id,
            }
            for run in runs
        }
        return {"COMMAND": rows, "PARAMS": params, "USER": user}

    _fire(world, portal, "ONIMCOMMANDADD", data, runs[0].command.client_id, cause)


def deleted(world: World, portal: Portal, bot: Bot, cause: Cause) -> None:
    """ONIMBOTDELETE and ONIMBOTV2DELETE: `bot` is about to go."""
    if _is_told(world, bot, "v1"):
        gone = {"BOT_ID": bot.id, "BOT_CODE": bot.code}
        _fire(world, portal, "ONIMBOTDELETE", gone, bot.client_id, cause)
    if _is_told(world, bot, "v2"):
        _fire_v2(world, portal, "ONIMBOTV2DELETE", bot, {}, cause)


def _is_told(world: World, bot: Bot, api: str) -> bool:
    return bot.event_mode == "webhook" and (world.profile == "source" or bot.api == api)


def _fire_v1(
    world: World,
    portal: Portal,
    event: str,
    bots: list[Bot],
    params: Fields,
    cause: Cause,
    user: Fields | None = None,
) -> None:
    person = _user(portal, cause.user_id) if user is None else user

    def data(mint: events.Mint) -> events.Data:
        named = {bot.id: _named_v1(bot, mint) for bot in bots}
        return {"BOT": named, "PARAMS": params, "USER": person}

    _fire(world, portal, event, data, bots[0].client_id, cause)


def _named_v1(bot: Bot, mint: events.Mint) -> Fields:
    auth = mint(bot.id) | {"client_id": bot.client_id}
    return {**auth, "AUTH": auth, "BOT_ID": bot.id, "BOT_CODE": bot.code}


def _fire_v2(
    world: World, portal: Portal, event: str, bot: Bot, more: Fields, cause: Cause
) -> None:
    def data(mint: events.Mint) -> events.Data:
        return {"bot": {"id": bot.id, "code": bot.code, "auth": mint(bot.id)}, **more}

    _fire(world, portal, event, data, bot.client_id, cause)


def _fire(
    world: World,
    portal: Portal,
    event: str,
    data: events.Data | events.MakeData,
    client_id: str,
    cause: Cause,
) -> None:
    events.fire(
        world,
        portal,
        event,
        data,
        user_id=cause.user_id,
        client_id=client_id,
        hops=cause.hops,
    )


def _message_params(portal: Portal, room: Room, message: Message, bot: Bot) -> Fields:
    params: Fields = {
        "MESSAGE": message.text,
        "MESSAGE_TYPE": room.letter,
        "FROM_USER_ID": message.author,
        "DIALOG_ID": room.dialog_id(bot.id),
        "TO_CHAT_ID": room.id,
        "AUTHOR_ID": message.author,
        "SYSTEM": "N",
    }
    if room.kind == "private":
        params["TO_USER_ID"] = bot.id
    else:
        params |= {
            "CHAT_ID": room.id,
            "CHAT_TITLE": room.title,
            "CHAT_AUTHOR_ID": room.owner,
            "CHAT_ENTITY_TYPE": _entity(room),
            "CHAT_ENTITY_ID": "",
            "CHAT_USER_COUNT": len(room.members),
        }
    return params | {
        "COMMAND_CONTEXT": "TEXTAREA",
        "PLATFORM_CONTEXT": "web",
        "MESSAGE_ID": message.id,
        "CHAT_TYPE": room.letter,
        "LANGUAGE": portal.language,
    }


def _entity(room: Room) -> str:
    return "LINES" if room.kind == "lines" else ""


def _user(portal: Portal, user_id: int) -> Fields:
    """The six keys of a person; an empty map for nobody."""
    person = portal.person(user_id)
    if person is None:
        return {}
    return {
        "ID": person.id,
        "NAME": f"{person.name} {person.last_name}".strip(),
        "FIRST_NAME": person.name,
        "LAST_NAME": person.last_name,
        "WORK_POSITION": "",
        "GENDER": "M",
    }


def _full_user(portal: Portal, user_id: int) -> Fields:
    flags = ("IS_BOT", "IS_CONNECTOR", "IS_NETWORK", "IS_EXTRANET")
    user = _user(portal, user_id)
    return user | dict.fromkeys(flags, "N") if user else {}


def _circumstances(portal: Portal, bot: Bot, room: Room, user_id: int) -> Fields:
    """`chat`, `user` and `language` of the second format."""
    chat = {
        "id": room.id,
        "dialogId": room.dialog_id(bot.id),
        "type": room.kind,
        "name": room.title,
        "entityType": _entity(room),
        "owner": room.owner,
        "avatar": "",
        "color": room.color,
    }
    return {"chat": chat, "user": _user_v2(portal, user_id), "language": portal.language}


def _user_v2(portal: Portal, user_id: int) -> Fields:
    person = portal.person(user_id)
    if person is None:
        return {}
    return {
        "id": person.id,
        "active": person.is_active,
        "name": f"{person.name} {person.last_name}".strip(),
        "firstName": person.name,
        "lastName": person.last_name,
        "workPosition": "",
        "color": person.color,
        "avatar": "",
        "gender": "M",
        "birthday": "",
        "extranet": False,
        "bot": False,
        "connector": False,
        "externalAuthId": "default",
        "status": "online",
        "idle": False,
        "lastActivityDate": False,
        "absent": False,
        "departments": [1],
        "phones": False,
        "type": "employee",
    }


def _message(message: Message) -> Fields:
    return {
        "id": message.id,
        "chatId": message.room,
        "authorId": message.author,
        "date": datetime.fromtimestamp(message.at, UTC).isoformat(timespec="seconds"),
        "text": message.text,
        "isSystem": message.is_system,
        "uuid": "",
        "forward": None,
        "params": message.params,
        "viewedByOthers": False,
    }
