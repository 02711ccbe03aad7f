"""Events that come again, and in another order: nobody learns anything wrong from them."""

import pytest

from b24app.store import PortalStore
from sandbox.events import send_again
from tests.cast import typed
from tests.integration.chains import call
from tests.integration.life import keys_of, look_again, send, state_of, story, uninstall

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

NEWS = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPPAYMENT", "ONAPPUNINSTALL")


def live_through(person, work) -> list:
    """Installed, updated and uninstalled, each event done; what the portal has sent."""
    person.install()
    assert person.world.drain()
    work()
    person.at_portal("/apps/update", {})
    assert person.world.drain()
    work()
    person.at_portal("/frame/finish", {})  # an update has to be finished again
    uninstall(person)
    work()
    return list(person.portal.events_log)


def all_again(person, recorded, order) -> None:
    for event in order(recorded):
        assert send_again(person.world, person.portal, event)
    assert person.world.drain()


@pytest.mark.parametrize("order", [list, reversed])
def test_the_events_of_a_portal_that_is_gone_bring_nothing_of_it_back(anna, resources, work, order):
    recorded = live_through(anna, work)
    assert {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL"} <= {one.event for one in recorded}
    assert keys_of(anna, resources) == []

    all_again(anna, recorded, order)
    work()

    assert keys_of(anna, resources) == []
    assert resources.installations.member_ids() == []


@pytest.mark.parametrize("order", [list, reversed])
def test_the_events_of_an_earlier_life_do_nothing_to_the_next_one(
    anna, world, resources, work, order
):
    """The uninstall among them as well, which was true when it was sent first."""
    recorded = live_through(anna, work)
    assert resources.installations.member_ids() == []
    anna.install()
    assert world.drain()
    work()
    anna.post("/chat-apps", typed())
    token = resources.installations.get(anna.portal.member_id).application_token

    all_again(anna, recorded, order)
    work()
    look_again(resources, world, anna, work, 120)

    known = resources.installations.get(anna.portal.member_id)
    assert (known.state, known.application_token) == ("installed", token)
    [app] = PortalStore(resources.redis, anna.portal.member_id).chat_apps.all()
    assert app.published
    assert call(resources, anna) == str(anna.user.id)


def test_in_whatever_order_news_come_the_portal_is_believed_and_not_they(
    anna, world, resources, work
):
    anna.install()
    assert world.drain()
    work()
    bound = {(row.event, row.handler) for row in anna.portal.bindings}

    for start in range(len(NEWS)):
        anna.portal.bindings.clear()
        for name in NEWS[start:] + NEWS[:start]:
            data = {"INSTALLED": "N", "PAYMENT_EXPIRED": "Y", "CLEAN": "1", "VERSION": str(start)}
            assert send(anna, resources, name, **data) == 200
        work()
        look_again(resources, world, anna, work, 120)

        assert state_of(anna, resources) == "installed"
        assert {(row.event, row.handler) for row in anna.portal.bindings} == bound
    assert ("gone", "") not in story(anna, resources)
