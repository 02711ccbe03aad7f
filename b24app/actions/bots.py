"""The bots we register on a portal; chat apps need one as their owner."""

from __future__ import annotations

import hashlib
from typing import Final

from b24app.actions.portal import Portal
from b24app.bitrix.answers import number
from b24app.errors import MethodGone
from b24app.records import Bot, BotApi, Verb

NAME: Final = "Chat apps"


def owner(portal: Portal, bot_id: int = 0) -> Bot:
    """The bot ``bot_id`` of ours, else any of ours, else one that is registered now."""
    ours = living(portal)
    for bot in ours:
        if bot.id == bot_id:
            return bot
    return ours[0] if ours else register(portal)


def register(portal: Portal) -> Bot:
    """Register the owner bot; safe to repeat, the portal answers with the one it has.

    With ``imbot.v2`` where the portal has it, else with ``imbot.register``.
    """
    code = _code(portal)
    handler = f"{portal.app_url}/events"
    if _has(portal, "imbot.v2.Bot.register"):
        bot = Bot(_register_v2(portal, code, handler), code, NAME, BotApi.V2)
    else:
        bot = Bot(_register_v1(portal, code, handler), code, NAME, BotApi.V1)
    return portal.store.bots.save(
        bot, seen=_seen(portal, bot.id), actor=portal.actor, verb=Verb.REGISTER, before=None
    )


def living(portal: Portal) -> list[Bot]:
    """Our bots that are on the portal, oldest first."""
    return [bot for bot in reversed(portal.store.bots.all()) if bot.published]


def _seen(portal: Portal, bot_id: int) -> int:
    """The version of a record we have already: the portal gives a known bot its old id."""
    return next((bot.version for bot in portal.store.bots.all() if bot.id == bot_id), 0)


def _code(portal: Portal) -> str:
    """A code of our own: ``imbot.register`` answers a taken code with the other's bot.

    (bitrix-modules: im/classes/general/im_rest.php)
    """
    digest = hashlib.sha256(portal.app_url.encode()).hexdigest()
    return f"b24app_{digest[:8]}"


def _has(portal: Portal, method: str) -> bool:
    try:
        answer = portal.rest.call("method.get", {"name": method}, repeatable=True)
    except MethodGone:  # a portal too old to be asked
        return False
    return isinstance(answer, dict) and bool(answer.get("isAvailable"))


def _register_v2(portal: Portal, code: str, handler: str) -> int:
    fields = {
        "code": code,
        "type": "bot",
        "eventMode": "webhook",
        "webhookUrl": handler,
        "properties": {"name": NAME, "color": "AZURE"},
    }
    method = "imbot.v2.Bot.register"
    result = portal.rest.call(method, {"fields": fields}, repeatable=True)
    bot = result.get("bot") if isinstance(result, dict) else None
    found = bot.get("id") if isinstance(bot, dict) else None
    return number(found, method, portal.installation.member_id)


def _register_v1(portal: Portal, code: str, handler: str) -> int:
    params = {
        "CODE": code,
        "TYPE": "B",
        "EVENT_HANDLER": handler,
        "PROPERTIES": {"NAME": NAME, "COLOR": "AZURE"},
    }
    method = "imbot.register"
    answer = portal.rest.call(method, params, repeatable=True)
    return number(answer, method, portal.installation.member_id)
