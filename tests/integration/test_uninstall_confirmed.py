"""What confirms an uninstall that was announced, and how soon."""

import pytest

from b24app import jobs
from b24app.actions import leaving
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from sandbox import oauth
from tests.integration.chains import promote, spoil
from tests.integration.life import (
    TWO_MINUTES,
    both_profiles,
    forge_uninstall,
    keys_of,
    later,
    look_again,
    state_of,
    uninstall,
)


@pytest.mark.parametrize("word", ["NOT_INSTALLED", "ERROR_OAUTH"])
def test_the_plain_word_of_the_authorization_server_confirms_at_once(
    anna, world, resources, work, word
):
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token(word)
    forge_uninstall(anna, resources)

    work()

    assert keys_of(anna, resources) == []


@both_profiles
def test_every_chain_refused_confirms_within_two_minutes_and_not_by_one_odd_answer(
    anna, egor, world, resources, work
):
    anna.install()
    promote(egor)
    work()
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    forge_uninstall(anna, resources)

    work()
    assert state_of(anna, resources) == "uninstalling"
    look_again(resources, world, anna, work, 67)

    assert keys_of(anna, resources) == []


def test_a_chain_no_key_opens_keeps_no_other_from_confirming(anna, egor, world, resources, work):
    """It can neither say yes nor no; asked alone it confirms nothing."""
    anna.install()
    promote(egor)
    work()
    spoil(resources, egor, sealed="v1.of.another.key")
    oauth.kill_refresh_tokens(world, anna.portal)
    later(resources, world, anna, 3700)
    forge_uninstall(anna, resources)
    work()

    look_again(resources, world, anna, work, 67)

    assert keys_of(anna, resources) == []


def test_a_chain_that_was_spent_long_before_does_not_delay_the_confirmation(
    anna, egor, world, resources, work
):
    """A renewal of ours was cut off once; the chain beside it is refused, and that is enough."""
    anna.install()
    promote(egor)
    work()
    spoil(resources, egor, state="spent", reason="spent")
    oauth.kill_refresh_tokens(world, anna.portal)
    later(resources, world, anna, 3700)
    forge_uninstall(anna, resources)
    work()
    assert state_of(anna, resources) == "uninstalling"

    look_again(resources, world, anna, work, 67)

    assert keys_of(anna, resources) == []


@pytest.mark.parametrize("before", [True, False])
def test_a_chain_spent_by_us_alone_or_meanwhile_confirms_after_a_day(
    anna, egor, world, resources, work, before
):
    anna.install()
    promote(egor)
    work()
    oauth.kill_refresh_tokens(world, anna.portal)
    later(resources, world, anna, 3700)
    if before:  # the only one, spent before the event came
        resources.installations.drop_chain_of(anna.portal.member_id, anna.user.id)
        spoil(resources, egor, state="spent", reason="spent")
    forge_uninstall(anna, resources)
    if not before:  # beside one that is refused
        spoil(resources, egor, state="spent", reason="spent")
    work()
    for pause in (67, 3600, 12 * 3600):
        look_again(resources, world, anna, work, pause)
    assert state_of(anna, resources) == "uninstalling"

    look_again(resources, world, anna, work, 12 * 3600)

    assert keys_of(anna, resources) == []


@both_profiles
def test_an_uninstall_during_an_outage_is_confirmed_afterwards(anna, world, resources, work):
    """The looks are kept in the store: a restart of everything loses none."""
    anna.install()
    work()
    world.faults.order("html", "oauth/app.info", times=50)
    uninstall(anna)
    work()
    assert resources.installations.member_ids() == [anna.portal.member_id]
    resources.queue.empty()
    world.faults.clear()

    look_again(resources, world, anna, work, TWO_MINUTES)

    assert keys_of(anna, resources) == []


def test_looks_that_are_due_are_planned_by_the_scheduler_every_ten_seconds(
    anna, world, resources, work
):
    """The store keeps what is due; RQ's scheduler says when somebody sees to it."""
    assert jobs.PERIODIC[jobs.look_at_departures] == 10
    anna.install()
    work()
    uninstall(anna)
    resources.queue.empty()  # the worker that was to look was lost with its queue
    resources.inbox.forget(anna.portal.member_id)
    leaving.announce(resources, resources.installations.get(anna.portal.member_id), clean=True)
    later(resources, world, anna, 10)
    jobs.look_around(resources)
    [planned] = [
        name
        for name in resources.queue.scheduled_job_registry.get_job_ids()
        if name.startswith(jobs.look_at_departures.__name__)
    ]

    resources.queue.enqueue_job(resources.queue.fetch_job(planned))
    work()

    assert keys_of(anna, resources) == []


@pytest.mark.parametrize("refusal", ["invalid_client", "wrong_client"])
def test_refused_keys_may_be_ours_and_confirm_only_when_another_portal_was_renewed(
    anna, boris, world, resources, work, refusal
):
    anna.install()
    boris.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token(refusal, times=10)
    forge_uninstall(anna, resources)
    work()
    look_again(resources, world, anna, work, TWO_MINUTES)
    assert state_of(anna, resources) == "uninstalling"

    world.faults.clear()
    oauth.expire_access_tokens(world, boris.portal)
    assert renewed(resources, boris)
    world.faults.order_token(refusal, times=10)
    look_again(resources, world, anna, work, 3600)

    assert keys_of(anna, resources) == []


def renewed(resources, person) -> bool:
    """Renew the person's portal, as a call with an expired token does."""
    portal = open_portal(resources, person.portal.member_id, SYSTEM)
    return bool(portal.rest.call("profile"))


@pytest.mark.parametrize("refusal", ["invalid_client", "wrong_client"])
def test_refused_keys_confirm_after_a_day_unchanged(anna, world, resources, work, refusal):
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token(refusal, times=50)
    forge_uninstall(anna, resources)
    work()
    for pause in (TWO_MINUTES, 3600, 12 * 3600):
        look_again(resources, world, anna, work, pause)
    assert state_of(anna, resources) == "uninstalling"

    look_again(resources, world, anna, work, 12 * 3600)

    assert keys_of(anna, resources) == []
