"""An uninstall: confirmed before anything goes, and then everything really goes."""

import logging
import time

import pytest

from b24app import jobs, keys
from b24app.actions import leaving
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from sandbox import oauth
from tests.cast import typed
from tests.integration.chains import call, promote
from tests.integration.life import (
    forge_uninstall,
    keys_of,
    later,
    look_again,
    state_of,
    story,
    uninstall,
)

both_profiles = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

TWO_MINUTES = 120
# Where the fields stand in a chain's text.
PLACES = {"state": 1, "sealed": 4, "since": 6, "tried": 7, "reason": 8}


def everything_stored(client) -> str:
    """All keys of a Redis with all they hold, as one text."""
    parts = []
    for key in client.scan_iter():
        kind = client.type(key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        read = {
            "string": client.get,
            "hash": client.hgetall,
            "set": client.smembers,
            "list": lambda name: client.lrange(name, 0, -1),
            "zset": lambda name: client.zrange(name, 0, -1),
            "stream": client.xrange,
        }[kind]
        parts.append(f"{key} {read(key)}")
    return "\n".join(parts)


@both_profiles
def test_after_an_uninstall_nothing_of_the_portal_is_left_anywhere(
    anna, egor, boris, world, resources, work
):
    """Complaint: a reinstall that breaks because the uninstall left data behind."""
    anna.install()
    boris.install()
    promote(egor)
    anna.post("/chat-apps", typed())
    work()
    resources.enqueue(jobs.resubscribe, anna.portal.member_id, after=3600)
    uninstall(anna)

    work()

    assert keys_of(anna, resources) == []
    assert resources.installations.member_ids() == [boris.portal.member_id]
    for client in (resources.redis, resources.queue.connection):
        stored = everything_stored(client)
        assert boris.portal.member_id in stored
        assert anna.portal.member_id not in stored


@both_profiles
def test_jobs_of_the_portal_leave_the_queue_with_it(anna, world, resources, work):
    anna.install()
    work()
    member_id = anna.portal.member_id
    resources.queue.enqueue("b24app.jobs.no_such_job", member_id)
    work()  # it fails for good
    resources.enqueue(jobs.resubscribe, member_id, after=60)
    assert resources.queue.failed_job_registry.count == 1
    uninstall(anna)

    work()

    assert resources.queue.failed_job_registry.count == 0
    assert resources.queue.scheduled_job_registry.count == 0


def test_uninstalling_without_cleaning_keeps_what_was_made_but_no_secret(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    uninstall(anna, clean=False)

    work()

    kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
    assert kept - {"rate"} == {"bots", "chat-apps", "history", "people"}  # the rate runs out
    assert story(anna, resources)[-1] == ("gone", "")


def test_after_a_reinstall_the_list_says_what_is_not_there_and_republishing_brings_it_back(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    [old] = anna.chat_apps()
    uninstall(anna, clean=False)
    work()

    anna.install()
    assert anna.chat_apps() == []
    assert "Not on the portal" in anna.get("/chat-apps").text
    reply = anna.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    [new] = anna.chat_apps()
    assert new.lang == old.lang
    assert "Not on the portal" not in anna.get("/chat-apps").text


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


def spoil(resources, person, **changes: str) -> None:
    """The person's chain stands like this from now on."""
    name, user = keys.chains(person.portal.member_id), str(person.user.id)
    parts = resources.redis.hget(name, user).split("|", 9)
    now = str(int(time.time()))
    for field, place in PLACES.items():
        parts[place] = changes.get(field, now if field in ("since", "tried") else parts[place])
    resources.redis.hset(name, user, "|".join(parts))


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


@both_profiles
def test_a_late_confirmation_does_not_remove_a_newer_install(anna, world, resources, work):
    anna.install()
    work()
    world.faults.order("html", "oauth/app.info", times=1)
    uninstall(anna)
    work()
    assert state_of(anna, resources) == "uninstalling"

    anna.install()
    work()
    look_again(resources, world, anna, work, 24 * 3600)

    assert state_of(anna, resources) == "installed"
    assert anna.open().status_code == 200
    assert resources.installations.chains(anna.portal.member_id)


@both_profiles
def test_a_confirmation_overtaken_by_an_install_changes_nothing(anna, world, resources, work):
    """It has heard its word, and stood still while the portal was installed again."""
    anna.install()
    work()
    forge_uninstall(anna, resources)
    work()
    departure = resources.installations.departures.read(anna.portal.member_id)
    again(anna)

    assert not resources.installations.remove(anna.portal.member_id, departure.id)
    assert not resources.installations.remove_secrets(anna.portal.member_id, departure.id)
    assert anna.open().status_code == 200


def again(person) -> None:
    """The install page is opened in the frame once more."""
    form = person.frame_form()
    form.url = form.url.replace("/?", "/install?")
    assert person.send(form).status_code == 200


def test_whether_everything_goes_is_what_the_portal_has_said_each_time(
    anna, world, resources, work
):
    """An event that asks for more, sent beside the true one, deletes nothing more."""
    anna.install()
    anna.post("/chat-apps", typed())
    work()
    forge_uninstall(anna, resources)
    uninstall(anna, clean=False)

    work()
    look_again(resources, world, anna, work, TWO_MINUTES)

    kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
    assert {"bots", "chat-apps", "history"} <= kept


def test_an_edit_under_way_leaves_nothing_behind(anna, world, resources, work):
    anna.install()
    work()
    later(resources, world, anna, 0)
    store = open_portal(resources, anna.portal.member_id, SYSTEM).store
    with store.editing():
        store.begin_registration("half-done")
        uninstall(anna)

    work()

    assert keys_of(anna, resources) == []
