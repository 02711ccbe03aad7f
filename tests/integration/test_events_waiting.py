"""What waits to be done, as the doctor tells it: also when nobody is there to do it."""

import time

import pytest

from b24app import jobs, keys
from b24app.actions import doctor
from b24app.actions.inbox import PAUSES
from b24app.store.inbox import CLAIMS
from b24app.store.sightings import Sightings
from tests.integration.life import send
from tests.integration.test_install import announce, install_event

WEEK = 7 * 86400


@pytest.fixture
def settled(anna, world, resources, work):
    """Anna's portal, whose first events are done."""
    anna.install()
    assert world.drain()
    work()
    return anna


def line_of(person, resources):
    installation = resources.installations.get(person.portal.member_id)
    return next(line for line in doctor.look(resources, installation) if line.topic == "events")


def told(person, resources):
    line = line_of(person, resources)
    return line.state, line.health.value


def older(text: str, seconds: int) -> str:
    *head, at, sealed = text.split(" ")
    return " ".join((*head, str(int(at) - seconds), sealed))


def let_wait(resources, name, seconds):
    """What waits in this inbox has done so for so long, and nobody was called meanwhile."""
    store = resources.redis
    texts = store.lrange(keys.inbox(name), 0, -1)
    store.delete(keys.inbox(name), keys.inbox_reader(name))
    for text in texts:
        store.rpush(keys.inbox(name), older(text, seconds))
        state = store.hgetall(keys.inbox_state(name))
        for field, line in state.items():
            if line.endswith(text):
                store.hset(keys.inbox_state(name), field, line.replace(text, older(text, seconds)))


def test_a_few_events_that_nobody_does_for_a_week_are_stuck(settled, resources):
    for number in range(40):
        send(settled, resources, "ONSOMETHING", N=str(number))
    assert told(settled, resources) == ("seen", "green")

    let_wait(resources, settled.portal.member_id, WEEK)

    assert told(settled, resources) == ("stuck", "red")
    assert line_of(settled, resources).facts["waiting"] == 40


def test_the_next_opening_says_so(settled, resources):
    send(settled, resources, "ONSOMETHING")
    let_wait(resources, settled.portal.member_id, WEEK)

    assert "worker may have stopped" in settled.open().text


def test_what_is_being_done_at_this_moment_is_not_stuck(settled, resources):
    send(settled, resources, "ONSOMETHING")
    let_wait(resources, settled.portal.member_id, WEEK)

    assert resources.inbox.open(settled.portal.member_id, "reader")

    assert told(settled, resources) == ("seen", "green")


def test_an_event_that_failed_is_shown_with_the_moment_of_its_next_try(
    settled, world, resources, work
):
    world.faults.order("html", "app.info", times=9)
    send(settled, resources, "ONAPPPAYMENT")
    work()

    line = line_of(settled, resources)

    assert (line.state, line.health.value) == ("postponed", "amber")
    assert line.facts["later"] == 1
    assert 0 < line.facts["due"] - time.time() <= PAUSES[0]
    settled.open()
    page = settled.get("/connection").text
    assert "tried again by themselves" in page


def test_one_that_is_due_and_that_nobody_tries_again_is_stuck(settled, world, resources, work):
    world.faults.order("html", "app.info", times=9)
    send(settled, resources, "ONAPPPAYMENT")
    work()
    name = keys.inbox_later(settled.portal.member_id)
    [entry] = resources.redis.zrange(name, 0, -1)

    resources.redis.zincrby(name, -300, entry)

    assert told(settled, resources) == ("stuck", "red")
    assert line_of(settled, resources).facts["waiting"] == 1


def test_a_dead_letter_that_runs_again_is_no_old_event(settled, resources):
    member_id, inbox = settled.portal.member_id, resources.inbox
    send(settled, resources, "ONSOMETHING")
    let_wait(resources, member_id, WEEK)
    inbox.open(member_id, "reader")
    [entry] = inbox.first(member_id, 1)
    inbox.begin(member_id, "reader", entry)
    inbox.bury(member_id, entry, "ValueError: odd")
    inbox.close(member_id, "reader")
    assert told(settled, resources) == ("failed", "amber")

    assert jobs.revive(resources, member_id) == 1

    assert told(settled, resources)[0] != "stuck"


def test_a_claim_of_the_portal_that_nobody_proves_is_stuck_and_only_there(
    settled, boris, world, resources, work
):
    boris.install()
    assert world.drain()
    work()
    assert announce(settled, install_event(settled, world)).status_code == 200
    assert Sightings(resources.redis, settled.portal.member_id).look().waiting == 1

    let_wait(resources, CLAIMS, WEEK)

    assert told(settled, resources) == ("stuck", "red")
    assert told(boris, resources) == ("seen", "green")


def test_a_claim_that_could_not_be_proven_is_shown_with_its_next_try(
    settled, world, resources, work
):
    assert announce(settled, install_event(settled, world)).status_code == 200
    world.faults.order("html", "oauth/app.info", times=9)

    work()

    assert told(settled, resources) == ("postponed", "amber")
