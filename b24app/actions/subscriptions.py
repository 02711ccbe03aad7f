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
from b24app.errors import PortalError
from b24app.records import BotApi

PATH: Final = "/events"
LIFE: Final = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT")
# Registered under this scope (bitrix-modules: imconnector/lib/rest/customconnectors.php).
LINES: Final = {
    "imopenlines": ("ONIMCONNECTORLINEDELETE", "ONIMCONNECTORSTATUSDELETE"),
}
# The portal binds these when a bot or command is registered, and an update of the application
# takes them away with all others (b24restdocs: events/event-bind.md).
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

    ``stale`` are ours at an earlier address, ``others`` what nobody here has bound. ``about`` is
    the portal's ``app.info``, where it came along with the same answer.
    """

    handler: str
    wanted: tuple[str, ...]
    missing: tuple[str, ...]
    stale: tuple[Binding, ...]
    others: tuple[Binding, ...]
    about: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def sound(self) -> bool:
        """Whether there is nothing to mend."""
        return not (self.missing or self.stale)


def wanted(portal: Portal) -> tuple[str, ...]:
    """The events that should be bound: by what is granted, and by the bots there are."""
    events = list(LIFE)
    for scope, names in LINES.items():
        if scope in portal.installation.scope:
            events += names
    families = {bot.api for bot in portal.store.bots.all() if bot.published}
    for api in BotApi:
        if api in families:
            events += BOTS[api]
    return tuple(events)


def state(portal: Portal) -> Subscriptions:
    """How they stand now; one call that changes nothing. Raises as the client's ``call``."""
    return compare(portal, portal.rest.call("event.get", repeatable=True))


def compare(
    portal: Portal, bound: object, lacking: Iterable[str] = (), about: object = None
) -> Subscriptions:
    """What should be bound against ``bound``, the portal's answer to ``event.get``.

    ``lacking`` are events this portal does not have at all.
    """
    handler, wanting = f"{portal.app_url}{PATH}", wanted(portal)
    wanting = tuple(event for event in wanting if event not in lacking)
    rows = [as_map(row) for row in as_map(bound).values()]
    pairs = [(str(row.get("event", "")).upper(), str(row.get("handler", ""))) for row in rows]
    elsewhere = [pair for pair in dict.fromkeys(pairs) if pair[1] and pair[1] != handler]
    stale = [pair for pair in elsewhere if _was_ours(portal, pair[1])]
    return Subscriptions(
        handler=handler,
        wanted=wanting,
        missing=tuple(event for event in wanting if (event, handler) not in pairs),
        stale=tuple(stale),
        others=tuple(pair for pair in elsewhere if pair not in stale),
        about=as_map(about),
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

    One batch, and a second one where something is to be unbound; safe to repeat. Raises the
    portal's refusal of an event that every portal has, PortalUnreachable, AuthorizationLost.
    """
    handler = f"{portal.app_url}{PATH}"
    commands = {event: _command("event.bind", event, handler) for event in wanted(portal)}
    commands |= {"bound": "event.get", "info": "app.info"}
    answer = portal.rest.batch_all(commands, repeatable=True)
    lacking = []
    for label, error in answer.errors.items():
        code = error.code if isinstance(error, PortalError) else ""
        if code == NO_SUCH_EVENT and label not in LIFE:
            lacking.append(label)
        elif code != BOUND_ALREADY:
            raise error
    found = compare(portal, answer.results.get("bound"), lacking, answer.results.get("info"))
    _unbind(portal, found.stale)
    portal.store.note_addresses((portal.app_url,))
    return replace(found, stale=())


def _unbind(portal: Portal, stale: tuple[Binding, ...]) -> None:
    commands = {
        f"stale{number}": _command("event.unbind", *pair) for number, pair in enumerate(stale)
    }
    if commands:
        portal.rest.batch(commands, repeatable=True)


def _command(method: str, event: str, handler: str) -> str:
    return f"{method}?{urlencode({'event': event, 'handler': handler})}"
