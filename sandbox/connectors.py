"""Connectors and open lines: what a change of them makes the portal tell and forget."""

from sandbox import events
from sandbox.bot_events import Cause
from sandbox.records import Portal
from sandbox.records_channels import Connector, ConnectorStatus, OpenLine, Placement
from sandbox.world import World

SETTINGS = "SETTING_CONNECTOR"


def status_of(portal: Portal, connector: str, line: int) -> ConnectorStatus:
    """How far `connector` is joined to `line`; a new status, not kept, when nothing is known."""
    found = (row for row in portal.statuses if (row.connector, row.line) == (connector, line))
    return next(found, ConnectorStatus(connector, line))


def keep_status(portal: Portal, status: ConnectorStatus) -> None:
    """Keep a status that `status_of` made."""
    if status not in portal.statuses:
        portal.statuses.append(status)


def detach(world: World, portal: Portal, connector: str, line: int, cause: Cause) -> None:
    """Take a connector off a line; its owner is told even when nothing was there."""
    portal.statuses = [
        row for row in portal.statuses if (row.connector, row.line) != (connector, line)
    ]
    owner = portal.connectors.get(connector)
    if owner is not None:
        events.fire(
            world,
            portal,
            "ONIMCONNECTORSTATUSDELETE",
            {"connector": connector, "line": line},
            user_id=cause.user_id,
            client_id=owner.client_id,
            hops=cause.hops,
        )


def settings_placement(portal: Portal, client_id: str, handler: str) -> int:
    """The number of the settings page at `handler`; there is one for each application and URL."""
    for row in portal.placements:
        if (row.client_id, row.code, row.handler) == (client_id, SETTINGS, handler):
            return row.id
    number = portal.take_id()
    portal.placements.append(Placement(number, client_id, SETTINGS, handler))
    return number


def settings_handler(portal: Portal, connector: Connector) -> str:
    """The address of a connector's settings page, or "" when its placement was unbound."""
    found = (row.handler for row in portal.placements if row.id == connector.placement_id)
    return next(found, "")


def remove(world: World, portal: Portal, connector_id: str, client_id: str, cause: Cause) -> None:
    """Unregister a connector as the portal's source does.

    It comes off every line whoever owns it; the connector itself goes when it is `client_id`'s,
    and its settings page with it when no other connector has it.
    """
    with world.lock:
        for row in [row for row in portal.statuses if row.connector == connector_id]:
            detach(world, portal, row.connector, row.line, cause)
        connector = portal.connectors.get(connector_id)
        if connector is None or connector.client_id != client_id:
            return
        del portal.connectors[connector_id]
        number = connector.placement_id
        if all(other.placement_id != number for other in portal.connectors.values()):
            portal.placements = [row for row in portal.placements if row.id != number]


def remove_all(world: World, portal: Portal, client_id: str, cause: Cause) -> None:
    """Unregister every connector of an application."""
    for connector in [row for row in portal.connectors.values() if row.client_id == client_id]:
        remove(world, portal, connector.id, client_id, cause)


def delete_line(world: World, portal: Portal, line: OpenLine, cause: Cause) -> None:
    """Delete an open line: connectors come off it, and every subscribed application is told."""
    with world.lock:
        for row in [row for row in portal.statuses if row.line == line.id]:
            detach(world, portal, row.connector, row.line, cause)
        portal.lines.remove(line)
        events.fire(
            world,
            portal,
            "ONIMCONNECTORLINEDELETE",
            line.id,
            user_id=cause.user_id,
            hops=cause.hops,
        )
        world.save()


def add_line(world: World, portal: Portal, name: str) -> OpenLine:
    """Make a new open line."""
    with world.lock:
        number = max((line.id for line in portal.lines), default=0) + 1
        line = OpenLine(number, name)
        portal.lines.append(line)
        world.save()
    return line
