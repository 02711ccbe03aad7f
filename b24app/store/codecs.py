"""How each kind of thing is written: JSON, pictures as base64."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any, Final

from b24app.records import (
    Bot,
    BotApi,
    BotType,
    ChatApp,
    Command,
    Connector,
    Context,
    Hint,
    Joint,
    JsMethod,
    Kind,
    Place,
    Text,
    Translation,
    Widget,
    WidgetContext,
)
from b24app.store.shelf import Codec


def _write(thing: Bot | ChatApp | Command | Connector | Widget) -> str:
    return json.dumps(dataclasses.asdict(thing), default=_picture)


def _picture(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value).__name__)


def _read_bot(text: str) -> Bot:
    fields: dict[str, Any] = json.loads(text)
    return Bot(
        **fields
        | {
            "api": BotApi(fields["api"]),
            "type": BotType(fields["type"]),
            "avatar": base64.b64decode(fields["avatar"]),
            "welcome": _texts(fields["welcome"]),
        }
    )


def _read_chat_app(text: str) -> ChatApp:
    fields: dict[str, Any] = json.loads(text)
    return ChatApp(
        **fields
        | {
            "kind": Kind(fields["kind"]),
            "context": Context(fields["context"]),
            "js_method": JsMethod(fields["js_method"]) if fields["js_method"] else None,
            "icon": base64.b64decode(fields["icon"]),
            "translations": tuple(Translation(**entry) for entry in fields["translations"]),
        }
    )


def _read_command(text: str) -> Command:
    fields: dict[str, Any] = json.loads(text)
    return Command(
        **fields
        | {
            "translations": tuple(Hint(**entry) for entry in fields["translations"]),
            "replies": _texts(fields["replies"]),
        }
    )


def _read_connector(text: str) -> Connector:
    fields: dict[str, Any] = json.loads(text)
    joints = tuple(Joint(**entry) for entry in fields["joints"])
    return Connector(**fields | {"joints": joints})


def _read_widget(text: str) -> Widget:
    fields: dict[str, Any] = json.loads(text)
    return Widget(
        **fields
        | {
            "places": tuple(Place(place) for place in fields["places"]),
            "contexts": tuple(WidgetContext(context) for context in fields["contexts"]),
            "translations": tuple(Translation(**entry) for entry in fields["translations"]),
        }
    )


def _texts(entries: list[dict[str, str]]) -> tuple[Text, ...]:
    return tuple(Text(**entry) for entry in entries)


BOT: Final = Codec[Bot]("bot", _write, _read_bot, name=lambda bot: bot.full_name)
CHAT_APP: Final = Codec[ChatApp](
    "chat_app", _write, _read_chat_app, hidden=("hash",), name=lambda app: app.title("en")
)
COMMAND: Final = Codec[Command](
    "command", _write, _read_command, name=lambda command: f"/{command.name}"
)
CONNECTOR: Final = Codec[Connector](
    "connector", _write, _read_connector, name=lambda connector: connector.name
)
WIDGET: Final = Codec[Widget](
    "widget", _write, _read_widget, hidden=("hash",), name=lambda widget: widget.title("en")
)
