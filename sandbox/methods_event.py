"""event.*: subscriptions to what the portal tells."""

from typing import Any

from sandbox import events, php
from sandbox.calls import Call, Method, access_denied, argument_missing, check_handler
from sandbox.records import Binding
from sandbox.replies import RestError


def event_bind(call: Call) -> bool:
    params = php.upper_keys(call.params)
    auth_type = php.intval(params.get("AUTH_TYPE"))
    if auth_type > 0 and not call.user.is_admin and auth_type != call.user.id:
        raise access_denied("Event binding with AUTH_TYPE requires administrator access rights")
    if auth_type < 1:
        auth_type = 0 if call.user.is_admin else call.user.id
    event, handler, offline = _subscription(call, params, "binding")
    if handler:
        check_handler(handler)
    if not _is_known_event(call, event):
        raise RestError("ERROR_EVENT_NOT_FOUND", "Event not found")
    row = Binding(
        event=event,
        handler=handler,
        auth_type=0 if offline else auth_type,
        client_id=call.client_id,
        connector_id=php.text(params.get("AUTH_CONNECTOR")),
        offline=offline,
    )
    if any(_same(row, other) for other in call.portal.bindings):
        raise RestError("ERROR_CORE", "Unable to set event handler: Handler already binded")
    row.id = call.portal.take_id()
    call.portal.bindings.append(row)
    return True


def _subscription(call: Call, params: php.Params, doing: str) -> tuple[str, str, bool]:
    """Event, handler ("" when offline) and whether it is offline; the checks in their order."""
    event = php.text(params.get("EVENT")).upper()
    kind = php.text(params.get("EVENT_TYPE")).lower()
    handler = php.text(params.get("HANDLER"))
    if not event:
        raise argument_missing("EVENT")
    if kind not in ("", "online", "offline"):
        raise RestError(
            "ERROR_ARGUMENT", "Value must be one of {online|offline}", argument="EVENT_TYPE"
        )
    if kind == "offline":
        if not call.user.is_admin:
            raise access_denied(f"Offline events {doing} requires administrator access rights")
        return event, "", True
    if not handler:
        raise argument_missing("HANDLER")
    return event, handler, False


def _is_known_event(call: Call, event: str) -> bool:
    kind = events.EVENTS.get(event)
    return kind is not None and any(name in ("basic", *call.scope) for name in kind.scopes)


def _same(row: Binding, other: Binding) -> bool:
    key = ("client_id", "event", "handler", "auth_type", "connector_id", "offline")
    return all(getattr(row, name) == getattr(other, name) for name in key)


def event_unbind(call: Call) -> dict[str, int]:
    params = php.upper_keys(call.params)
    event, handler, offline = _subscription(call, params, "unbinding")
    user = None
    if not offline and "AUTH_TYPE" in params:
        user = php.intval(params["AUTH_TYPE"])
        if not call.user.is_admin and user != call.user.id:
            raise access_denied(
                "Event unbinding with AUTH_TYPE requires administrator access rights"
            )
    elif not offline and not call.user.is_admin:
        user = call.user.id
    gone = [
        row
        for row in call.portal.bindings
        if (row.client_id, row.event, row.handler) == (call.client_id, event, handler)
        and user in (None, row.auth_type)
    ]
    call.portal.bindings = [row for row in call.portal.bindings if row not in gone]
    return {"count": len(gone)}


def event_get(call: Call) -> list[dict[str, Any]]:
    own = [row for row in call.portal.bindings if row.client_id == call.client_id]
    if not call.user.is_admin:
        own = [row for row in own if row.auth_type == call.user.id]
    return [
        {"event": row.event, "connector_id": row.connector_id, "offline": 1}
        if row.offline
        else {
            "event": row.event,
            "handler": row.handler,
            "auth_type": row.auth_type,
            "offline": 0,
        }
        for row in own
    ]


def list_events(call: Call) -> list[str]:
    params = php.upper_keys(call.params)
    if "SCOPE" in params:
        wanted = {php.text(params["SCOPE"]) or "basic"}
    elif not php.is_empty(params.get("FULL")):
        return list(events.EVENTS)
    else:
        wanted = {"basic", *call.scope}
    return [name for name, kind in events.EVENTS.items() if wanted & set(kind.scopes)]


def event_test(call: Call) -> int:
    events.fire(
        call.world,
        call.portal,
        "ONAPPTEST",
        {"QUERY": call.params, "LANGUAGE_ID": call.portal.language},
        user_id=call.user.id,
        client_id=call.client_id,
        hops=call.grant.hops,
    )
    return 1


METHODS = (
    Method("event.bind", "basic", event_bind),
    Method("event.unbind", "basic", event_unbind),
    Method("event.get", "basic", event_get, changes=False),
    Method("events", "basic", list_events, changes=False),
    Method("event.test", "basic", event_test),
)
