"""What is put into a portal's chats: bots, commands, chat apps, connectors, widgets."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


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


class Place(StrEnum):
    """Where the new messenger shows a widget (b24restdocs: widgets/im)."""

    TEXTAREA = "IM_TEXTAREA"
    SIDEBAR = "IM_SIDEBAR"
    CONTEXT_MENU = "IM_CONTEXT_MENU"
    NAVIGATION = "IM_NAVIGATION"


class WidgetContext(StrEnum):
    """In which chats the new messenger shows a widget; ALL overrides the rest."""

    ALL = "ALL"
    USER = "USER"
    CHAT = "CHAT"
    LINES = "LINES"
    CRM = "CRM"


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
class Joint:
    """A connector at an open line, and what the portal shows of the channel there.

    ``id`` is the channel's own name for itself; ``url`` leads to it, ``url_im`` to a talk in it.
    """

    line: int
    name: str = ""
    url: str = ""
    url_im: str = ""
    id: str = ""


@dataclass(frozen=True)
class Connector:
    """An outside channel of the Open Channels; ``id`` is chosen by us and lower-case.

    ``svg`` is the drawing, cleaned; ``color`` and ``color_off`` are its ground, ``#rrggbb``, where
    it is connected and where it is not; ``size`` is how much of the ground it takes, in per cent.
    """

    id: str
    name: str
    svg: str
    color: str
    color_off: str
    size: int
    delete_incoming: bool = True
    edit_outgoing: bool = True
    delete_outgoing: bool = True
    newsletter: bool = True
    system_messages: bool = True
    signature: bool = True
    group_chats: bool = False
    joints: tuple[Joint, ...] = ()
    published: bool = True
    version: int = 0
    updated_at: int = 0
    updated_by: str = ""

    def joint(self, line: int) -> Joint | None:
        """What is set for this open line; None where it is not connected."""
        return next((joint for joint in self.joints if joint.line == line), None)


@dataclass(frozen=True)
class Translation:
    """One LANG entry; ``language`` is the portal's code, such as ``de`` or ``br``."""

    language: str
    title: str
    description: str = ""
    copyright: str = ""


def _title(
    translations: tuple[Translation, ...], otherwise: str, languages: tuple[str, ...]
) -> str:
    by_language = {entry.language: entry.title for entry in translations}
    for language in languages:
        if language in by_language:
            return by_language[language]
    return next(iter(by_language.values()), otherwise)


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
        return _title(self.translations, self.code, languages)


@dataclass(frozen=True)
class Widget:
    """A page in the new messenger, at one or more places of it.

    ``id`` is the key in its address, random and never used again; ``code``, ``app_id``, ``bot_id``
    and ``bot_code`` are what the page behind it is told as the classic messenger told it (numbers
    are 0 where there was no chat app). ``icon_name`` is a Font Awesome 4 class; ``width`` and
    ``height`` are pixels at the text area.
    """

    id: str
    code: str
    iframe_url: str
    places: tuple[Place, ...]
    translations: tuple[Translation, ...]
    icon_name: str
    color: str = ""
    contexts: tuple[WidgetContext, ...] = (WidgetContext.ALL,)
    admin_only: bool = False
    extranet: bool = False
    width: int = 320
    height: int = 250
    hash: str = field(default="", repr=False)
    app_id: int = 0
    bot_id: int = 0
    bot_code: str = ""
    published: bool = True
    version: int = 0
    updated_at: int = 0
    updated_by: str = ""

    def title(self, *languages: str) -> str:
        """The title in the first of these languages it has, else in its first language."""
        return _title(self.translations, self.code, languages)
