"""One renewal for everybody: threads, real processes, and what is left when one is killed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from b24app import keys
from b24app.actions import tokens
from b24app.crypto import KeyRing
from b24app.errors import AuthorizationLost, StoreUnavailable
from b24app.records import ChainState, Tokens
from b24app.resources import open_resources
from b24app.store import chain_scripts
from b24app.store.chains import Ledger
from b24app.store.later import LATER
from b24app.store.lease import Leases
from tests.conftest import environment
from tests.integration.chains import HOUR, call, chain_of, let_pass, promote, state_of, until
from tests.integration.toll import Toll

ROUNDS = (0.0, 0.0, 0.4, 0.4)  # all at once, then within so many seconds


class Renewer:
    """A process of the product that asks for access tokens."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.renewer"],
            env={**os.environ, **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def read(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()

    def order(self, member_id: str, stale: str, threads: int = 1, spread: float = 0.0) -> None:
        assert self.process.stdin
        order = {"member_id": member_id, "stale": stale, "threads": threads, "spread": spread}
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def renewers(world, app_port, var, app) -> Iterator:
    """Start so many real processes, each reaching the store over this address."""
    started: list[Renewer] = []

    def start(count: int, store: str) -> list[Renewer]:
        environ = environment(world, store, app_port) | {"VAR": str(var)}
        processes = [Renewer(environ) for _ in range(count)]
        started.extend(processes)
        assert [process.read() for process in processes] == ["ready\n"] * count
        return processes

    yield start
    for process in started:
        process.kill()
        assert process.process.stdin
        assert process.process.stdout
        process.process.stdin.close()
        process.process.stdout.close()


@pytest.fixture
def toll(store_url, tmp_path) -> Iterator[Toll]:
    with Toll(Path(store_url.removeprefix("unix://").partition("?")[0]), tmp_path / "r") as toll:
        yield toll


@pytest.fixture
def road(toll, tmp_path) -> str:
    """The store's address over the toll."""
    return f"unix://{tmp_path / 'r'}"


def sha_of(script: str) -> str:
    """How a script is called by name."""
    return hashlib.sha1(script.encode()).hexdigest()


def in_use(resources, person) -> str:
    return resources.installations.chains(person.portal.member_id)[0].tokens.access


@pytest.mark.parametrize("spread", [0.0, 0.4])
def test_fifty_threads_and_one_expired_token_make_one_renewal(anna, world, resources, spread):
    anna.install()
    world.faults.token_delay = 0.2
    installation = resources.installations.get(anna.portal.member_id)
    stale = in_use(resources, anna)
    start = threading.Barrier(50)

    def ask(number: int) -> str:
        start.wait()
        time.sleep(spread * number / 50)
        return tokens.access_token(resources, installation, stale)

    with ThreadPoolExecutor(50) as pool:
        found = set(pool.map(ask, range(50)))

    assert world.renewals == 1
    assert found == {in_use(resources, anna)} != {stale}


def test_four_processes_of_twelve_threads_make_one_renewal_a_round(
    anna, world, resources, renewers, store_url
):
    anna.install()
    world.faults.token_delay = 0.2
    processes = renewers(4, store_url)
    for number, spread in enumerate(ROUNDS, start=1):
        stale = in_use(resources, anna)
        for process in processes:
            process.order(anna.portal.member_id, stale, threads=12, spread=spread)

        answers = [answer for process in processes for answer in json.loads(process.read())]

        assert {token for token, _ in answers} == {in_use(resources, anna)} != {stale}
        assert world.renewals == number
    assert world.refused_renewals == 0


def halt(place: str, world, toll, renewer: Renewer, person, stale: str) -> None:
    """Let the process renew, and stop it at this place."""
    at_gate = {"during the call": "hold", "after the work": "stall"}
    if place in at_gate:
        world.faults.order_token(at_gate[place])
    elif place == "before the call":
        toll.order(sha_of(chain_scripts.BEGIN), "mute")
    else:
        toll.order(sha_of(chain_scripts.SAVE), "stop")
    renewer.order(person.portal.member_id, stale)
    stopped = world.faults.arrived if place in at_gate else toll.arrived
    assert stopped.wait(10), "the process did not come to the place"


PLACES = ["before the call", "during the call", "after the work", "before the save"]
UNSPENT = PLACES[:2]


@pytest.mark.parametrize("place", PLACES)
def test_a_killed_holder_costs_no_call_where_there_is_a_spare_and_at_most_an_opening_elsewhere(
    place, anna, egor, boris, world, resources, renewers, road, toll
):
    """Aurora has Egor's chain as a spare, Borealis has nobody but Boris."""
    anna.install()
    promote(egor)
    anna.open()
    boris.install()
    for person, renewer in zip((anna, boris), renewers(2, road), strict=True):
        let_pass(resources, world, person, HOUR)
        halt(place, world, toll, renewer, person, in_use(resources, person))
        renewer.kill()
    started = time.monotonic()

    who = call(resources, anna)
    if place in UNSPENT:
        assert call(resources, boris) == "1"
    else:
        with pytest.raises(AuthorizationLost) as lost:
            call(resources, boris)
        assert lost.value.reason == "spent"
        boris.open()
        assert call(resources, boris) == "1"

    assert time.monotonic() - started < 5
    world.faults.gate.set()
    assert who == ("1" if place in UNSPENT else "2")
    expected = ChainState.ALIVE if place in UNSPENT else ChainState.SPENT
    assert state_of(resources, anna) is expected


def test_a_killed_holder_is_no_loss_where_the_old_token_is_taken_again(
    anna, world, resources, renewers, road, toll
):
    anna.install()
    world.faults.lenient_refresh = True
    let_pass(resources, world, anna, HOUR)
    [renewer] = renewers(1, road)
    halt("before the save", world, toll, renewer, anna, in_use(resources, anna))

    renewer.kill()

    assert call(resources, anna) == "1"
    assert not chain_of(resources, anna).maybe_spent


def test_a_holder_that_slept_overwrites_nothing(anna, world, resources, renewers, store_url):
    """It wakes up after Anna has opened the application again, with the answer still coming."""
    anna.install()
    let_pass(resources, world, anna, HOUR)
    [renewer] = renewers(1, store_url)
    world.faults.order_token("stall")
    renewer.order(anna.portal.member_id, in_use(resources, anna))
    assert world.faults.arrived.wait(10)
    anna.open()
    newest = in_use(resources, anna)

    world.faults.gate.set()
    [[token, _]] = json.loads(renewer.read())

    assert token == newest == in_use(resources, anna)


def test_the_answer_of_a_slow_renewal_is_worth_waiting_for(anna, world, resources, renewers, road):
    """The lease is kept while the call lasts; nobody else spends the token meanwhile."""
    anna.install()
    world.faults.token_delay = 3.5
    let_pass(resources, world, anna, HOUR)
    [renewer] = renewers(1, road)
    stale = in_use(resources, anna)
    renewer.order(anna.portal.member_id, stale)
    installation = resources.installations.get(anna.portal.member_id)

    token = tokens.access_token(resources, installation, stale)

    assert [answer for answer, _ in json.loads(renewer.read())] == [token]
    assert (world.renewals, world.refused_renewals) == (1, 0)


def test_a_holder_that_never_ends_loses_its_lease(resources, anna):
    """It is prolonged for so long and no longer; 0 s here."""
    member_id = anna.portal.member_id
    stuck, others = Leases(resources.redis, longest=0), resources.installations.leases

    with stuck.holding(stuck.take(member_id)):
        others.wait(others.take(member_id), patience=10)

        assert others.take(member_id).held


def test_a_save_whose_answer_is_lost_is_found_done(anna, resources, road, toll, settings):
    anna.install()
    facts, member_id = chain_of(resources, anna), anna.portal.member_id
    other = open_resources(dataclasses.replace(settings, redis_url=road))
    toll.order(sha_of(chain_scripts.SAVE), "cut")

    saved = other.installations.ledger.save(member_id, facts, Tokens("new", "newer", 2**31))

    assert saved
    assert toll.arrived.is_set()
    assert resources.installations.ledger.access(member_id) == "new"
    other.redis.close()
    other.queue.connection.close()


def test_a_pair_that_no_store_takes_now_is_saved_as_soon_as_one_does(
    anna, resources, road, toll, settings
):
    anna.install()
    facts, member_id = chain_of(resources, anna), anna.portal.member_id
    with redis.Redis.from_url(road, retry=Retry(NoBackoff(), 0), decode_responses=True) as client:
        ledger = Ledger(client, KeyRing(settings.token_keys), patience=0.2)
        toll.close_road()
        with pytest.raises(StoreUnavailable):
            ledger.save(member_id, facts, Tokens("new", "newer", 2**31))
        assert resources.installations.ledger.access(member_id) != "new"

        toll.open_road()

        until(lambda: resources.installations.ledger.access(member_id) == "new")
        until(lambda: all(thread.name != LATER for thread in threading.enumerate()))


@pytest.fixture
def alone(resources) -> Iterator:
    """The store is a primary that misses its replicas: it answers, and takes nothing in."""
    resources.redis.config_set("min-replicas-to-write", 1)
    yield
    resources.redis.config_set("min-replicas-to-write", 0)


def refusals(resources) -> int:
    told = resources.redis.info("errorstats")
    return told.get("errorstat_NOREPLICAS", {}).get("count", 0)


def test_a_pair_that_a_primary_without_its_replicas_refuses_is_saved_when_it_has_them(
    anna, resources, request
):
    anna.install()
    facts, ledger = chain_of(resources, anna), resources.installations.ledger
    request.getfixturevalue("alone")
    before = refusals(resources)
    with ThreadPoolExecutor(1) as pool:
        pair = Tokens("new", "newer", 2**31)
        saved = pool.submit(ledger.save, anna.portal.member_id, facts, pair)
        until(lambda: refusals(resources) > before)
        resources.redis.config_set("min-replicas-to-write", 0)

        assert saved.result()

    assert ledger.access(anna.portal.member_id) == "new"


def test_a_process_that_is_told_to_end_saves_its_pair_first(anna, resources, store_url, request):
    anna.install()
    member_id = anna.portal.member_id
    request.getfixturevalue("alone")
    command = [sys.executable, "-m", "tests.integration.saver", store_url, member_id]
    keys_of = {"TOKEN_KEY": resources.settings.token_keys[0].hex()}
    with subprocess.Popen(
        command, env={**os.environ, **keys_of}, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout and process.stdout.readline() == "not saved, ending\n"
        refused = refusals(resources)
        until(lambda: refusals(resources) > refused + 3)  # it has come to its end, and tries on
        resources.redis.config_set("min-replicas-to-write", 0)

        assert process.wait(10) == 0

    assert resources.installations.ledger.access(member_id) == "new"


def test_after_a_failover_into_the_past_the_newer_pair_wins(anna, resources):
    """The replica that took over had not heard of Anna's last opening."""
    anna.install()
    ledger, member_id = resources.installations.ledger, anna.portal.member_id
    past = resources.redis.dump(keys.chains(member_id))
    anna.open()
    spent = chain_of(resources, anna)
    resources.redis.restore(keys.chains(member_id), 0, past, replace=True)

    assert ledger.save(member_id, spent, Tokens("new", "newer", 2**31))

    assert ledger.access(member_id) == "new"
    assert not ledger.save(member_id, spent, Tokens("other", "another", 2**31))
