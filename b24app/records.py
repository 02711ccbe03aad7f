"""What the app remembers: frozen facts, free of Redis and of Flask.

A secret never shows in a ``repr``.
Moments are Unix seconds; pictures are PNG bytes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final


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
class Block:
    """A method nobody, or no bulk work, calls before the Unix time ``until``."""

    method: str
    until: float
    bulk_only: bool


@dataclass(frozen=True)
class BudgetFacts:
    """How a portal's budget stands: how full its bucket is and how wide, each 0 to 1."""

    level: float
    width: float
    blocked: tuple[Block, ...]


@dataclass
class Patience:
    """Seconds that may still be spent waiting: for a lock, for room, for what does not answer.

    Everything that waits on behalf of one person shares one of these, so it is no record: it
    runs down. Work that gets its answer costs nothing of it.
    """

    left: float

    def spend(self, seconds: float) -> None:
        """So many seconds were waited."""
        self.left = max(0.0, self.left - seconds)


class ChainState(StrEnum):
    """How a chain stands; the first two live."""

    ALIVE = "alive"
    SPARE = "spare"
    SPENT = "spent"
    DEAD = "dead"
    UNREADABLE = "unreadable"


LIVING: Final = frozenset({ChainState.ALIVE, ChainState.SPARE})


@dataclass(frozen=True)
class Chain:
    """One administrator's tokens and all their successors."""

    user_id: int
    tokens: Tokens
    proven_at: int
    name: str = ""


@dataclass(frozen=True)
class Intent:
    """Somebody was about to spend the refresh token of this version, and no end was noted."""

    version: int
    owner: str
    at: int


@dataclass(frozen=True)
class ChainFacts:
    """What is known of a chain without opening it.

    ``version`` grows with every new pair; ``reason`` and ``since`` say why it does not live and
    since when, ``tried_at`` when it was last shown to the authorization server. A spare is a
    living chain that is not in use.
    """

    user_id: int
    name: str
    version: int
    state: ChainState
    reason: str
    since: int
    tried_at: int
    proven_at: int
    issued_at: int
    expires_at: int
    sealed: str = field(repr=False)
    intent: Intent | None = None

    @property
    def living(self) -> bool:
        """Whether nothing speaks against it."""
        return self.state in LIVING

    @property
    def maybe_spent(self) -> bool:
        """Whether its refresh token was shown to the authorization server, with no known end."""
        return self.intent is not None and self.intent.version == self.version


@dataclass(frozen=True)
class Trouble:
    """What keeps a whole portal from renewing: why, since when, and when it was last asked.

    ``keys`` is the fingerprint of the application keys that were refused, where that is why.
    """

    reason: str
    since: int
    asked_at: int
    keys: str = ""


@dataclass(frozen=True)
class Standing:
    """How a portal's access stands: its chains, the one in use first, then newest proven first.

    ``located_at`` is when a pair was last spent only to learn where the portal has moved.
    """

    generation: int
    chains: tuple[ChainFacts, ...]
    trouble: Trouble | None
    located_at: int = 0

    @property
    def waiting(self) -> bool:
        """Whether only an administrator who opens the application can bring access back."""
        return not any(chain.living for chain in self.chains)


class Life(StrEnum):
    """Where an installation stands in its life; the machine is in ``actions/life.py``."""

    NEW = "new"
    INSTALLED = "installed"
    SUSPENDED = "suspended"
    UNINSTALLING = "uninstalling"
    GONE = "gone"


@dataclass(frozen=True)
class PortalRow:
    """A portal in the operator's list; nothing secret was read for it."""

    member_id: str
    domain: str
    installed_at: int
    state: Life
    standing: Standing


@dataclass(frozen=True)
class Installation:
    """A portal that has installed us. Every address in it was proven.

    ``client_id`` is the application it has installed. ``addresses`` are the origins of ours its
    events were bound to. ``state`` stands since ``since``; ``refuted_at`` is when an uninstall
    event was last found untrue. These last four are written by their own methods of the store.
    """

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
    client_id: str = ""
    addresses: tuple[str, ...] = ()
    state: Life = Life.NEW
    since: int = 0
    refuted_at: int = 0


@dataclass(frozen=True)
class Departure:
    """An uninstall that was announced and is being confirmed.

    ``began`` Unix second; ``clean``: everything is to go; ``before`` the state to go back to;
    ``word`` what was last heard, and ``word_since`` since when nothing else was.
    """

    id: str
    began: int
    clean: bool
    before: Life
    looks: int
    word: str
    word_since: int


class Outcome(StrEnum):
    """What became of an event."""

    DONE = "done"
    DUPLICATE = "duplicate"
    FAILED = "failed"
    REFUSED = "refused"


@dataclass(frozen=True)
class Sighting:
    """An event that came, and what became of it."""

    name: str
    at: int
    outcome: Outcome


@dataclass(frozen=True)
class EventFacts:
    """The last events, newest first; how many wait to be done, and how many failed for good."""

    sightings: tuple[Sighting, ...]
    waiting: int
    dead: int


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


@dataclass(frozen=True)
class Change:
    """One line of history. ``before`` and ``after`` hold the thing's fields, JSON-ready.

    ``name`` is what the thing was called then; ``undoes`` the id of the change it takes back.
    """

    id: str
    at: int
    user_id: int
    user_name: str
    thing: str
    thing_id: str
    verb: Verb
    before: dict[str, Any]
    after: dict[str, Any]
    name: str = ""
    undoes: str = ""


class RunState(StrEnum):
    """How a run of work with many things stands; only the first goes on by itself."""

    RUNNING = "running"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    DONE = "done"


class ItemState(StrEnum):
    """What became of one thing of a run; the first two are not at their end."""

    WAITING = "waiting"
    SENT = "sent"
    DONE = "done"
    GONE = "gone"
    REFUSED = "refused"
    FAILED = "failed"


@dataclass(frozen=True)
class Item:
    """One thing of a run: its id and what it is called.

    ``reason`` says why it was refused or failed: an error's class, or a reason code.
    ``arrived`` is the number it has now, when it got another one.
    """

    number: int
    thing_id: str
    name: str
    state: ItemState = ItemState.WAITING
    reason: str = ""
    arrived: str = ""

    @property
    def open(self) -> bool:
        """Whether it is still to be done."""
        return self.state in (ItemState.WAITING, ItemState.SENT)


@dataclass(frozen=True)
class Run:
    """Work with many things of one kind: ``verb`` is done to each on behalf of one person.

    ``reason`` says why it was stopped, ``tries`` how often in a row it came no further.
    """

    id: str
    at: int
    user_id: int
    user_name: str
    verb: str
    thing: str
    total: int
    state: RunState = RunState.RUNNING
    reason: str = ""
    tries: int = 0


class Drifted(StrEnum):
    """How the portal and our list differ over one thing."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    DIFFERENT = "different"


class Deed(StrEnum):
    """What can be done about a difference: make the portal as the list says, the list as the
    portal says, or take the thing off the side that alone has it."""

    RESTORE = "restore"
    ADOPT = "adopt"
    FORGET = "forget"


@dataclass(frozen=True)
class Finding:
    """One difference: a ``thing`` such as ``bot``, its id on the portal and its name.

    ``ours`` and ``theirs`` are fields as history keeps them, JSON-ready; where it is different
    only those that differ. ``deeds`` is what can be done, ``why`` a reason code for what cannot.
    """

    thing: str
    thing_id: str
    name: str
    how: Drifted
    ours: dict[str, Any]
    theirs: dict[str, Any]
    deeds: tuple[Deed, ...]
    why: str = ""


@dataclass(frozen=True)
class Look:
    """What the portal's lists said when they were last looked at.

    ``at`` is when, 0 for never. ``unseen`` are kinds of things that could not be listed, with an
    error's class or a reason code; ``strangers`` connectors that are not on our list, id to name.
    ``trouble`` is the class of the error that a later try, at ``tried_at``, has met.
    """

    at: int = 0
    findings: tuple[Finding, ...] = ()
    unseen: dict[str, str] = field(default_factory=dict)
    strangers: dict[str, str] = field(default_factory=dict)
    tried_at: int = 0
    trouble: str = ""


@dataclass(frozen=True)
class Check:
    """A walk through what no portal lists, asking for each whether it is there.

    ``done`` of ``total`` are asked, up to ``place``, a kind and an id; ``beat`` is when it last
    came further. ``trouble`` is the class of the error that ended it before its time.
    """

    id: str
    at: int
    total: int
    done: int = 0
    place: tuple[str, int] = ("", 0)
    beat: int = 0
    findings: tuple[Finding, ...] = ()
    trouble: str = ""

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self.done < self.total and not self.trouble
