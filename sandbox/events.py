"""The event sender: one form-encoded POST to each handler, once, from a background thread."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import requests

from sandbox import oauth, php
from sandbox.world import LOG_LENGTH, Binding, Portal, SentEvent, World

logger = logging.getLogger(__name__)

TIMEOUT = 10.0
LATE = 1.0
SECRET_NAMES = ("access_token", "refresh_token", "application_token")
MASK = "***"

Data = dict[str, Any] | str | int
# The auth block of a user or bot of the portal, by number: events about bots carry the bots' own.
Mint = Callable[[int], dict[str, Any]]
# Data made for each handler anew.
MakeData = Callable[[Mint], Data]


class EventKind(NamedTuple):
    """What the portal knows of one event: the scopes that allow it and the tokens it carries."""

    scopes: tuple[str, ...]
    tokens: bool = True
    refresh: bool = False


_V1 = ("MESSAGEADD", "MESSAGEUPDATE", "MESSAGEDELETE", "CONTEXTGET")
_V2 = (*_V1, "COMMANDADD", "REACTIONCHANGE")
_CONNECTOR = (
    "MESSAGEADD",
    "MESSAGEUPDATE",
    "MESSAGEDELETE",
    "DIALOGSTART",
    "DIALOGFINISH",
    "STATUSDELETE",
    "LINEDELETE",
)

BOT_V2_EVENTS = tuple(f"ONIMBOTV2{name}" for name in (*_V2, "JOINCHAT", "DELETE"))

EVENTS: dict[str, EventKind] = {
    "ONAPPINSTALL": EventKind(("basic",), refresh=True),
    "ONAPPUPDATE": EventKind(("basic",), refresh=True),
    "ONAPPUNINSTALL": EventKind(("basic",), tokens=False),
    "ONAPPMETHODCONFIRM": EventKind(("basic",), tokens=False),
    "ONAPPPAYMENT": EventKind(("basic",)),
    "ONSUBSCRIPTIONRENEW": EventKind(("basic",), refresh=True),
    "ONAPPTEST": EventKind(("basic",), refresh=True),
    "ONOFFLINEEVENT": EventKind(("basic",), refresh=True),
    "ONIMCOMMANDADD": EventKind(("imbot",), refresh=True),
    **{f"ONIMBOT{name}": EventKind(("imbot",), refresh=True) for name in _V1},
    "ONIMBOTJOINCHAT": EventKind(("imbot",)),
    "ONIMBOTDELETE": EventKind(("imbot",)),
    **{f"ONIMBOTV2{name}": EventKind(("imbot",), refresh=True) for name in _V2},
    "ONIMBOTV2JOINCHAT": EventKind(("imbot",)),
    "ONIMBOTV2DELETE": EventKind(("imbot",)),
    **{f"ONIMCONNECTOR{name}": EventKind(("imopenlines", "imconnector")) for name in _CONNECTOR},
}


def fire(
    world: World,
    portal: Portal,
    event: str,
    data: Data | MakeData,
    *,
    user_id: int = 0,
    client_id: str | None = None,
    hops: int = 7,
) -> int:
    """Queue `event` for every online binding of applications that are installed and finished.

    `data` is a map or scalar, or a function that is given a minting function and returns one.
    `user_id` is whose action caused the event; 0 means nobody: then no tokens are sent, unless
    the binding names a user. `client_id` limits it to one application. `hops` is what is left of
    the chain of events; at 0 nothing is sent. Returns how many handlers will be called.
    """
    if hops < 1:
        return 0
    name = event.upper()
    with world.lock:
        targets = [
            binding
            for binding in portal.bindings
            if binding.event == name
            and not binding.offline
            and client_id in (None, binding.client_id)
            and is_reachable(portal, binding.client_id)
        ]
        for binding in targets:
            _queue(world, portal, binding, data, user_id, hops)
    return len(targets)


def is_reachable(portal: Portal, client_id: str) -> bool:
    """Whether events are produced for this application: active, finished, and paid for."""
    install = portal.installs.get(client_id)
    if install is None or install.payment_expired:
        return False
    return install.active and install.installed


def _queue(
    world: World, portal: Portal, binding: Binding, data: Data | MakeData, user_id: int, hops: int
) -> None:
    fault = world.faults.take_event(binding.event)
    kind = EVENTS[binding.event]
    owner = binding.auth_type or user_id
    tokens = kind.tokens and owner > 0 and fault != "no_tokens"

    def mint(user_id: int) -> dict[str, Any]:
        whose = user_id if tokens else 0
        return auth_block(world, portal, binding.client_id, whose, refresh=True, hops=hops - 1)

    auth = mint(owner)
    if not kind.refresh:
        auth.pop("refresh_token", None)
    if fault == "wrong_token":
        auth["application_token"] = "0" * 32
    message = {
        "event": binding.event,
        "event_handler_id": binding.id,
        "data": data(mint) if callable(data) else data,
        "ts": int(world.now()),
        "auth": auth,
    }
    sent = SentEvent(
        at=world.now(),
        event=binding.event,
        handler=binding.handler,
        body=php.build_query(_masked(message)),
        note="waiting",
        sent=php.build_query(message),
    )
    _keep(portal, sent)
    _send(world, sent, fault)


def _keep(portal: Portal, sent: SentEvent) -> None:
    portal.events_log.append(sent)
    del portal.events_log[:-LOG_LENGTH]


def send_again(world: World, portal: Portal, sent: SentEvent) -> bool:
    """Send an event of the log once more, as it was; False when its body is no longer known."""
    if not sent.sent:
        return False
    again = replace(sent, at=world.now(), status=None, note="waiting")
    with world.lock:
        _keep(portal, again)
        _send(world, again, None)
    return True


def auth_block(
    world: World, portal: Portal, client_id: str, user_id: int, *, refresh: bool, hops: int = 7
) -> dict[str, Any]:
    """The `auth` map of an event: the full form for a user, the reduced one for user 0."""
    install = portal.installs[client_id]
    reduced = {
        "domain": portal.host,
        "server_endpoint": f"http://{world.auth_host}/rest/",
        "client_endpoint": f"http://{portal.host}/rest/",
        "member_id": portal.member_id,
        "application_token": install.application_token,
    }
    if user_id < 1:
        return reduced
    grant = oauth.mint(world, portal, user_id, client_id=client_id, hops=hops)
    full: dict[str, Any] = {
        "access_token": grant.access,
        "expires": grant.expires,
        "expires_in": oauth.ACCESS_SECONDS,
        "scope": ",".join(oauth.scope_of(world, portal, client_id)),
        "status": world.card.status,
        "user_id": user_id,
        **reduced,
    }
    if refresh:
        full["refresh_token"] = grant.refresh
    return full


def _send(world: World, sent: SentEvent, fault: str | None) -> None:
    if fault == "drop":
        sent.note = "lost on the way"
        world.save()
        return
    times = 2 if fault == "twice" else 1
    for _ in range(times):
        world.track(world.sender.submit(_post, world, sent, LATE if fault == "late" else 0))


def _post(world: World, sent: SentEvent, delay: float) -> None:
    if delay:
        time.sleep(delay)
    try:
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                sent.handler,
                data=sent.sent,
                headers={
                    "Content-Type": "application/x-www-form-urlencoded",
                    "User-Agent": "Bitrix24 Webhook Engine",
                },
                timeout=TIMEOUT,
                allow_redirects=False,
            )
        status, note = answer.status_code, "" if answer.ok else "refused"
    except requests.RequestException as exc:
        status, note = None, type(exc).__name__
    with world.lock:
        sent.status, sent.note = status, note
    logger.info("event %s to %s: %s", sent.event, urlsplit(sent.handler).netloc, status or note)
    world.save()


def _masked(value: php.Value) -> php.Value:
    if isinstance(value, dict):
        return {
            key: MASK if key in SECRET_NAMES and item else _masked(item)
            for key, item in value.items()
        }
    return [_masked(item) for item in value] if isinstance(value, list) else value
