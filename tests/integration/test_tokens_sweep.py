"""Refresh tokens that nobody uses are renewed before they end, spares too, and nothing else is."""

from dataclasses import replace
from itertools import pairwise

import pytest

from b24app.actions.keep_alive import sweep
from b24app.records import Chain, ChainState, Tokens
from b24app.resources import open_resources
from sandbox import oauth
from tests.integration.chains import (
    HOUR,
    call,
    chain_of,
    grow_old,
    let_pass,
    promote,
    state_of,
)

DAY = 24 * HOUR
DUE = "b24app:due"


@pytest.fixture
def idle(anna, egor, boris, world, resources):
    """Aurora with a spare chain has been idle for 130 days, Borealis for one."""
    anna.install()
    promote(egor)
    anna.open()
    let_pass(resources, world, anna, 130 * DAY)
    boris.install()
    return anna


def test_only_what_is_due_is_renewed_and_spares_are(idle, egor, boris, world, resources):
    young = chain_of(resources, boris)

    assert sweep(resources, 100) == 2

    assert world.renewals == 2
    assert chain_of(resources, egor).version != 0
    assert chain_of(resources, boris) == young
    assert sweep(resources, 100) == 0


def test_which_chain_is_in_use_does_not_change(idle, resources):
    sweep(resources, 100)

    assert call(resources, idle) == "1"


def test_after_a_year_of_sweeps_an_idle_portal_still_has_access(idle, world, resources):
    for _ in range(8):
        sweep(resources, 100)
        let_pass(resources, world, idle, 50 * DAY)

    assert call(resources, idle) == "1"


def test_a_sweep_does_at_most_what_it_is_told(idle, resources):
    assert sweep(resources, 1) == 1
    assert sweep(resources, 1) == 1
    assert sweep(resources, 1) == 0


def test_what_was_renewed_by_use_is_not_due_any_more(idle, egor, world, resources):
    call(resources, idle)

    assert sweep(resources, 100) == 1

    assert world.renewals == 2


def test_what_a_sweep_could_not_renew_comes_again_behind_what_it_kept_waiting(
    idle, world, resources
):
    world.faults.order_token("garbage", times=2)

    assert sweep(resources, 100) == 0
    assert sweep(resources, 100) == 0
    let_pass(resources, world, idle, HOUR)
    assert sweep(resources, 100) == 1
    let_pass(resources, world, idle, HOUR)

    assert sweep(resources, 100) == 1


def test_a_chain_whose_keys_are_refused_keeps_no_other_from_its_turn(idle, boris, world, resources):
    """Some servers say so of a portal that has uninstalled us."""
    grow_old(resources, boris, 120 * DAY)
    for name in resources.redis.zrange(DUE, 0, -1):
        last = name.startswith(boris.portal.member_id)
        resources.redis.zadd(DUE, {name: int(last)})
    world.faults.order_token("invalid_client")

    assert sweep(resources, 100) == 1

    assert chain_of(resources, boris).issued_at > chain_of(resources, idle).issued_at


def test_an_authorization_server_that_is_down_keeps_nobody_of_another_waiting(
    idle, boris, world, resources, settings
):
    grow_old(resources, boris, 130 * DAY)
    down = "http://127.0.0.1:9"
    both = open_resources(replace(settings, auth_servers=(*settings.auth_servers, down)))
    known = both.installations.get(idle.portal.member_id)
    both.installations.update(known, replace(known, server_endpoint=f"{down}/rest/"))

    assert sweep(both, 100) == 1

    assert chain_of(both, boris).issued_at > chain_of(both, idle).issued_at
    both.redis.close()
    both.queue.connection.close()
    both.http.clear()


def test_an_unpaid_portal_is_asked_once_a_day(idle, world, resources):
    world.faults.order_token("PAYMENT_REQUIRED", times=2)

    assert sweep(resources, 100) == 0
    let_pass(resources, world, idle, 2 * HOUR)
    assert sweep(resources, 100) == 0
    let_pass(resources, world, idle, DAY)

    assert sweep(resources, 100) == 2


def test_one_odd_answer_takes_no_chain_from_the_list(idle, world, resources):
    world.faults.order_token("invalid_grant")
    assert sweep(resources, 100) == 1

    let_pass(resources, world, idle, DAY)

    assert sweep(resources, 100) == 1
    chains = resources.installations.ledger.read(idle.portal.member_id).chains
    assert [facts.living for facts in chains] == [True, True]


def test_a_dead_chain_is_tried_ever_later_and_leaves_the_list_when_its_time_is_over(
    idle, egor, world, resources
):
    oauth.kill_refresh_tokens(world, idle.portal, egor.user.id)
    tries = []
    for day in range(70):
        sweep(resources, 100)
        if world.refused_renewals > len(tries):
            tries.append(day)
        let_pass(resources, world, idle, DAY + 10)

    assert tries[:2] == [0, 1] and 5 <= len(tries) <= 7
    distances = [later - earlier for earlier, later in pairwise(tries)]
    assert distances == sorted(distances) and distances[-1] > 10
    names = resources.redis.zrange(DUE, 0, -1)
    assert f"{idle.portal.member_id} {egor.user.id}" not in names


def test_a_sweep_with_the_wrong_keys_strikes_nothing_out(idle, world, resources, settings):
    wrong = open_resources(replace(settings, token_keys=(b"n" * 32,)))
    assert sweep(wrong, 100) == 0
    assert state_of(resources, idle) is ChainState.UNREADABLE

    let_pass(resources, world, idle, DAY + 10)

    assert sweep(resources, 100) == 2
    wrong.redis.close()
    wrong.queue.connection.close()
    wrong.http.clear()


def test_a_person_the_portal_has_shut_out_is_not_renewed(idle, egor, world, resources):
    """A new pair would only look as if there was access."""
    idle.user.is_active = False
    assert call(resources, idle) == "2"
    let_pass(resources, world, idle, 30 * DAY)
    spent = world.renewals

    assert sweep(resources, 100) == 0

    assert (world.renewals, state_of(resources, idle)) == (spent, ChainState.DEAD)
    names = resources.redis.zrange(DUE, 0, -1)
    assert f"{idle.portal.member_id} {idle.user.id}" in names


def test_a_removed_portal_is_due_no_more(idle, boris, resources):
    resources.installations.remove_secrets(idle.portal.member_id)

    assert resources.redis.zrange(DUE, 0, -1) == [f"{boris.portal.member_id} 1"]


def test_a_line_without_its_chain_is_struck_out(idle, resources):
    resources.redis.zadd(DUE, {f"{'0' * 32} 7": 1, f"{idle.portal.member_id} 99": 1})

    sweep(resources, 2)

    assert resources.redis.zcard(DUE) == 3


def test_renewals_are_spread_over_two_weeks(anna, resources):
    anna.install()
    known = resources.installations.get(anna.portal.member_id)
    for user_id in range(100, 200):
        member_id = f"{known.member_id[:-3]}{user_id}"
        resources.installations.save(replace(known, member_id=member_id))
        pair = Tokens("access", "refresh", 2**31)
        resources.installations.keep_chain(member_id, Chain(user_id, pair, 1))

    moments = [moment for _, moment in resources.redis.zrange(DUE, 0, -1, withscores=True)]

    assert 10 * DAY < max(moments) - min(moments) <= 14 * DAY
