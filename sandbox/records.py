"""What the sandbox knows: plain dataclasses, each as JSON-ready as it can be."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.records_channels import Connector, ConnectorStatus, OpenLine, Placement
from sandbox.records_chat import Message, Room

MESSAGES_KEPT = 2000


@dataclass
class User:
    """A person on one portal."""

    id: int
    name: str
    last_name: str
    is_admin: bool
    language: str
    login: str
    color: str
    is_active: bool = True


@dataclass
class AppCard:
    """The developer's card of the application, known to the authorization server."""

    client_id: str
    client_secret: str = field(repr=False)
    title: str
    handler_url: str
    install_url: str
    scope: list[str]
    status: str = "F"
    version: int = 1


@dataclass
class Install:
    """The application's row on one portal."""

    active: bool
    installed: bool
    application_token: str = field(repr=False)
    version: int
    first_run_seen: list[int] = field(default_factory=list)
    # Users the administrator let in; empty: everybody. Administrators always pass.
    access: list[int] = field(default_factory=list)
    # Granted scope; empty: the card's.
    scope: list[str] = field(default_factory=list)
    # Whether the time that was paid for is over, and the days left (None: no limit).
    payment_expired: bool = False
    days: int | None = None


@dataclass
class Bot:
    """A chat bot of one portal."""

    id: int
    code: str
    client_id: str
    name: str
    last_name: str = ""
    type: str = "bot"
    api: str = "v1"
    openline: bool = False
    properties: dict[str, Any] = field(default_factory=dict)
    event_mode: str = "webhook"
    webhook_url: str = ""
    is_hidden: bool = False
    is_reactions_enabled: bool = True
    background_id: str | None = None


@dataclass
class ChatApp:
    """A chat application as the portal stores it; `context` in lower case, `icon` base64."""

    id: int
    bot_id: int
    code: str
    client_id: str
    js_method: str = ""
    js_param: str = ""
    iframe: str = ""
    iframe_width: int = 320
    iframe_height: int = 250
    iframe_popup: bool = False
    hash: str = field(default="", repr=False)
    icon: str = field(default="", repr=False)
    context: str = "all"
    hidden: bool = False
    extranet_support: bool = False
    livechat_support: bool = False
    lang: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Command:
    """A slash command of a bot; `command` without the slash."""

    id: int
    bot_id: int
    command: str
    client_id: str
    common: bool = False
    hidden: bool = False
    extranet_support: bool = False
    lang: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Binding:
    """One row of event.bind. `connector_id` is set for offline events."""

    event: str
    handler: str
    auth_type: int
    client_id: str
    connector_id: str = ""
    id: int = 0
    offline: bool = False


@dataclass
class SentEvent:
    """One line of the event log; tokens in `body` are masked."""

    at: float
    event: str
    handler: str
    body: str
    status: int | None = None
    note: str = ""
    # The body as it was sent, for sending it once more; not kept in the snapshot.
    sent: str = field(default="", repr=False, compare=False)


class RestCall(NamedTuple):
    """One REST call as received; tokens in `params` are masked."""

    method: str
    params: dict[str, Any]


@dataclass
class Portal:
    """One Bitrix24 of the sandbox."""

    key: str
    title: str
    host: str
    member_id: str
    language: str
    license: str
    users: dict[int, User]
    card: AppCard = field(repr=False)
    installs: dict[str, Install] = field(default_factory=dict)
    bots: list[Bot] = field(default_factory=list)
    chat_apps: list[ChatApp] = field(default_factory=list)
    # By number; changed through the methods below, which know the names as well.
    commands: dict[int, Command] = field(default_factory=dict)
    bindings: list[Binding] = field(default_factory=list)
    rooms: dict[int, Room] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    # When a bot's leave to answer in a room ends, by "bot:room"; a command gives ten minutes.
    leaves: dict[str, float] = field(default_factory=dict)
    lines: list[OpenLine] = field(default_factory=list)
    # By their id.
    connectors: dict[str, Connector] = field(default_factory=dict)
    statuses: list[ConnectorStatus] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    events_log: list[SentEvent] = field(default_factory=list)
    rest_log: list[RestCall] = field(default_factory=list, repr=False)
    next_id: int = 101
    next_message: int = 1001
    app_options: dict[str, Any] = field(default_factory=dict)
    user_options: dict[int, dict[str, Any]] = field(default_factory=dict)
    # Addresses the portal had before a rename; they answer 302.
    old_hosts: list[str] = field(default_factory=list)
    # Set while the portal is closed: every call answers PORTAL_DELETED.
    deleted: bool = False
    # Requests answered with QUERY_LIMIT_EXCEEDED; not kept in the snapshot.
    refused_requests: int = 0
    _command_ids: dict[tuple[int, str], int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._command_ids = {(row.bot_id, row.command): row.id for row in self.commands.values()}

    def take_id(self) -> int:
        """The next number for a bot, chat app, command or binding of this portal."""
        self.next_id += 1
        return self.next_id - 1

    def bot(self, bot_id: int) -> Bot | None:
        """The bot with this number, or None."""
        return next((bot for bot in self.bots if bot.id == bot_id), None)

    def say(
        self,
        room: Room,
        author: int,
        text: str,
        *,
        at: float,
        is_system: bool = False,
        author_name: str = "",
    ) -> Message:
        """Keep a message said at Unix time `at`; the oldest ones go."""
        message = Message(self.next_message, room.id, author, text, at, is_system, author_name)
        self.next_message += 1
        self.messages.append(message)
        del self.messages[:-MESSAGES_KEPT]
        return message

    def said_in(self, room: Room, after: int = 0) -> list[Message]:
        """The messages of a room with a higher number than `after`, oldest first."""
        return [one for one in self.messages if one.room == room.id and one.id > after]

    def person(self, user_id: int) -> User | None:
        """The user with this number, or the bot as the user it also is, or None."""
        bot = self.bot(user_id)
        if bot is None:
            return self.users.get(user_id)
        color = str(bot.properties.get("COLOR") or bot.properties.get("color") or "")
        return User(bot.id, bot.name, bot.last_name, False, self.language, bot.code, color)

    def chat_app(self, app_id: int) -> ChatApp | None:
        """The chat app with this number, or None."""
        return next((app for app in self.chat_apps if app.id == app_id), None)

    def command_named(self, bot_id: int, name: str) -> Command | None:
        """The bot's command of this name (no slash), or None."""
        return self.commands.get(self._command_ids.get((bot_id, name), 0))

    def add_command(self, command: Command) -> None:
        """Keep a new command."""
        self.commands[command.id] = command
        self._command_ids[command.bot_id, command.command] = command.id

    def rename_command(self, command: Command, name: str) -> None:
        """Give a command another name (no slash)."""
        del self._command_ids[command.bot_id, command.command]
        command.command = name
        self._command_ids[command.bot_id, name] = command.id

    def remove_command(self, command: Command) -> None:
        """Forget a command."""
        del self.commands[command.id], self._command_ids[command.bot_id, command.command]


@dataclass
class Grant:
    """One minted pair: an access token and its refresh token. Times are Unix seconds."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    client_id: str
    member_id: str
    user_id: int
    expires: int
    refresh_expires: int
    spent: bool = False
    spent_at: float = 0.0
    # Set by an uninstall: both tokens are dead for good.
    revoked: bool = False
    # How many more events a chain of calls and events may cause with this token.
    hops: int = 7


@dataclass
class Code:
    """An authorization code: thirty seconds, one use."""

    code: str = field(repr=False)
    client_id: str
    member_id: str
    user_id: int
    expires: float
    used: bool = False
