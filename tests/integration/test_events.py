"""POST /events: proven, accepted, and an uninstall confirmed before anything goes."""

import pytest
import requests

from b24app import jobs
from sandbox import oauth
from tests.cast import typed


def post_event(person, body, **kwargs):
    return requests.post(person.app_url + "/events", data=body, timeout=10, **kwargs)


def uninstall_event(person, token, clean="1"):
    return {
        "event": "ONAPPUNINSTALL",
        "data[LANGUAGE_ID]": "en",
        "data[CLEAN]": clean,
        "ts": "1696527000",
        "auth[domain]": person.portal.host,
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": token,
    }


def application_token(person, resources):
    return resources.installations.get(person.portal.member_id).application_token


def keys_of(person, resources):
    return [key for key in resources.redis.scan_iter() if person.portal.member_id in key]


def test_uninstalling_in_the_portal_removes_everything_of_it(anna, boris, world, resources, work):
    anna.install()
    boris.install()
    anna.at_portal("/apps/uninstall", {"clean": "1"})
    assert world.drain()

    work()

    assert keys_of(anna, resources) == []
    assert resources.installations.member_ids() == [boris.portal.member_id]


def test_uninstalling_without_cleaning_keeps_what_was_made_but_no_secret(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    anna.at_portal("/apps/uninstall", {})
    assert world.drain()

    work()

    kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
    assert kept - {"rate"} == {"bots", "chat-apps", "history"}  # the rate runs out by itself


def test_after_a_reinstall_the_list_says_what_is_not_there_and_republishing_brings_it_back(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    [old] = anna.chat_apps()
    anna.at_portal("/apps/uninstall", {})
    assert world.drain()
    work()

    anna.install()
    assert anna.chat_apps() == []
    assert "Not on the portal" in anna.get("/chat-apps").text
    reply = anna.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    [new] = anna.chat_apps()
    assert new.lang == old.lang
    assert "Not on the portal" not in anna.get("/chat-apps").text


def test_a_forged_uninstall_changes_nothing(anna, resources, work, app):
    """Every employee can read the application token in the frame; it alone never deletes."""
    anna.install()
    token = application_token(anna, resources)

    reply = post_event(anna, uninstall_event(anna, token))
    work()
    with app.app_context():
        installed_at = resources.installations.get(anna.portal.member_id).installed_at
        jobs.confirm_uninstall(anna.portal.member_id, installed_at, 1, len(jobs.PAUSES))

    assert reply.status_code == 200
    assert resources.installations.get(anna.portal.member_id)
    assert resources.counters.all()[("uninstalls", "unconfirmed")] == 1


def test_a_forged_uninstall_while_all_chains_are_dead_costs_no_work(anna, world, resources, work):
    """Nobody says why the chains are dead: only the secrets go, and Anna is taken in again."""
    anna.install()
    anna.post("/chat-apps", typed())
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    post_event(anna, uninstall_event(anna, application_token(anna, resources)))

    work()

    assert anna.open().status_code == 200
    assert "Board" in anna.get("/chat-apps").text
    assert resources.installations.get(anna.portal.member_id).application_token


def test_a_flood_of_forged_uninstalls_spends_no_token(anna, world, resources, work):
    anna.install()
    token = application_token(anna, resources)

    for _ in range(5):
        post_event(anna, uninstall_event(anna, token))
    assert resources.queue.count == 1
    work()

    assert world.renewals == 0


def test_a_job_that_fails_is_run_again(anna, world, resources, work):
    anna.install()
    world.faults.order("html", "batch", times=4)
    token = application_token(anna, resources)
    post_event(anna, uninstall_event(anna, token) | {"event": "ONAPPUPDATE"})

    work()

    assert resources.queue.scheduled_job_registry.count == 1


def test_an_event_with_a_wrong_application_token_is_refused(anna, resources):
    anna.install()

    reply = post_event(anna, uninstall_event(anna, "0" * 32))

    assert reply.status_code == 403
    assert reply.text == ""
    assert resources.queue.count == 0


def test_an_event_of_an_unknown_portal_is_refused(anna, resources):
    reply = post_event(anna, uninstall_event(anna, "0" * 32))

    assert reply.status_code == 403


def test_an_unknown_event_is_accepted_and_does_nothing(anna, resources):
    anna.install()
    event = uninstall_event(anna, application_token(anna, resources)) | {"event": "ONSOMETHING"}

    reply = post_event(anna, event)

    assert reply.status_code == 200
    assert resources.queue.count == 0


def test_after_an_update_the_events_are_bound_again(anna, world, work):
    anna.install()
    anna.at_portal("/apps/update", {})
    assert world.drain()

    work()

    assert "ONAPPUNINSTALL" in {binding.event for binding in anna.portal.bindings}


def test_a_reinstall_is_not_removed_by_a_late_confirmation(anna, world, resources, app):
    anna.install()
    first = resources.installations.get(anna.portal.member_id).installed_at

    with app.app_context():
        jobs.confirm_uninstall(anna.portal.member_id, first - 100, 1)

    assert resources.installations.get(anna.portal.member_id)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"event=X", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"event=X&auth=1", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"event=X&auth[[a]=1", {"Content-Type": "application/x-www-form-urlencoded"}),
        (b"{}", {"Content-Type": "application/json"}),
        (b"\xff\xfe", {}),
    ],
)
def test_a_malformed_event_is_a_400(anna, body, headers):
    reply = requests.post(anna.app_url + "/events", data=body, headers=headers, timeout=10)

    assert reply.status_code == 400


def test_an_event_over_a_megabyte_is_a_413(anna):
    reply = post_event(anna, {"event": "X", "data": "x" * 1_100_000})

    assert reply.status_code == 413
