"""The contact centre: connectors, open lines, and the settings page of a connector."""

import re
from dataclasses import dataclass

from flask import Blueprint, abort, redirect, request, url_for
from werkzeug.wrappers import Response

from sandbox import connectors, php
from sandbox import portal as deeds
from sandbox.bot_events import Cause
from sandbox.records_channels import Connector, OpenLine
from sandbox.stage import framed, no_frame
from sandbox.visit import Visit, admin_visit, page, visit

blueprint = Blueprint("contact_center", __name__)

_COLOR = re.compile(r"#[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?|[a-zA-Z]{3,20}")
COLORLESS = "#8c9baa"


@dataclass(frozen=True)
class Joint:
    """A connector at a line; `state` is "connected", "failing", "half" or ""."""

    line: OpenLine
    state: str
    url: str
    name: str


@dataclass(frozen=True)
class Tile:
    """A connector as the page shows it; the picture stands in the middle `share` per cent."""

    connector: Connector
    color: str
    image: str
    share: float
    joints: list[Joint]
    has_settings: bool


@blueprint.get("/contact-center")
def center() -> str:
    """The connectors of this portal and its open lines."""
    here = visit()
    with here.world.lock:
        tiles = [_tile(here, connector) for connector in here.portal.connectors.values()]
        lines = list(here.portal.lines)
    return page("contact_center.html", here, tiles=tiles, lines=lines)


def _tile(here: Visit, connector: Connector) -> Tile:
    joints = [_joint(here, connector, line) for line in here.portal.lines]
    is_used = any(joint.state == "connected" for joint in joints)
    icon = connector.icon if is_used or not connector.icon_disabled else connector.icon_disabled
    color = php.text(icon.get("COLOR") or connector.icon.get("COLOR"))
    image = php.text(icon.get("DATA_IMAGE") or connector.icon.get("DATA_IMAGE"))
    size = re.match(r"\s*(\d{1,3})\s*%", php.text(icon.get("SIZE")))
    return Tile(
        connector,
        color if _COLOR.fullmatch(color) else COLORLESS,
        image if image.startswith("data:image/") else "",
        min(int(size[1]), 100) if size else 60,
        joints,
        bool(connectors.settings_handler(here.portal, connector)),
    )


def _joint(here: Visit, connector: Connector, line: OpenLine) -> Joint:
    status = connectors.status_of(here.portal, connector.id, line.id)
    state = "connected" if status.is_fine else "failing" if status.has_error else ""
    if not state and (status.is_active or status.data):
        state = "half"
    url = url_for("sandbox.contact_center.settings", connector=connector.id, line=line.id)
    return Joint(line, state, url, php.text(status.data.get("name")))


@blueprint.get("/contact-center/connector")
def settings() -> str | Response:
    """The settings page of a connector (`connector`) at a line (`line`), in its frame."""
    here = admin_visit()
    connector = here.portal.connectors.get(request.args.get("connector", ""))
    line = _line(here, request.args.get("line", ""))
    if connector is None or connector.client_id != here.world.card.client_id:
        abort(404)
    handler = connectors.settings_handler(here.portal, connector)
    if not handler:
        abort(404)
    kind, url = deeds.page_url(here.portal, here.user, handler)
    if not url:
        return no_frame(here, kind)
    status = connectors.status_of(here.portal, connector.id, line.id)
    options: dict[str, object] = {
        "CONNECTOR": connector.id,
        "LINE": str(line.id),
        "STATUS": status.is_fine,
        "ACTIVE_STATUS": status.is_active,
        "CONNECTION_STATUS": status.is_connected,
        "REGISTER_STATUS": status.is_registered,
        "ERROR_STATUS": status.has_error,
        "URI": f"/contact_center/connector/?ID={connector.id}&IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    }
    title = f"{connector.name}: {line.name}"
    return framed(here, kind, url, connectors.SETTINGS, options, title=title)


def _line(here: Visit, number: str) -> OpenLine:
    found = next((line for line in here.portal.lines if str(line.id) == number), None)
    return found or abort(404)


@blueprint.post("/contact-center/lines")
def add_line() -> Response:
    """Make an open line (`name`)."""
    here = admin_visit()
    name = request.form.get("name", "").strip()
    if not 0 < len(name) <= 255:
        abort(400)
    connectors.add_line(here.world, here.portal, name)
    return _back()


@blueprint.post("/contact-center/lines/delete")
def delete_line() -> Response:
    """Delete an open line (`line`); connectors come off it and applications are told."""
    here = admin_visit()
    line = _line(here, request.form.get("line", ""))
    connectors.delete_line(here.world, here.portal, line, Cause(here.user.id))
    return _back()


def _back() -> Response:
    answer = redirect(url_for("sandbox.contact_center.center"), 303)
    assert isinstance(answer, Response)
    return answer
