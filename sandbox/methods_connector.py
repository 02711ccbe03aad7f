"""imconnector.*: connectors of the Open Channels, and the list of open lines.

Only a token of an application comes as far as this, so the application context is always there.
"""

from typing import Any

from sandbox import connectors, php
from sandbox.bot_events import Cause
from sandbox.calls import Call, Method, argument_missing
from sandbox.records_channels import Connector, ConnectorStatus, OpenLine
from sandbox.replies import RestError

# What every portal has of its own.
BUILT_IN = {"livechat": "Live chat", "telegrambot": "Telegram", "facebook": "Facebook"}
_FLAGS = (
    "DEL_EXTERNAL_MESSAGES",
    "EDIT_INTERNAL_MESSAGES",
    "DEL_INTERNAL_MESSAGES",
    "NEWSLETTER",
    "NEED_SYSTEM_MESSAGES",
    "NEED_SIGNATURE",
)
# Parameter that must be a text, the error without it; in the order of checking.
_REQUIRED = (
    ("ID", "CONNECTOR_ID_REQUIRED", "Connector ID is required"),
    ("NAME", "NAME_REQUIRED", "Connector name is required"),
    ("ICON", "ICON_REQUIRED", "Connector icon is required"),
    ("PLACEMENT_HANDLER", "NO_PLACEMENT_HANDLER", "Settings page handler is not specified"),
)


def register(call: Call) -> dict[str, Any]:
    params = _upper(call.params)
    if "." in php.text(params.get("ID")):
        text = "The connector ID must not contain a dot"
        return _failure(call, "APPLICATION_REGISTRATION_ERROR_POINT", text)
    given = params.get("ICON")
    icon = given if isinstance(given, dict) else {}
    texts = params | {"ICON": icon.get("DATA_IMAGE")}
    for name, code, text in _REQUIRED:
        if php.is_empty(texts.get(name)) or not isinstance(texts[name], str):
            return _failure(call, code, text)
    if len(params["ID"]) > 255 or len(params["NAME"]) > 255:
        text = "Application registration error"
        return _failure(call, "APPLICATION_REGISTRATION_ERROR", text)
    _keep(call, params, icon)
    return {"result": True}


def _keep(call: Call, params: php.Params, icon: php.Params) -> None:
    """Add the connector, or take over the one of this id, whoever had it."""
    number = params["ID"].lower()
    old = call.portal.connectors.get(number)
    disabled = params.get("ICON_DISABLED")
    kept = old.icon_disabled if old else {}
    flags = old.flags if old else dict.fromkeys(_FLAGS, True) | {"CHAT_GROUP": False}
    call.portal.connectors[number] = Connector(
        id=number,
        client_id=call.client_id,
        name=params["NAME"],
        icon=icon,
        icon_disabled=disabled if isinstance(disabled, dict) else kept,
        placement_id=connectors.settings_placement(
            call.portal, call.client_id, params["PLACEMENT_HANDLER"]
        ),
        flags=flags
        | {
            name: _flag(params[name])
            for name in (*_FLAGS, "CHAT_GROUP")
            if params.get(name) is not None
        },
        comment=php.text(params.get("COMMENT")) or (old.comment if old else ""),
    )


def _flag(value: php.Value) -> bool:
    return not php.is_empty(value) and value not in ("N", "false")


def _upper(value: php.Value) -> php.Value:
    """Keys in upper case at every level."""
    if isinstance(value, dict):
        return {str(key).upper(): _upper(item) for key, item in value.items()}
    return [_upper(item) for item in value] if isinstance(value, list) else value


def _failure(call: Call, code: str, text: str) -> dict[str, Any]:
    """A failure with status 200: the whole body by the source, the result by the documentation."""
    if call.world.profile == "source":
        raise RestError(code, text, 200, result=False)
    return {"result": False, "error": code, "error_description": text}


def unregister(call: Call) -> dict[str, Any]:
    number = php.text(php.upper_keys(call.params).get("ID")).lower()
    owner = call.portal.connectors.get(number)
    is_own = owner is not None and owner.client_id == call.client_id
    if number in ("", "0") or (call.world.profile == "documented" and not is_own):
        text = "Error unregistering the application"
        return _failure(call, "APPLICATION_UNREGISTRATION_ERROR", text)
    connectors.remove(call.world, call.portal, number, call.client_id, _cause(call))
    return {"result": True}


def activate(call: Call) -> bool:
    params = _given(call, "CONNECTOR", "LINE", "ACTIVE")
    # Anything that is not empty switches on, "N" included.
    if php.is_empty(params["ACTIVE"]):
        connector, line = _joint(params)
        connectors.detach(call.world, call.portal, connector, line, _cause(call))
        return True
    status = _status(call, params)
    status.is_active = status.is_connected = status.is_registered = True
    status.has_error = False
    connectors.keep_status(call.portal, status)
    return True


def status(call: Call) -> dict[str, Any]:
    found = _status(call, _given(call, "CONNECTOR"))
    return {
        "LINE": found.line,
        "CONNECTOR": found.connector,
        "ERROR": found.has_error,
        "CONFIGURED": found.is_configured,
        "STATUS": found.is_fine,
    }


def set_data(call: Call) -> bool:
    params = _given(call, "CONNECTOR", "LINE", "DATA")
    data = php.upper_keys(params["DATA"])
    found = _status(call, params)
    new = {
        name.lower(): data[name]
        for name in ("ID", "URL", "URL_IM", "NAME")
        if not php.is_empty(data.get(name))
    }
    # Merged, although the documentation speaks of overwriting.
    found.data |= {"connector_id": found.connector, **new}
    connectors.keep_status(call.portal, found)
    return True


def _given(call: Call, *names: str) -> php.Params:
    """The parameters; raises ERROR_ARGUMENT for the first of `names` that is not there."""
    params = php.upper_keys(call.params)
    for name in names:
        if params.get(name) is None:
            raise argument_missing(name)
    return params


def _joint(params: php.Params) -> tuple[str, int]:
    # The id is not lower-cased here.
    return php.text(params["CONNECTOR"]), php.intval(params.get("LINE"))


def _status(call: Call, params: php.Params) -> ConnectorStatus:
    return connectors.status_of(call.portal, *_joint(params))


def _cause(call: Call) -> Cause:
    return Cause(call.user.id, call.grant.hops)


def list_names(call: Call) -> dict[str, str]:
    if not call.user.is_admin:
        raise RestError("ACCESS_DENIED", "You dont have access to this action", 400)
    own = {connector.id: connector.name for connector in call.portal.connectors.values()}
    return BUILT_IN | own


def list_lines(call: Call) -> list[dict[str, Any]]:
    given = call.params.get("PARAMS")
    params = given if isinstance(given, dict) else {}
    for name in ("select", "order", "filter"):
        if not isinstance(params.get(name, []), dict | list):
            raise RestError("INVALID_FORMAT", f"Parameter {name} must be an array")
    limit = min(php.intval(params.get("limit", 50)), 200)
    offset = php.intval(params.get("offset", 0))
    wanted = php.rows(params.get("select"))
    rows = [_line(line) for line in call.portal.lines[offset : offset + limit]]
    return [{k: v for k, v in row.items() if not wanted or k in ("ID", *wanted)} for row in rows]


def _line(line: OpenLine) -> dict[str, Any]:
    return {
        "ID": str(line.id),
        "LINE_NAME": line.name,
        "ACTIVE": "Y" if line.is_active else "N",
        "CRM": "Y",
        "QUEUE_TYPE": "evenly",
        "QUEUE_TIME": "60",
    }


METHODS = (
    Method("imconnector.register", "imopenlines", register),
    Method("imconnector.unregister", "imopenlines", unregister),
    Method("imconnector.activate", "imopenlines", activate),
    Method("imconnector.status", "imopenlines", status, changes=False),
    Method("imconnector.connector.data.set", "imopenlines", set_data),
    Method("imconnector.list", "imopenlines", list_names, changes=False),
    Method("imopenlines.config.list.get", "imopenlines", list_lines, changes=False),
)
