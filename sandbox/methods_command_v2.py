"""imbot.v2.Command.*: slash commands of the second version."""

from typing import Any

from sandbox import php
from sandbox.calls import Call, Method
from sandbox.methods_command import NAME_LENGTH, translations, without_slash
from sandbox.methods_imbot_v2 import own_bot
from sandbox.records import Bot, Command
from sandbox.replies import RestError

# Name, title, hint, context, for extranet users: commands every portal has. The portal's source
# lists them with those of any bot.
_DEFAULTS = (
    ("me", "Speak of yourself", "text", "", "Y"),
    ("loud", "Say it in large letters", "text", "", "Y"),
    (">>", "Quote", "text", "", "Y"),
    ("rename", "Rename the chat", "title", "chat", "Y"),
    ("getDialogId", "Show the number of the dialog", "", "", "N"),
    ("webrtcDebug", "Details of a call", "", "call", "Y"),
)


def register(call: Call) -> dict[str, Any]:
    bot = own_bot(call)
    given = call.params.get("fields")
    # Until the end of September 2026 the fields may also stand beside botId.
    fields = given if isinstance(given, dict) and given else call.params
    name = _name(fields.get("command", ""))
    if not name:
        raise RestError("COMMAND_REQUIRED", "Command is required")
    command = call.portal.command_named(bot.id, name)
    if command is not None:
        return _answer(command)
    hidden = php.flag(fields.get("hidden"), False)
    titles, hints = _by_language(fields.get("title")), _by_language(fields.get("params"))
    if not hidden and not titles:
        raise RestError("COMMAND_TITLE_REQUIRED", "Title is required for visible commands")
    if len(name) > NAME_LENGTH:
        raise RestError("COMMAND_REGISTER_FAILED", "Command registration failed")
    command = Command(
        id=call.portal.take_id(),
        bot_id=bot.id,
        command=name,
        client_id=call.client_id,
        common=php.flag(fields.get("common"), False),
        hidden=hidden,
        extranet_support=php.flag(fields.get("extranetSupport"), False),
        lang=translations([_row(key, title, hints.get(key)) for key, title in titles.items()]),
    )
    call.portal.add_command(command)
    return _answer(command)


def _name(value: php.Value) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise RestError("COMMAND_NAME_INVALID", "Command name must be a string")
    return without_slash(value)


def _by_language(value: php.Value) -> php.Params:
    if not isinstance(value, dict):
        return {}
    return {language.lower(): text for language, text in value.items()}


def _row(language: str, title: php.Value, hint: php.Value) -> dict[str, php.Value]:
    return {"LANGUAGE_ID": language, "TITLE": title, "PARAMS": hint}


def update(call: Call) -> dict[str, Any]:
    command = own_command(call, own_bot(call))
    given = call.params.get("fields")
    fields = given if isinstance(given, dict) else {}
    name = _new_name(call, command, fields)
    flags = {
        field: php.flag(fields[key], False)
        for key, field in (
            ("common", "common"),
            ("hidden", "hidden"),
            ("extranetSupport", "extranet_support"),
        )
        if fields.get(key) is not None
    }
    if fields.get("title") is not None:
        command.lang = _new_lang(command, fields)
    # The row is stored as a whole: with a name too long nothing of it changes, and nobody says so.
    if len(name) <= NAME_LENGTH:
        call.portal.rename_command(command, name)
        for field, value in flags.items():
            setattr(command, field, value)
    return _answer(command)


def _new_name(call: Call, command: Command, fields: php.Params) -> str:
    if fields.get("command") is None:
        return command.command
    name = _name(fields["command"])
    if not name:
        raise RestError("COMMAND_NAME_EMPTY", "Command name cannot be empty")
    if call.portal.command_named(command.bot_id, name) not in (None, command):
        raise RestError("COMMAND_ALREADY_EXISTS", "Command with this name already exists")
    return name


def _new_lang(command: Command, fields: php.Params) -> list[dict[str, str]]:
    """Titles given replace or delete (null) those of their language; the others stay."""
    titles = fields["title"]
    if not isinstance(titles, dict | list):
        raise RestError("COMMAND_TITLE_INVALID", "Title must be an object with language keys")
    rows: dict[str, dict[str, Any]] = {row["LANGUAGE_ID"]: row for row in command.lang}
    hints = _by_language(fields.get("params"))
    for language, title in _by_language(titles).items():
        old = rows.get(language, {})
        if title is None:
            rows.pop(language, None)
        else:
            rows[language] = _row(language, title, hints.get(language, old.get("PARAMS")))
    return translations(list(rows.values()))


def unregister(call: Call) -> dict[str, bool]:
    call.portal.remove_command(own_command(call, own_bot(call)))
    return {"result": True}


def own_command(call: Call, bot: Bot) -> Command:
    """The command the call names, of this bot. Raises RestError."""
    if call.params.get("commandId") is None:
        raise RestError("100", "Could not find value for parameter {commandId}")
    command = call.portal.commands.get(php.intval(call.params["commandId"]))
    if command is None:
        raise RestError("COMMAND_NOT_FOUND", "Command not found")
    if command.bot_id != bot.id:
        raise RestError("COMMAND_NOT_FOUND", "Command belongs to a different bot")
    return command


def list_of_bot(call: Call) -> dict[str, Any]:
    bot = own_bot(call)
    own = [row for row in call.portal.commands.values() if row.bot_id == bot.id]
    if call.world.profile == "documented":
        return {"commands": [_documented(call, bot, row) for row in own]}
    defaults = [_default(number) for number in range(len(_DEFAULTS))]
    return {"commands": [*defaults, *(_listed(call, bot, row) for row in own)]}


def _listed(call: Call, bot: Bot, command: Command) -> dict[str, Any]:
    """A row as the portal's source writes it: letters for flags, and not all of them."""
    words = _words(call, command)
    return {
        "id": command.id,
        "botId": command.bot_id,
        "command": f"/{command.command}",
        "category": f"{bot.name} {bot.last_name}".strip(),
        "common": _letter(command.common),
        "context": "",
        "title": words["TITLE"],
        "params": words["PARAMS"],
        "extranet": _letter(command.extranet_support),
    }


def _default(number: int) -> dict[str, Any]:
    name, title, params, context, extranet = _DEFAULTS[number]
    return {
        "id": f"def{number}",
        "botId": 0,
        "command": f"/{name}",
        "category": "Chat",
        "common": "Y",
        "context": context,
        "title": title,
        "params": params,
        "extranet": extranet,
    }


def _documented(call: Call, bot: Bot, command: Command) -> dict[str, Any]:
    words = _words(call, command)
    return {
        **_answer(command)["command"],
        "title": words["TITLE"],
        "params": words["PARAMS"],
        "category": f"{bot.name} {bot.last_name}".strip(),
        "context": "",
    }


def _words(call: Call, command: Command) -> dict[str, str]:
    """Title and hint in the portal's language, else the first ones there are."""
    rows = {row["LANGUAGE_ID"]: row for row in command.lang}
    first = next(iter(rows.values()), {"TITLE": "", "PARAMS": ""})
    return rows.get(call.portal.language, first)


def _letter(value: bool) -> str:
    return "Y" if value else "N"


def _answer(command: Command) -> dict[str, Any]:
    return {
        "command": {
            "id": command.id,
            "botId": command.bot_id,
            "command": f"/{command.command}",
            "common": command.common,
            "hidden": command.hidden,
            "extranetSupport": command.extranet_support,
        }
    }


METHODS = (
    Method("imbot.v2.Command.register", "imbot", register),
    Method("imbot.v2.Command.list", "imbot", list_of_bot, changes=False),
    Method("imbot.v2.Command.update", "imbot", update),
    Method("imbot.v2.Command.unregister", "imbot", unregister),
)
