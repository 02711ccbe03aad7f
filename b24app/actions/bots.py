"""Bots: register, update, republish, unregister. The portal first, then our record.

A bot owns commands and chat apps, and takes them with it when it goes
(bitrix-modules: im/lib/bot.php). How a portal is told stands in ``bot_calls.py``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from b24app.actions import bot_calls, bot_drafts, codes
from b24app.actions.bot_drafts import BotDraft
from b24app.actions.doubt import change_of, noted
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict, LimitReached, NotConfirmed
from b24app.records import Bot, BotApi, BotType, ChatApp, Command, Verb
from b24app.store.changes import KEPT, REPUBLICATION

NAME: Final = "Chat apps"
# The first family's documented limit for an application; the second's is the portal's affair.
MOST_V1: Final = 5
OWNER_TRIES: Final = 5
MOST_KEPT: Final = KEPT  # of what goes together, history keeps the newest


def owner(portal: Portal, bot_id: int = 0) -> Bot:
    """The bot ``bot_id`` of ours, else any of ours, else one that is registered now."""
    ours = living(portal)
    for bot in ours:
        if bot.id == bot_id:
            return bot
    return ours[0] if ours else _register_owner(portal)


def living(portal: Portal) -> list[Bot]:
    """Our bots that are on the portal, oldest first."""
    return [bot for bot in reversed(portal.store.bots.all()) if bot.published]


def belongings(portal: Portal, bot_id: int) -> tuple[list[Command], list[ChatApp]]:
    """The commands and chat apps of a bot, as we know them."""
    commands = [one for one in portal.store.commands.all() if one.bot_id == bot_id]
    return commands, [one for one in portal.store.chat_apps.all() if one.bot_id == bot_id]


def owned(portal: Portal, bot_ids: Iterable[int]) -> dict[int, tuple[int, int]]:
    """How many commands and chat apps each of these bots has, as we know them."""
    commands = Counter(one.bot_id for one in portal.store.commands.all())
    chat_apps = Counter(app.bot_id for app in portal.store.chat_apps.all())
    return {number: (commands[number], chat_apps[number]) for number in bot_ids}


def beyond_history(count: int) -> int:
    """How many of so many things that go with a bot history cannot keep, to bring them back."""
    return max(0, count + 1 - KEPT)


def register(portal: Portal, draft: BotDraft) -> Bot:
    """Register a bot with the newest methods the portal has; safe to repeat.

    A bot of ours that has the code already, as after a lost answer, becomes the one that is
    meant. Raises BadPayload, also for another application's code, LimitReached, PortalError,
    PortalUnreachable, AuthorizationLost.
    """
    wanted = bot_drafts.check(draft)
    with portal.store.editing():
        wanted = replace(wanted, code=_free_code(portal, wanted))
        wanted = replace(wanted, api=bot_calls.api_of(portal))
        _check_family(portal, wanted)
        return _save_new(portal, _place(portal, wanted))


def update(portal: Portal, bot_id: int, draft: BotDraft) -> Bot:
    """Send what changed and record it; what only we say is not sent.

    Raises Conflict when somebody saved since the draft's version, AlreadyGone when the portal
    has no such bot any more, else as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, bot_id, draft.version)
        wanted = bot_drafts.check(draft, current)
        key = change_of("bot", bot_id)
        if wanted == current and not portal.store.in_doubt(key):
            return current
        with noted(portal, key) as unsure:
            everything = bot_calls.everything(wanted) if unsure else {}
            fields = everything or bot_calls.difference(current, wanted)
            if fields:
                bot_calls.update(portal, current, fields)
            return _save(portal, current, wanted, Verb.UPDATE)


def republish(portal: Portal, bot_id: int, version: int) -> Bot:
    """Put the bot on the portal as it is recorded, or make the one there so again.

    One that was gone comes back with a new number; its commands and chat apps go with it in our
    record, as not on the portal. Raises Conflict, else as ``register``.
    """
    with portal.store.editing():
        return revive(portal, _unchanged(portal, bot_id, version))


def revive(portal: Portal, bot: Bot) -> Bot:
    """As ``republish``, for a caller that is editing the portal already."""
    _check_family(portal, bot)
    placed = _place(portal, replace(bot, published=True))
    if placed.id == bot.id:
        return _save(portal, bot, placed, Verb.REPUBLISH)
    saved = portal.store.bots.save(
        placed, seen=0, actor=portal.actor, verb=Verb.REPUBLISH, before=bot
    )
    succeed(portal, bot, saved.id)
    return saved


def succeed(portal: Portal, bot: Bot, new_id: int) -> None:
    """Give what belongs to a bot that was gone to its successor, and forget it; to be repeated
    when it was cut short."""
    _move_belongings(portal, bot.id, new_id)
    with portal.store.changes.together(group=f"{REPUBLICATION} {bot.id}"):
        key = change_of("bot", bot.id)
        portal.store.bots.delete(bot, actor=portal.actor, verb=Verb.FORGET, ends=key)


def unregister(portal: Portal, bot_id: int, typed_name: str) -> bool:
    """Delete the bot with its commands, its chat apps and its private chats with people.

    ``typed_name`` must be the bot's full name, else NotConfirmed is raised. True when the portal
    had it, False when it was gone already. Raises NotOurs, and then our record stays. History
    keeps the bot, each command and each chat app as they were; only the chats are lost.
    """
    with portal.store.editing():
        bot = portal.store.bots.get(bot_id)
        if " ".join(typed_name.split()) != " ".join(bot.full_name.split()):
            raise NotConfirmed(f"bot {bot_id}")
        was_there = bot_calls.unregister(portal, bot)
        _drop(portal, bot, Verb.UNREGISTER)
        return was_there


def forget(portal: Portal, bot_id: int) -> None:
    """Take a bot, and what belongs to it, off our list; for one that is not ours on the portal.

    Raises BadPayload for one that is ours: it would stay there with nobody to remove it.
    """
    with portal.store.editing():
        bot = portal.store.bots.get(bot_id)
        if bot_calls.is_ours(portal, bot):
            raise BadPayload("id", "ours")
        _drop(portal, bot, Verb.FORGET)


def _register_owner(portal: Portal) -> Bot:
    """Register the bot that owns the first chat app; safe to repeat.

    Where another application has our code, as one that was installed before us may, the next.
    """
    api = bot_calls.api_of(portal)
    for serial in range(1, OWNER_TRIES + 1):
        code = f"b24app_{_digest(portal)}{f'_{serial}' if serial > 1 else ''}"
        bot = Bot(id=0, code=code, name=NAME, api=api, color="AZURE")
        try:
            return _save_new(portal, _place(portal, bot))
        except BadPayload:  # only ever about the code
            if serial == OWNER_TRIES:
                raise
    raise AssertionError("the last try returns or raises")


def _place(portal: Portal, bot: Bot) -> Bot:
    """The bot with its number on the portal: found by its code and brought up to date, or new."""
    known = bot_calls.find(portal, bot.api, bot.code)
    if not known:
        return replace(bot, id=bot_calls.register(portal, bot))
    placed = replace(bot, id=known)
    bot_calls.update(portal, placed, bot_calls.everything(placed))
    return placed


def _save_new(portal: Portal, bot: Bot) -> Bot:
    """Record what was registered; the portal gives a known bot its old number."""
    known = {one.id: one for one in portal.store.bots.all()}.get(bot.id)
    return portal.store.bots.save(
        bot,
        seen=known.version if known else 0,
        actor=portal.actor,
        verb=Verb.REGISTER,
        before=known,
    )


def _save(portal: Portal, current: Bot, wanted: Bot, verb: Verb) -> Bot:
    return portal.store.bots.save(
        wanted,
        seen=current.version,
        actor=portal.actor,
        verb=verb,
        before=current,
        ends=change_of("bot", current.id),
    )


def _check_family(portal: Portal, bot: Bot) -> None:
    """What the first family of methods cannot do; the second does it all."""
    if bot.api is BotApi.V2:
        return
    errors = {}
    if bot.type is BotType.PERSONAL:
        errors["type"] = "portal_too_old"
    if bot.hidden:
        errors["hidden"] = "portal_too_old"
    if not bot.reactions:
        errors["reactions"] = "portal_too_old"
    if errors:
        raise BadPayload(*next(iter(errors.items())), errors)
    if len([one for one in living(portal) if one.id != bot.id]) >= MOST_V1:
        raise LimitReached("imbot.register", "MAX_COUNT_ERROR", 400, portal.installation.member_id)


def _move_belongings(portal: Portal, old_id: int, new_id: int) -> None:
    """What belonged to a bot that was gone belongs to its successor; the portal has none of it."""
    commands, chat_apps = belongings(portal, old_id)
    for command in commands:
        moved = replace(command, bot_id=new_id, published=False)
        portal.store.commands.save(
            moved, seen=command.version, actor=portal.actor, verb=Verb.UPDATE, before=command
        )
    for app in chat_apps:
        portal.store.chat_apps.save(
            replace(app, bot_id=new_id, published=False),
            seen=app.version,
            actor=portal.actor,
            verb=Verb.UPDATE,
            before=app,
        )


def _drop(portal: Portal, bot: Bot, verb: Verb) -> None:
    """Forget a bot after all that belongs to it, so that a stop half-way can be repeated.

    History knows them as one removal, in however many goes it was made.
    """
    commands, chat_apps = belongings(portal, bot.id)
    with portal.store.changes.together(group=f"bot {bot.id}"):
        for command in commands:
            key = change_of("command", command.id)
            portal.store.commands.delete(command, actor=portal.actor, verb=verb, ends=key)
        for app in chat_apps:
            key = change_of("chat_app", app.id)
            portal.store.chat_apps.delete(app, actor=portal.actor, verb=verb, ends=key)
        key = change_of("bot", bot.id)
        portal.store.bots.delete(bot, actor=portal.actor, verb=verb, ends=key)


def _unchanged(portal: Portal, bot_id: int, version: int) -> Bot:
    current = portal.store.bots.get(bot_id)
    if current.version != version:
        raise Conflict(current)
    return current


def _free_code(portal: Portal, wanted: Bot) -> str:
    """The code that was asked for, or one made of the name; raises BadPayload when taken.

    A made one says whose it is: the first family gives whoever asks the bot of a taken code.
    """
    taken = {bot.code for bot in portal.store.bots.all()}
    if wanted.code in taken:
        raise BadPayload("code", "bot_code_taken")
    stem = f"{codes.slug(wanted.name, 'bot')[:30]}_{_digest(portal)}"
    return wanted.code or codes.free(stem, taken, sign="_")


def _digest(portal: Portal) -> str:
    """This application at its address, in eight characters."""
    return hashlib.sha256(portal.app_url.encode()).hexdigest()[:8]
