"""The classic messenger: dialogs of every kind, each with the chat apps that show in it."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox import messenger as deeds
from sandbox.chat_apps import chat_app_frame_url, visible_chat_apps
from sandbox.records import ChatApp
from sandbox.rooms import room_of
from sandbox.talks import Talk, asked_talk, conversation, lines
from sandbox.visit import Visit, local_path, page, translation, visit

blueprint = Blueprint("chat", __name__)


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
    found = conversation(here)
    return page(
        "chat.html",
        here,
        found=found,
        talk=found.talk,
        address="sandbox.chat.messenger",
        call=request.args.get("call", ""),
        buttons=buttons(here, found.talk, found.talk.context),
        call_buttons=buttons(here, found.talk, "call"),
    )


@blueprint.post("/chat/send")
def send() -> str:
    """Say something (`dialog`, `text`); commands in it run. Answers with the lines after `after`.

    `context` says where a command comes from: TEXTAREA, KEYBOARD or MENU.
    """
    here = visit()
    talk = asked_talk(here)
    context = request.form.get("context", "TEXTAREA")
    if context not in ("TEXTAREA", "KEYBOARD", "MENU"):
        abort(400)
    text = request.form.get("text", "")
    deeds.write(here.world, here.portal, here.user, talk.id, text, context)
    return _lines(here, talk)


@blueprint.get("/chat/lines")
def new_lines() -> str:
    """The lines of `dialog` after number `after`, as they stand in the page."""
    here = visit()
    return _lines(here, asked_talk(here))


def _lines(here: Visit, talk: Talk) -> str:
    after = request.values.get("after", "0")
    with_widgets = request.values.get("view") == "online"
    with here.world.lock:
        room = room_of(here.world, here.portal, here.user.id, talk.id)
        assert room is not None  # every talk has one
        number = int(after) if after.isdecimal() and len(after) < 18 else 0
        found = lines(here, room, talk, after=number, with_widgets=with_widgets)
    return render_template("_lines.html", lines=found)


@blueprint.post("/chat/invite")
def invite() -> Response:
    """Add a bot (`bot`) to a group chat (`dialog`); it is told that it joined."""
    here = visit()
    talk = asked_talk(here)
    number = request.form.get("bot", "")
    bot = here.portal.bot(int(number)) if number.isdecimal() else None
    if bot is None or not deeds.invite(here.world, here.portal, here.user, bot, talk.id):
        abort(409)
    back = url_for("sandbox.chat.messenger", dialog=talk.id)
    return redirect(local_path(request.form.get("next", back)), 303)


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
