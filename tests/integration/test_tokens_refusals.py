"""What the answers of authorization server and portal cost: the token they are about, no more."""

from __future__ import annotations

import logging

import pytest

from b24app.actions import tokens
from b24app.actions.keep_alive import sweep
from b24app.actions.presence import Presence, presence
from b24app.actions.reasons import OPERATOR
from b24app.errors import AuthorizationLost, AuthServerUnreachable
from b24app.records import ChainState
from b24app.web.replies import reply_to
from b24app.web.sentences import REPLIES
from sandbox import faults, oauth
from tests.integration.chains import HOUR, call, chain_of, let_pass, promote, state_of

ANNA, EGOR = "1", "2"
ODD = ["temporarily_unavailable", "verification_needed", "invalid_scope", "unheard_of"]


@pytest.fixture(autouse=True)
def codes(monkeypatch):
    """Errors the authorization server may think of that nobody has told us."""
    for code in ODD:
        monkeypatch.setitem(faults.TOKEN_ERRORS, code, (429, None))


@pytest.fixture
def both(anna, egor):
    """Anna has installed the application, then Egor has opened it, then Anna again."""
    anna.install()
    promote(egor)
    anna.open()
    return anna, egor


@pytest.fixture
def stale(anna, world, resources):
    """Anna installed the application an hour ago."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    return anna


@pytest.mark.parametrize("code", ODD)
def test_an_error_nobody_knows_blames_no_token_and_is_told_in_a_sentence(
    stale, world, resources, code, caplog
):
    world.faults.order_token(code)

    with caplog.at_level(logging.ERROR), pytest.raises(AuthServerUnreachable) as told:
        call(resources, stale)

    assert reply_to(told.value) is REPLIES[AuthServerUnreachable]
    trouble = resources.installations.ledger.read(stale.portal.member_id).trouble
    assert OPERATOR[trouble.reason] in caplog.text and code in caplog.text
    assert state_of(resources, stale) is ChainState.ALIVE
    assert not chain_of(resources, stale).maybe_spent
    assert code not in stale.get("/connection").text


def test_an_error_nobody_knows_is_asked_about_once_a_minute(stale, world, resources):
    world.faults.order_token("temporarily_unavailable", times=9)
    for _ in range(3):
        with pytest.raises(AuthServerUnreachable):
            call(resources, stale)
    installation = resources.installations.get(stale.portal.member_id)
    assert presence(resources, installation) is Presence.UNREACHABLE
    assert len(world.faults.token) == 8
    world.faults.clear()

    let_pass(resources, world, stale, 61)

    assert call(resources, stale) == ANNA


def test_a_spare_that_is_still_good_takes_over_in_the_same_call(both, world, resources):
    anna, _ = both
    oauth.expire_access_tokens(world, anna.portal, anna.user.id)
    world.faults.order_token("temporarily_unavailable", times=9)

    assert call(resources, anna) == EGOR

    assert len(world.faults.token) == 8


def test_an_error_about_one_person_lets_the_next_chain_be_renewed(both, world, resources):
    anna, _ = both
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("verification_needed")

    assert call(resources, anna) == EGOR


def test_a_server_that_refuses_everybody_is_shown_two_tokens_at_most(both, world, resources):
    anna, _ = both
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("temporarily_unavailable", times=9)

    with pytest.raises(AuthServerUnreachable):
        call(resources, anna)

    assert len(world.faults.token) == 7
    assert {state_of(resources, who) for who in both} == {ChainState.ALIVE, ChainState.SPARE}


def test_an_access_token_the_portal_does_not_know_is_renewed(anna, world, resources):
    anna.install()
    world.faults.order("error", "profile", code="invalid_token", status=401)

    assert call(resources, anna) == ANNA

    assert state_of(resources, anna) is ChainState.ALIVE
    assert world.renewals == 1


def test_a_chain_whose_new_token_is_not_known_either_is_over_and_the_next_takes_over(
    both, world, resources
):
    anna, _ = both
    world.faults.order("error", "profile", code="invalid_token", status=401, times=2)

    assert call(resources, anna) == EGOR

    facts = chain_of(resources, anna)
    assert (facts.state, facts.reason) == (ChainState.DEAD, "invalid_token")


def test_the_last_chain_whose_new_token_is_not_known_either_is_told(anna, world, resources):
    anna.install()
    world.faults.order("error", "profile", code="invalid_token", status=401, times=2)

    with pytest.raises(AuthorizationLost) as lost:
        call(resources, anna)

    assert lost.value.reason == "invalid_token"
    assert world.renewals == 1


@pytest.mark.parametrize("seconds", [20, 50, 100])
def test_a_token_that_lives_shortly_is_used_for_most_of_its_life(
    stale, world, resources, monkeypatch, seconds
):
    monkeypatch.setattr(oauth, "ACCESS_SECONDS", seconds)
    installation = resources.installations.get(stale.portal.member_id)
    first = tokens.access_token(resources, installation)

    assert {tokens.access_token(resources, installation) for _ in range(5)} == {first}
    assert world.renewals == 1
    let_pass(resources, world, stale, seconds * 3 // 4 + 1)

    assert tokens.access_token(resources, installation) != first


def test_a_sweep_finds_a_chain_its_key_is_back_for(anna, resources, world):
    """It is tried whenever it is due, for that asks nobody."""
    anna.install()
    ledger, member_id = resources.installations.ledger, anna.portal.member_id
    let_pass(resources, world, anna, 130 * 24 * HOUR)
    assert ledger.mark(member_id, chain_of(resources, anna), ChainState.UNREADABLE, "unreadable")

    installation = resources.installations.get(member_id)
    tokens.renew_chain(resources, installation, anna.user.id)

    assert state_of(resources, anna) is ChainState.ALIVE
    assert sweep(resources, 5) == 0
