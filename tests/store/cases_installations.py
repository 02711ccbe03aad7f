"""Portals that have installed us: kept, updated, removed, and sealed with another key."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.errors import NotInstalled
from b24app.records import Life, Verb
from b24app.store.inbox import Taken
from b24app.store.overview import Overview
from tests.store.battery import (
    ANNA,
    AURORA,
    BOREALIS,
    NEW,
    OLD,
    Cases,
    Store,
    chain,
    chat_app,
    installation,
    keep,
)

case = Cases()


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
def the_overview_shows_every_portal(store: Store) -> None:
    for member_id in (AURORA, BOREALIS):
        store.one.installations.save(installation(member_id))
    keep(store.one, AURORA, chain())

    rows = {row.member_id: row for row in Overview(store.other.client).rows()}

    assert set(rows) == {AURORA, BOREALIS}
    assert not rows[AURORA].standing.waiting and rows[BOREALIS].standing.waiting


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
