"""What stands beside the chats: open lines, connectors, and pages bound to placements."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class OpenLine:
    """A queue of operators."""

    id: int
    name: str
    is_active: bool = True


@dataclass
class Connector:
    """A connector of an application; `id` in lower case, icons as they were given."""

    id: str
    client_id: str
    name: str
    icon: dict[str, Any]
    icon_disabled: dict[str, Any] = field(default_factory=dict)
    # The row of its settings page among the placements.
    placement_id: int = 0
    flags: dict[str, bool] = field(default_factory=dict)
    comment: str = ""


@dataclass
class ConnectorStatus:
    """How far a connector is joined to a line; the connector need not exist."""

    connector: str
    line: int
    is_active: bool = False
    is_connected: bool = False
    is_registered: bool = False
    has_error: bool = False
    data: dict[str, Any] = field(default_factory=dict)

    @property
    def is_configured(self) -> bool:
        return self.is_active and self.is_connected and self.is_registered

    @property
    def is_fine(self) -> bool:
        return self.is_configured and not self.has_error


@dataclass
class Placement:
    """A page of an application bound to a point of the interface.

    `langs` maps a language to TITLE, DESCRIPTION and GROUP_NAME.
    """

    id: int
    client_id: str
    code: str
    handler: str
    user_id: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    title: str = ""
    description: str = ""
    langs: dict[str, dict[str, str]] = field(default_factory=dict)
