"""What can be wrong with a portal's access, where it is noted, and what people read about it."""

import base64
import dataclasses
import logging

import pytest

from b24app import keys
from b24app.actions.installs import learn
from b24app.actions.portal import open_portal
from b24app.actions.presence import Presence, presence
from b24app.actions.reasons import OPERATOR
from b24app.errors import AuthorizationLost, AuthServerRefused, AuthServerUnreachable
from b24app.records import SYSTEM, ChainState, Tokens
from b24app.resources import open_resources
from b24app.web.reason_words import REASONS
from sandbox import oauth
from tests.integration.chains import HOUR, call, chain_of, let_pass, promote, state_of


@pytest.fixture
def stale(anna, world, resources):
    """Anna installed the application an hour ago."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    return anna


@pytest.fixture
def opened(settings):
    """Other processes of the product, with settings of their own."""
    opened = []

    def start(**changes):
        opened.append(open_resources(dataclasses.replace(settings, **changes)))
        return opened[-1]

    yield start
    for resources in opened:
        resources.redis.close()
        resources.queue.connection.close()
        resources.http.clear()


def trouble(resources, person):
    return resources.installations.ledger.read(person.portal.member_id).trouble


def installation(resources, person):
    return resources.installations.get(person.portal.member_id)


@pytest.mark.parametrize("word", ["PAYMENT_REQUIRED", "NOT_INSTALLED", "ERROR_OAUTH"])
def test_a_portal_that_may_not_have_us_is_asked_once_a_minute(stale, world, resources, word):
    world.faults.order_token(word, times=2)
    for _ in range(3):
        with pytest.raises(AuthorizationLost) as lost:
            call(resources, stale)
        assert lost.value.reason == word.lower()
    assert world.refused_renewals == 1
    let_pass(resources, world, stale, 61)
    noted = trouble(resources, stale)

    with pytest.raises(AuthorizationLost):
        call(resources, stale)

    assert world.refused_renewals == 2
    assert trouble(resources, stale).since == noted.since
    assert state_of(resources, stale) is ChainState.ALIVE


@pytest.mark.parametrize("word", ["wrong_client", "invalid_client"])
def test_refused_keys_are_loud_and_cost_no_chain(stale, world, resources, word, caplog):
    world.faults.order_token(word, times=2)

    with caplog.at_level(logging.ERROR), pytest.raises(AuthServerRefused):
        call(resources, stale)

    assert "B24_CLIENT_SECRET" in caplog.text
    assert resources.counters.all()[("renewals", "wrong_keys")] == 1
    assert trouble(resources, stale).reason == "wrong_keys"
    assert state_of(resources, stale) is ChainState.ALIVE


def test_a_server_that_does_not_answer_is_noted_and_forgotten(stale, world, resources):
    world.faults.order_token("html", times=2)
    with pytest.raises(AuthServerUnreachable):
        call(resources, stale)
    assert trouble(resources, stale).reason == "unreachable"

    call(resources, stale)

    assert trouble(resources, stale) is None


def test_opening_the_application_clears_the_trouble(stale, world, resources):
    world.faults.order_token("PAYMENT_REQUIRED")
    with pytest.raises(AuthorizationLost):
        call(resources, stale)

    stale.open()

    assert trouble(resources, stale) is None
    assert call(resources, stale) == "1"


def test_a_portal_that_was_deleted_is_known_as_such(anna, world, resources):
    anna.install()
    world.faults.order("error", "profile", code="PORTAL_DELETED", status=403)

    with pytest.raises(AuthorizationLost):
        call(resources, anna)

    assert trouble(resources, anna).reason == "portal_deleted"
    assert state_of(resources, anna) is ChainState.ALIVE


def test_a_portal_that_tells_of_itself_again_has_no_trouble(anna, world, resources):
    anna.install()
    world.faults.order("error", "profile", code="PAYMENT_REQUIRED", status=401)
    with pytest.raises(AuthorizationLost):
        call(resources, anna)

    portal = open_portal(resources, anna.portal.member_id, SYSTEM)
    learn(resources, portal.installation, portal.rest.call("app.info"))

    assert trouble(resources, anna) is None


def test_a_slow_writer_never_overwrites_a_newer_pair(anna, resources):
    anna.install()
    ledger, member_id = resources.installations.ledger, anna.portal.member_id
    slow = chain_of(resources, anna)
    anna.open()
    newest = ledger.access(member_id)

    saved = ledger.save(member_id, slow, Tokens("old access", "old refresh", 2**31))
    marked = ledger.mark(member_id, slow, ChainState.DEAD, "invalid_grant")

    assert (saved, marked) == (False, False)
    assert ledger.access(member_id) == newest


def test_a_slow_writer_never_writes_into_the_record_after_a_reinstall(anna, resources):
    anna.install()
    slow = chain_of(resources, anna)
    resources.installations.remove(anna.portal.member_id)
    anna.open()

    pair = Tokens("old access", "old refresh", 2**31)

    assert not resources.installations.ledger.save(anna.portal.member_id, slow, pair)


def test_a_pair_moved_to_another_portal_opens_nothing(anna, boris, resources):
    anna.install()
    boris.install()
    stolen = resources.redis.hgetall(keys.chains(anna.portal.member_id))
    resources.redis.hset(keys.chains(boris.portal.member_id), mapping=stolen)

    with pytest.raises(AuthorizationLost) as lost:
        call(resources, boris)

    assert lost.value.reason == "unreadable"
    assert resources.installations.unreadable(boris.portal.member_id) == ["chain 1"]


def test_a_chain_whose_key_is_lost_is_unreadable_and_healed_like_a_dead_one(
    anna, egor, resources, opened
):
    anna.install()
    other = opened(token_keys=(b"n" * 32,))
    with pytest.raises(AuthorizationLost) as lost:
        call(other, anna)
    assert lost.value.reason == "unreadable"
    assert state_of(other, anna) is ChainState.UNREADABLE

    promote(egor)  # the running process still has the key both can read
    assert call(resources, anna) == "2"


def test_a_key_that_comes_back_is_used_again_at_once(anna, world, resources, opened):
    """While processes are restarted one after the other, some lack the key that others have."""
    anna.install()
    without = opened(token_keys=(b"n" * 32,))

    for _ in range(2):
        with pytest.raises(AuthorizationLost):
            call(without, anna)
        assert call(resources, anna) == "1"

    assert state_of(resources, anna) is ChainState.ALIVE
    assert world.renewals == 0


def test_resealing_goes_on_where_it_stopped_and_frees_the_old_key(anna, boris, opened, settings):
    anna.install()
    boris.install()
    both = opened(token_keys=(b"n" * 32, *settings.token_keys))

    done = {member: both.installations.reseal(member) for member in both.installations.scan()}
    again = [both.installations.reseal(member) for member in both.installations.scan()]

    assert done == {anna.portal.member_id: 2, boris.portal.member_id: 2}
    assert again == [0, 0]
    new = opened(token_keys=(b"n" * 32,))
    assert call(new, anna) == "1"
    assert installation(new, anna).application_token
    old = opened()
    for person in (anna, boris):
        lost = old.installations.unreadable(person.portal.member_id)
        assert lost == ["application_token", "chain 1"]


def test_resealing_leaves_alone_what_was_renewed_meanwhile(stale, resources, opened, settings):
    ring = (b"n" * 32, *settings.token_keys)
    both = opened(token_keys=ring)
    ledger, member_id = both.installations.ledger, stale.portal.member_id
    before = chain_of(resources, stale)
    call(resources, stale)
    pair = ledger.open(member_id, before)

    assert pair is not None
    assert not ledger.save(member_id, before, pair)
    assert both.installations.reseal(member_id) == 2
    assert call(both, stale) == "1"


def test_a_renewal_under_way_survives_the_resealing(stale, resources, opened, settings):
    """What is compared is the chain's version, which a new seal does not change."""
    both = opened(token_keys=(b"n" * 32, *settings.token_keys))
    member_id = stale.portal.member_id
    under_way = chain_of(resources, stale)
    both.installations.reseal(member_id)

    pair = Tokens("new access", "new refresh", 2**31)

    assert both.installations.ledger.save(member_id, under_way, pair)


@pytest.mark.parametrize("card", ["old", "new"])
def test_while_the_secret_is_rotated_either_side_may_be_first(stale, world, settings, opened, card):
    """After the first refusal the right one is remembered."""
    changed = {"client_secret": "the new secret", "client_secret_previous": settings.client_secret}
    if card == "new":
        world.card.client_secret = "the new secret"
        changed = {
            "client_secret": settings.client_secret,
            "client_secret_previous": "the new secret",
        }
    resources = opened(**changed)

    for _ in range(3):
        assert call(resources, stale) == "1"
        let_pass(resources, world, stale, HOUR)

    assert world.renewals == 3
    assert world.refused_renewals == 1


@pytest.mark.parametrize(
    ("word", "heard"),
    [
        ("NOT_INSTALLED", Presence.GONE),
        ("PAYMENT_REQUIRED", Presence.UNPAID),
        ("wrong_client", Presence.WRONG_KEYS),
        ("invalid_grant", Presence.SILENT),
    ],
)
def test_the_portals_presence_is_what_the_authorization_server_says(
    stale, world, resources, word, heard
):
    world.faults.order_token(word)

    assert presence(resources, installation(resources, stale)) is heard


def test_presence_is_unreachable_while_nobody_answers(stale, world, resources):
    world.faults.order_token("garbage", times=2)

    assert presence(resources, installation(resources, stale)) is Presence.UNREACHABLE


def test_presence_spends_nothing_while_an_access_token_is_good(anna, world, resources):
    anna.install()

    assert presence(resources, installation(resources, anna)) is Presence.INSTALLED
    assert world.renewals == 0


def test_one_living_chain_proves_that_the_portal_has_us(anna, egor, world, resources):
    anna.install()
    promote(egor)
    let_pass(resources, world, anna, HOUR)
    oauth.kill_refresh_tokens(world, anna.portal, egor.user.id)

    assert presence(resources, installation(resources, anna)) is Presence.INSTALLED
    assert state_of(resources, egor) is ChainState.DEAD


def test_a_portal_without_chains_has_nobody_to_ask(anna, resources):
    anna.install()
    resources.installations.drop_chain_of(anna.portal.member_id, 1)

    assert presence(resources, installation(resources, anna)) is Presence.UNKNOWN
    with pytest.raises(AuthorizationLost) as lost:
        call(resources, anna)
    assert lost.value.reason == "no_chain"


def test_every_reason_has_a_sentence_for_the_administrator_and_one_for_the_operator():
    """Some have the row of their class: a dead chain, refused keys, a server without an answer."""
    of_class = {"invalid_grant", "invalid_request", "wrong_keys", "unreachable", "odd_answer"}

    assert set(OPERATOR) - of_class <= set(REASONS)
    assert all(OPERATOR.values())


def test_nothing_secret_stands_in_plain_in_the_store(anna, resources):
    anna.install()
    [chain] = resources.installations.chains(anna.portal.member_id)
    shown = str(resources.redis.hgetall(keys.chains(anna.portal.member_id)))

    assert chain.tokens.access not in shown
    assert chain.tokens.refresh not in shown
    assert base64.b64encode(chain.tokens.access.encode()).decode() not in shown
    facts = chain_of(resources, anna)
    assert facts.sealed not in repr(facts)
