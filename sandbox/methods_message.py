"""Messages: a person's, a bot's own, and answers to commands, in both versions."""

from typing import Any

from sandbox import messenger, php
from sandbox.calls import Call, Method
from sandbox.methods_command_v2 import own_command
from sandbox.methods_imbot import own_bot
from sandbox.methods_imbot_v2 import own_bot as own_bot_v2
from sandbox.records import Bot, Command
from sandbox.records_chat import Message, Room
from sandbox.replies import RestError
from sandbox.rooms import room_of

LENGTH = 20_000
# The portal's limit for each of ATTACH, KEYBOARD and MENU as JSON.
OVERSIZE = 30_000


def add_as_person(call: Call) -> int:
    """im.message.add: a message of the token's owner; commands in it run, bots are told."""
    params = php.upper_keys(call.params)
    given = params.get("MESSAGE")
    if given is not None and not isinstance(given, str):
        raise RestError("MESSAGE_EMPTY", "Wrong message type")
    text = php.text(given).strip()
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    if params.get("DIALOG_ID") is None:
        raise RestError("PARAMS_ERROR", "Incorrect params")
    dialog = _dialog_of_person(call, php.text(params["DIALOG_ID"]))
    extras = _extras(params)
    said = messenger.write(call.world, call.portal, call.user, dialog, _cut(text))
    if said is None:
        raise RestError("CHAT_ID", "Error creating message")
    said.params = extras
    return said.id


def _dialog_of_person(call: Call, dialog: str) -> str:
    """The dialog as it is called here. Raises RestError where the caller may not write."""
    if dialog.startswith("chat"):
        room = room_of(call.world, call.portal, call.user.id, dialog)
        if room is None or call.user.id not in room.members:
            text = "It is forbidden to send messages to this chat"
            raise RestError("ACCESS_ERROR", text, 403)
        return dialog
    number = php.intval(dialog)
    if number <= 0:
        raise RestError("USER_ID_EMPTY", "User ID can't be empty")
    if call.portal.person(number) is None:
        raise RestError("USER_NOT_FOUND", "User not found")
    return str(number)


def add(call: Call) -> int:
    params = php.upper_keys(call.params)
    if params.get("BOT_ID") is None:
        bot = next((one for one in call.portal.bots if one.client_id == call.client_id), None)
        if bot is None:
            raise RestError("BOT_ID_ERROR", "Bot not found")
    else:
        bot = own_bot(call, params)
    dialog = php.text(params.get("DIALOG_ID"))
    if not dialog.removeprefix("chat").isdecimal() or int(dialog.removeprefix("chat")) < 1:
        raise RestError("DIALOG_ID_EMPTY", "Dialog ID can't be empty")
    text = php.text(params.get("MESSAGE")).strip()
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    extras = _extras(params)
    room = room_of(call.world, call.portal, bot.id, dialog)
    is_system = php.is_yes(params.get("SYSTEM"))
    said = room and messenger.bot_says(
        call.world, call.portal, bot, room, _cut(text), is_system=is_system
    )
    if not said:
        raise RestError("WRONG_REQUEST", "Message isn't added")
    said.params = extras
    return said.id


def _extras(params: php.Params) -> dict[str, Any]:
    """ATTACH, KEYBOARD and MENU as they were given. Raises RestError for none that can be one."""
    found = {}
    for name in ("ATTACH", "KEYBOARD", "MENU"):
        value = params.get(name)
        if php.is_empty(value):
            continue
        if not isinstance(value, dict | list):
            raise RestError(f"{name}_ERROR", f"Incorrect {name.lower()} params")
        if len(str(value)) > OVERSIZE:
            text = f"You have exceeded the maximum allowable size of {name.lower()}"
            raise RestError(f"{name}_OVERSIZE", text)
        found[name] = value
    return found


def _cut(text: str) -> str:
    return text if len(text) <= LENGTH else f"{text[:LENGTH]} (...)"


def answer(call: Call) -> int | bool:
    params = php.upper_keys(call.params)
    command = _command(call, params)
    number = php.intval(params.get("MESSAGE_ID"))
    if number < 1:
        raise RestError("MESSAGE_ID_EMPTY", "Message ID can't be empty")
    text = php.text(params.get("MESSAGE")).strip()
    if not text:
        raise RestError("MESSAGE_EMPTY", "Message can't be empty")
    extras = _extras(params)
    found = _asked(call, command, number)
    if found is None:
        raise RestError("WRONG_REQUEST", "Message isn't added")
    said = messenger.answer_command(
        call.world, call.portal, *found, _cut(text), is_system=php.is_yes(params.get("SYSTEM"))
    )
    # Too late, or nobody has asked this bot: the portal says true and shows nothing.
    if said is None:
        return True
    said.params = extras
    return said.id


def _command(call: Call, params: php.Params) -> Command:
    if params.get("COMMAND_ID") is not None:
        command = call.portal.commands.get(php.intval(params["COMMAND_ID"]))
        if command is not None and command.client_id != call.client_id:
            raise RestError("APP_ID_ERROR", "Command was installed by another rest application")
    else:
        name = php.text(params.get("COMMAND"))
        own = (row for row in call.portal.commands.values() if row.client_id == call.client_id)
        command = next((row for row in own if row.command == name), None)
    if command is None:
        raise RestError("COMMAND_ID_ERROR", "Command not found")
    return command


def _asked(call: Call, command: Command, message_id: int) -> tuple[Bot, Room] | None:
    """The bot of a command and the room of the message it is to answer."""
    bot = call.portal.bot(command.bot_id)
    message = next((one for one in call.portal.messages if one.id == message_id), None)
    room = call.portal.rooms.get(message.room) if message else None
    return (bot, room) if bot is not None and room is not None else None


def answer_v2(call: Call) -> dict[str, bool]:
    bot = own_bot_v2(call)
    command = own_command(call, bot)
    for name in ("messageId", "dialogId"):
        _must_have(call, name)
    fields = _fields(call)
    found = _asked(call, command, php.intval(call.params["messageId"]))
    text = php.text(fields.get("message")).strip()
    if found is None or not text:
        raise RestError("COMMAND_ANSWER_FAILED", "Failed to send command answer")
    is_system = php.flag(fields.get("system"), False)
    said = messenger.answer_command(
        call.world, call.portal, *found, _cut(text), is_system=is_system
    )
    _keep_extras(said, fields)
    return {"result": True}


def send(call: Call) -> dict[str, Any]:
    bot = own_bot_v2(call)
    _must_have(call, "dialogId")
    fields = _fields(call)
    room = room_of(call.world, call.portal, bot.id, php.text(call.params["dialogId"]))
    if room is None or bot.id not in room.members:
        raise RestError("ACCESS_DENIED", "Access denied")
    text = php.text(fields.get("message")).strip()
    if not text and php.is_empty(fields.get("attach")):
        raise RestError("EMPTY_MESSAGE", "Message is empty")
    is_system = php.flag(fields.get("system"), False)
    said = messenger.bot_says(call.world, call.portal, bot, room, _cut(text), is_system=is_system)
    if said is None:
        raise RestError("SENDING_FAILED", "Sending failed")
    _keep_extras(said, fields)
    return {"id": said.id, "uuidMap": {}}


def _must_have(call: Call, name: str) -> None:
    if call.params.get(name) is None:
        raise RestError("100", f"Could not find value for parameter {{{name}}}")


def _fields(call: Call) -> php.Params:
    given = call.params.get("fields")
    return given if isinstance(given, dict) else {}


def _keep_extras(said: Message | None, fields: php.Params) -> None:
    if said is not None:
        said.params = {
            name.upper(): fields[name]
            for name in ("attach", "keyboard", "menu")
            if not php.is_empty(fields.get(name))
        }


METHODS = (
    Method("im.message.add", "im", add_as_person),
    Method("imbot.message.add", "imbot", add),
    Method("imbot.command.answer", "imbot", answer),
    Method("imbot.v2.Command.answer", "imbot", answer_v2),
    Method("imbot.v2.Chat.Message.send", "imbot", send),
)
