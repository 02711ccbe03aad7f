"""The rate budget: one bucket for a portal, whoever calls."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from redis.connection import AbstractConnection

from b24app import keys
from b24app.actions import tokens
from b24app.actions.portal import open_portal
from b24app.bitrix.rest import Client
from b24app.errors import MethodBlocked
from b24app.records import SYSTEM, Lane, Patience, Rate
from b24app.store import RateBudget
from b24app.store.budget import (
    CREDIT_SECONDS,
    ENTERPRISE,
    NORMAL,
    RECOVERY_SECONDS,
    SELF_HOSTED,
    rate_of,
)

PEOPLE, BULK = Lane.INTERACTIVE, Lane.BULK


@pytest.fixture
def budget(resources):
    return RateBudget(resources.redis, "m" * 32, Rate(leak=2, size=50))


def granted(budget, lane, count):
    return sum(budget.take("profile", lane, 0).granted for _ in range(count))


def test_the_bucket_lets_a_burst_through_and_then_only_what_runs_out(budget):
    assert 47 <= granted(budget, PEOPLE, 80) <= 49


def test_bulk_work_leaves_room_for_people(budget):
    assert 43 <= granted(budget, BULK, 80) <= 45
    assert granted(budget, PEOPLE, 4) == 4


def test_a_person_gets_a_place_in_advance_when_they_can_wait(budget):
    granted(budget, PEOPLE, 60)

    first = budget.take("profile", PEOPLE, 8)
    second = budget.take("profile", PEOPLE, 8)

    assert first.granted and second.granted
    assert 0.3 < second.wait - first.wait < 0.7


def test_a_person_who_would_wait_too_long_takes_no_place(budget):
    granted(budget, PEOPLE, 60)
    for _ in range(20):
        last = budget.take("profile", PEOPLE, 8)

    assert not last.granted and last.wait > 8


def test_many_callers_never_get_more_than_the_bucket_holds(budget):
    with ThreadPoolExecutor(16) as pool:
        permits = list(pool.map(lambda _: budget.take("profile", PEOPLE, 0), range(200)))

    assert sum(permit.granted for permit in permits) <= 49


def test_a_refusal_of_the_portal_counts_the_bucket_as_full_and_narrower(budget):
    budget.narrow()

    permit = budget.take("profile", PEOPLE, 0)

    assert not permit.granted and permit.wait > 1


@pytest.fixture
def own(resources):
    """Two processes at a self-hosted portal, whose owner has set limits of its own."""
    return [RateBudget(resources.redis, "m" * 32, SELF_HOSTED) for _ in range(2)]


def test_where_no_limit_was_known_a_refusal_makes_it_the_usual_one(own):
    mine, other = own
    assert granted(other, PEOPLE, 200) == 200

    mine.narrow()

    assert granted(other, PEOPLE, 20) <= 9, "no more than what was taken ahead"
    first, second = (other.take("scope", PEOPLE, 8) for _ in range(2))
    assert first.granted and first.wait > 1
    assert 0.4 < second.wait - first.wait < 0.6, "two in a second"
    assert not other.take("scope", BULK, 8).granted
    facts = other.look()
    assert facts.level > 0.9 and facts.width == 0.01


def test_where_no_limit_was_known_all_is_as_before_after_a_while(own, resources):
    mine, other = own
    mine.narrow()
    bucket = keys.rate("m" * 32)
    resources.redis.hset(bucket, "since", time.time() - RECOVERY_SECONDS)

    assert mine.look().width == 1
    assert granted(other, BULK, 200) == 200
    assert not resources.redis.hexists(bucket, "narrow")


def test_a_self_hosted_portal_with_limits_of_its_own_refuses_us_once(anna, world, resources):
    anna.install()
    calls = []
    world.limits.bucket = (2.0, 50.0)
    installation = resources.installations.get(anna.portal.member_id)
    rest = Client(
        resources.http,
        installation.client_endpoint,
        member_id=installation.member_id,
        token=tokens.source(resources, installation),
        budget=RateBudget(resources.redis, installation.member_id, SELF_HOSTED),
        patience=Patience(8),
        observe=calls.append,
    )

    for _ in range(53):
        rest.call("profile")

    refused = sum(call.attempts - 1 for call in calls)
    assert refused == 1
    assert {call.outcome for call in calls} == {"ok"}


def test_a_blocked_method_is_blocked_for_everybody_until_its_time(budget, resources):
    budget.block("Imbot.Register", time.time() + 30)
    other = RateBudget(resources.redis, "m" * 32)

    permit = other.take("imbot.register", PEOPLE, 8)

    assert permit.method_blocked and 29 < permit.wait <= 30
    assert other.take("profile", PEOPLE, 8).granted


def test_a_batch_with_a_blocked_method_waits_for_it(budget, resources):
    budget.block("imbot.register", time.time() + 30)
    budget.block("imbot.app.register", time.time() + 60, bulk_only=True)
    other, items = RateBudget(resources.redis, "m" * 32), ["profile", "Imbot.Register"]

    permit = other.take("batch", PEOPLE, 8, items)

    assert permit.method_blocked and 29 < permit.wait <= 30
    assert other.take("batch", PEOPLE, 8, ["profile", "imbot.app.register"]).granted
    permit = other.take("batch", BULK, 8, ["imbot.register", "imbot.app.register"])
    assert permit.method_blocked and 59 < permit.wait <= 60


def test_a_batch_takes_one_request_and_as_few_as_it_may(budget):
    items = ["profile", "scope"]

    assert 43 <= sum(budget.take("batch", BULK, 0, items).granted for _ in range(80)) <= 45
    assert granted(budget, PEOPLE, 4) == 4


def test_what_was_taken_ahead_for_one_batch_is_not_for_another(resources):
    mine, other = (RateBudget(resources.redis, "m" * 32, SELF_HOSTED) for _ in range(2))
    mine.block("imbot.register", time.time() + 30)

    assert other.take("batch", PEOPLE, 8, ["profile"]).granted
    assert other.take("batch", PEOPLE, 8, ["imbot.register"]).method_blocked


def test_a_refused_method_is_blocked_until_the_time_anybody_was_told(budget, resources):
    reset = time.time() + 400
    budget.note({"Imbot.Register": reset, "profile": time.time() + 500})
    other = RateBudget(resources.redis, "m" * 32)

    assert other.refused("imbot.register") == pytest.approx(reset, abs=0.01)
    permit = budget.take("imbot.register", PEOPLE, 8)
    assert permit.method_blocked and 398 < permit.wait <= 400


def test_a_refused_method_of_which_nobody_knows_is_left_alone_for_a_minute(budget):
    budget.note({"profile": time.time() - 1})

    for method in ("profile", "scope"):
        assert budget.refused(method) == pytest.approx(time.time() + 60, abs=2)
        assert 57 < budget.take(method, PEOPLE, 8).wait <= 60


def test_a_second_refusal_does_not_shorten_a_block(budget):
    until = time.time() + 300
    budget.block("profile", until)

    assert budget.refused("profile") == pytest.approx(until, abs=0.01)


@pytest.fixture
def sent(monkeypatch):
    """One entry for each time this process sends something to the store."""
    rows, send = [], AbstractConnection.send_packed_command

    def counted(connection, *args, **options):
        rows.append(args)
        return send(connection, *args, **options)

    monkeypatch.setattr(AbstractConnection, "send_packed_command", counted)
    return rows


def test_a_request_is_one_question_and_a_note_is_sent_only_where_it_is_news(
    budget, resources, sent
):
    reset = time.time() + 400
    RateBudget(resources.redis, "m" * 32).note({"profile": reset, "scope": reset})
    for items in ([], ["profile", "scope"]):
        budget.take("batch" if items else "profile", PEOPLE, 8, items)  # the scripts are known now
    sent.clear()

    budget.take("profile", PEOPLE, 8)
    budget.note({"profile": reset})
    assert len(sent) == 1
    budget.take("batch", PEOPLE, 8, ["profile", "scope"])
    budget.note({"profile": reset, "scope": reset + 0.5})
    assert len(sent) == 2
    budget.note({"profile": reset + 60})
    budget.note({"profile": reset + 60})
    assert len(sent) == 3


def test_a_block_for_bulk_work_lets_people_through(budget):
    budget.block("profile", time.time() + 30, bulk_only=True)

    assert budget.take("profile", BULK, 600).method_blocked
    assert budget.take("profile", PEOPLE, 8).granted


def test_a_block_is_seen_by_who_took_requests_ahead(resources):
    """At a self-hosted portal some requests are granted at once, without asking again."""
    mine, other = (RateBudget(resources.redis, "m" * 32, SELF_HOSTED) for _ in range(2))
    other.take("profile", PEOPLE, 8)
    taken = time.monotonic()

    mine.block("profile", time.time() + 30)
    sent = 0
    while not (permit := other.take("profile", PEOPLE, 8)).method_blocked:
        sent += permit.granted

    assert sent < SELF_HOSTED.size / 1000
    assert mine.take("profile", PEOPLE, 8).method_blocked
    assert sent == 9 or time.monotonic() - taken >= CREDIT_SECONDS


def test_what_was_taken_ahead_is_good_for_a_moment_only(resources):
    mine, other = (RateBudget(resources.redis, "m" * 32, SELF_HOSTED) for _ in range(2))
    other.take("profile", PEOPLE, 8)
    mine.block("profile", time.time() + 30)

    over = time.monotonic() + CREDIT_SECONDS
    while time.monotonic() < over:
        pass

    assert other.take("profile", PEOPLE, 8).method_blocked


def test_what_was_taken_ahead_is_good_for_its_method_and_lane_only(resources):
    mine, other = (RateBudget(resources.redis, "m" * 32, SELF_HOSTED) for _ in range(2))
    mine.block("imbot.register", time.time() + 30)
    mine.block("profile", time.time() + 30, bulk_only=True)

    assert other.take("profile", PEOPLE, 8).granted
    assert other.take("imbot.register", PEOPLE, 8).method_blocked
    assert other.take("profile", BULK, 8).method_blocked


def test_portals_do_not_share_a_bucket(budget, resources):
    granted(budget, PEOPLE, 80)

    assert RateBudget(resources.redis, "n" * 32).take("profile", PEOPLE, 0).granted


@pytest.mark.parametrize(
    ("license_code", "rate"),
    [("de_ent10000", ENTERPRISE), ("en_selfhosted", SELF_HOSTED), ("ru_std", NORMAL), ("", NORMAL)],
)
def test_the_license_says_how_much(license_code, rate):
    assert rate_of(license_code) == rate


def test_a_portal_with_the_real_bucket_never_refuses_us(anna, world, resources):
    anna.install()
    world.limits.bucket = (20.0, 50.0)
    installation = resources.installations.get(anna.portal.member_id)
    rest = Client(
        resources.http,
        installation.client_endpoint,
        member_id=installation.member_id,
        token=tokens.source(resources, installation),
        budget=RateBudget(resources.redis, installation.member_id, Rate(leak=20, size=50)),
        lane=BULK,
    )

    with ThreadPoolExecutor(8) as pool:
        names = list(pool.map(lambda _: rest.call("profile")["ID"], range(120)))

    assert names == ["1"] * 120


@pytest.fixture
def opened(anna, world, resources):
    """Opens Anna's portal as a process of its own would, where calls take a while."""
    anna.install()
    world.faults.rest_delay = 0.15  # only what takes longer than a tenth of a second counts

    def opening():
        return open_portal(resources, anna.portal.member_id, SYSTEM, patience=Patience(2)).rest

    return opening


def test_a_method_blocked_by_the_portal_is_left_alone_by_all_until_it_said(opened, anna, world):
    """Also by who was never told the time, and also within a batch."""
    opened().call("scope")
    world.limits.operating = 0.1

    with pytest.raises(MethodBlocked) as blocked:
        opened().call("scope")
    calls = len(anna.portal.rest_log)

    assert 500 < blocked.value.reset_at - world.now() <= 600
    with pytest.raises(MethodBlocked) as told:
        opened().call("scope")
    with pytest.raises(MethodBlocked):
        opened().batch_all({"a": "profile", "b": "scope"})
    assert told.value.reset_at == pytest.approx(blocked.value.reset_at, abs=2)
    assert len(anna.portal.rest_log) == calls
    assert opened().batch_all({"a": "profile"}).errors == {}


def test_an_item_blocked_by_the_portal_is_left_alone_by_all_until_it_said(opened, anna, world):
    opened().call("scope")
    world.limits.operating = 0.1

    answer = opened().batch_all({"a": "user.admin", "b": "scope"})
    calls = len(anna.portal.rest_log)

    assert 500 < answer.errors["b"].reset_at - world.now() <= 600
    with pytest.raises(MethodBlocked):
        opened().call("scope")
    assert len(anna.portal.rest_log) == calls
