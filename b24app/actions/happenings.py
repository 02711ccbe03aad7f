"""What the portal did by itself, so that our records stay true: bots and connectors that went.

Whoever sees the application token may send an event, so the portal is asked what holds.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, Final

from b24app.actions import bot_calls, connector_calls, connectors
from b24app.actions.bots import belongings
from b24app.actions.inbox import Happening
from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map
from b24app.bitrix.inbound import Event
from b24app.errors import AccessDenied, AuthorizationLost, Busy, NotFound, PortalError
from b24app.records import SYSTEM, Bot, Connector, Verb

LINE: Final = "line"
CONNECTOR: Final = "connector"
LOOKED_BACK: Final = 100
MOST_NOTED: Final = 20
REVIEW_SECONDS: Final = 8.0

log = logging.getLogger(__name__)


def bot_deleted(portal: Portal, happening: Happening) -> None:
    """Note that a bot is not on the portal any more, nor what belonged to it.

    Nothing for a bot we do not know, as when we have removed it ourselves. The event leaves before
    the bot goes (bitrix-modules: im/lib/bot.php unRegister): while it is still there Busy is
    raised, once, to be tried again. Raises PortalError, PortalUnreachable, StoreUnavailable.
    """
    bot = _known_bot(portal, _bot_id(happening.event))
    if bot is None:
        return
    with portal.store.editing():
        bot = _known_bot(portal, bot.id)  # after an edit of our own has ended
        if bot is None:
            return
        try:
            is_there = bot_calls.is_ours(portal, bot)
        except AuthorizationLost as exc:
            # The whole application goes, or has lost its access: who gets it back has reviewed.
            log.info("portal %s: %s", portal.installation.member_id, exc.reason)
            return
        if not is_there:
            _lose(portal, bot)
        elif not happening.again:
            raise Busy(f"bot {bot.id} is still there")


def review(portal: Portal, after: str = "", seconds: float = REVIEW_SECONDS) -> str:
    """Ask after every bot and connector of ours, and each line of these; note what is gone.

    For what a portal has told while nobody could ask it: after a reinstall, and once lost access is
    back. Goes on behind ``after`` and stops after so many seconds: returns the name of what was
    asked after last, to go on from, or nothing when it is through. Safe to repeat.
    Raises PortalError, PortalUnreachable, AuthorizationLost, StoreUnavailable, Busy.
    """
    deadline = time.monotonic() + seconds
    for name, ask in sorted(_questions(portal).items()):
        if name > after:
            with contextlib.suppress(AccessDenied):  # no permission any more: nothing can be said
                ask()
            if time.monotonic() > deadline:
                return name
    return ""


def _questions(portal: Portal) -> dict[str, Callable[[], None]]:
    """What there is to ask, each by its name; lines come after their connectors."""
    asking: dict[str, Callable[[], None]] = {}
    for bot in portal.store.bots.all():
        if bot.published:
            asking[f"bot {bot.id:012}"] = partial(_review_bot, portal, bot.id)
    for connector in portal.store.connectors.all():
        if connector.published:
            asking[f"connector {connector.id}"] = partial(_review_connector, portal, connector.id)
            for joint in connector.joints:
                ask = partial(_come_off, portal, connector.id, joint.line)
                asking[f"line {connector.id} {joint.line:012}"] = ask
    return asking


def _review_bot(portal: Portal, bot_id: int) -> None:
    with portal.store.editing():
        bot = _known_bot(portal, bot_id)
        if bot and not bot_calls.is_ours(portal, bot):
            _lose(portal, bot)


def _review_connector(portal: Portal, connector_id: str) -> None:
    with portal.store.editing():
        connector = _known_connector(portal, connector_id)
        if connector and connector.id not in connector_calls.names(portal):
            _save(portal, connector, replace(connector, published=False))


def _save(portal: Portal, before: Connector, after: Connector) -> None:
    portal.store.connectors.save(
        after, seen=before.version, actor=portal.actor, verb=Verb.UPDATE, before=before
    )


def _known_bot(portal: Portal, bot_id: int) -> Bot | None:
    try:
        bot = portal.store.bots.get(bot_id)
    except NotFound:
        return None
    return bot if bot.published else None


def _known_connector(portal: Portal, connector_id: str) -> Connector | None:
    try:
        connector = portal.store.connectors.get(connector_id)
    except NotFound:
        return None
    return connector if connector.published else None


def _bot_id(event: Event) -> int:
    data = as_map(event.data)
    value = data.get("BOT_ID") or as_map(data.get("bot")).get("id")
    return _number(value)


def _lose(portal: Portal, bot: Bot) -> None:
    """The bot's commands and chat apps went with it; first they, so that a stop half-way can be
    repeated."""
    store, actor = portal.store, portal.actor
    commands, chat_apps = belongings(portal, bot.id)
    for command in commands:
        if command.published:
            gone = replace(command, published=False)
            seen = command.version
            store.commands.save(gone, seen=seen, actor=actor, verb=Verb.UPDATE, before=command)
    for app in chat_apps:
        if app.published:
            lost = replace(app, published=False)
            store.chat_apps.save(lost, seen=app.version, actor=actor, verb=Verb.UPDATE, before=app)
    absent = replace(bot, published=False)
    store.bots.save(absent, seen=bot.version, actor=actor, verb=Verb.UPDATE, before=bot)


def connector_off(portal: Portal, event: Event) -> None:
    """Take a connector off a line in our record, or write down that a line was deleted.

    What is not on our list is noted once for each; only what the portal confirms, and a few at
    most, so that forged events do not push what people did out of the history. Raises as
    ``bot_deleted``.
    """
    data = event.data
    if event.name == "ONIMCONNECTORSTATUSDELETE":
        fields = as_map(data)
        connector, line = str(fields.get("connector", "")), _number(fields.get("line"))
        if any(one.id == connector for one in portal.store.connectors.all()):
            _come_off(portal, connector, line)
            return
        thing, before = (CONNECTOR, connector[:64]), {"line": line, "active": True}
        after: dict[str, Any] = {"line": 0, "active": False}
        is_true = bool(connector and line) and _is_off(portal, connector, line)
    else:
        line = _number(data)
        thing, before, after = (LINE, str(line)), {"line": line}, {}
        is_true = bool(line) and _is_deleted(portal, line)
        for one in portal.store.connectors.all() if is_true else []:
            _come_off(portal, one.id, line)
    if is_true and not _is_noted(portal, thing, before):
        verb = Verb.UPDATE if after else Verb.UNREGISTER
        portal.store.note(portal.actor, verb, thing, before, after)


def _come_off(portal: Portal, connector_id: str, line: int) -> None:
    """Nothing where our record does not say that it is connected, as when we took it off."""
    with portal.store.editing():  # after an edit of our own has ended
        connector = _known_connector(portal, connector_id)
        if connector and connector.joint(line) and _is_off(portal, connector_id, line):
            _save(portal, connector, connectors.without(connector, line))


def _is_off(portal: Portal, connector: str, line: int) -> bool:
    """Whether it is not active there any more; one that is in error still is."""
    try:
        return not connector_calls.status(portal, connector, line).configured
    except AuthorizationLost:
        return False
    except PortalError as exc:
        if not exc.permanent or isinstance(exc, AccessDenied):
            raise
        return True  # it does not know such a connector any more


def _is_deleted(portal: Portal, line: int) -> bool:
    params = {"PARAMS": {"select": ["ID"], "filter": {"ID": line}}}
    try:
        answer = portal.rest.call("imopenlines.config.list.get", params, repeatable=True)
    except (AuthorizationLost, AccessDenied):
        return False
    rows = map(as_map, as_map(answer).values())
    return all(_number(row.get("ID")) != line for row in rows)


def _is_noted(portal: Portal, thing: tuple[str, str], before: dict[str, Any]) -> bool:
    newest = portal.store.changes.newest(LOOKED_BACK)
    noted = [change for change in newest if change.thing in (CONNECTOR, LINE)]
    same = [one for one in noted if (one.thing, one.thing_id) == thing]
    # A connector that was on our list, and was taken off it, has its line.
    known = any(one.before == before or one.name for one in same)
    return known or sum(one.user_id == SYSTEM.user_id for one in noted) >= MOST_NOTED


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0
