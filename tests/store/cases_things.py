"""What an administrator manages: edited by one at a time, with its history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from b24app.errors import Busy, Conflict, NotFound
from b24app.records import Verb
from b24app.store.bulk import Runs
from tests.store.battery import ANNA, AURORA, BOREALIS, Cases, Store, chat_app, installation

case = Cases()


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
def a_run_and_its_items_come_back_as_they_were_noted(store: Store) -> None:
    store.one.installations.save(installation())
    run = Runs(store.one.client, AURORA).create(
        ANNA, "unregister", "chat_app", [("7", "Board"), ("8", "Map")]
    )
    other = Runs(store.other.client, AURORA)

    assert other.all() == [other.get(run.id)] == [run]
    assert [item.name for item in other.items(run)] == ["Board", "Map"]
