"""How long a person waits: eight seconds in all, whatever there is to wait for."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from b24app import keys
from b24app.actions import chat_apps
from b24app.actions.drafts import Draft
from b24app.actions.portal import open_portal
from b24app.errors import Busy, PortalUnreachable, RateLimited
from b24app.records import SYSTEM, Lane, Patience, Translation
from b24app.store import PortalStore, RateBudget
from b24app.store.budget import rate_of
from tests.cast import typed

DRAFT = Draft(iframe_url="https://pages.example.com/", translations=(Translation("en", "Board"),))


@pytest.fixture
def opened(installed, resources):
    """Opens Anna's portal for somebody who waits so many seconds."""

    def opening(seconds):
        patience = Patience(seconds)
        portal = open_portal(resources, installed.portal.member_id, SYSTEM, patience=patience)
        return portal, patience

    return opening


def use_up(resources, member_id):
    """Others have used the budget for half a minute to come."""
    rate = rate_of(resources.installations.get(member_id).license)
    budget = RateBudget(resources.redis, member_id, rate)
    while budget.take("profile", Lane.INTERACTIVE, 30).granted:
        pass


def test_a_save_at_a_portal_without_room_is_told_that_it_is_busy(installed, resources):
    use_up(resources, installed.portal.member_id)
    before = len(installed.portal.rest_log)

    reply = installed.post("/chat-apps", typed())

    assert reply.status_code == 503
    assert "The portal is busy" in reply.text
    assert "Try again in a minute" in reply.text
    assert len(installed.portal.rest_log) == before


def test_the_same_form_goes_through_once_there_is_room(installed, resources):
    use_up(resources, installed.portal.member_id)
    installed.post("/chat-apps", typed())
    resources.redis.delete(keys.rate(installed.portal.member_id))

    assert installed.post("/chat-apps", typed()).status_code == 200
    assert len(installed.chat_apps()) == 1


def test_a_save_that_is_refused_at_every_call_ends_with_the_patience(opened, installed, world):
    world.faults.order("query_limit", times=99)
    portal, patience = opened(2)

    began = time.monotonic()
    with pytest.raises(RateLimited):
        chat_apps.register(portal, DRAFT)

    assert time.monotonic() - began < 4
    assert patience.left < 2
    assert installed.chat_apps() == []


def test_waiting_for_another_edit_and_for_the_portal_is_paid_from_one_purse(opened, resources):
    portal, patience = opened(0.3)
    held, done = Event(), Event()

    def edit():
        with PortalStore(resources.redis, portal.installation.member_id).editing():
            held.set()
            done.wait(10)

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(edit)
        held.wait(10)
        with pytest.raises(Busy):
            chat_apps.register(portal, DRAFT)
        done.set()
        other.result()

    assert patience.left == pytest.approx(0, abs=0.1)  # the lock is not tried at the last moment
    assert portal.rest.call("profile")["ID"] == "1"  # what need not wait still works
    use_up(resources, portal.installation.member_id)
    with pytest.raises(RateLimited):
        portal.rest.call("profile")


def test_time_lost_at_a_portal_that_hangs_is_waiting_too(opened, world):
    world.faults.order("lost", "profile")
    world.faults.order("hang", "profile", seconds=5)
    portal, patience = opened(1)

    began = time.monotonic()
    with pytest.raises(PortalUnreachable):
        portal.rest.call("profile", repeatable=True)

    assert time.monotonic() - began < 4
    assert patience.left < 0.2


def test_a_frame_is_not_opened_at_a_portal_without_room(installed, resources):
    use_up(resources, installed.portal.member_id)

    reply = installed.open()

    assert reply.status_code == 503
    assert "The portal is busy" in reply.text
