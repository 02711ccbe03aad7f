"""APP_URL has changed: the portals are told by themselves, a few a minute."""

import dataclasses
import time

import pytest

from b24app import jobs, keys
from b24app.actions import moving
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from b24app.store import PortalStore
from b24app.store.moves import SLICE
from sandbox import oauth
from tests import events
from tests.integration.chains import call

OLD = "https://old.example.com"


@pytest.fixture
def moved(anna, boris, resources, work):
    """Both portals have installed the application while it was at its old address."""
    for person in (anna, boris):
        person.install()
        work()
        move_back(person, resources)
    return anna, boris


def move_back(person, resources) -> None:
    """As if everything of this portal had been bound at the old address."""
    for number, row in enumerate(person.portal.bindings):
        person.portal.bindings[number] = dataclasses.replace(row, handler=f"{OLD}/events")
    PortalStore(resources.redis, person.portal.member_id).note_addresses((OLD,))


def handlers(person) -> set[str]:
    return {row.handler for row in person.portal.bindings}


def pass_by(resources, work) -> None:
    """The minute comes in which the portals are looked through."""
    resources.enqueue(jobs.rebind_moved)
    work()


@pytest.mark.parametrize("world", ["source", "documented"], indirect=True)
def test_every_portal_is_rebound_without_anybody_opening_it(moved, resources, work):
    before = [{row.event for row in person.portal.bindings} for person in moved]

    pass_by(resources, work)

    for person, told in zip(moved, before, strict=True):
        assert handlers(person) == {f"{person.app_url}/events"}
        assert {row.event for row in person.portal.bindings} == told
        known = resources.installations.get(person.portal.member_id)
        assert known.addresses == (person.app_url,)


def test_once_all_are_bound_nobody_is_asked_again(moved, resources, work):
    anna, boris = moved
    pass_by(resources, work)
    calls = len(anna.portal.rest_log) + len(boris.portal.rest_log)

    pass_by(resources, work)
    resources.redis.hset(keys.moves(), "since", int(time.time()) - 1)  # the day goes by
    pass_by(resources, work)

    assert len(anna.portal.rest_log) + len(boris.portal.rest_log) == calls
    assert resources.redis.hget(keys.moves(), "since") == "-1"


def test_the_next_change_of_the_address_begins_anew(moved, resources, work):
    anna, _ = moved
    pass_by(resources, work)
    resources.redis.hset(keys.moves(), mapping={"origin": OLD, "since": -1})
    move_back(anna, resources)

    pass_by(resources, work)

    assert handlers(anna) == {f"{anna.app_url}/events"}


def test_a_portal_that_is_away_is_tried_again_and_holds_up_nobody(moved, world, resources, work):
    anna, boris = moved
    world.faults.order("html", "batch", times=4)

    pass_by(resources, work)
    assert {*handlers(anna), *handlers(boris)} == {f"{OLD}/events", f"{anna.app_url}/events"}
    scheduled = resources.queue.scheduled_job_registry
    assert scheduled.count == 1
    for job_id in scheduled.get_job_ids():
        resources.queue.enqueue_job(resources.queue.fetch_job(job_id))
    work()

    assert handlers(anna) == handlers(boris) == {f"{anna.app_url}/events"}


def test_a_portal_without_access_is_rebound_when_it_is_opened_again(moved, world, resources, work):
    anna, boris = moved
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    pass_by(resources, work)
    assert handlers(anna) == {f"{OLD}/events"}
    assert handlers(boris) == {f"{boris.app_url}/events"}
    assert resources.queue.failed_job_registry.count == 0

    anna.open()
    work()

    assert handlers(anna) == {f"{anna.app_url}/events"}
    assert call(resources, anna) == str(anna.user.id)


def test_what_another_place_of_the_application_has_bound_stays(moved, resources, work):
    """Only an address that was ours on this portal is unbound."""
    anna, _ = moved
    first = dataclasses.replace(
        anna.portal.bindings[0], handler="https://second.example.com/events"
    )
    anna.portal.bindings.append(first)

    pass_by(resources, work)

    assert handlers(anna) == {f"{anna.app_url}/events", "https://second.example.com/events"}


def test_very_many_portals_are_rebound_a_few_at_a_time_and_none_twice(resources):
    everybody = {events.know(resources, number) for number in range(1, 1001)}
    found: list[str] = []
    steps = 0

    while few := moving.next_few(resources):
        assert len(few) < 2 * SLICE
        found += few
        steps += 1

    assert set(found) == everybody
    assert len(found) == len(everybody)
    assert steps > 1000 / (2 * SLICE)


def test_a_portal_that_is_gone_meanwhile_is_nobodys_fault(anna, resources, work):
    anna.install()
    work()
    portal = open_portal(resources, anna.portal.member_id, SYSTEM)
    resources.installations.remove(portal.installation.member_id)

    moving.rebind(resources, portal.installation.member_id)

    assert resources.installations.member_ids() == []
