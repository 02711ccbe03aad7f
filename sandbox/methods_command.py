"""imbot.command.* of the first version: slash commands of bots."""

from typing import Any

from sandbox import php
from sandbox.calls import Call, Method, check_handler, rebind
from sandbox.records import Command
from sandbox.replies import RestError

EVENT = "ONIMCOMMANDADD"
# What the portal's table holds; a longer name is not stored.
NAME_LENGTH = 255


def register(call: Call) -> int:
    params = php.upper_keys(call.params)
    bot = call.portal.bot(php.intval(params.get("BOT_ID")))
    if bot is None:
        raise RestError("BOT_ID_ERROR", "Bot not found")
    if bot.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "Bot was installed by another rest application")
    if php.is_empty(params.get("EVENT_COMMAND_ADD")):
        text = 'Handler for "Command add" event isn\'t specified'
        raise RestError("EVENT_COMMAND_ADD_ERROR", text)
    handler = _handler(params)
    if php.is_empty(params.get("COMMAND")):
        raise RestError("COMMAND_ERROR", "Command isn't specified")
    if php.is_empty(params.get("LANG")):
        raise RestError("LANG_ERROR", "Lang set can't be empty")
    command = call.portal.command_named(bot.id, without_slash(params["COMMAND"]))
    if command is None:
        command = _new(call, bot.id, params)
    rebind(call, {EVENT: handler})
    return command.id


def _handler(fields: php.Params) -> str:
    handler = php.text(fields["EVENT_COMMAND_ADD"])
    try:
        check_handler(handler)
    except RestError as exc:
        raise RestError("EVENT_COMMAND_ADD_ERROR", exc.text) from exc
    return handler


def without_slash(name: php.Value) -> str:
    """The name as it is stored."""
    return php.text(name).removeprefix("/")


def _new(call: Call, bot_id: int, params: php.Params) -> Command:
    name = without_slash(params["COMMAND"])
    if not 0 < len(name) <= NAME_LENGTH:
        raise RestError("WRONG_REQUEST", "Command can't be created")
    command = Command(
        id=call.portal.take_id(),
        bot_id=bot_id,
        command=name,
        client_id=call.client_id,
        common=php.is_yes(params.get("COMMON")),
        hidden=php.is_yes(params.get("HIDDEN")),
        extranet_support=php.is_yes(params.get("EXTRANET_SUPPORT")),
        lang=translations(params["LANG"]),
    )
    call.portal.add_command(command)
    return command


def translations(value: php.Value) -> list[dict[str, str]]:
    """The rows of LANG that are kept: with a language, and a title that is not null."""
    return [
        {
            "LANGUAGE_ID": php.text(row["LANGUAGE_ID"]).lower(),
            "TITLE": php.text(row["TITLE"]),
            "PARAMS": php.text(row.get("PARAMS")),
        }
        for row in php.rows(value)
        if isinstance(row, dict)
        and not php.is_empty(row.get("LANGUAGE_ID"))
        and row.get("TITLE") is not None
    ]


def update(call: Call) -> bool:
    params = php.upper_keys(call.params)
    command = _own_command(call, params)
    bot = call.portal.bot(command.bot_id)
    if bot is not None and bot.event_mode == "fetch":
        text = "This bot uses FETCH mode. Use imbot.v2.Command.update instead."
        raise RestError("FETCH_NOT_SUPPORTED", text)
    given = params.get("FIELDS")
    fields = given if isinstance(given, dict) else {}
    handler = "" if php.is_empty(fields.get("EVENT_COMMAND_ADD")) else _handler(fields)
    name = _new_name(call, command, fields)
    changes = _changes(fields)
    if not changes and not handler and not name:
        raise RestError("WRONG_REQUEST", "Update fields can't be empty")
    for key, value in changes.items():
        setattr(command, key, value)
    if name:
        call.portal.rename_command(command, name)
    if handler:
        rebind(call, {EVENT: handler})
    return True


def _changes(fields: php.Params) -> dict[str, Any]:
    changes: dict[str, Any] = {
        name.lower(): php.is_yes(fields[name])
        for name in ("HIDDEN", "EXTRANET_SUPPORT")
        if not php.is_empty(fields.get(name))
    }
    if not php.is_empty(fields.get("LANG")):
        changes["lang"] = translations(fields["LANG"])
    return changes


def _new_name(call: Call, command: Command, fields: php.Params) -> str:
    """The new name, or "". The portal's source ignores it; the documentation lists it."""
    name = without_slash(fields.get("COMMAND"))
    if call.world.profile == "source" or name in ("", command.command):
        return ""
    if len(name) > NAME_LENGTH or call.portal.command_named(command.bot_id, name):
        raise RestError("WRONG_REQUEST", "Command can't be updated")
    return name


def unregister(call: Call) -> bool:
    call.portal.remove_command(_own_command(call, php.upper_keys(call.params)))
    return True


def _own_command(call: Call, params: php.Params) -> Command:
    command = call.portal.commands.get(php.intval(params.get("COMMAND_ID")))
    if command is None:
        raise RestError("COMMAND_ID_ERROR", "Command not found")
    if command.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "Command was installed by another rest application")
    return command


METHODS = (
    Method("imbot.command.register", "imbot", register),
    Method("imbot.command.update", "imbot", update),
    Method("imbot.command.unregister", "imbot", unregister),
)
