"""Portals as JSON-ready data and back."""

from dataclasses import asdict
from typing import Any

from sandbox.cast import open_lines
from sandbox.records import (
    AppCard,
    Binding,
    Bot,
    ChatApp,
    Command,
    Install,
    Portal,
    SentEvent,
    User,
)
from sandbox.records_channels import Connector, ConnectorStatus, OpenLine, Placement
from sandbox.records_chat import Message, Room


def portal_data(portal: Portal) -> dict[str, Any]:
    """A portal as JSON-ready data, without the card and what is only counted or looked up."""
    row = asdict(portal)
    del row["rest_log"], row["card"], row["refused_requests"], row["_command_ids"]
    for name in ("commands", "rooms", "connectors"):
        row[name] = list(row[name].values())
    for event in row["events_log"]:
        del event["sent"]
    return row


def portal_from(row: dict[str, Any], card: AppCard, port: int) -> Portal:
    """The portal of such data, at this port.

    Raises KeyError, TypeError or AttributeError when the data are of another shape.
    """
    rows: dict[str, Any] = dict(row)
    rows["card"] = card
    rows["host"] = at_port(row["host"], port)
    rows["old_hosts"] = [at_port(host, port) for host in row["old_hosts"]]
    rows["users"] = {int(key): User(**value) for key, value in row["users"].items()}
    rows["installs"] = {key: Install(**value) for key, value in row["installs"].items()}
    rows["bots"] = [Bot(**value) for value in row["bots"]]
    rows["chat_apps"] = [ChatApp(**value) for value in row["chat_apps"]]
    # The next ones are absent from states that were kept before there were such things.
    rows["commands"] = {value["id"]: Command(**value) for value in row.get("commands", [])}
    rows["rooms"] = {value["id"]: Room(**value) for value in row.get("rooms", [])}
    rows["messages"] = [Message(**value) for value in row.get("messages", [])]
    rows["connectors"] = {value["id"]: Connector(**value) for value in row.get("connectors", [])}
    rows["statuses"] = [ConnectorStatus(**value) for value in row.get("statuses", [])]
    rows["placements"] = [Placement(**value) for value in row.get("placements", [])]
    lines = row.get("lines")
    rows["lines"] = open_lines() if lines is None else [OpenLine(**value) for value in lines]
    rows["bindings"] = [Binding(**value) for value in row["bindings"]]
    rows["events_log"] = [SentEvent(**value) for value in row["events_log"]]
    rows["user_options"] = {int(key): value for key, value in row["user_options"].items()}
    return Portal(**rows)


def at_port(host: str, port: int) -> str:
    """The same address at another port."""
    return f"{host.rpartition(':')[0]}:{port}"
