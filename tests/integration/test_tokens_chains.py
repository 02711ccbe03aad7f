"""Several administrators, several chains: one is in use, the others stand in when it dies."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qsl, urlsplit

import pytest

from b24app.actions.installs import admit
from b24app.actions.proof import claim_of_frame
from b24app.bitrix.inbound import read_frame
from b24app.errors import AuthorizationLost, AuthServerUnreachable
from b24app.records import Chain, ChainState, Tokens
from sandbox import oauth
from tests.integration.chains import (
    HOUR,
    call,
    chain_of,
    let_pass,
    promote,
    state_of,
    until,
)

ANNA, EGOR = "1", "2"


def claim(person):
    """What the portal posts when the person opens the application."""
    form = person.frame_form()
    query = dict(parse_qsl(urlsplit(form.url).query))
    return claim_of_frame(read_frame(query, form.fields))


@pytest.fixture
def both(anna, egor):
    """Anna has installed the application, then Egor has opened it, then Anna again."""
    anna.install()
    promote(egor)
    anna.open()
    return anna, egor


def test_each_administrator_leaves_a_chain_and_the_newest_proven_is_used(both, resources):
    anna, egor = both

    assert state_of(resources, anna) is ChainState.ALIVE
    assert state_of(resources, egor) is ChainState.SPARE
    assert chain_of(resources, egor).name == "Egor Lindt"
    assert call(resources, anna) == ANNA


def test_at_most_five_chains_are_kept_and_the_oldest_go(anna, resources):
    anna.install()
    member_id = anna.portal.member_id
    for user_id in range(11, 18):
        pair = Tokens(f"access {user_id}", f"refresh {user_id}", 2**31)
        resources.installations.keep_chain(member_id, Chain(user_id, pair, user_id))

    kept = [chain.user_id for chain in resources.installations.chains(member_id)]

    assert kept == [17, 1, 16, 15, 14]  # Anna's was proven last, the numbers are the years before
    due = resources.redis.zrange("b24app:due", 0, -1)
    assert sorted(due) == sorted(f"{member_id} {user_id}" for user_id in kept)


def test_when_a_chain_dies_the_next_takes_over_in_the_same_call(both, world, resources):
    anna, egor = both
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal, anna.user.id)

    assert call(resources, anna) == EGOR

    dead = chain_of(resources, anna)
    assert (dead.state, dead.reason) == (ChainState.DEAD, "invalid_grant")
    assert state_of(resources, egor) is ChainState.ALIVE


def test_a_spare_whose_token_is_still_good_is_used_without_spending_it(both, world, resources):
    anna, _ = both
    oauth.expire_access_tokens(world, anna.portal, anna.user.id)
    oauth.kill_refresh_tokens(world, anna.portal, anna.user.id)

    assert call(resources, anna) == EGOR

    assert world.renewals == 0


def test_when_a_person_is_dismissed_the_next_takes_over_in_the_same_call(both, world, resources):
    """The portal refuses Anna's access at once, long before its hour is over."""
    anna, _ = both
    anna.user.is_active = False

    assert call(resources, anna) == EGOR

    dead = chain_of(resources, anna)
    assert (dead.state, dead.reason) == (ChainState.DEAD, "authorization_error")
    assert world.renewals == 0


def test_a_dismissed_person_who_was_the_last_is_told_as_such(anna, resources):
    anna.install()
    anna.user.is_active = False

    for _ in range(2):
        with pytest.raises(AuthorizationLost) as lost:
            call(resources, anna)
        assert lost.value.reason == "authorization_error"


def test_a_living_chain_is_never_bothered_for_a_dead_one(both, world, resources):
    anna, egor = both
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal, anna.user.id)
    call(resources, anna)
    let_pass(resources, world, anna, 2 * HOUR)

    assert call(resources, egor) == EGOR

    assert world.refused_renewals == 1


def test_a_dead_chain_is_not_tried_again_within_a_minute(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal)

    for _ in range(3):
        with pytest.raises(AuthorizationLost):
            call(resources, anna)
    assert world.refused_renewals == 1
    let_pass(resources, world, anna, 61)
    with pytest.raises(AuthorizationLost):
        call(resources, anna)

    assert world.refused_renewals == 2


def test_one_odd_answer_bricks_no_portal(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("invalid_grant")
    with pytest.raises(AuthorizationLost):
        call(resources, anna)

    let_pass(resources, world, anna, 61)

    assert call(resources, anna) == ANNA
    assert state_of(resources, anna) is ChainState.ALIVE


def test_a_dead_chain_keeps_the_moment_it_died(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal)
    with pytest.raises(AuthorizationLost):
        call(resources, anna)
    let_pass(resources, world, anna, 100)
    died = chain_of(resources, anna).since

    with pytest.raises(AuthorizationLost):
        call(resources, anna)

    facts = chain_of(resources, anna)
    assert facts.since == died
    assert facts.tried_at > died


def test_the_next_administrator_who_opens_heals_it_and_is_told(anna, egor, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal)
    with pytest.raises(AuthorizationLost):
        call(resources, anna)
    assert resources.installations.ledger.read(anna.portal.member_id).waiting
    egor.user.is_admin = True

    assert admit(resources, claim(egor)).healed
    assert not admit(resources, claim(egor)).healed

    assert call(resources, anna) == EGOR
    assert not resources.installations.ledger.read(anna.portal.member_id).waiting


def test_a_page_that_is_loaded_again_after_a_renewal_brings_no_spent_pair_back(
    anna, world, resources
):
    """Its access token lives for some seconds still, so who it is can be proven."""
    anna.install()
    shown = claim(anna)
    admit(resources, shown)
    let_pass(resources, world, anna, HOUR - 50)
    call(resources, anna)
    renewed = chain_of(resources, anna)

    admit(resources, shown)

    assert chain_of(resources, anna).version == renewed.version
    assert chain_of(resources, anna).sealed == renewed.sealed
    let_pass(resources, world, anna, HOUR)
    assert call(resources, anna) == ANNA
    assert (world.renewals, world.refused_renewals) == (2, 0)


def test_a_page_that_is_loaded_again_during_a_renewal_does_not_throw_its_pair_away(
    anna, world, resources
):
    anna.install()
    shown = claim(anna)
    admit(resources, shown)
    let_pass(resources, world, anna, HOUR - 50)
    world.faults.token_delay = 0.5
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(call, resources, anna)
        until(lambda: chain_of(resources, anna).intent)
        admit(resources, shown)
        assert chain_of(resources, anna).intent

        assert called.result() == ANNA

    let_pass(resources, world, anna, HOUR)
    assert call(resources, anna) == ANNA
    assert (world.renewals, world.refused_renewals) == (2, 0)


def test_a_lost_answer_is_no_loss_where_the_old_token_is_taken_again(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.lenient_refresh = True
    world.faults.order_token("lost")

    assert call(resources, anna) == ANNA


def test_an_answer_lost_with_a_spare_at_hand_goes_unnoticed(both, world, resources):
    anna, _ = both
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("lost")

    assert call(resources, anna) == EGOR

    assert (chain_of(resources, anna).state, chain_of(resources, anna).reason) == (
        ChainState.SPENT,
        "spent",
    )


def test_an_answer_lost_without_a_spare_is_told_and_healed_by_opening(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("lost")
    with pytest.raises(AuthorizationLost) as lost:
        call(resources, anna)
    assert lost.value.reason == "spent"

    anna.open()

    assert call(resources, anna) == ANNA


def test_a_request_that_never_came_through_costs_nothing(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("drop", times=2)

    with pytest.raises(AuthServerUnreachable):
        call(resources, anna)

    assert state_of(resources, anna) is ChainState.ALIVE
    assert call(resources, anna) == ANNA


def test_an_authorization_server_in_ruins_is_shown_two_tokens_at_most(anna, resources, world):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    member_id = anna.portal.member_id
    for user_id in range(11, 15):
        pair = Tokens(f"access {user_id}", f"refresh {user_id}", 0)
        resources.installations.keep_chain(member_id, Chain(user_id, pair, user_id))
    world.faults.order_token("garbage", times=10)

    with pytest.raises(AuthServerUnreachable):
        call(resources, anna)

    assert len(world.faults.token) == 6  # each of the two was shown twice
    assert len(resources.installations.chains(member_id)) == 5


def test_while_the_authorization_server_is_down_a_good_spare_is_used(both, world, resources):
    anna, _ = both
    oauth.expire_access_tokens(world, anna.portal, anna.user.id)
    world.faults.order_token("html", times=2)

    assert call(resources, anna) == EGOR


def test_who_is_no_administrator_any_more_loses_the_chain_when_the_session_is_renewed(
    both, resources
):
    anna, egor = both
    egor.user.is_admin = False

    egor.post("/session", {"AUTH_ID": egor.at_portal("/frame/auth", {}).json()["AUTH_ID"]})

    kept = resources.installations.ledger.read(anna.portal.member_id).chains
    assert [facts.user_id for facts in kept] == [anna.user.id]


def test_who_is_no_administrator_any_more_leaves_no_chain(both, resources):
    anna, egor = both
    egor.user.is_admin = False

    egor.open()

    kept = resources.installations.ledger.read(anna.portal.member_id).chains
    assert [facts.user_id for facts in kept] == [anna.user.id]
    assert resources.redis.zcard("b24app:due") == 1
