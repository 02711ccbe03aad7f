"""What most pages are asked on: a portal that has installed the application."""

from __future__ import annotations

import pytest

from b24app.actions.portal import Portal
from b24app.resources import Resources
from b24app.store import PortalStore
from sandbox.world import World
from tests.cast import Person, typed_widget
from tests.integration.definitions import furnish
from tests.integration.drifting import furnished
from tests.integration.widget_pages import KEY


@pytest.fixture
def installed(anna: Person) -> Person:
    """Anna, whose portal has installed the application."""
    anna.install()
    return anna


@pytest.fixture
def store(installed: Person, resources: Resources) -> PortalStore:
    """What the application keeps of Anna's portal."""
    return PortalStore(resources.redis, installed.portal.member_id)


@pytest.fixture
def settled(installed: Person) -> Person:
    """Anna, whose portal has some of everything."""
    furnish(installed)
    return installed


@pytest.fixture
def borealis(boris: Person, resources: Resources) -> PortalStore:
    """What the application keeps of Boris' portal, where nothing is yet."""
    boris.install()
    return PortalStore(resources.redis, boris.portal.member_id)


@pytest.fixture
def board(installed: Person) -> str:
    """A widget above the text area and in the sidebar; its key."""
    assert installed.post("/widgets", typed_widget()).status_code == 200
    return KEY


@pytest.fixture
def ours(anna: Person, resources: Resources, world: World) -> Portal:
    """Anna's portal, with a bot, a command, a chat app, a connector and a widget on it."""
    return furnished(anna, resources, world)
