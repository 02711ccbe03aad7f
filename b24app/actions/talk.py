"""Bots that answer: a welcome where one joins a chat, a reply to a command.

The two families of events carry the same in two shapes (b24restdocs: chat-bots-v2/events,
chat-bots/outdated; bitrix-modules: im/classes/general/im_rest.php). A portal may tell of one bot
in both; only the family the bot was registered with counts.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from b24app.actions import proof, tokens
from b24app.actions.inbox import Happening
from b24app.actions.portal import open_portal
from b24app.bitrix.answers import as_map
from b24app.bitrix.calls import Rest
from b24app.bitrix.inbound import LANGUAGE
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    Busy,
    NotFound,
    PortalError,
    PortalUnreachable,
)
from b24app.records import SYSTEM, Bot, BotApi, Command, Installation, Text
from b24app.resources import Resources
from b24app.store import PortalStore
from b24app.store.spoken import Mark, Spoken

DAY: Final = 86400
# A bot that is added to the same chat again is welcome again; one joining told twice is not.
JOINED_SECONDS: Final = 60
MOST_COMMANDS: Final = 10  # the portal runs no more of one message
SECONDS: Final = 8.0  # a portal has no more for each answer: others' events wait behind it

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cue:
    """What a bot is asked to answer: where, and with whose token of the event, if any."""

    api: BotApi
    bot_id: int
    dialog: str
    language: str
    chat_id: int = 0
    command_id: int = 0
    message_id: int = 0
    access: str = field(default="", repr=False)


# Before anything reached the portal.
NOT_SAID: Final = (Busy, AuthServerRefused, AuthServerUnreachable)

Say = tuple[str, dict[str, Any]]  # a method and its parameters
WELCOME: Final = {
    BotApi.V1: "imbot.message.add",
    BotApi.V2: "imbot.v2.Chat.Message.send",
}


def welcome(resources: Resources, happening: Happening) -> None:
    """Say the bot's welcome where it joined; silent without one, or for a bot that is not ours.

    Raises what passes, to be tried again: PortalError, PortalUnreachable, StoreUnavailable.
    """
    store = PortalStore(resources.redis, happening.member_id)
    for cue in _joinings(happening):
        bot = _bot(store, cue)
        if bot and bot.welcome and cue.dialog:
            what = f"join:{cue.bot_id}:{cue.dialog}"
            mark = Spoken(resources.redis, happening.member_id).mark(what, JOINED_SECONDS)
            _say_once(resources, happening, cue, mark, _welcome(cue), bot.welcome)


def answer(resources: Resources, happening: Happening) -> None:
    """Reply to the commands of one message; each once, silent without a text. Raises as above."""
    store = PortalStore(resources.redis, happening.member_id)
    for cue in _commands(happening):
        command = _command(store, cue)
        if command and command.replies and cue.message_id:
            what = f"command:{cue.message_id}:{cue.command_id}"
            mark = Spoken(resources.redis, happening.member_id).mark(what, DAY)
            _say_once(resources, happening, cue, mark, _answer(cue), command.replies)


def text_in(texts: Sequence[Text], *languages: str) -> str:
    """The text in the first of these languages it has, else in its first; empty for none."""
    by_language = {entry.language: entry.text for entry in texts}
    for language in languages:
        if language in by_language:
            return by_language[language]
    return next(iter(by_language.values()), "")


def _joinings(happening: Happening) -> Iterator[Cue]:
    data = as_map(happening.event.data)
    if happening.event.name == "ONIMBOTV2JOINCHAT":
        yield _cue_v2(data)
        return
    params = as_map(data.get("PARAMS"))
    for entry in map(as_map, as_map(data.get("BOT")).values()):
        yield _cue_v1(entry, params)


def _commands(happening: Happening) -> Iterator[Cue]:
    data = as_map(happening.event.data)
    if happening.event.name == "ONIMBOTV2COMMANDADD":
        yield _cue_v2(data)
        return
    params = as_map(data.get("PARAMS"))
    for entry in [*map(as_map, as_map(data.get("COMMAND")).values())][:MOST_COMMANDS]:
        yield _cue_v1(entry, params)


def _cue_v1(entry: Mapping[str, Any], params: Mapping[str, Any]) -> Cue:
    return Cue(
        api=BotApi.V1,
        bot_id=_number(entry.get("BOT_ID")),
        dialog=_dialog(params.get("DIALOG_ID")),
        language=_language(params.get("LANGUAGE")),
        chat_id=_number(params.get("CHAT_ID")),
        command_id=_number(entry.get("COMMAND_ID")),
        message_id=_number(entry.get("MESSAGE_ID")),
        access=_token(as_map(entry.get("AUTH"))),
    )


def _cue_v2(data: Mapping[str, Any]) -> Cue:
    bot, chat = as_map(data.get("bot")), as_map(data.get("chat"))
    return Cue(
        api=BotApi.V2,
        bot_id=_number(bot.get("id")),
        dialog=_dialog(data.get("dialogId") or chat.get("dialogId")),
        language=_language(data.get("language")),
        chat_id=_number(chat.get("id")),
        command_id=_number(as_map(data.get("command")).get("id")),
        message_id=_number(as_map(data.get("message")).get("id")),
        access=_token(as_map(bot.get("auth"))),
    )


def _welcome(cue: Cue) -> Say:
    if cue.api is BotApi.V1:
        return WELCOME[cue.api], {"BOT_ID": cue.bot_id, "DIALOG_ID": cue.dialog}
    return WELCOME[cue.api], {"botId": cue.bot_id, "dialogId": cue.dialog}


def _answer(cue: Cue) -> Say:
    if cue.api is BotApi.V1:
        params = {"COMMAND_ID": cue.command_id, "MESSAGE_ID": cue.message_id}
        return "imbot.command.answer", params
    return "imbot.v2.Command.answer", {
        "botId": cue.bot_id,
        "commandId": cue.command_id,
        "messageId": cue.message_id,
        "dialogId": cue.dialog,
    }


def _bot(store: PortalStore, cue: Cue) -> Bot | None:
    try:
        bot = store.bots.get(cue.bot_id)
    except NotFound:
        return None
    return bot if bot.published and bot.api is cue.api else None


def _command(store: PortalStore, cue: Cue) -> Command | None:
    try:
        command = store.commands.get(cue.command_id)
    except NotFound:
        return None
    if not command.published or command.bot_id != cue.bot_id:
        return None
    return command if _bot(store, cue) else None


def _say_once(
    resources: Resources,
    happening: Happening,
    cue: Cue,
    mark: Mark,
    say: Say,
    texts: Sequence[Text],
) -> None:
    """Say it unless it was begun before; where nobody knows whether it was said, it was.

    What the portal refuses for good is not tried again: a bot that is silent harms nobody.
    """
    installation = resources.installations.get(happening.member_id)
    text = text_in(texts, cue.language, installation.language, "en")
    if not text or mark.was_made():
        return
    method, params = say
    if cue.api is BotApi.V1:
        params = params | {"MESSAGE": text}
    else:
        params = params | {"fields": {"message": text}}
    try:
        _call(resources, installation, cue, (method, params), mark)
    except (*NOT_SAID, PortalError, PortalUnreachable, AuthorizationLost) as exc:
        if not _may_be_tried_again(exc):
            log.warning("portal %s: bot %s stays silent: %s", happening.member_id, cue.bot_id, exc)
            return
        mark.take_back()
        raise


def _may_be_tried_again(error: Exception) -> bool:
    if isinstance(error, NOT_SAID):
        return True
    if isinstance(error, PortalUnreachable):
        return not error.sent
    return isinstance(error, PortalError) and not error.permanent


def _call(resources: Resources, installation: Installation, cue: Cue, say: Say, mark: Mark) -> None:
    """Through the bot's own token of the event; when it is gone or too old, the stored chain.

    Marked as begun once nothing is left to do but to say it: a worker that is killed before has
    said nothing, and the next one does. Nothing is said for a welcome where the bot is not.
    """
    m = installation.member_id
    if cue.access:
        own = proof.client(resources, m, installation.client_endpoint, cue.access, longest=SECONDS)
        if not mark.make():
            return
        try:
            own.call(*say)
        except AuthorizationLost:
            mark.take_back()  # nothing was said
        else:
            return
    stored: Rest = open_portal(resources, m, SYSTEM, longest=SECONDS).rest
    if say[0] == WELCOME[cue.api] and not _takes_part(stored, cue):
        log.warning("portal %s: bot %s has not joined %s", m, cue.bot_id, cue.dialog)
        return
    tokens.access_token(resources, installation)  # renewed now, if it must be
    if mark.make():
        stored.call(*say)


def _takes_part(stored: Rest, cue: Cue) -> bool:
    """Whether the bot is where the event says that it joined.

    Whoever sees the application token can name any dialog. A command the portal lets answer only
    where it was given; but it opens a private chat with whom a bot writes to, and so it does for
    whoever asks after one by its person. So the number of the chat is asked after; where an
    older portal does not tell it, nobody can know
    (bitrix-modules: im/classes/general/im_rest.php chatUserList, im/lib/dialog.php getChatId;
    b24restdocs: chat-bots/outdated/chats/imbot-chat-user-list.md). Raises Busy for no answer:
    nothing was said yet.
    """
    group = _number(cue.dialog.removeprefix("chat")) if cue.dialog.startswith("chat") else 0
    chat_id = group or cue.chat_id
    if not chat_id:
        return False
    params = {"BOT_ID": cue.bot_id, "CHAT_ID": chat_id}
    try:
        answer = stored.call("imbot.chat.user.list", params, repeatable=True)
    except PortalUnreachable as exc:
        raise Busy(f"nobody says where bot {cue.bot_id} is") from exc
    members = {_number(member) for member in as_map(answer).values()}
    if group:
        return cue.bot_id in members
    return members == {cue.bot_id, _number(cue.dialog)}


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 12 else 0


def _dialog(value: object) -> str:
    """A dialog is a person's or bot's number, or ``chat`` and a number."""
    text = str(value or "")
    return text if _number(text.removeprefix("chat")) else ""


def _language(value: object) -> str:
    text = str(value or "").lower()
    return text if LANGUAGE.fullmatch(text) else ""


def _token(auth: Mapping[str, Any]) -> str:
    found = auth.get("access_token")
    return found if isinstance(found, str) and len(found) <= 2048 else ""
