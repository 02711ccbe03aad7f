"""Slash commands of bots: register, update, republish, unregister. The portal first, then we.

A command answers to the methods its bot was registered with; see ``command_calls.py``.
"""

from __future__ import annotations

from dataclasses import replace

from b24app.actions import bots, checks, command_calls, command_drafts
from b24app.actions.command_drafts import CommandDraft
from b24app.actions.doubt import change_of, in_doubt, noted
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict
from b24app.records import Bot, BotApi, Command, Verb
from b24app.store.changes import REPUBLICATION


def register(portal: Portal, draft: CommandDraft) -> Command:
    """Register a command of one of our bots; safe to repeat.

    Raises BadPayload, PortalError, PortalUnreachable, AuthorizationLost.
    """
    with portal.store.editing():
        bot = _bot_of(portal, draft)
        wanted = command_drafts.check(draft, bot.api)
        _check_name(portal, bot, wanted)
        return _register(portal, bot, replace(wanted, bot_id=bot.id))


def update(portal: Portal, command_id: int, draft: CommandDraft) -> Command:
    """Send what changed and record it; what only the bot answers is not sent.

    Raises Conflict when somebody saved since the draft's version, AlreadyGone when the portal
    has no such command any more, else as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, command_id, draft.version)
        bot = portal.store.bots.get(current.bot_id)
        wanted = command_drafts.check(draft, bot.api, current)
        key = change_of("command", command_id)
        if wanted == current and not portal.store.in_doubt(key):
            return current
        _check_name(portal, bot, wanted)
        with noted(portal, key) as unsure:
            everything = command_calls.nothing_else(bot, wanted) if unsure else {}
            fields = everything or command_calls.difference(bot, current, wanted)
            if fields:
                command_calls.update(portal, bot, current, fields)
            return _save(portal, current, wanted, Verb.UPDATE)


def republish(portal: Portal, command_id: int, version: int) -> Command:
    """Put the command on the portal as it is recorded, or make the one there so again.

    One that was gone comes back with a new number. Raises Conflict, AlreadyGone when its bot is
    not on the portal either, else as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, command_id, version)
        bot = portal.store.bots.get(current.bot_id)
        placed = _place(portal, bot, replace(current, published=True))
        if placed.id == current.id:
            return _save(portal, current, placed, Verb.REPUBLISH)
        saved = portal.store.commands.save(
            placed, seen=0, actor=portal.actor, verb=Verb.REPUBLISH, before=current
        )
        with portal.store.changes.together(group=f"{REPUBLICATION} {current.id}"):
            _delete(portal, current, Verb.FORGET)
        return saved


def unregister(portal: Portal, command_id: int) -> bool:
    """Remove the command; True when the portal had it, False when it was gone already.

    Raises NotOurs, and then our record stays.
    """
    with portal.store.editing():
        command = portal.store.commands.get(command_id)
        bot = portal.store.bots.get(command.bot_id)
        was_there = command_calls.unregister(portal, bot, command)
        _delete(portal, command, Verb.UNREGISTER)
        return was_there


def forget(portal: Portal, command_id: int) -> None:
    """Take a command off our list that is another application's, or gone, on the portal.

    Raises BadPayload for one that is ours: it would stay there with nobody to remove it.
    """
    with portal.store.editing():
        command = portal.store.commands.get(command_id)
        bot = portal.store.bots.get(command.bot_id)
        if command_calls.is_ours(portal, bot, command):
            raise BadPayload("id", "ours")
        _delete(portal, command, Verb.FORGET)


def _bot_of(portal: Portal, draft: CommandDraft) -> Bot:
    wanted = checks.number(draft.bot_id)
    for bot in bots.living(portal):
        if bot.id == wanted:
            return bot
    raise BadPayload("bot_id", "unknown_choice")


def _check_name(portal: Portal, bot: Bot, wanted: Command) -> None:
    """The portal would answer a taken name with the bot's other command and change nothing."""
    for other in portal.store.commands.all():
        if (other.bot_id, other.name) == (bot.id, wanted.name) and other.id != wanted.id:
            raise BadPayload("name", "command_taken")


def _register(portal: Portal, bot: Bot, command: Command) -> Command:
    """Register and record, also what an earlier try with an unknown end has registered."""
    key = f"command:{bot.id}:{command.name}"
    with noted(portal, key):
        return portal.store.commands.save(
            _place(portal, bot, command),
            seen=0,
            actor=portal.actor,
            verb=Verb.REGISTER,
            before=None,
            ends=key,
        )


def _place(portal: Portal, bot: Bot, command: Command) -> Command:
    """The command with its number on the portal, there as it is meant whether it was or not.

    The portal answers a name it knows with the command it has, changes nothing and does not say
    so. The second family lists a bot's commands; in the first all is sent once more.
    """
    known = command_calls.find(portal, bot, command.name) if bot.api is BotApi.V2 else 0
    placed = replace(command, id=known or command_calls.register(portal, bot, command))
    if known:
        command_calls.update(portal, bot, placed, command_calls.nothing_else(bot, placed))
    elif bot.api is BotApi.V1:
        with in_doubt():
            command_calls.update(portal, bot, placed, command_calls.nothing_else(bot, placed))
    return placed


def _save(portal: Portal, current: Command, wanted: Command, verb: Verb) -> Command:
    return portal.store.commands.save(
        wanted,
        seen=current.version,
        actor=portal.actor,
        verb=verb,
        before=current,
        ends=change_of("command", current.id),
    )


def _delete(portal: Portal, command: Command, verb: Verb) -> None:
    key = change_of("command", command.id)
    portal.store.commands.delete(command, actor=portal.actor, verb=verb, ends=key)


def _unchanged(portal: Portal, command_id: int, version: int) -> Command:
    current = portal.store.commands.get(command_id)
    if current.version != version:
        raise Conflict(current)
    return current
