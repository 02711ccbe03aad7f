"""The methods this portal knows. What is not in METHODS does not exist here."""

from datetime import UTC, datetime
from typing import Any

from sandbox import (
    events,
    methods_command,
    methods_command_v2,
    methods_imbot,
    methods_imbot_v2,
    php,
)
from sandbox.calls import Call, Method, access_denied, argument_missing, check_handler
from sandbox.records import Binding
from sandbox.replies import RestError

ALL_SCOPES = ("im", "imbot", "imconnector", "imopenlines", "placement")


def app_info(call: Call) -> dict[str, Any]:
    install = call.portal.installs[call.client_id]
    return {
        "ID": list(call.portal.installs).index(call.client_id) + 1,
        "CODE": f"sandbox.{call.client_id.rpartition('.')[2]}",
        "VERSION": install.version,
        "STATUS": call.portal.card.status,
        "INSTALLED": install.installed,
        "PAYMENT_EXPIRED": "N",
        "DAYS": None,
        "LANGUAGE_ID": call.portal.language,
        "LICENSE": call.portal.license,
        "LICENSE_TYPE": call.portal.license.partition("_")[2],
        "LICENSE_FAMILY": call.portal.license.partition("_")[2].rstrip("0123456789"),
    }


def profile(call: Call) -> dict[str, Any]:
    return {
        "ID": str(call.user.id),
        "ADMIN": call.user.is_admin,
        "NAME": call.user.name,
        "LAST_NAME": call.user.last_name,
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    }


def user_admin(call: Call) -> bool:
    return call.user.is_admin


def scope(call: Call) -> list[str]:
    if not php.is_empty(php.upper_keys(call.params).get("FULL")):
        return ["basic", *ALL_SCOPES]
    return list(call.scope)


def methods(call: Call) -> list[str]:
    params = php.upper_keys(call.params)
    if "SCOPE" in params:
        wanted = {php.text(params["SCOPE"]) or "basic"}
    elif not php.is_empty(params.get("FULL")):
        wanted = {"basic", *ALL_SCOPES}
    else:
        wanted = {"basic", *call.scope}
    # Names of the second bot API are routed elsewhere and never listed.
    return [
        method.name
        for method in METHODS.values()
        if method.scope in wanted and ".v2." not in method.name
    ]


def method_get(call: Call) -> dict[str, bool]:
    method = METHODS.get(php.text(call.params.get("name")).lower())
    granted = method is not None and method.scope in ("basic", *call.scope)
    return {"isExisting": method is not None, "isAvailable": granted}


def server_time(call: Call) -> str:
    return datetime.fromtimestamp(call.world.now(), UTC).isoformat(timespec="seconds")


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


_BASIC = (
    Method("app.info", "basic", app_info, changes=False),
    Method("profile", "basic", profile, changes=False),
    Method("user.admin", "basic", user_admin, changes=False),
    Method("scope", "basic", scope, changes=False),
    Method("methods", "basic", methods, changes=False),
    Method("method.get", "basic", method_get, changes=False),
    Method("server.time", "basic", server_time, changes=False),
    Method("event.bind", "basic", event_bind),
    Method("event.unbind", "basic", event_unbind),
    Method("event.get", "basic", event_get, changes=False),
)

METHODS: dict[str, Method] = {
    method.name.lower(): method
    for method in (
        *_BASIC,
        *methods_imbot.METHODS,
        *methods_command.METHODS,
        *methods_imbot_v2.METHODS,
        *methods_command_v2.METHODS,
    )
}
