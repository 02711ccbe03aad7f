"""POST /events: proven, accepted, and done once."""

import time
from itertools import count

import pytest
import requests

from b24app import jobs, keys
from b24app.records import Outcome
from b24app.store.inbox import CLAIMS, MOST_CLAIMS, MOST_CLAIMS_OF_ONE
from b24app.store.sightings import Sightings
from sandbox import oauth

both_profiles = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


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


def install_event(person, world, **changes):
    """What the portal's queue would send: an administrator's tokens, no frame before it."""
    grant = oauth.mint(world, person.portal, person.user.id)
    body = {
        "event": "ONAPPINSTALL",
        "data[VERSION]": "1",
        "data[LANGUAGE_ID]": "en",
        "ts": str(int(time.time())),
        "auth[access_token]": grant.access,
        "auth[refresh_token]": grant.refresh,
        "auth[expires_in]": "3600",
        "auth[domain]": person.portal.host,
        "auth[server_endpoint]": f"http://{world.auth_host}/rest/",
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": "1" * 32,
    }
    return body | changes


def done(person, resources):
    """How many events of each name were done for this person's portal."""
    return {name: count for name, (count, _) in resources.inbox.tally(member(person)).items()}


def member(person):
    return person.portal.member_id


def keys_of(person, resources):
    return [key for key in resources.redis.scan_iter() if person.portal.member_id in key]


def test_an_event_that_fails_is_tried_again(anna, world, resources, work):
    anna.install()
    work()
    anna.portal.bindings.clear()
    world.faults.order("html", "batch", times=4)
    token = application_token(anna, resources)
    post_event(anna, uninstall_event(anna, token) | {"event": "ONAPPUPDATE"})
    work()
    assert anna.portal.bindings == []

    resources.inbox.hurry(member(anna))
    jobs.look_around(resources)
    work()

    assert "ONAPPUNINSTALL" in {binding.event for binding in anna.portal.bindings}
    assert done(anna, resources)["ONAPPUPDATE"] == 1


@both_profiles
def test_an_event_with_a_wrong_application_token_is_refused(anna, resources, work):
    anna.install()
    work()

    reply = post_event(anna, uninstall_event(anna, "0" * 32))

    assert reply.status_code == 403
    assert reply.text == ""
    assert resources.queue.count == 0


@both_profiles
def test_an_event_of_an_unknown_portal_is_refused(anna, resources):
    reply = post_event(anna, uninstall_event(anna, "0" * 32))

    assert reply.status_code == 403


def test_an_unknown_event_is_accepted_and_only_counted(anna, world, resources, work):
    anna.install()
    event = uninstall_event(anna, application_token(anna, resources)) | {"event": "ONSOMETHING"}
    work()
    calls = len(anna.portal.rest_log)

    reply = post_event(anna, event)
    work()

    assert reply.status_code == 200
    assert done(anna, resources)["ONSOMETHING"] == 1
    assert len(anna.portal.rest_log) == calls


@both_profiles
def test_an_event_sent_twice_is_accepted_twice_and_done_once(anna, world, resources, work):
    anna.install()
    work()
    world.faults.order_event("twice", "ONAPPUPDATE")
    anna.at_portal("/apps/update", {})
    assert world.drain()

    work()

    assert done(anna, resources)["ONAPPUPDATE"] == 1


@both_profiles
def test_an_event_recorded_and_sent_again_later_is_not_done_again(anna, resources, work):
    anna.install()
    event = uninstall_event(anna, application_token(anna, resources)) | {"event": "ONSOMETHING"}
    post_event(anna, event)
    work()

    reply = post_event(anna, event)
    work()

    assert reply.status_code == 200
    assert done(anna, resources)["ONSOMETHING"] == 1


@both_profiles
def test_nothing_is_asked_of_anybody_while_an_event_is_taken_in(anna, world, resources):
    """Slow or dead servers do not slow the queue down: proving is the worker's work."""
    anna.at_portal("/apps/install", {})
    event = install_event(anna, world)
    calls = len(anna.portal.rest_log)

    reply = post_event(anna, event)

    assert reply.status_code == 200
    assert len(anna.portal.rest_log) == calls
    assert resources.installations.member_ids() == []


@both_profiles
def test_an_install_event_is_proven_by_the_worker(anna, world, resources, work):
    anna.at_portal("/apps/install", {})
    post_event(anna, install_event(anna, world))

    work()

    assert application_token(anna, resources) == "1" * 32
    assert done(anna, resources)["ONAPPINSTALL"] == 1
    assert keys_of_claims(resources) == []


def keys_of_claims(resources):
    return [
        key
        for key in resources.redis.scan_iter(f"{keys.portal_prefix(CLAIMS)}*")
        if not key.endswith(":events")
    ]


@pytest.mark.parametrize(
    "spoiled", [{"auth[access_token]": "made-up"}, {"auth[member_id]": "f" * 32}]
)
@both_profiles
def test_an_install_event_that_proves_nothing_leaves_nothing(anna, world, resources, work, spoiled):
    anna.at_portal("/apps/install", {})
    post_event(anna, install_event(anna, world, **spoiled))

    work()

    assert resources.installations.member_ids() == []
    assert keys_of_claims(resources) == []
    assert keys_of(anna, resources) == []


@both_profiles
def test_an_employee_cannot_install_by_an_event(anna, egor, world, resources, work):
    anna.at_portal("/apps/install", {})
    post_event(anna, install_event(egor, world))

    work()

    assert resources.installations.member_ids() == []


@both_profiles
def test_an_unproven_event_of_an_installed_portal_changes_nothing(anna, world, resources, work):
    anna.install()
    before = application_token(anna, resources)
    post_event(anna, install_event(anna, world) | {"auth[access_token]": "made-up"})

    work()

    assert application_token(anna, resources) == before


def test_a_flood_of_unproven_events_does_not_keep_the_true_one_away(anna, world, resources, work):
    """A few of one portal wait to be proven; one more puts the oldest out."""
    anna.at_portal("/apps/install", {})
    made_up = {"auth[access_token]": "made-up"}
    forged = [install_event(anna, world, ts=str(number), **made_up) for number in range(9)]

    codes = [post_event(anna, event).status_code for event in forged]
    codes.append(post_event(anna, install_event(anna, world)).status_code)

    assert set(codes) == {200}
    assert len(resources.inbox.first(CLAIMS, 100)) == MOST_CLAIMS_OF_ONE
    work()
    assert application_token(anna, resources) == "1" * 32
    assert keys_of_claims(resources) == []


def test_it_waits_for_its_proof_while_forged_ones_fill_an_outage(anna, world, resources, work):
    """The forged ones came first and wait for their next try; they hold no place."""
    anna.at_portal("/apps/install", {})
    world.faults.order("html", "oauth/app.info", times=40)
    for number in range(MOST_CLAIMS_OF_ONE):
        made_up = {"auth[access_token]": f"made-up-{number}"}
        post_event(anna, install_event(anna, world, **made_up))
    work()
    assert resources.inbox.first(CLAIMS, 9) == []

    assert post_event(anna, install_event(anna, world)).status_code == 200
    world.faults.clear()
    work()

    assert application_token(anna, resources) == "1" * 32


def test_unproven_events_that_make_room_are_seen_by_those_who_look_after_the_portal(
    anna, world, resources, work, app
):
    anna.install()
    work()
    for number in range(MOST_CLAIMS_OF_ONE + 2):
        made_up = {"auth[access_token]": f"made-up-{number}"}
        post_event(anna, install_event(anna, world, **made_up))

    seen = Sightings(resources.redis, member(anna)).look().sightings
    told = app.test_cli_runner().invoke(args=["portals", "doctor", anna.portal.host]).output

    assert [one.name for one in seen if one.outcome is Outcome.REFUSED] == ["ONAPPINSTALL"] * 2
    assert "ONAPPINSTALL REFUSED" in told


def test_when_too_many_unproven_events_wait_in_all_there_is_no_room_for_now(anna, app, resources):
    """503 and no refusal: it may well be true. A portal that has its places goes on."""
    events, web = count(), app.test_client()

    def send(portal: int) -> int:
        fields = {"auth[access_token]": "made-up", "auth[member_id]": f"{portal:032x}"}
        body = install_event_of(next(events), **fields)
        return web.post("/events", data=body).status_code

    codes = [send(number // MOST_CLAIMS_OF_ONE) for number in range(MOST_CLAIMS)]

    assert set(codes) == {200}
    assert send(900) == 503
    assert send(0) == 200
    assert len(resources.inbox.first(CLAIMS, 2 * MOST_CLAIMS)) == MOST_CLAIMS


def install_event_of(number, **changes):
    """An install event that nobody can prove."""
    return {
        "event": "ONAPPINSTALL",
        "ts": str(number),
        "auth[access_token]": "made-up",
        "auth[member_id]": "0" * 32,
        "auth[application_token]": "1" * 32,
    } | changes


def test_an_unproven_event_of_a_size_no_true_one_has_is_refused(anna, world, resources):
    event = install_event(anna, world) | {"data[x]": "x" * 20_000}

    assert post_event(anna, event).status_code == 403
    assert keys_of_claims(resources) == []


def test_an_authorization_server_that_is_away_delays_the_proof(anna, world, resources, work):
    anna.at_portal("/apps/install", {})
    event = install_event(anna, world)
    world.faults.order("html", "oauth/app.info", times=8)
    post_event(anna, event)
    work()
    assert resources.installations.member_ids() == []

    world.faults.clear()
    resources.inbox.hurry(CLAIMS)
    jobs.look_around(resources)
    work()

    assert resources.installations.member_ids() == [member(anna)]


@both_profiles
def test_an_older_install_event_that_comes_late_does_not_bring_back_its_token(
    anna, world, resources, work
):
    """Order is not guaranteed: the newer event's application token is the one that counts."""
    anna.at_portal("/apps/install", {})
    now = int(time.time())
    newer = install_event(anna, world, ts=str(now)) | {"auth[application_token]": "2" * 32}
    post_event(anna, newer)
    work()

    post_event(anna, install_event(anna, world, ts=str(now - 60)))
    work()

    assert application_token(anna, resources) == "2" * 32


@both_profiles
def test_an_uninstall_that_overtakes_its_install_removes_nothing(anna, world, resources, work):
    anna.at_portal("/apps/install", {})

    early = post_event(anna, uninstall_event(anna, "1" * 32))
    post_event(anna, install_event(anna, world))
    work()

    assert early.status_code == 403
    assert resources.installations.member_ids() == [member(anna)]


def test_after_an_update_the_events_are_bound_again(anna, world, work):
    anna.install()
    anna.at_portal("/apps/update", {})
    assert world.drain()

    work()

    assert "ONAPPUNINSTALL" in {binding.event for binding in anna.portal.bindings}


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
