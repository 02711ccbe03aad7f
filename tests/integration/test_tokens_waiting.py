"""A renewal that takes long: callers wait as long as they may, and what is spent is saved."""

from __future__ import annotations

import threading

import pytest

from b24app.actions import renewal, tokens
from b24app.actions.portal import open_portal
from b24app.bitrix import bounded, oauth, wire
from b24app.errors import Busy
from b24app.records import SYSTEM, ChainState, Lane, Patience
from b24app.resources import open_resources
from b24app.store import chains, lease
from b24app.web.replies import reply_to
from tests.integration.chains import HOUR, chain_of, let_pass, state_of


@pytest.fixture
def slow(anna, world, resources):
    """The authorization server keeps the next renewal of Anna's portal waiting, till the gate."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    world.faults.order_token("hold")
    yield anna
    world.faults.gate.set()
    resources.installations.leases.settle()


@pytest.fixture
def other(settings):
    """Another process of the product."""
    known = open_resources(settings)
    yield known
    known.redis.close()
    known.queue.connection.close()
    known.http.clear()


def client(resources, person, **options):
    return open_portal(resources, person.portal.member_id, SYSTEM, **options).rest


def access(resources, person):
    return resources.installations.ledger.access(person.portal.member_id)


def test_whoever_has_no_patience_left_is_told_and_the_new_pair_is_saved(slow, world, resources):
    patience = Patience(0.3)

    with pytest.raises(Busy) as busy:
        client(resources, slow, patience=patience).call("profile")

    assert patience.left == 0
    assert reply_to(busy.value).status == 503
    assert access(resources, slow) is None
    world.faults.gate.set()
    resources.installations.leases.settle()
    assert access(resources, slow)
    assert (world.renewals, world.refused_renewals) == (1, 0)
    assert client(resources, slow).call("profile")["ID"] == "1"


def test_other_processes_wait_no_longer_and_show_no_second_token(slow, world, resources, other):
    for known in (resources, other):
        with pytest.raises(Busy):
            client(known, slow, patience=Patience(0.3)).call("profile")

    world.faults.gate.set()
    other.installations.leases.settle()

    assert access(resources, slow)
    assert (world.renewals, world.refused_renewals) == (1, 0)


def test_who_comes_later_gets_what_others_did_not_wait_for(slow, world, resources):
    installation = resources.installations.get(slow.portal.member_id)
    with pytest.raises(Busy):
        tokens.access_token(resources, installation, seconds=0.2)
    threading.Timer(0.5, world.faults.gate.set).start()

    token = tokens.access_token(resources, installation)

    assert token == access(resources, slow)
    assert world.renewals == 1


def test_a_job_waits_for_a_renewal_to_its_end(slow, world, resources):
    """In the bulk lane the patience is for the portal, not for its access."""
    threading.Timer(1.5, world.faults.gate.set).start()

    rest = client(resources, slow, lane=Lane.BULK, patience=Patience(0.2))

    assert rest.call("profile")["ID"] == "1"
    assert world.renewals == 1


def test_a_process_that_ends_waits_until_what_was_spent_is_saved(slow, world, resources):
    with pytest.raises(Busy):
        client(resources, slow, patience=Patience(0.2)).call("profile")
    assert state_of(resources, slow) is ChainState.ALIVE
    assert chain_of(resources, slow).maybe_spent
    threading.Timer(0.3, world.faults.gate.set).start()

    resources.installations.leases.settle()

    assert access(resources, slow)
    threads = [thread for thread in threading.enumerate() if thread.name == lease.FLIGHT]
    assert not any(thread.daemon for thread in threads)


def test_the_lease_lasts_longer_than_the_longest_turn():
    """Asking, a last question with either secret, saving, and a connection for each."""
    longest = renewal.ASKING_SECONDS + bounded.WHOLE_SECONDS + oauth.SHORTEST
    longest += chains.SAVING_SECONDS + 2 * wire.CONNECT_SECONDS

    assert longest < lease.LONGEST_SECONDS


def test_who_asks_for_one_chain_at_once_spends_it_once(slow, world, resources):
    installation = resources.installations.get(slow.portal.member_id)
    asking = [
        threading.Thread(target=tokens.renew_chain, args=(resources, installation, slow.user.id))
        for _ in range(4)
    ]
    for thread in asking:
        thread.start()
    assert world.faults.arrived.wait(10)

    world.faults.gate.set()
    for thread in asking:
        thread.join()

    assert world.refused_renewals == 0
