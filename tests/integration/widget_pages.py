"""What the tests of widgets share: the form, and where the portal shows the widget."""

from __future__ import annotations

import requests

from b24app.records import Change
from b24app.store import PortalStore
from sandbox.records_channels import Placement
from tests.cast import Person, typed_widget

KEY = "w" * 22
URL = f"/widgets/{KEY}"


def lines(store: PortalStore) -> list[Change]:
    """What history says of widgets, newest first."""
    return [line for line in store.history() if line.thing == "widget"]


def places(person: Person, key: str = KEY) -> dict[str, Placement]:
    """Where the portal shows the widget, asked of the portal."""
    found = (row for row in person.portal.placements if row.handler.endswith(f"/widgets/{key}"))
    return {row.code: row for row in found}


def changing(person: Person) -> list[str]:
    """The methods that change a widget, in the order they were called."""
    log = [call.method for call in person.portal.rest_log]
    return [name for name in log if name in ("placement.bind", "placement.unbind")]


def changed(**changes: object) -> dict[str, object]:
    """The form of the widget, opened for editing at its first version."""
    return typed_widget(version="1") | changes


def standing(person: Person) -> dict[str, tuple[str, str | None]]:
    """Each place with its title and colour."""
    found = places(person).items()
    return {code: (row.langs["en"]["TITLE"], row.options.get("color")) for code, row in found}


def undo(person: Person, store: PortalStore, number: int = 0) -> requests.Response:
    """Take back what this line of history says of a widget; 0 is the newest."""
    return person.post(f"/history/{lines(store)[number].id}/undo")
