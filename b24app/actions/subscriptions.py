"""What the portal tells us of: which events should be bound, which are, and making it so.

An event is bound to one address of ours. Platform facts: b24restdocs: events/event-bind.md,
event-get.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map
from b24app.bitrix.batch import BatchResult
from b24app.bitrix.oauth import read_scope
from b24app.errors import PortalError
from b24app.records import BotApi

PATH: Final = "/events"
LIFE: Final = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT")
# Registered under this scope (bitrix-modules: imconnector/lib/rest/customconnectors.php).
LINES: Final = {
    "imopenlines": ("ONIMCONNECTORLINEDELETE", "ONIMCONNECTORSTATUSDELETE"),
}
# The portal binds these, and more that nobody here handles, when a bot or command is registered;
# an update of the application takes them away with all others (b24restdocs: events/event-bind.md).
# Updating a bot with our address would bring back all eight of the second family, messages among
# them, and none of the first (bitrix-modules: imbot/lib/V2/Controller/Bot.php).
BOTS: Final = {
    BotApi.V1: ("ONIMBOTJOINCHAT", "ONIMBOTDELETE", "ONIMCOMMANDADD"),
    BotApi.V2: ("ONIMBOTV2JOINCHAT", "ONIMBOTV2DELETE", "ONIMBOTV2COMMANDADD"),
}
BOUND_ALREADY: Final = "ERROR_CORE"
NO_SUCH_EVENT: Final = "ERROR_EVENT_NOT_FOUND"

Binding = tuple[str, str]  # an event and an address


@dataclass(frozen=True)
class Subscriptions:
    """How the bindings stand.

    ``stale`` are ours at an earlier address, ``others`` what nobody here has bound. ``scope`` is
    what is granted, as it was compared; ``about`` the portal's ``app.info``, where it came along
    with the same answer.
    """

    handler: str
    wanted: tuple[str, ...]
    missing: tuple[str, ...]
    stale: tuple[Binding, ...]
    others: tuple[Binding, ...]
    scope: tuple[str, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def sound(self) -> bool:
        """Whether there is nothing to mend."""
        return not (self.missing or self.stale)


def wanted(portal: Portal, scope: Iterable[str]) -> tuple[str, ...]:
    """The events that should be bound: by the scope granted, and by the bots there are."""
    events = list(LIFE)
    for needed, names in LINES.items():
        if needed in scope:
            events += names
    families = {bot.api for bot in portal.store.bots.all() if bot.published}
    for api in BotApi:
        if api in families:
            events += BOTS[api]
    return tuple(events)


def granted(answer: object) -> tuple[str, ...]:
    """The scopes the portal names in its answer to ``scope``; none where that is no answer."""
    return read_scope(" ".join(map(str, as_map(answer).values())))


def state(portal: Portal) -> Subscriptions:
    """How they stand now; one call that changes nothing. Raises as the client's ``call``."""
    questions = {"scope": "scope", "bound": "event.get"}
    return compare(portal, portal.rest.batch(questions, repeatable=True))


def compare(portal: Portal, said: Mapping[str, Any], lacking: Iterable[str] = ()) -> Subscriptions:
    """What should be bound against what is, by what the portal has ``said``.

    That is its answers to ``event.get`` as ``bound``, to ``scope``, without which the stored one
    counts, and to ``app.info`` as ``info``. ``lacking`` are events this portal does not have.
    """
    handler = f"{portal.app_url}{PATH}"
    scope = granted(said.get("scope")) or portal.installation.scope
    wanting = tuple(event for event in wanted(portal, scope) if event not in lacking)
    rows = [as_map(row) for row in as_map(said.get("bound")).values()]
    pairs = [(str(row.get("event", "")).upper(), str(row.get("handler", ""))) for row in rows]
    elsewhere = [pair for pair in dict.fromkeys(pairs) if pair[1] and pair[1] != handler]
    stale = [pair for pair in elsewhere if _was_ours(portal, pair[1])]
    return Subscriptions(
        handler=handler,
        wanted=wanting,
        missing=tuple(event for event in wanting if (event, handler) not in pairs),
        stale=tuple(stale),
        others=tuple(pair for pair in elsewhere if pair not in stale),
        scope=scope,
        about=as_map(said.get("info")),
    )


def _was_ours(portal: Portal, address: str) -> bool:
    """Only an origin that was ours before: another one may be a second place where we run."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    origin = f"{parts.scheme}://{parts.netloc}"
    return parts.path == PATH and origin in set(portal.installation.addresses) - {portal.app_url}


def reconcile(portal: Portal) -> Subscriptions:
    """Bind what is missing and unbind what is left at our earlier addresses; how it stands then.

    What is granted now is asked and kept, for an update may have widened it. One batch; a second
    one where that calls for more events, a third where something is to be unbound; safe to
    repeat. Raises the portal's refusal of an event that every portal has, PortalUnreachable,
    AuthorizationLost.
    """
    known = wanted(portal, portal.installation.scope)
    said, lacking = _bind(portal, known, {"scope": "scope", "info": "app.info"})
    found = compare(portal, said, lacking)
    if set(found.scope) != set(portal.installation.scope):
        portal.store.note_scope(found.scope)
    if more := [event for event in found.wanted if event not in known]:
        again, also = _bind(portal, more)
        found = compare(portal, said | again, (*lacking, *also))
    _unbind(portal, found.stale)
    portal.store.note_addresses((portal.app_url,))
    return replace(found, stale=())


def _bind(
    portal: Portal, events: Iterable[str], questions: Mapping[str, str] | None = None
) -> tuple[dict[str, Any], list[str]]:
    """Bind these events and ask these questions; the answers with what is ``bound`` then, and
    the events this portal does not have."""
    handler = f"{portal.app_url}{PATH}"
    commands = {event: _command("event.bind", event, handler) for event in events}
    commands |= {"bound": "event.get", **(questions or {})}
    answer = portal.rest.batch_all(commands, repeatable=True)
    return dict(answer.results), _lacking(answer)


def _lacking(answer: BatchResult) -> list[str]:
    """The events this portal does not have, by its scope or its age; raises what else failed."""
    lacking = []
    for label, error in answer.errors.items():
        code = error.code if isinstance(error, PortalError) else ""
        if code == NO_SUCH_EVENT and label not in LIFE:
            lacking.append(label)
        elif code != BOUND_ALREADY:
            raise error
    return lacking


def _unbind(portal: Portal, stale: tuple[Binding, ...]) -> None:
    commands = {
        f"stale{number}": _command("event.unbind", *pair) for number, pair in enumerate(stale)
    }
    if commands:
        portal.rest.batch(commands, repeatable=True)


def _command(method: str, event: str, handler: str) -> str:
    return f"{method}?{urlencode({'event': event, 'handler': handler})}"
