"""A world that is not served: its pages are asked without a socket."""

import pytest

from sandbox import create_app
from sandbox import portal as deeds
from sandbox.world import make_world
from tests.sandbox_pages.browsing import APP, AURORA, CLIENT_ID, Person


@pytest.fixture
def world():
    world = make_world(8010, client_id=CLIENT_ID, client_secret="secret", app_url=APP)
    yield world
    world.close()


@pytest.fixture
def aurora(world):
    return world.portal("aurora")


@pytest.fixture
def site(world):
    return create_app(world)


@pytest.fixture
def anna(site):
    return Person(site, AURORA, 1)


@pytest.fixture
def egor(site):
    return Person(site, AURORA, 2)


@pytest.fixture
def stranger(site):
    return Person(site, AURORA)


@pytest.fixture
def ready(world, aurora):
    """Chat apps, installed and finished by Anna."""
    deeds.install(world, aurora, aurora.users[1])
    assert deeds.finish_install(world, aurora, aurora.users[1])
