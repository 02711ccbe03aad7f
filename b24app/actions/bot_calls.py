"""A bot as the portal's two families of methods take it.

``imbot.v2.Bot.*`` where the portal has them, ``imbot.*`` where it does not; a bot answers for good
to the family it was registered with. Every bot of ours has the same event address: there is one
for each event of an application, and a second would take the first bot's events
(b24restdocs: chat-bots/outdated/bots/imbot-register.md).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map, number
from b24app.errors import AlreadyGone, BadPayload, MethodGone, NotOurs, PortalError
from b24app.records import Bot, BotApi, BotType

TYPES: Final = {BotType.BOT: "B", BotType.OPENLINE: "O", BotType.SUPERVISOR: "S"}
PAGE: Final = 50
PAGES: Final = 20  # a portal allows an application a hundred bots at most, unless it was told else


def api_of(portal: Portal) -> BotApi:
    """The family a new bot is registered with."""
    try:
        answer = portal.rest.call("method.get", {"name": "imbot.v2.Bot.register"}, repeatable=True)
    except MethodGone:  # a portal too old to be asked
        return BotApi.V1
    return BotApi.V2 if as_map(answer).get("isAvailable") else BotApi.V1


def find(portal: Portal, api: BotApi, code: str) -> int:
    """The number of our bot with this code on the portal, 0 when there is none.

    Raises BadPayload when the code is known to be another application's.
    """
    if api is BotApi.V2:
        return next((_id(bot) for bot in _own(portal) if str(bot.get("code")) == code), 0)
    bots = portal.rest.call("imbot.bot.list", repeatable=True)  # of every application
    for bot in map(as_map, as_map(bots).values()):
        if str(bot.get("CODE")) == code:
            return _proven(portal, _id(bot))
    return 0


def register(portal: Portal, bot: Bot) -> int:
    """Register the bot and return its number; safe to repeat, the portal answers with the one.

    Raises BadPayload when another application has the code: the first family answers with that
    application's bot, so whose it is gets asked (bitrix-modules: im/classes/general/im_rest.php).
    """
    return _register_v1(portal, bot) if bot.api is BotApi.V1 else _register_v2(portal, bot)


def update(portal: Portal, bot: Bot, fields: Mapping[str, Any]) -> None:
    """Change a bot on the portal; ``fields`` as ``difference`` or ``everything`` made them."""
    if bot.api is BotApi.V1:
        params = {"BOT_ID": bot.id, "FIELDS": fields}
        portal.rest.call("imbot.update", params, repeatable=True)
    else:
        params = {"botId": bot.id, "fields": fields}
        portal.rest.call("imbot.v2.Bot.update", params, repeatable=True)


def unregister(portal: Portal, bot: Bot) -> bool:
    """Delete the bot on the portal; True when it was there, False when it was gone already."""
    try:
        if bot.api is BotApi.V1:
            portal.rest.call("imbot.unregister", {"BOT_ID": bot.id}, repeatable=True)
        else:
            portal.rest.call("imbot.v2.Bot.unregister", {"botId": bot.id}, repeatable=True)
    except AlreadyGone:
        return False
    return True


def is_ours(portal: Portal, bot: Bot) -> bool:
    """Whether the bot is on the portal and ours there."""
    if bot.api is BotApi.V2:
        return any(_id(one) == bot.id for one in _own(portal))
    try:
        return _answers_to_us(portal, bot.id)
    except AlreadyGone:
        return False


def private_chats(portal: Portal, bot: Bot) -> int | None:
    """How many people have a private chat with the bot; None where the portal does not tell.

    The first family has no method for it (b24restdocs: chat-bots-v2/imbot.v2/bots/bot-get.md).
    """
    if bot.api is BotApi.V1:
        return None
    answer = portal.rest.call("imbot.v2.Bot.get", {"botId": bot.id}, repeatable=True)
    count = as_map(as_map(answer).get("bot")).get("countUser")
    return count if type(count) is int else None


def everything(bot: Bot) -> dict[str, Any]:
    """All that an update can bring: what makes a bot found on the portal the one that is meant."""
    return {"PROPERTIES": _properties_v1(bot)} if bot.api is BotApi.V1 else _fields_v2(bot)


def difference(current: Bot, wanted: Bot) -> dict[str, Any]:
    """What an update must bring; empty when the portal need not know.

    The second family clears every property of a person that it is not given, so they travel
    together, and only the avatar alone may stay away (bitrix-modules: imbot/lib/V2/Controller).
    """
    bare = wanted if wanted.avatar != current.avatar else replace(wanted, avatar=b"")
    before, after = everything(replace(current, avatar=b"")), everything(bare)
    if wanted.api is BotApi.V2:
        return {name: value for name, value in after.items() if before[name] != value}
    old, new = before["PROPERTIES"], after["PROPERTIES"]
    changed = {name: value for name, value in new.items() if old.get(name) != value}
    return {"PROPERTIES": changed} if changed else {}


def _register_v1(portal: Portal, bot: Bot) -> int:
    method = "imbot.register"
    params = {
        "CODE": bot.code,
        "TYPE": TYPES[bot.type],
        "EVENT_HANDLER": _handler(portal),
        "PROPERTIES": _properties_v1(bot),
    }
    answer = portal.rest.call(method, params, repeatable=True)
    return _proven(portal, number(answer, method, portal.installation.member_id))


def _register_v2(portal: Portal, bot: Bot) -> int:
    method = "imbot.v2.Bot.register"
    fields = {
        "code": bot.code,
        "type": bot.type.value,
        "eventMode": "webhook",
        "webhookUrl": _handler(portal),
        "isSupportOpenline": bot.type is BotType.OPENLINE,
        **_fields_v2(bot),
    }
    try:
        answer = portal.rest.call(method, {"fields": fields}, repeatable=True)
    except PortalError as exc:
        if exc.code == "BOT_CODE_ALREADY_TAKEN":
            raise BadPayload("code", "code_of_another") from exc
        raise
    found = as_map(as_map(answer).get("bot")).get("id")
    return number(found, method, portal.installation.member_id)


def _own(portal: Portal) -> Iterator[dict[str, Any]]:
    """The bots of ours on the portal, as the second family lists them."""
    for page in range(PAGES):
        params = {"limit": PAGE, "offset": page * PAGE}
        answer = as_map(portal.rest.call("imbot.v2.Bot.list", params, repeatable=True))
        yield from map(as_map, as_map(answer.get("bots")).values())
        if not answer.get("hasNextPage"):
            return


def _id(bot: Mapping[str, Any]) -> int:
    found = str(bot.get("id", bot.get("ID")))
    return int(found[:18]) if found.isascii() and found.isdigit() else 0


def _proven(portal: Portal, bot_id: int) -> int:
    if not _answers_to_us(portal, bot_id):
        raise BadPayload("code", "code_of_another")
    return bot_id


def _answers_to_us(portal: Portal, bot_id: int) -> bool:
    """Asked with an update that brings nothing: refused as empty only after it is seen as ours."""
    try:
        portal.rest.call("imbot.update", {"BOT_ID": bot_id, "FIELDS": {}}, repeatable=True)
    except NotOurs:
        return False
    except PortalError as exc:
        if exc.code != "WRONG_REQUEST":
            raise
    return True


def _handler(portal: Portal) -> str:
    return f"{portal.app_url}/events"


def _properties_v1(bot: Bot) -> dict[str, str]:
    properties = {
        "NAME": bot.name,
        "LAST_NAME": bot.last_name,
        "WORK_POSITION": bot.position,
        "PERSONAL_GENDER": bot.gender,
    }
    if bot.color:
        properties["COLOR"] = bot.color
    if bot.avatar:
        properties["PERSONAL_PHOTO"] = base64.b64encode(bot.avatar).decode()
    return properties


def _fields_v2(bot: Bot) -> dict[str, Any]:
    properties = {
        "name": bot.name,
        "lastName": bot.last_name,
        "workPosition": bot.position,
        "gender": bot.gender,
    }
    if bot.color:
        first, *others = bot.color.lower().split("_")
        properties["color"] = first + "".join(part.capitalize() for part in others)
    if bot.avatar:
        properties["avatar"] = base64.b64encode(bot.avatar).decode()
    return {
        "properties": properties,
        "isHidden": bot.hidden,
        "isReactionsEnabled": bot.reactions,
    }
