"""A connector as the portal's methods take it.

Platform facts: b24restdocs: imopenlines/imconnector; bitrix-modules:
imconnector/lib/rest/customconnectors.php.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from b24app.actions import drawings
from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map
from b24app.errors import PortalError, PortalUnreachable
from b24app.records import Connector, Joint

SETTING: Final = "/connectors/setting"
PLACEMENT: Final = "SETTING_CONNECTOR"
NOT_REMOVED: Final = "APPLICATION_UNREGISTRATION_ERROR"
LINES_AT_ONCE: Final = 200
MOST_LINES: Final = 1000
FLAGS: Final = {
    "DEL_EXTERNAL_MESSAGES": "delete_incoming",
    "EDIT_INTERNAL_MESSAGES": "edit_outgoing",
    "DEL_INTERNAL_MESSAGES": "delete_outgoing",
    "NEWSLETTER": "newsletter",
    "NEED_SYSTEM_MESSAGES": "system_messages",
    "NEED_SIGNATURE": "signature",
    "CHAT_GROUP": "group_chats",
}


@dataclass(frozen=True)
class Status:
    """How the portal says a connector stands at an open line."""

    configured: bool
    error: bool

    @property
    def fine(self) -> bool:
        """Whether messages go through."""
        return self.configured and not self.error


@dataclass(frozen=True)
class OpenLine:
    """A queue of operators, as the portal has it."""

    id: int
    name: str
    active: bool


def names(portal: Portal) -> dict[str, str]:
    """Every connector of the portal, id to name, whoever has registered it."""
    answer = as_map(portal.rest.call("imconnector.list", repeatable=True))
    return {str(found): str(name) for found, name in answer.items()}


def register(portal: Portal, connector: Connector) -> None:
    """Register the connector, or change the one of this id: the portal does not ask whose it is.

    The settings page is told anew each time, so that it follows a changed address of ours.
    """
    picture = {
        "DATA_IMAGE": drawings.data_url(connector.svg),
        "SIZE": f"{connector.size}%",
        "POSITION": "center",
    }
    params: dict[str, Any] = {
        "ID": connector.id,
        "NAME": connector.name,
        "ICON": picture | {"COLOR": connector.color},
        "ICON_DISABLED": picture | {"COLOR": connector.color_off},
        "PLACEMENT_HANDLER": f"{portal.app_url}{SETTING}",
        **{key: getattr(connector, name) for key, name in FLAGS.items()},
    }
    _agreed(portal, "imconnector.register", params)


def unregister(portal: Portal, connector_id: str) -> None:
    """Remove the connector; the caller knows that it is ours.

    Raises PortalError. One that is not there is removed to newer portals; others say that they
    could not, and then the list tells (b24restdocs: imconnector-unregister.md).
    """
    try:
        _agreed(portal, "imconnector.unregister", {"ID": connector_id})
    except PortalError as exc:
        if exc.code != NOT_REMOVED or connector_id in names(portal):
            raise


def _agreed(portal: Portal, method: str, params: dict[str, Any]) -> None:
    """Call what answers with a result in the result; anything but true is no answer."""
    answer = portal.rest.call(method, params, repeatable=True)
    if as_map(answer).get("result", answer) is not True:
        raise PortalUnreachable(portal.installation.member_id, method, sent=True)


def activate(portal: Portal, connector_id: str, line: int) -> None:
    """Connect it to an open line. The portal checks neither whether they are there."""
    _switch(portal, connector_id, line, 1)


def deactivate(portal: Portal, connector_id: str, line: int) -> None:
    """Take it off an open line; what was set there is lost."""
    _switch(portal, connector_id, line, 0)


def _switch(portal: Portal, connector_id: str, line: int, active: int) -> None:
    """ACTIVE is 1 or 0: to the portal everything that is not empty is on, "N" as well."""
    params = {"CONNECTOR": connector_id, "LINE": line, "ACTIVE": active}
    portal.rest.call("imconnector.activate", params, repeatable=True)


def set_data(portal: Portal, connector_id: str, joint: Joint) -> None:
    """Say what is shown of the channel at a line. The portal keeps what is given empty."""
    data = {"ID": joint.id, "URL": joint.url, "URL_IM": joint.url_im, "NAME": joint.name}
    params = {
        "CONNECTOR": connector_id,
        "LINE": joint.line,
        "DATA": {name: value for name, value in data.items() if value},
    }
    portal.rest.call("imconnector.connector.data.set", params, repeatable=True)


def status(portal: Portal, connector_id: str, line: int) -> Status:
    """How it stands at one open line."""
    params = {"CONNECTOR": connector_id, "LINE": line}
    return _status(portal.rest.call("imconnector.status", params, repeatable=True))


def statuses(portal: Portal, connector_id: str, lines: list[int]) -> dict[int, Status]:
    """How it stands at each of these lines, in one request for fifty of them."""
    queries = {line: urlencode({"CONNECTOR": connector_id, "LINE": line}) for line in lines}
    commands = {f"line{line}": f"imconnector.status?{query}" for line, query in queries.items()}
    if not commands:
        return {}
    answer = portal.rest.batch(commands, repeatable=True)
    return {line: _status(answer.get(f"line{line}")) for line in lines}


def _status(answer: object) -> Status:
    found = as_map(answer)
    return Status(_is_on(found.get("CONFIGURED")), _is_on(found.get("ERROR")))


def _is_on(value: object) -> bool:
    return value not in (False, None, "", "N", 0, "0")


def lines(portal: Portal) -> list[OpenLine]:
    """The portal's open lines, a thousand at most (b24restdocs: imopenlines-config-list-get.md)."""
    found: list[OpenLine] = []
    while len(found) < MOST_LINES:
        wanted = {
            "select": ["ID", "LINE_NAME", "ACTIVE"],
            "order": {"ID": "ASC"},
            "limit": LINES_AT_ONCE,
            "offset": len(found),
        }
        answer = portal.rest.call(
            "imopenlines.config.list.get", {"PARAMS": wanted}, repeatable=True
        )
        rows = [as_map(row) for row in as_map(answer).values()]
        found += [
            OpenLine(int(row["ID"]), str(row.get("LINE_NAME", "")), row.get("ACTIVE") == "Y")
            for row in rows
            if str(row.get("ID", "")).isdecimal()
        ]
        if len(rows) < LINES_AT_ONCE:
            break
    return found
