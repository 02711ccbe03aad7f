"""What the app remembers: frozen facts, free of Redis and of Flask.

A secret never shows in a ``repr``.
Moments are Unix seconds; pictures are PNG bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a chat app does when it is pressed."""

    IFRAME = "iframe"
    COMMAND = "command"


class JsMethod(StrEnum):
    """The JS_METHOD of a command chat app (b24restdocs: chats/outdated/create-app)."""

    PUT = "PUT"
    SEND = "SEND"
    CALL = "CALL"
    SUPPORT = "SUPPORT"


class Context(StrEnum):
    """Where the messenger shows a chat app."""

    ALL = "ALL"
    USER = "USER"
    CHAT = "CHAT"
    BOT = "BOT"
    LINES = "LINES"
    CALL = "CALL"


class BotApi(StrEnum):
    """The family of methods a bot was registered with, and answers to."""

    V1 = "v1"
    V2 = "v2"


class BotType(StrEnum):
    """What a bot is for (b24restdocs: chat-bots-v2/bots; imbot.register TYPE)."""

    BOT = "bot"
    OPENLINE = "openline"
    SUPERVISOR = "supervisor"
    PERSONAL = "personal"


class Lane(StrEnum):
    """Who waits for whom at a portal's rate limit: a person goes first, bulk work later."""

    INTERACTIVE = "interactive"
    BULK = "bulk"


class Verb(StrEnum):
    """What a change did."""

    REGISTER = "register"
    UPDATE = "update"
    REPUBLISH = "republish"
    UNREGISTER = "unregister"
    FORGET = "forget"


@dataclass(frozen=True)
class Actor:
    """The user on whose behalf we act; user id 0 is the system in a job."""

    user_id: int
    name: str
    is_admin: bool


SYSTEM = Actor(user_id=0, name="system", is_admin=True)


@dataclass(frozen=True)
class Tokens:
    """One access and refresh token pair; ``expires_at`` is the access token's end."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_at: int


@dataclass(frozen=True)
class Rate:
    """What a portal allows: ``size`` requests at once, ``leak`` more each second."""

    leak: float
    size: float


@dataclass(frozen=True)
class Permit:
    """The budget's answer: go now, or ask again after ``wait`` seconds."""

    granted: bool
    wait: float
    method_blocked: bool = False


@dataclass(frozen=True)
class Chain:
    """One administrator's tokens and all their successors."""

    user_id: int
    tokens: Tokens
    proven_at: int


@dataclass(frozen=True)
class Installation:
    """A portal that has installed us. Every address in it was proven."""

    member_id: str
    domain: str
    client_endpoint: str
    server_endpoint: str
    scope: tuple[str, ...]
    status: str
    application_token: str = field(repr=False)
    installed_by: int
    installed_at: int
    language: str = "en"
    license: str = ""


@dataclass(frozen=True)
class Text:
    """One language of a text the bot says."""

    language: str
    text: str


@dataclass(frozen=True)
class Hint:
    """One language of a command: what it is called and what may follow it."""

    language: str
    title: str
    params: str = ""


@dataclass(frozen=True)
class Bot:
    """A chat bot we registered on the portal; owns chat apps and commands."""

    id: int
    code: str
    name: str
    api: BotApi
    last_name: str = ""
    position: str = ""
    color: str = ""
    gender: str = ""
    avatar: bytes = field(default=b"", repr=False)
    type: BotType = BotType.BOT
    hidden: bool = False
    reactions: bool = True
    welcome: tuple[Text, ...] = ()
    published: bool = True
    version: int = 0
    updated_at: int = 0
    updated_by: str = ""

    @property
    def full_name(self) -> str:
        """How the messenger shows it."""
        return f"{self.name} {self.last_name}".strip()


@dataclass(frozen=True)
class Command:
    """A slash command of a bot. ``name`` has no slash; ``id`` is the portal's."""

    id: int
    bot_id: int
    name: str
    translations: tuple[Hint, ...]
    common: bool = False
    hidden: bool = False
    extranet: bool = False
    replies: tuple[Text, ...] = ()
    published: bool = True
    version: int = 0
    updated_at: int = 0
    updated_by: str = ""


@dataclass(frozen=True)
class Translation:
    """One LANG entry; ``language`` is the portal's code, such as ``de`` or ``br``."""

    language: str
    title: str
    description: str = ""
    copyright: str = ""


@dataclass(frozen=True)
class ChatApp:
    """A button in the chat. ``id`` is the portal's APP_ID."""

    id: int
    bot_id: int
    code: str
    kind: Kind
    context: Context
    admin_only: bool
    hidden: bool
    extranet: bool
    livechat: bool
    translations: tuple[Translation, ...]
    iframe_url: str = ""
    iframe_width: int = 320
    iframe_height: int = 250
    iframe_popup: bool = False
    js_method: JsMethod | None = None
    js_param: str = ""
    hash: str = field(default="", repr=False)
    icon: bytes = field(default=b"", repr=False)
    icon_on_portal: bool = True
    published: bool = True
    version: int = 1
    updated_at: int = 0
    updated_by: str = ""

    def title(self, *languages: str) -> str:
        """The title in the first of these languages it has, else in its first language."""
        by_language = {entry.language: entry.title for entry in self.translations}
        for language in languages:
            if language in by_language:
                return by_language[language]
        return next(iter(by_language.values()), self.code)


@dataclass(frozen=True)
class Change:
    """One line of history. ``before`` and ``after`` hold the thing's fields, JSON-ready."""

    id: str
    at: int
    user_id: int
    user_name: str
    thing: str
    thing_id: str
    verb: Verb
    before: dict[str, Any]
    after: dict[str, Any]
