"""The messenger: dialogs of every kind, each with the chat apps that show in it."""

from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, request

from sandbox.portal import chat_app_frame_url, visible_chat_apps
from sandbox.records import ChatApp, Portal, User
from sandbox.visit import Visit, page, translation, visit

blueprint = Blueprint("chat", __name__)

GENERAL = "chat1"
OPEN_LINE = "chat2"


@dataclass(frozen=True)
class Line:
    """A message that was there before."""

    author: str
    text: str


@dataclass(frozen=True)
class Talk:
    """One dialog; `context` is the word chat apps know it by."""

    id: str
    title: str
    kind: str
    context: str
    color: int
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Button:
    """A chat app as the text area shows it; `data` becomes attributes of its button."""

    title: str
    description: str
    icon: str
    data: dict[str, Any]


@blueprint.get("/chat")
def messenger() -> str:
    """The dialogs and one conversation; `find` narrows the list, `dialog` chooses."""
    here = visit()
    every = talks(here.portal, here.user)
    find, wanted = request.args.get("find", ""), request.args.get("dialog", "")
    shown = [talk for talk in every if find.casefold() in talk.title.casefold()]
    chosen = next((talk for talk in every if talk.id == wanted), None)
    call = request.args.get("call", "")
    talk = chosen or next(iter(shown), every[0])
    return page(
        "chat.html",
        here,
        talks=shown,
        talk=talk,
        is_chosen=chosen is not None or bool(call),
        find=find,
        call=call,
        buttons=buttons(here, talk, talk.context),
        call_buttons=buttons(here, talk, "call"),
    )


def talks(portal: Portal, user: User) -> list[Talk]:
    """The dialogs `user` has: a group, colleagues, bots, an open line, notes of their own."""
    colleagues = [one for one in portal.users.values() if one.is_active and one is not user]
    bots = [bot for bot in portal.bots if not bot.is_hidden]
    return [
        _general(portal),
        *(_private(one) for one in colleagues),
        *(
            Talk(str(bot.id), f"{bot.name} {bot.last_name}".strip(), "Chat bot", "bot", bot.id)
            for bot in bots
        ),
        Talk(
            OPEN_LINE,
            "Mia Torres",
            "Open line: website",
            "lines",
            3,
            [Line("Mia Torres", "Hello! Do you ship to Lisbon, and how long does it take?")],
        ),
        Talk(str(user.id), "Notes", "Seen by you alone", "user", user.id),
    ]


def _general(portal: Portal) -> Talk:
    people = [one for one in portal.users.values() if one.is_active]
    words = ["Good morning! The plan for the week is on the board.", "Thanks, I'll have a look."]
    lines = [
        Line(f"{one.name} {one.last_name}", text) for one, text in zip(people, words, strict=False)
    ]
    return Talk(GENERAL, "General", "Group chat", "chat", 0, lines)


def _private(colleague: User) -> Talk:
    name = f"{colleague.name} {colleague.last_name}"
    lines = [Line(name, "Do you have a minute?")]
    return Talk(str(colleague.id), name, "Private chat", "user", colleague.id, lines)


def buttons(here: Visit, talk: Talk, context: str) -> list[Button]:
    """What stands above the text area of `talk` for this person, in the order of registration."""
    with here.world.lock:
        apps = visible_chat_apps(here.world, here.portal, here.user, context)
        return [_button(here, talk, app) for app in apps]


def _button(here: Visit, talk: Talk, app: ChatApp) -> Button:
    words = translation(app, here.user.language, here.portal.language)
    data: dict[str, Any] = {"data-chat-app": app.id}
    if app.js_method:
        data |= {"data-method": app.js_method, "data-param": app.js_param}
    else:
        data |= {
            "data-method": "IFRAME",
            "data-src": chat_app_frame_url(
                here.world, here.portal, here.user, app, talk.id, language=here.user.language
            ),
            "data-width": app.iframe_width,
            "data-height": app.iframe_height,
        }
        if app.iframe_popup:
            data["data-free"] = "1"
    return Button(
        title=words.get("TITLE") or app.code,
        description=words.get("DESCRIPTION", ""),
        icon=app.icon,
        data=data,
    )
