"""What a store must be able to do, whatever server is behind it; each case begins empty.

Two hands on the same store stand for two processes: each has connections of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
import redis

from b24app.crypto import KeyRing
from b24app.errors import Busy, Conflict, NotFound, NotInstalled
from b24app.records import (
    Actor,
    Chain,
    ChainState,
    ChatApp,
    Context,
    Installation,
    Kind,
    Lane,
    Life,
    Outcome,
    Patience,
    Rate,
    Tokens,
    Translation,
    Verb,
)
from b24app.store import Counters, Inbox, Installations, PortalStore, RateBudget
from b24app.store.bulk import Runs
from b24app.store.inbox import Taken
from b24app.store.overview import Overview
from b24app.store.server import open_redis
from b24app.store.sightings import Sightings
from b24app.store.spoken import Spoken

AURORA, BOREALIS = "a" * 32, "b" * 32
OLD, NEW = b"o" * 32, b"n" * 32
ANNA = Actor(1, "Anna", is_admin=True)
HOUR = 3600


@dataclass(frozen=True)
class Hand:
    """What one process has of the store."""

    client: redis.Redis
    installations: Installations
    inbox: Inbox
    counters: Counters

    def portal(self, member_id: str = AURORA, patience: float = 8) -> PortalStore:
        return PortalStore(self.client, member_id, Patience(patience))

    def budget(self, rate: Rate) -> RateBudget:
        return RateBudget(self.client, AURORA, rate)


@contextmanager
def hand(url: str, *keys: bytes) -> Iterator[Hand]:
    """Connections of one process that has these token keys."""
    client, ring = open_redis(url, "REDIS_URL", decode=True), KeyRing(keys or (OLD,))
    try:
        yield Hand(client, Installations(client, ring), Inbox(client, ring), Counters(client))
    finally:
        client.close()


@dataclass(frozen=True)
class Store:
    """Two processes on one store, and the way to start another with other keys."""

    url: str
    one: Hand
    other: Hand

    def with_keys(self, *keys: bytes):
        return hand(self.url, *keys)


@contextmanager
def store(url: str) -> Iterator[Store]:
    with hand(url) as one, hand(url) as other:
        yield Store(url, one, other)


Case = Callable[[Store], None]
CASES: list[Case] = []


def case(check: Case) -> Case:
    CASES.append(check)
    return check


def installation(member_id: str = AURORA) -> Installation:
    return Installation(
        member_id=member_id,
        domain="aurora.bitrix24.com",
        client_endpoint="https://aurora.bitrix24.com/rest/",
        server_endpoint="https://oauth.bitrix.info/rest/",
        scope=("imbot", "im"),
        status="L",
        application_token="t0ken-of-the-application",
        installed_by=1,
        installed_at=1_790_000_000,
        language="de",
        license="de_std",
    )


def chain(user_id: int = 1, word: str = "first", proven_at: int = 1_790_000_000) -> Chain:
    tokens = Tokens(f"access {word}", f"refresh {word}", int(time.time()) + HOUR)
    return Chain(user_id, tokens, proven_at, f"Person | {user_id}")


def renamed(word: str) -> Tokens:
    return chain(word=word).tokens


def chat_app(title: str = "Board") -> ChatApp:
    return ChatApp(
        id=7,
        bot_id=3,
        code="board",
        kind=Kind.IFRAME,
        context=Context.ALL,
        admin_only=False,
        hidden=False,
        extranet=False,
        livechat=False,
        translations=(Translation("en", title),),
        icon=b"\x89PNG\x00\xff",
    )


def keep(hand: Hand, member_id: str, kept: Chain) -> bool:
    """An administrator of a portal that has installed us opens the application."""
    hand.installations.save(installation(member_id))
    return hand.installations.keep_chain(member_id, kept)


@case
def an_installation_comes_back_as_it_was_saved(store: Store) -> None:
    store.one.installations.save(installation())

    assert store.other.installations.get(AURORA) == installation()


@case
def an_update_writes_what_changed_and_leaves_what_others_wrote(store: Store) -> None:
    store.one.installations.save(installation())
    known = store.one.installations.get(AURORA)
    moved = replace(known, client_endpoint="https://new.example/rest/", domain="new.example")
    store.other.installations.update(known, replace(known, application_token="a newer one"))

    written = store.one.installations.update(known, moved)
    again = store.one.installations.update(known, moved)
    late = store.one.installations.update(
        known, replace(moved, client_endpoint="https://late.example/", domain="late.example")
    )

    now = store.other.installations.get(AURORA)
    assert written == again == {"client_endpoint", "domain"} and late == frozenset()
    assert (now.domain, now.application_token) == ("new.example", "a newer one")
    assert store.one.inbox.put(AURORA, "a newer one", b"event=ONAPPUPDATE") is Taken.CALL


@case
def an_update_brings_no_removed_portal_back(store: Store) -> None:
    store.one.installations.save(installation())
    known = store.one.installations.get(AURORA)
    store.other.installations.remove(AURORA)

    with pytest.raises(NotInstalled):
        store.one.installations.update(known, replace(known, language="pl"))

    with pytest.raises(NotInstalled):
        store.other.installations.get(AURORA)


@case
def an_application_token_no_key_opens_is_replaced_by_the_next(store: Store) -> None:
    store.one.installations.save(installation())

    with store.with_keys(NEW) as new:
        known = new.installations.get(AURORA)
        new.installations.update(known, replace(known, application_token="the next"))
        found = new.installations.get(AURORA).application_token
        again = new.installations.update(known, replace(known, application_token="a late one"))

    assert (known.application_token, found, again) == ("", "the next", frozenset())


@case
def an_unknown_portal_is_not_installed(store: Store) -> None:
    with pytest.raises(NotInstalled):
        store.one.installations.get(AURORA)


@case
def every_portal_is_found_by_scanning(store: Store) -> None:
    names = {f"{number:032x}" for number in range(1200)}
    for name in list(names)[:3]:
        store.one.installations.save(installation(name))
    store.one.client.sadd("b24app:portals", *names)

    assert set(store.other.installations.scan()) == names
    assert store.other.installations.member_ids() == sorted(names)


@case
def removing_a_portal_leaves_nothing_of_it_and_everything_of_the_others(store: Store) -> None:
    for member_id in (AURORA, BOREALIS):
        store.one.installations.save(installation(member_id))
        keep(store.one, member_id, chain())
        store.one.portal(member_id).chat_apps.save(
            chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None
        )

    store.one.installations.remove(AURORA)

    with pytest.raises(NotInstalled):
        store.other.installations.get(AURORA)
    assert store.other.installations.chains(AURORA) == []
    assert store.other.portal(AURORA).chat_apps.all() == []
    assert store.other.portal(AURORA).history() == []
    assert store.other.installations.member_ids() == [BOREALIS]
    assert len(store.other.installations.chains(BOREALIS)) == 1
    assert len(store.other.portal(BOREALIS).chat_apps.all()) == 1


@case
def removing_the_secrets_leaves_what_was_typed(store: Store) -> None:
    store.one.installations.save(installation())
    keep(store.one, AURORA, chain())
    store.one.portal().chat_apps.save(
        chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None
    )

    store.one.installations.remove_secrets(AURORA)

    assert store.other.installations.chains(AURORA) == []
    assert [app.code for app in store.other.portal().chat_apps.all()] == ["board"]


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


@case
def two_edits_never_interleave(store: Store) -> None:
    with store.one.portal().editing():
        with pytest.raises(Busy), store.other.portal(patience=0.1).editing():
            raise AssertionError("both hold it")
        with store.other.portal(BOREALIS).editing():
            pass

    with store.other.portal(patience=0.1).editing():
        pass


@case
def a_thing_comes_back_as_it_was_saved_with_its_history(store: Store) -> None:
    stored = store.one.portal().chat_apps.save(
        chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None
    )
    changed = store.other.portal().chat_apps.save(
        replace(stored, admin_only=True),
        seen=stored.version,
        actor=ANNA,
        verb=Verb.UPDATE,
        before=stored,
    )

    assert store.one.portal().chat_apps.get(7) == changed
    assert changed.version == stored.version + 1
    lines = store.one.portal().history()
    assert [(line.verb, line.user_name) for line in lines] == [
        (Verb.UPDATE, "Anna"),
        (Verb.REGISTER, "Anna"),
    ]
    assert lines[0].after["admin_only"] is True


@case
def of_two_editors_the_second_is_told(store: Store) -> None:
    shelf = store.one.portal().chat_apps
    seen = shelf.save(chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)
    edit = {"seen": seen.version, "actor": ANNA, "verb": Verb.UPDATE, "before": seen}
    first = shelf.save(replace(seen, hidden=True), **edit)

    with pytest.raises(Conflict) as conflict:
        store.other.portal().chat_apps.save(replace(seen, extranet=True), **edit)

    assert conflict.value.saved == first
    assert len(shelf.all()) == len(store.one.portal().history()) - 1 == 1


@case
def a_deleted_thing_is_gone_and_its_line_stays(store: Store) -> None:
    shelf = store.one.portal().chat_apps
    stored = shelf.save(chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)

    shelf.delete(stored, actor=ANNA, verb=Verb.UNREGISTER)

    with pytest.raises(NotFound):
        store.other.portal().chat_apps.get(7)
    assert store.other.portal().history()[0].verb is Verb.UNREGISTER


@case
def unpublishing_keeps_what_was_typed(store: Store) -> None:
    store.one.portal().chat_apps.save(
        chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None
    )

    store.one.portal().unpublish()

    kept = store.other.portal().chat_apps.get(7)
    assert not kept.published and kept.title("en") == "Board"


@case
def history_keeps_about_a_thousand_lines(store: Store) -> None:
    """Redis cuts a stream where it costs nothing, so some more may stand."""
    store.one.installations.save(installation())
    with store.one.client.pipeline(transaction=False) as pipe:
        for number in range(1150):
            pipe.xadd(f"b24app:{{{AURORA}}}:history", {"change": "{}"}, id=f"{number + 1}-1")
        pipe.execute()
    store.one.portal().note(ANNA, Verb.UPDATE, ("installation", ""), {}, {"status": "L"})

    assert 1000 <= store.other.client.xlen(f"b24app:{{{AURORA}}}:history") <= 1150


@case
def a_registration_whose_answer_was_lost_is_remembered(store: Store) -> None:
    assert store.one.portal().begin_registration("board")
    assert not store.other.portal().begin_registration("board")

    store.one.portal().end_registration("board")

    assert store.other.portal().begin_registration("board")


@case
def what_is_saved_or_deleted_is_not_in_doubt_any_more(store: Store) -> None:
    portal, other = store.one.portal(), store.other.portal()
    portal.begin_registration("board")
    stored = portal.chat_apps.save(
        chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None, ends="board"
    )
    assert not other.in_doubt("board")

    portal.begin_registration("board")
    portal.chat_apps.delete(stored, actor=ANNA, verb=Verb.UNREGISTER, ends="board")
    assert not other.in_doubt("board")


@case
def a_save_that_comes_too_late_leaves_it_in_doubt(store: Store) -> None:
    first, second = store.one.portal(), store.other.portal()
    first.chat_apps.save(chat_app(), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)
    second.begin_registration("board")

    with pytest.raises(Conflict):
        second.chat_apps.save(
            chat_app("Other"), seen=0, actor=ANNA, verb=Verb.REGISTER, before=None, ends="board"
        )

    assert first.in_doubt("board")


@case
def the_budget_is_shared_and_leaves_room_for_people(store: Store) -> None:
    rate = Rate(leak=0.001, size=50)
    budgets = [store.one.budget(rate), store.other.budget(rate)]
    bulk = [budgets[n % 2].take("profile", Lane.BULK, 600).granted for n in range(60)]
    people = [budgets[n % 2].take("profile", Lane.INTERACTIVE, 0).granted for n in range(20)]

    assert 40 <= sum(bulk) < sum(bulk) + sum(people) <= 50
    assert sum(people) > 0


@case
def a_narrowed_budget_waits_in_every_process(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    store.one.budget(rate).narrow()

    permit = store.other.budget(rate).take("profile", Lane.INTERACTIVE, 0)

    assert not permit.granted and permit.wait > 0


@case
def a_blocked_method_is_blocked_in_every_process(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    store.one.budget(rate).block("imbot.register", time.time() + HOUR)
    budget = store.other.budget(rate)

    assert budget.take("imbot.register", Lane.INTERACTIVE, 0).method_blocked
    assert budget.take("profile", Lane.INTERACTIVE, 0).granted


@case
def the_budget_tells_how_it_stands(store: Store) -> None:
    rate = Rate(leak=2, size=50)
    budget = store.one.budget(rate)
    for _ in range(10):
        budget.take("profile", Lane.INTERACTIVE, 0)
    budget.block("imbot.register", time.time() + HOUR)

    facts = store.other.budget(rate).look()

    assert 0.1 < facts.level <= 0.2
    assert facts.width == 1
    assert [block.method for block in facts.blocked] == ["imbot.register"]


@case
def the_last_events_of_a_portal_are_remembered(store: Store) -> None:
    store.one.installations.save(installation())
    Sightings(store.one.client, AURORA).note("ONAPPUPDATE", Outcome.REFUSED)

    [seen] = Sightings(store.other.client, AURORA).look().sightings

    assert (seen.name, seen.outcome) == ("ONAPPUPDATE", Outcome.REFUSED)


@case
def the_overview_shows_every_portal(store: Store) -> None:
    for member_id in (AURORA, BOREALIS):
        store.one.installations.save(installation(member_id))
    keep(store.one, AURORA, chain())

    rows = {row.member_id: row for row in Overview(store.other.client).rows()}

    assert set(rows) == {AURORA, BOREALIS}
    assert not rows[AURORA].standing.waiting and rows[BOREALIS].standing.waiting


@case
def a_run_and_its_items_come_back_as_they_were_noted(store: Store) -> None:
    store.one.installations.save(installation())
    run = Runs(store.one.client, AURORA).create(
        ANNA, "unregister", "chat_app", [("7", "Board"), ("8", "Map")]
    )
    other = Runs(store.other.client, AURORA)

    assert other.all() == [other.get(run.id)] == [run]
    assert [item.name for item in other.items(run)] == ["Board", "Map"]


@case
def counters_add_up_over_all_processes(store: Store) -> None:
    store.one.counters.add("renewals", "ok")
    store.other.counters.add("renewals", "ok")
    store.other.counters.add_all({"portal_calls ok": 2, "portal_call_seconds profile": 0.25})

    assert store.one.counters.all() == {
        ("renewals", "ok"): 2,
        ("portal_calls", "ok"): 2,
        ("portal_call_seconds", "profile"): 0.25,
    }


@case
def a_code_flow_comes_back_once(store: Store) -> None:
    state = store.one.installations.start_code_flow("aurora.bitrix24.com")

    assert store.other.installations.take_code_flow(state) == "aurora.bitrix24.com"
    assert store.one.installations.take_code_flow(state) is None
    assert store.one.installations.take_code_flow("v1.forged.state") is None


@case
def an_uninstall_is_confirmed_by_one(store: Store) -> None:
    store.one.installations.save(installation())
    departures = store.other.installations.departures
    assert store.one.installations.departures.begin(AURORA, clean=True)
    assert not departures.begin(AURORA, clean=False)
    found = departures.read(AURORA)
    assert found and not found.clean  # keeping was asked for once, and nothing brings back
    assert departures.hear(AURORA, found, "gone")

    assert departures.move(AURORA, {Life.UNINSTALLING}, found.before, departure=found.id)

    assert departures.hear(AURORA, found, "gone") is None
    assert not store.one.installations.remove(AURORA, found.id)
    assert store.one.installations.get(AURORA).state is Life.NEW


@case
def what_is_due_for_a_look_is_given_to_one(store: Store) -> None:
    departures = store.one.installations.departures
    departures.look_at(AURORA, 100)

    assert departures.take_due(10, 50, 300) == []
    assert departures.take_due(10, 200, 300) == [AURORA]
    assert store.other.installations.departures.take_due(10, 200, 300) == []
    departures.look_no_more(AURORA)
    assert departures.take_due(10, 900, 1000) == []


@case
def an_answer_is_begun_by_one(store: Store) -> None:
    store.one.installations.save(installation())
    assert Spoken(store.one.client, AURORA).begin("join:5:2", 60)
    assert not Spoken(store.other.client, AURORA).begin("join:5:2", 60)

    Spoken(store.one.client, AURORA).take_back("join:5:2")

    assert Spoken(store.other.client, AURORA).begin("join:5:2", 60)


@case
def a_proven_event_is_kept_once_and_leaves_when_it_is_done(store: Store) -> None:
    store.one.installations.save(installation())
    token = installation().application_token

    assert store.one.inbox.put(AURORA, token, b"event=ONAPPUPDATE") is Taken.CALL
    assert store.other.inbox.put(AURORA, token, b"event=ONAPPUPDATE") is Taken.KNOWN
    assert store.other.inbox.put(AURORA, token, b"event=ONAPPPAYMENT") is Taken.KEPT
    assert store.other.inbox.open(AURORA, "reader")
    assert not store.one.inbox.open(AURORA, "another")
    first, second = store.other.inbox.first(AURORA, 10)
    assert store.other.inbox.begin(AURORA, "reader", first) == 1
    assert store.other.inbox.done(AURORA, first, "ONAPPUPDATE")

    assert first.body == b"event=ONAPPUPDATE"
    assert store.one.inbox.first(AURORA, 10) == [second]
    assert store.one.inbox.tally(AURORA)["ONAPPUPDATE"][0] == 1
    assert store.one.inbox.waiting() == [AURORA]


@case
def an_event_without_the_application_token_is_not_kept(store: Store) -> None:
    store.one.installations.save(installation())

    store.one.inbox.put(AURORA, "another token", b"event=ONAPPUPDATE")
    store.one.inbox.put(BOREALIS, "", b"event=ONAPPUPDATE")

    assert store.other.inbox.first(AURORA, 1) == store.other.inbox.first(BOREALIS, 1) == []


@case
def an_event_that_failed_for_the_last_time_can_be_revived(store: Store) -> None:
    store.one.inbox.put_claim(AURORA, b"event=ONAPPINSTALL")
    store.one.inbox.open("claims", "reader")
    entry = store.one.inbox.first("claims", 1)[0]
    store.one.inbox.begin("claims", "reader", entry)

    store.one.inbox.bury("claims", entry, "PortalError")
    store.one.inbox.close("claims", "reader")
    letter = store.other.inbox.dead_letters("claims")[0]

    assert letter.reason == "PortalError"
    assert store.other.inbox.first("claims", 1) == []
    assert store.other.inbox.revive(letter)
    assert store.one.inbox.first("claims", 1)[0].body == b"event=ONAPPINSTALL"


@case
def a_new_key_takes_over_while_others_still_have_the_old_one(store: Store) -> None:
    store.one.installations.save(installation())
    for user_id in (1, 2):
        keep(store.one, AURORA, chain(user_id, word=str(user_id)))

    with store.with_keys(NEW, OLD) as both:
        resealed = both.installations.reseal(AURORA), both.installations.reseal(AURORA)
        unreadable = both.installations.unreadable(AURORA)
    with store.with_keys(NEW) as new:
        opened = len(new.installations.chains(AURORA))
        token = new.installations.get(AURORA).application_token

    assert resealed == (3, 0) and unreadable == []
    assert opened == 2 and token == installation().application_token
    assert store.one.installations.chains(AURORA) == []


@case
def what_no_key_opens_is_named(store: Store) -> None:
    store.one.installations.save(installation())
    keep(store.one, AURORA, chain())

    with store.with_keys(NEW) as new:
        assert new.installations.reseal(AURORA) == 0
        assert new.installations.unreadable(AURORA) == ["application_token", "chain 1"]
