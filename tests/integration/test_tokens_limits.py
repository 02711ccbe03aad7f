"""Nobody asks the authorization server in vain: what has been refused is asked once a minute."""

from __future__ import annotations

import dataclasses

import pytest

from b24app import keys
from b24app.actions import tokens
from b24app.actions.presence import Presence, presence
from b24app.actions.reasons import OPERATOR
from b24app.errors import AuthorizationLost, AuthServerRefused, B24AppError, Unproven
from b24app.records import ChainState
from b24app.resources import open_resources
from sandbox import oauth
from tests.cast import typed
from tests.integration.chains import HOUR, call, chain_of, let_pass, promote, state_of


@pytest.fixture
def dead(anna, world, resources):
    """Anna's chain died, more than a minute ago, and there is no other."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("invalid_grant")
    with pytest.raises(AuthorizationLost):
        call(resources, anna)
    let_pass(resources, world, anna, 61)
    return anna


@pytest.fixture
def opened(settings):
    """Other processes of the product, with settings of their own."""
    started = []

    def start(**changes):
        started.append(open_resources(dataclasses.replace(settings, **changes)))
        return started[-1]

    yield start
    for resources in started:
        resources.redis.close()
        resources.queue.connection.close()
        resources.http.clear()


def shut_out(person, *let_in) -> None:
    """The person is no administrator any more, and only these may use the application."""
    person.user.is_admin = False
    install = person.portal.installs[person.world.card.client_id]
    install.access = [other.user.id for other in let_in] or [99]


def installation(resources, person):
    return resources.installations.get(person.portal.member_id)


@pytest.mark.parametrize("word", ["html", "garbage", "lost", "drop", "wrong_client"])
def test_a_dead_chain_that_gets_no_answer_is_left_alone_for_a_minute_too(
    dead, world, resources, word
):
    world.faults.order_token(word, times=9)
    with pytest.raises(B24AppError):
        call(resources, dead)
    asked = len(world.faults.token)

    for _ in range(3):
        with pytest.raises(B24AppError):
            call(resources, dead)
        presence(resources, installation(resources, dead))

    assert len(world.faults.token) == asked < 9
    let_pass(resources, world, dead, 61)
    with pytest.raises(B24AppError):
        call(resources, dead)
    assert len(world.faults.token) < asked


def test_whoever_asks_for_a_dead_chain_by_its_name_waits_the_minute_as_well(dead, world, resources):
    world.faults.order_token("invalid_grant", times=9)

    for _ in range(3):
        with pytest.raises(AuthorizationLost):
            tokens.renew_chain(resources, installation(resources, dead), dead.user.id)

    assert len(world.faults.token) == 8


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("html", Presence.UNREACHABLE),
        ("wrong_client", Presence.WRONG_KEYS),
        ("invalid_grant", Presence.SILENT),
        ("NOT_INSTALLED", Presence.UNKNOWN),
    ],
)
def test_what_a_dead_chain_could_not_learn_is_not_held_for_a_refusal(
    dead, world, resources, word, heard
):
    """An outage within the minute must not look as if the portal had refused every chain."""
    world.faults.order_token(word, times=2)
    presence(resources, installation(resources, dead))

    assert presence(resources, installation(resources, dead)) is heard


def test_a_chain_the_portal_refused_proves_nothing_about_the_installation(anna, resources):
    anna.install()
    anna.user.is_active = False
    with pytest.raises(AuthorizationLost):
        call(resources, anna)
    resources.installations.ledger.clear_trouble(anna.portal.member_id)
    facts = chain_of(resources, anna)
    name = keys.chains(anna.portal.member_id)
    text = resources.redis.hget(name, "1").split("|", 9)
    text[2] = "0"  # its access token is over as well
    resources.redis.hset(name, "1", "|".join(text))

    assert facts.state is ChainState.DEAD
    assert presence(resources, installation(resources, anna)) is Presence.UNKNOWN


def test_refused_keys_are_shown_once_a_minute(anna, world, resources):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("wrong_client", times=9)
    for _ in range(3):
        with pytest.raises(AuthServerRefused):
            call(resources, anna)
        with pytest.raises(AuthServerRefused):
            tokens.renew_chain(resources, installation(resources, anna), anna.user.id)
    assert len(world.faults.token) == 8

    let_pass(resources, world, anna, 61)
    with pytest.raises(AuthServerRefused):
        call(resources, anna)

    assert len(world.faults.token) == 7


def test_new_keys_are_shown_at_once(anna, world, resources, opened):
    anna.install()
    let_pass(resources, world, anna, HOUR)
    mistaken = opened(client_secret="a mistake", client_secret_previous="")
    for _ in range(2):
        with pytest.raises(AuthServerRefused):
            call(mistaken, anna)
    assert world.refused_renewals == 1

    assert call(resources, anna) == "1"


def test_refused_keys_keep_nobody_from_a_spare_that_is_still_good(anna, egor, world, resources):
    anna.install()
    promote(egor)
    anna.open()
    oauth.expire_access_tokens(world, anna.portal, anna.user.id)
    world.faults.order_token("wrong_client", times=9)
    with pytest.raises(AuthServerRefused):
        tokens.renew_chain(resources, installation(resources, anna), anna.user.id)

    assert call(resources, anna) == "2"


def test_when_a_person_is_shut_out_the_next_takes_over_in_the_same_call(
    anna, egor, world, resources
):
    anna.install()
    promote(egor)
    anna.open()
    shut_out(anna, egor)

    assert call(resources, anna) == "2"

    facts = chain_of(resources, anna)
    assert (facts.state, facts.reason) == (ChainState.DEAD, "user_access_error")
    assert state_of(resources, egor) is ChainState.ALIVE
    assert world.renewals == 0


def test_the_last_one_who_is_shut_out_is_named(anna, resources, caplog):
    anna.install()
    shut_out(anna)

    for _ in range(2):
        with pytest.raises(AuthorizationLost) as lost:
            call(resources, anna)
        assert (lost.value.reason, lost.value.who) == ("user_access_error", "Anna Sokolova")

    reply = anna.post("/chat-apps", typed())
    assert reply.status_code == 409
    assert "Anna Sokolova may not use the application any more" in reply.text
    assert OPERATOR["user_access_error"] in caplog.text


def test_the_connection_page_names_who_was_shut_out(anna, egor, resources):
    anna.install()
    promote(egor)
    anna.open()
    shut_out(anna, egor)
    call(resources, anna)

    page = egor.get("/connection").text

    assert "Anna Sokolova may not use the application any more" in page


def test_where_the_server_is_not_on_the_list_no_intent_is_written(anna, world, resources, opened):
    """An intent without an end would call the token spent that nobody has shown."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    elsewhere = opened(auth_servers=("https://auth.example",))

    with pytest.raises(Unproven):
        call(elsewhere, anna)

    assert chain_of(resources, anna).intent is None
    assert not chain_of(resources, anna).maybe_spent
    assert call(resources, anna) == "1"
