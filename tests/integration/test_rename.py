"""A portal that was renamed: found again by proof, never by following the redirect."""

import pytest

from sandbox import portal as deeds
from sandbox.server import Server
from tests.cast import typed


@pytest.fixture
def renamed(anna, world):
    """Anna's portal, moved to another address after the install."""
    anna.install()
    anna.post("/chat-apps", typed(code="before"))
    new = f"127.0.0.5:{anna.portal.host.partition(':')[2]}"
    with Server(world) as second:
        second.listen(new)
        deeds.rename(world, anna.portal, new)
        yield anna


def test_the_next_call_finds_it_and_the_record_follows(renamed, world, resources):
    reply = renamed.post("/chat-apps", typed(code="after"))

    assert reply.status_code == 200
    assert [app.code for app in renamed.chat_apps()] == ["before", "after"]
    installation = resources.installations.get(renamed.portal.member_id)
    assert installation.domain == renamed.portal.host
    assert world.renewals == 1
