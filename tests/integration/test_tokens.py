"""Access tokens: renewed when they must be, by one holder, from whichever chain lives."""

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.actions.portal import open_portal
from b24app.errors import AuthorizationLost, AuthServerRefused
from b24app.records import SYSTEM
from b24app.resources import open_resources
from sandbox import oauth
from tests.cast import typed
from tests.integration.chains import HOUR, let_pass


@pytest.fixture
def call(anna, resources):
    """Call the portal with the stored chain, as a job does."""
    anna.install()

    def profile() -> dict[str, object]:
        return open_portal(resources, anna.portal.member_id, SYSTEM).rest.call("profile")

    return profile


def test_a_fresh_token_is_used_as_it_is(call, world):
    assert call()["ID"] == "1"

    assert world.renewals == 0


def test_an_expired_token_is_renewed_once_and_the_call_repeated(call, anna, world):
    oauth.expire_access_tokens(world, anna.portal)

    assert call()["ID"] == "1"

    assert world.renewals == 1


def test_the_new_pair_is_stored_and_serves_the_next_call(call, anna, world):
    oauth.expire_access_tokens(world, anna.portal)
    call()
    call()

    assert world.renewals == 1


def test_many_callers_with_one_expired_token_renew_it_once(call, anna, world):
    oauth.expire_access_tokens(world, anna.portal)

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: call()["ID"], range(16)))

    assert answers == ["1"] * 16
    assert world.renewals == 1


def test_a_dead_chain_says_who_must_act(call, anna, world):
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)

    with pytest.raises(AuthorizationLost):
        call()


def test_the_next_administrator_who_opens_the_frame_heals_it(call, anna, world):
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    with pytest.raises(AuthorizationLost):
        call()

    anna.open()

    assert call()["ID"] == "1"


def test_during_a_rotation_the_previous_client_secret_is_tried(anna, world, settings, call):
    """The card still has the old secret when the operator has set the new one."""
    rotated = dataclasses.replace(
        settings, client_secret="the new secret", client_secret_previous=settings.client_secret
    )
    resources = open_resources(rotated)
    oauth.expire_access_tokens(world, anna.portal)

    portal = open_portal(resources, anna.portal.member_id, SYSTEM)

    assert portal.rest.call("profile")["ID"] == "1"
    resources.redis.close()
    resources.http.clear()


@pytest.mark.parametrize("error", ["wrong_client", "invalid_client"])
def test_wrong_keys_are_the_operators_fault_and_cost_no_chain(call, anna, world, resources, error):
    """``wrong_client`` comes with status 200 and is an error all the same."""
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token(error)

    with pytest.raises(AuthServerRefused):
        call()
    let_pass(resources, world, anna, 61)

    assert call()["ID"] == "1"


def test_an_ended_plan_is_told_as_such_and_asked_about_once_a_minute(call, anna, world, resources):
    let_pass(resources, world, anna, HOUR)
    anna.open()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("PAYMENT_REQUIRED")
    reply = anna.post("/chat-apps", typed())
    assert reply.status_code == 409
    assert "plan" in reply.text
    with pytest.raises(AuthorizationLost) as lost:
        call()
    assert lost.value.reason == "payment_required"

    let_pass(resources, world, anna, 61)

    assert call()["ID"] == "1"
    assert resources.installations.ledger.read(anna.portal.member_id).trouble is None
