"""Taking removals back: the same HASH, all that went along and nothing else, and what was cut off
half-way is finished by the next try."""

from __future__ import annotations

import pytest

from b24app import keys
from b24app.actions import drawings
from b24app.records import Actor, Hint, ItemState, RunState, Verb
from b24app.records import Command as OurCommand
from b24app.store import PortalStore
from sandbox.records_channels import Connector
from tests.cast import (
    told,
    typed,
    typed_bot,
    typed_command,
    typed_connector,
    typed_joint,
    typed_widget,
)
from tests.conftest import CLIENT_ID
from tests.integration.life import both_profiles

ANNA = Actor(1, "Anna Sokolova", is_admin=True)
MAIL = "/connectors/b24app_mail"


@pytest.fixture
def bot(installed):
    """A bot of Anna's portal."""
    installed.post("/bots", typed_bot())
    return installed.bots()[0]


def last(store, verb: Verb, thing: str):
    """The newest change of this kind."""
    return next(one for one in store.history() if (one.verb, one.thing) == (verb, thing))


def undo(person, change):
    return person.post(f"/history/{change.id}/undo")


def delete(person, store, bot) -> None:
    name = store.bots.get(bot.id).full_name
    reply = person.post(f"/bots/{bot.id}/unregistration", {"confirmation": name})
    assert reply.status_code == 200


@both_profiles
def test_a_chat_app_that_comes_back_has_the_hash_its_page_checks(installed, store):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}/unregistration")

    reply = undo(installed, last(store, Verb.UNREGISTER, "chat_app"))

    [back] = installed.chat_apps()
    assert (back.id != app.id, back.hash) == (True, app.hash)
    assert store.chat_apps.all()[0].hash == app.hash
    assert "hash" not in told(reply)


def test_the_kept_hash_is_sealed_and_opens_nowhere_else(installed, store, resources, boris):
    boris.install()
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}/unregistration")
    change = last(store, Verb.UNREGISTER, "chat_app")

    def opened(member_id):
        known = PortalStore(resources.redis, member_id, ring=resources.ring)
        return known.changes.secrets(change)

    name = keys.history(installed.portal.member_id)
    assert app.hash not in str(resources.redis.xrange(name)) + repr(change)
    assert opened(installed.portal.member_id) == {"hash": app.hash}
    assert opened(boris.portal.member_id) == {}


@both_profiles
def test_what_went_with_a_bot_has_its_hash_again(installed, store, bot, work):
    installed.post("/chat-apps", typed(bot_id=str(bot.id)))
    [app] = installed.chat_apps()
    delete(installed, store, bot)

    undo(installed, last(store, Verb.UNREGISTER, "bot"))
    work()

    assert [one.hash for one in installed.chat_apps()] == [app.hash]
    assert [item.reason for item in store.runs.items(store.runs.all()[0])] == [""]


def test_where_the_hash_is_not_known_any_more_the_run_says_so(installed, store, work):
    """As in a line that was sealed with a key that is gone."""
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    store.chat_apps.delete(app, actor=ANNA, verb=Verb.UNREGISTER)
    installed.portal.chat_apps.clear()
    change = last(store, Verb.UNREGISTER, "chat_app")
    assert "new hash" in told(undo(installed, change))

    with store.changes.together(run="1"):
        store.chat_apps.delete(store.chat_apps.all()[0], actor=ANNA, verb=Verb.UNREGISTER)
    installed.portal.chat_apps.clear()
    run = store.runs.create(ANNA, "undo", "chat_app", [(store.history(1)[0].id, "Board")])
    installed.get(f"/bulk/{run.id}")  # calls a worker
    work()

    [item] = store.runs.items(run)
    assert (item.state, item.reason) == (ItemState.DONE, "new_hash")
    assert "new hash" in installed.get(f"/bulk/{run.id}").text


@both_profiles
def test_a_widget_that_comes_back_has_its_hash(installed, store):
    installed.post("/widgets", typed_widget())
    [widget] = store.widgets.all()
    installed.post(f"/widgets/{widget.id}/unregistration")

    reply = undo(installed, last(store, Verb.UNREGISTER, "widget"))

    assert [one.hash for one in store.widgets.all()] == [widget.hash]
    assert "hash" not in told(reply)


@pytest.mark.parametrize("kept", [True, False])
def test_a_classic_one_that_comes_back_after_the_move_is_one_with_its_widget(
    installed, store, kept
):
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.post("/widgets", typed_widget(app_id=str(app.id)))
    [widget] = store.widgets.all()
    if kept:
        installed.post(f"/widgets/{widget.id}/classic-removal")
    else:
        store.chat_apps.delete(app, actor=ANNA, verb=Verb.UNREGISTER)
        installed.portal.chat_apps.clear()

    undo(installed, last(store, Verb.UNREGISTER, "chat_app"))

    assert [one.hash for one in store.chat_apps.all()] == [widget.hash]


@both_profiles
def test_a_connectors_undo_that_was_cut_short_is_finished_by_the_next(installed, store, world):
    installed.post("/connectors", typed_connector())
    installed.post(f"{MAIL}/lines/1", typed_joint(1))
    [was] = store.connectors.all()
    installed.post(f"{MAIL}/unregistration")
    change = last(store, Verb.UNREGISTER, "connector")
    world.faults.order("error", "imconnector.activate", code="ERROR_ARGUMENT", status=400, times=1)
    assert undo(installed, change).status_code >= 400
    assert store.connectors.all()[0].joints == ()

    assert undo(installed, change).status_code == 200

    assert store.connectors.all()[0].joints == was.joints
    assert "already" in told(undo(installed, change))


def test_what_somebody_changed_after_the_undo_is_not_overwritten(installed, store):
    installed.post("/connectors", typed_connector())
    installed.post(f"{MAIL}/unregistration")
    change = last(store, Verb.UNREGISTER, "connector")
    undo(installed, change)
    installed.post(MAIL, typed_connector(version="1", name="Letters"))

    assert undo(installed, change).status_code == 409
    assert store.connectors.all()[0].name == "Letters"


def test_a_connector_nobody_drew_anything_for_comes_back_once(installed, store):
    form = typed_connector()
    form.pop("svg", None)
    installed.post("/connectors", form)
    installed.post(f"{MAIL}/unregistration")
    change = last(store, Verb.UNREGISTER, "connector")
    undo(installed, change)

    assert "already" in told(undo(installed, change))
    assert drawings.clean(drawings.SPEECH) == drawings.SPEECH


@both_profiles
def test_with_a_bot_comes_back_what_went_with_it_and_nothing_else(installed, store, bot, work):
    for name in ("kept", "old"):
        installed.post("/commands", typed_command(bot.id, name=name))
    old = next(one for one in store.commands.all() if one.name == "old")
    installed.post(f"/commands/{old.id}/unregistration")
    delete(installed, store, bot)

    undo(installed, last(store, Verb.UNREGISTER, "bot"))
    work()

    assert [one.name for one in store.commands.all()] == ["kept"]


def test_a_deletion_that_was_cut_short_and_made_again_is_one(installed, store, bot, work):
    for name in ("first", "second"):
        installed.post("/commands", typed_command(bot.id, name=name))
    first = next(one for one in store.commands.all() if one.name == "first")
    with store.changes.together(group=f"bot {bot.id}"):  # so far it came
        store.commands.delete(first, actor=Actor(7, "Olga", is_admin=True), verb=Verb.UNREGISTER)
    delete(installed, store, bot)

    undo(installed, last(store, Verb.UNREGISTER, "bot"))
    work()

    assert sorted(one.name for one in store.commands.all()) == ["first", "second"]


def test_a_run_takes_back_only_what_it_removed_itself(installed, store, work):
    """A connector keeps its id, so the same one can go by hand while the run has it."""
    for thing in ("mail", "post"):
        installed.post("/connectors", typed_connector(id=f"b24app_{thing}"))
    ids = [one.id for one in store.connectors.all()]
    installed.post("/bulk", {"verb": "unregister", "thing": "connector", "id": ids})
    run = store.runs.all()[0]
    installed.post(f"{MAIL}/unregistration")
    work()

    installed.post(f"/bulk/{run.id}/undo")
    work()

    assert [one.id for one in store.connectors.all()] == ["b24app_post"]


def test_more_than_one_run_takes_comes_back_in_several(installed, store, bot, work):
    """With its commands a bot may be more than history keeps, which is said before."""
    for number in range(1300):
        command = OurCommand(50000 + number, bot.id, f"c{number}", (Hint("en", "x"),))
        store.commands.save(command, seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)
    assert "301 of these cannot come back" in installed.get(f"/bots/{bot.id}").text
    form = {"verb": "unregister", "thing": "bot", "id": [str(bot.id)], "confirmation": "1"}
    installed.post("/bulk", form)
    work()
    run = store.runs.all()[0]

    assert installed.post(f"/bulk/{run.id}/undo").status_code == 200

    waiting = [one for one in store.runs.all() if one.verb == "undo"]
    assert sum(one.total for one in waiting) >= 1000
    assert all(one.total <= 1000 for one in waiting)


def test_a_stopped_run_says_what_it_has_not_begun(installed, store, bot, world, work):
    installed.post("/commands", typed_command(bot.id))
    [command] = store.commands.all()
    world.faults.order("error", "batch", code="ACCESS_DENIED", status=403, times=10)
    installed.post("/bulk", {"verb": "unregister", "thing": "command", "id": [str(command.id)]})
    work()
    run = store.runs.all()[0]
    assert run.state is RunState.STOPPED
    assert [item.state for item in store.runs.items(run)] == [ItemState.WAITING]
    assert "Under way" not in installed.get(f"/bulk/{run.id}").text

    world.faults.rest.clear()
    installed.portal.commands.clear()  # somebody else
    installed.post(f"/bulk/{run.id}/continuation")
    work()

    assert [item.state for item in store.runs.items(run)] == [ItemState.GONE]


@both_profiles
def test_one_by_one_too_a_refused_request_is_not_under_way(installed, store, world, work):
    installed.post("/connectors", typed_connector())
    world.faults.order("error", "imconnector.unregister", code="ACCESS_DENIED", status=403, times=9)
    installed.post("/bulk", {"verb": "unregister", "thing": "connector", "id": ["b24app_mail"]})
    work()

    run = store.runs.all()[0]
    assert run.state is RunState.STOPPED
    assert [item.state for item in store.runs.items(run)] == [ItemState.WAITING]


@both_profiles
def test_an_undo_whose_answer_was_lost_is_done_by_us(installed, store, work):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}/unregistration")
    change = last(store, Verb.UNREGISTER, "chat_app")
    run = store.runs.create(ANNA, "undo", "chat_app", [(change.id, "Board")])
    [item] = store.runs.items(run)
    store.runs.note(run, [type(item)(item.number, item.thing_id, item.name, ItemState.SENT)])
    undo(installed, change)  # what the run did before it was killed
    installed.get(f"/bulk/{run.id}")  # calls a worker
    work()

    assert [item.state for item in store.runs.items(run)] == [ItemState.DONE]


@pytest.mark.parametrize("known", [False, True])
def test_a_strangers_connector_is_not_taken_for_ours_by_a_note(installed, world, known):
    """Ours never arrived, nobody knows, and somebody else registered the id."""
    if known:
        installed.post("/connectors", typed_connector())
    failure = {"code": "INTERNAL_SERVER_ERROR", "status": 500, "times": 10}
    world.faults.order("error", "imconnector.register", **failure)
    form = typed_connector(version="1", name="Letters") if known else typed_connector()
    assert installed.post(MAIL if known else "/connectors", form).status_code >= 500
    world.faults.rest.clear()
    theirs = Connector("b24app_mail", "local.stranger", "Stranger", {})
    installed.portal.connectors["b24app_mail"] = theirs
    assert theirs.client_id != CLIENT_ID

    reply = installed.post(MAIL if known else "/connectors", form)
    gone = installed.post(f"{MAIL}/unregistration")

    assert (reply.status_code, gone.status_code) == ((409, 409) if known else (422, 404))
    assert installed.portal.connectors["b24app_mail"] is theirs
    assert installed.calls("imconnector.unregister") == []
