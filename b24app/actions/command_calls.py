"""A command as the portal's two families of methods take it: that of its bot.

Platform facts: b24restdocs: chat-bots-v2/imbot.v2/commands; chat-bots/outdated/commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map, number
from b24app.errors import AlreadyGone, BadPayload, NotOurs, PortalError
from b24app.i18n import PORTAL_LANGUAGES
from b24app.records import Bot, BotApi, Command, Hint


def find(portal: Portal, bot: Bot, name: str) -> int:
    """The number of a bot's command of this name, 0 without one; for bots of the second family.

    Every portal's own commands come along in the list (bitrix-modules: imbot/lib/V2/Controller).
    """
    answer = portal.rest.call("imbot.v2.Command.list", {"botId": bot.id}, repeatable=True)
    for row in map(as_map, as_map(as_map(answer).get("commands")).values()):
        ours = str(row.get("botId")) == str(bot.id)
        if ours and str(row.get("command", "")).removeprefix("/") == name:
            return number(row.get("id"), "imbot.v2.Command.list", portal.installation.member_id)
    return 0


def register(portal: Portal, bot: Bot, command: Command) -> int:
    """Register the command and return its number.

    The portal answers a name the bot has with the command it has, and changes nothing.
    """
    if bot.api is BotApi.V1:
        method = "imbot.command.register"
        params = {
            "BOT_ID": bot.id,
            "COMMAND": command.name,
            "COMMON": _yes(command.common),
            "EVENT_COMMAND_ADD": f"{portal.app_url}/events",
            **_fields_v1(command),
        }
        found = portal.rest.call(method, params, repeatable=True)
    else:
        method = "imbot.v2.Command.register"
        params = {"botId": bot.id, "fields": _fields_v2(command)}
        answer = portal.rest.call(method, params, repeatable=True)
        found = as_map(as_map(answer).get("command")).get("id")
    return number(found, method, portal.installation.member_id)


def update(portal: Portal, bot: Bot, command: Command, fields: Mapping[str, Any]) -> None:
    """Change a command; ``fields`` as ``difference`` or ``everything`` made them.

    Raises BadPayload when the bot has another command of the new name.
    """
    try:
        if bot.api is BotApi.V1:
            params = {"COMMAND_ID": command.id, "FIELDS": fields}
            portal.rest.call("imbot.command.update", params, repeatable=True)
        else:
            params = {"botId": bot.id, "commandId": command.id, "fields": fields}
            portal.rest.call("imbot.v2.Command.update", params, repeatable=True)
    except PortalError as exc:
        if exc.code == "COMMAND_ALREADY_EXISTS":
            raise BadPayload("name", "command_taken") from exc
        raise


def unregister(portal: Portal, bot: Bot, command: Command) -> bool:
    """Remove the command; True when it was there, False when it was gone already."""
    try:
        portal.rest.call(*removal(bot, command), repeatable=True)
    except AlreadyGone:
        return False
    return True


def removal(bot: Bot, command: Command) -> tuple[str, dict[str, int]]:
    """The call that removes the command: its method and parameters."""
    if bot.api is BotApi.V1:
        return "imbot.command.unregister", {"COMMAND_ID": command.id}
    return "imbot.v2.Command.unregister", {"botId": bot.id, "commandId": command.id}


def is_ours(portal: Portal, bot: Bot, command: Command) -> bool:
    """Whether the command is on the portal and ours there: asked with an empty update.

    The first family refuses that as empty only after it has seen whose it is.
    """
    try:
        update(portal, bot, command, {})
    except (NotOurs, AlreadyGone):
        return False
    except PortalError as exc:
        if exc.code != "WRONG_REQUEST":
            raise
    return True


def everything(bot: Bot, command: Command) -> dict[str, Any]:
    """All that an update can bring."""
    if bot.api is BotApi.V1:
        return _fields_v1(command)
    return _fields_v2(command)


def nothing_else(bot: Bot, command: Command) -> dict[str, Any]:
    """As ``everything``, for a command there of which nothing is known.

    The second family keeps a title that is not given; null takes it away.
    """
    fields = everything(bot, command)
    if bot.api is BotApi.V2:
        fields["title"] = dict.fromkeys(PORTAL_LANGUAGES) | fields["title"]
    return fields


def difference(bot: Bot, current: Command, wanted: Command) -> dict[str, Any]:
    """What an update must bring; empty when the portal need not know.

    The first family replaces all translations. The second replaces the languages it is given,
    deletes one whose title is null, and reads hints only beside titles.
    """
    before, after = everything(bot, current), everything(bot, wanted)
    changed = {name: value for name, value in after.items() if before[name] != value}
    if changed.keys() & {"title", "params"}:
        removed = dict.fromkeys(before["title"].keys() - after["title"].keys())
        changed |= {"title": after["title"] | removed, "params": after["params"]}
    return changed


def _fields_v1(command: Command) -> dict[str, Any]:
    return {
        "HIDDEN": _yes(command.hidden),
        "EXTRANET_SUPPORT": _yes(command.extranet),
        "LANG": [_lang(entry) for entry in command.translations],
    }


def _fields_v2(command: Command) -> dict[str, Any]:
    return {
        "command": command.name,
        "title": {entry.language: entry.title for entry in command.translations},
        "params": {entry.language: entry.params for entry in command.translations},
        "common": command.common,
        "hidden": command.hidden,
        "extranetSupport": command.extranet,
    }


def _lang(entry: Hint) -> dict[str, str]:
    return {"LANGUAGE_ID": entry.language, "TITLE": entry.title, "PARAMS": entry.params}


def _yes(value: bool) -> str:
    return "Y" if value else "N"
