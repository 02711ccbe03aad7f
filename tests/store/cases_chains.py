"""Chains and who may renew them: of many who try one does, and nobody's pair is lost."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from b24app.errors import NotInstalled
from b24app.records import ChainState
from tests.store.battery import AURORA, BOREALIS, HOUR, Cases, Store, chain, keep, renamed

case = Cases()


@case
def a_kept_chain_serves_every_process(store: Store) -> None:
    kept = chain()
    keep(store.one, AURORA, kept)

    assert store.other.installations.chains(AURORA) == [kept]
    assert store.other.installations.ledger.access(AURORA) == "access first"
    assert store.other.installations.ledger.access(AURORA, "access first") is None


@case
def five_chains_are_kept_and_the_oldest_goes(store: Store) -> None:
    for user_id in range(1, 8):
        keep(store.one, AURORA, chain(user_id, proven_at=user_id))

    kept = [known.user_id for known in store.other.installations.chains(AURORA)]

    assert kept == [7, 6, 5, 4, 3]


@case
def of_two_renewals_of_one_chain_the_slower_is_refused(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, slower = store.one.installations.ledger, store.other.installations.ledger
    seen = slower.read(AURORA).chains[0]

    assert ledger.save(AURORA, ledger.read(AURORA).chains[0], renamed("second"))
    assert not slower.save(AURORA, seen, renamed("third"))
    assert not slower.mark(AURORA, seen, ChainState.DEAD, "invalid_grant")

    assert slower.access(AURORA) == "access second"


@case
def a_pair_that_comes_again_after_it_was_spent_overwrites_nothing(store: Store) -> None:
    """A page that is loaded again posts what it has posted before."""
    keep(store.one, AURORA, chain())
    ledger = store.one.installations.ledger
    for word in ("second", "third"):
        ledger.save(AURORA, ledger.read(AURORA).chains[0], renamed(word))
    before = ledger.read(AURORA)

    healed = [
        keep(store.other, AURORA, chain(word=word, proven_at=9)) for word in ("first", "third")
    ]

    after = store.other.installations.ledger.read(AURORA)
    assert healed == [False, False]
    assert ledger.access(AURORA) == "access third"
    assert after == replace(before, chains=(replace(before.chains[0], proven_at=9),))


@case
def a_pair_that_comes_again_while_it_is_spent_ends_no_renewal(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, lease = store.one.installations.ledger, store.one.installations.leases.take(AURORA)
    [under_way] = ledger.read(AURORA).chains
    ledger.begin(AURORA, under_way, lease.owner)

    keep(store.other, AURORA, chain())

    assert store.other.installations.ledger.read(AURORA).chains[0].maybe_spent
    assert ledger.save(AURORA, under_way, renamed("second"))
    assert ledger.access(AURORA) == "access second"


@case
def a_pair_that_was_given_up_and_comes_again_stands_again(store: Store) -> None:
    """Whoever shows it has just proven it: the answer that ended it was an odd one."""
    keep(store.one, AURORA, chain())
    ledger = store.one.installations.ledger
    ledger.mark(AURORA, ledger.read(AURORA).chains[0], ChainState.DEAD, "invalid_grant")

    assert keep(store.other, AURORA, chain())
    assert not keep(store.other, AURORA, chain())

    assert ledger.access(AURORA) == "access first"


@case
def a_pair_that_was_given_up_is_not_healed_by_the_one_before_it(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger = store.one.installations.ledger
    ledger.save(AURORA, ledger.read(AURORA).chains[0], renamed("second"))
    ledger.mark(AURORA, ledger.read(AURORA).chains[0], ChainState.DEAD, "invalid_grant")

    assert not keep(store.other, AURORA, chain())

    assert store.other.installations.ledger.read(AURORA).waiting


@case
def of_the_pairs_before_a_few_are_known_and_few_bytes_kept(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, name = store.one.installations.ledger, f"b24app:{{{AURORA}}}:chains"
    for number in range(20):
        ledger.save(AURORA, ledger.read(AURORA).chains[0], renamed(f"number {number}"))

    keep(store.other, AURORA, chain(word="number 16"))
    known = store.one.client.hget(name, "was 1")

    assert ledger.access(AURORA) == "access number 19"
    assert len(known) <= 64 and "refresh" not in known


@case
def no_chain_is_kept_of_a_portal_that_is_not_installed(store: Store) -> None:
    keep(store.one, AURORA, chain())
    store.other.installations.remove(AURORA)

    with pytest.raises(NotInstalled):
        store.one.installations.keep_chain(AURORA, chain(word="second"))

    assert store.other.installations.ledger.users(AURORA) == []
    far = time.time() + 200 * 24 * HOUR
    assert store.other.installations.ledger.due.take(9, far, far + HOUR) == []


@case
def a_chain_stays_due_however_it_stands(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, tomorrow = store.one.installations.ledger, time.time() + 25 * HOUR
    facts = ledger.read(AURORA).chains[0]

    assert ledger.mark(AURORA, facts, ChainState.UNREADABLE, "unreadable")
    unreadable = ledger.due.take(9, tomorrow, tomorrow)
    assert ledger.mark(AURORA, facts, ChainState.DEAD, "invalid_grant")
    dead = ledger.due.take(9, tomorrow, tomorrow)
    assert ledger.mark(AURORA, facts, ChainState.ALIVE)

    assert (unreadable, dead) == ([], [(AURORA, 1)])
    assert ledger.due.take(9, tomorrow, tomorrow) == []
    far = tomorrow + 130 * 24 * HOUR
    assert ledger.due.take(9, far, far) == [(AURORA, 1)]


@case
def an_intent_is_seen_by_the_next_and_ends_with_the_save(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, leases = store.one.installations.ledger, store.one.installations.leases
    seen, lease = ledger.read(AURORA).chains[0], leases.take(AURORA)

    assert not ledger.begin(AURORA, seen, "somebody else")
    assert ledger.begin(AURORA, seen, lease.owner)
    intent = store.other.installations.ledger.read(AURORA).chains[0].intent
    ledger.save(AURORA, seen, renamed("second"))

    assert intent and (intent.version, intent.owner) == (seen.version, lease.owner)
    assert store.other.installations.ledger.read(AURORA).chains[0].intent is None


@case
def a_chain_is_tried_when_its_intent_is_noted(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, lease = store.one.installations.ledger, store.one.installations.leases.take(AURORA)
    ledger.mark(AURORA, ledger.read(AURORA).chains[0], ChainState.DEAD, "invalid_grant")
    before = ledger.read(AURORA).chains[0]

    ledger.begin(AURORA, replace(before, tried_at=0), lease.owner)
    ledger.abandon(AURORA, before, lease.owner)

    after = store.other.installations.ledger.read(AURORA).chains[0]
    assert time.time() - after.tried_at < HOUR
    assert replace(after, tried_at=before.tried_at) == before


@case
def where_a_portal_is_gets_asked_by_one(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger, slower = store.one.installations.ledger, store.other.installations.ledger
    seen = slower.read(AURORA)

    assert ledger.locate(AURORA, seen)
    assert slower.read(AURORA).located_at > 0
    ledger.save(AURORA, seen.chains[0], renamed("second"))

    assert not slower.locate(AURORA, seen)


@case
def a_chain_that_died_is_told_with_its_reason_and_healed_by_a_new_pair(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger = store.one.installations.ledger
    ledger.mark(AURORA, ledger.read(AURORA).chains[0], ChainState.DEAD, "invalid_grant")
    standing = store.other.installations.ledger.read(AURORA)

    healed = keep(store.other, AURORA, chain(word="next"))

    assert standing.waiting and standing.chains[0].reason == "invalid_grant"
    assert healed
    assert ledger.access(AURORA) == "access next"


@case
def the_trouble_of_a_portal_is_told_until_a_pair_is_saved(store: Store) -> None:
    keep(store.one, AURORA, chain())
    ledger = store.one.installations.ledger
    ledger.note(AURORA, ledger.read(AURORA), "PAYMENT_REQUIRED")
    standing = store.other.installations.ledger.read(AURORA)

    ledger.save(AURORA, standing.chains[0], renamed("second"))

    assert standing.trouble and standing.trouble.reason == "PAYMENT_REQUIRED"
    assert store.other.installations.ledger.read(AURORA).trouble is None


@case
def what_is_due_is_handed_out_once(store: Store) -> None:
    for member_id in (AURORA, BOREALIS):
        keep(store.one, member_id, chain())
    far = time.time() + 200 * 24 * HOUR

    first = store.one.installations.ledger.due.take(1, far, far + HOUR)
    rest = store.other.installations.ledger.due.take(9, far, far + HOUR)

    assert sorted(first + rest) == [(AURORA, 1), (BOREALIS, 1)]
    assert store.one.installations.ledger.due.take(9, time.time(), far) == []


@case
def one_holds_the_lease_and_its_end_wakes_who_waits(store: Store) -> None:
    mine, theirs = store.one.installations.leases, store.other.installations.leases
    lease = mine.take(AURORA)
    with ThreadPoolExecutor(2) as pool, mine.holding(lease):
        seen = theirs.take(AURORA)
        waiting = [pool.submit(theirs.wait, seen, 8) for _ in range(2)]
        assert not any(wait.done() for wait in waiting)
    ended = theirs.take(AURORA)

    assert lease.held and not seen.held and seen.owner == lease.owner
    assert ended.held


@case
def a_lease_whose_holder_is_gone_runs_out(store: Store) -> None:
    gone = store.one.installations.leases.take(AURORA)
    theirs = store.other.installations.leases
    store.one.client.pexpire(f"b24app:{{{AURORA}}}:renewing", 200)

    theirs.wait(theirs.take(AURORA), 8)

    assert gone.held and theirs.take(AURORA).held
