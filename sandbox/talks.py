"""The dialogs a person has, and one conversation ready to be shown."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flask import abort, request

from sandbox import messenger, php, placements
from sandbox.records import Bot, Command, Portal, User
from sandbox.records_channels import Placement
from sandbox.records_chat import Message, Room
from sandbox.rooms import CUSTOMER, GENERAL, OPEN_LINE, existing_room, room_of
from sandbox.visit import Visit


@dataclass(frozen=True)
class Talk:
    """One dialog; `context` is the word chat apps know it by: chat, user, bot or lines."""

    id: str
    title: str
    kind: str
    context: str
    color: int
    picture: str = ""

    @property
    def widget_context(self) -> str:
        """The word widgets know it by; to them a bot is a user."""
        return {"chat": "CHAT", "lines": "LINES"}.get(self.context, "USER")


@dataclass(frozen=True)
class Line:
    """One message as it is shown."""

    id: int
    author: str
    text: str
    at: str
    kind: str
    # What the line's own menu offers.
    widgets: tuple["Widget", ...] = ()


@dataclass(frozen=True)
class Widget:
    """A widget as a button shows it; `url` is the page of this portal that frames it."""

    id: int
    title: str
    icon: str
    color: str
    url: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Offer:
    """A command as the text area offers it."""

    command: str
    title: str
    params: str
    bot: str


@dataclass(frozen=True)
class Conversation:
    """One dialog with everything around it."""

    talks: list[Talk]
    talk: Talk
    room: Room | None
    lines: list[Line]
    offers: list[Offer]
    # The bots that could be added to it.
    guests: list[Bot]
    is_chosen: bool
    find: str


def talks(portal: Portal, user: User) -> list[Talk]:
    """The dialogs `user` has: a group, colleagues, bots, an open line, notes of their own."""
    colleagues = [one for one in portal.users.values() if one.is_active and one is not user]
    bots = [bot for bot in portal.bots if not bot.is_hidden]
    return [
        Talk(GENERAL, "General", "Group chat", "chat", 0),
        *(
            Talk(str(one.id), f"{one.name} {one.last_name}", "Private chat", "user", one.id)
            for one in colleagues
        ),
        *(Talk(str(bot.id), _named(bot), "Chat bot", "bot", bot.id, _picture(bot)) for bot in bots),
        Talk(OPEN_LINE, CUSTOMER, "Open line: website", "lines", 3),
        Talk(str(user.id), "Notes", "Seen by you alone", "user", user.id),
    ]


def _named(bot: Bot) -> str:
    return f"{bot.name} {bot.last_name}".strip()


def _picture(bot: Bot) -> str:
    """The bot's picture as base64, or ""."""
    return php.text(bot.properties.get("avatar") or bot.properties.get("PERSONAL_PHOTO"))


def conversation(here: Visit, *, with_widgets: bool = False) -> Conversation:
    """The dialog the request asks for (`dialog`), in the list that `find` narrows.

    A dialog that is asked for is opened: a bot that was never spoken to joins it.
    """
    every = talks(here.portal, here.user)
    find, wanted = request.args.get("find", ""), request.args.get("dialog", "")
    shown = [talk for talk in every if find.casefold() in talk.title.casefold()]
    chosen = next((talk for talk in every if talk.id == wanted), None)
    talk = chosen or next(iter(shown), every[0])
    with here.world.lock:
        room = _room(here, talk, is_chosen=chosen is not None)
        is_group = room is not None and room.kind == "chat"
        return Conversation(
            talks=shown,
            talk=talk,
            room=room,
            lines=lines(here, room, talk, with_widgets=with_widgets) if room else [],
            offers=_offers(here, room) if room else [],
            guests=[
                bot
                for bot in here.portal.bots
                if room is not None and is_group and bot.id not in room.members
                if not bot.is_hidden
            ],
            is_chosen=chosen is not None or bool(request.args.get("call")),
            find=find,
        )


def _room(here: Visit, talk: Talk, *, is_chosen: bool) -> Room | None:
    if is_chosen:
        return messenger.open_dialog(here.world, here.portal, here.user, talk.id)
    if talk.context == "bot":
        return existing_room(here.portal, here.user.id, int(talk.id))
    return room_of(here.world, here.portal, here.user.id, talk.id)


def asked_talk(here: Visit) -> Talk:
    """The dialog a form or script names; 404 for one this person does not have."""
    wanted = request.values.get("dialog", "")
    found = next((talk for talk in talks(here.portal, here.user) if talk.id == wanted), None)
    return found or abort(404)


def lines(
    here: Visit, room: Room, talk: Talk, *, after: int = 0, with_widgets: bool = False
) -> list[Line]:
    """The messages of a room as this person sees them, with a higher number than `after`."""
    rows = widgets(here, "IM_CONTEXT_MENU", talk.widget_context) if with_widgets else []
    return [
        _line(here, message, tuple(_for_message(row, talk, message) for row in rows))
        for message in here.portal.said_in(room, after)
    ]


def _line(here: Visit, message: Message, own_widgets: tuple[Widget, ...]) -> Line:
    author = here.portal.person(message.author)
    name = message.author_name or (f"{author.name} {author.last_name}".strip() if author else "")
    kind = "notice" if message.is_system else "own" if message.author == here.user.id else ""
    moment = datetime.fromtimestamp(message.at, UTC)
    return Line(
        message.id,
        name or "Somebody who is gone",
        messenger.plain(message.text),
        moment.strftime("%H:%M"),
        kind,
        own_widgets,
    )


def _offers(here: Visit, room: Room) -> list[Offer]:
    return [_offer(here, row) for row in messenger.commands_offered(here.portal, room)]


def _offer(here: Visit, command: Command) -> Offer:
    rows = {row["LANGUAGE_ID"]: row for row in command.lang}
    first = next(iter(rows.values()), {})
    words = rows.get(here.user.language) or rows.get(here.portal.language) or first
    bot = here.portal.bot(command.bot_id)
    title, params = words.get("TITLE", ""), words.get("PARAMS", "")
    return Offer(f"/{command.command}", title, params, _named(bot) if bot else "")


def widgets(here: Visit, code: str, context: str = "") -> list[Widget]:
    """The widgets at a placement that this person sees in a dialog of this context."""
    found = placements.visible(here.world, here.portal, here.user, code, context)
    return [widget(here, row) for row in found]


def widget(here: Visit, row: Placement) -> Widget:
    """A placement as a button shows it."""
    options: dict[str, Any] = row.options
    return Widget(
        id=row.id,
        title=placements.title_of(here.portal, row, here.user.language),
        icon=str(options.get("iconName", "")),
        color=placements.color_of(row),
        url=f"/online/widget/{row.id}",
        width=options.get("width", 0),
        height=options.get("height", 0),
    )


def _for_message(row: Widget, talk: Talk, message: Message) -> Widget:
    url = f"{row.url}?dialogId={talk.id}&messageId={message.id}"
    return Widget(row.id, row.title, row.icon, row.color, url)
