"""What confirms no uninstall: a forged event, an outage, one chain of many, wrong keys of ours."""

import logging

import pytest

from b24app import keys
from sandbox import oauth
from tests.cast import typed
from tests.integration.chains import call, promote, spoil
from tests.integration.life import (
    TWO_MINUTES,
    both_profiles,
    forge_uninstall,
    keys_of,
    look_again,
    state_of,
    story,
)


@both_profiles
def test_a_forged_uninstall_changes_nothing_and_is_told(anna, world, resources, work, caplog):
    """Complaint: forgeable uninstall callbacks. Any employee can read the application token."""
    anna.install()
    anna.post("/chat-apps", typed())
    work()

    assert forge_uninstall(anna, resources) == 200
    work()
    assert state_of(anna, resources) == "uninstalling"
    with caplog.at_level(logging.WARNING):
        look_again(resources, world, anna, work, TWO_MINUTES)

    assert state_of(anna, resources) == "installed"
    assert "an uninstall event was forged" in caplog.text
    assert resources.counters.all()[("uninstalls", "unconfirmed")] == 1
    assert story(anna, resources)[-2:] == [("uninstalling", "leaving"), ("installed", "stayed")]
    assert resources.installations.get(anna.portal.member_id).refuted_at
    assert "Board" in anna.get("/chat-apps").text
    assert call(resources, anna) == str(anna.user.id)
    assert resources.redis.zcard(keys.looks()) == 0


@both_profiles
def test_a_flood_of_forged_uninstalls_spends_no_token(anna, world, resources, work):
    anna.install()
    work()

    for serial in range(20):
        forge_uninstall(anna, resources, serial)
        work()
        look_again(resources, world, anna, work, TWO_MINUTES)

    assert world.renewals == 0
    assert state_of(anna, resources) == "installed"
    assert len(story(anna, resources)) <= 6  # and it does not push others out of the history


@both_profiles
def test_a_flood_that_meets_an_old_access_token_renews_it_once(anna, world, resources, work):
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)

    for serial in range(5):
        forge_uninstall(anna, resources, serial)
        work()
        look_again(resources, world, anna, work, TWO_MINUTES)

    assert world.renewals == 1
    assert call(resources, anna) == str(anna.user.id)


def test_where_no_chain_can_be_asked_the_operator_is_told_and_decides(
    app, anna, world, resources, work
):
    anna.install()
    work()
    spoil(resources, anna, sealed="v1.of.another.key")
    forge_uninstall(anna, resources)
    work()
    for pause in (TWO_MINUTES, 24 * 3600, 7 * 24 * 3600):
        look_again(resources, world, anna, work, pause)
        assert state_of(anna, resources) == "uninstalling"
    operator = app.test_cli_runner()

    shown = operator.invoke(args=["portals", "show", anna.portal.host]).output
    listed = operator.invoke(args=["portals", "list"]).output
    operator.invoke(args=["portals", "forget", anna.portal.host, "--yes"])

    assert "no chain can be asked, so if it is true, confirm it with portals forget" in shown
    assert listed.split()[2:4] == ["uninstalling", "unreadable"]
    assert keys_of(anna, resources) == []


def test_one_dead_chain_beside_a_living_one_confirms_nothing(anna, egor, world, resources, work):
    """Complaint: one odd answer bricks a portal for ever."""
    anna.install()
    promote(egor)
    work()
    oauth.expire_access_tokens(world, anna.portal, egor.user.id)
    oauth.kill_refresh_tokens(world, anna.portal, egor.user.id)
    forge_uninstall(anna, resources)
    work()

    look_again(resources, world, anna, work, TWO_MINUTES)

    assert state_of(anna, resources) == "installed"
    assert call(resources, anna) == str(anna.user.id)


@pytest.mark.parametrize("fault", ["html", "garbage", "PAYMENT_REQUIRED", "verification_needed"])
def test_an_outage_or_an_unpaid_plan_confirms_nothing_and_is_looked_at_again(
    anna, world, resources, work, fault
):
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token(fault, times=20)
    forge_uninstall(anna, resources)
    work()
    for pause in (TWO_MINUTES, 3600, 24 * 3600):
        look_again(resources, world, anna, work, pause)
        assert state_of(anna, resources) == "uninstalling"

    world.faults.clear()
    look_again(resources, world, anna, work, 24 * 3600)

    assert state_of(anna, resources) == "installed"


def test_refused_keys_that_were_mended_leave_everything_as_it_was(anna, world, resources, work):
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token("invalid_client", times=50)
    forge_uninstall(anna, resources)
    work()
    look_again(resources, world, anna, work, 12 * 3600)
    world.faults.clear()

    look_again(resources, world, anna, work, 12 * 3600)

    assert state_of(anna, resources) == "installed"
