"""Taking back what has another number now: after a republication, and after it came back."""

from __future__ import annotations

import re

import pytest

from b24app.records import Verb
from b24app.store import PortalStore
from tests.cast import told, typed, typed_bot, typed_command, typed_widget
from tests.integration.definitions import bring_in, export


def line(store, verb: Verb, thing: str):
    """The newest change of this kind."""
    return next(one for one in store.history() if (one.verb, one.thing) == (verb, thing))


def undo(person, change, **form):
    return person.post(f"/history/{change.id}/undo", form)


def offered(person, change) -> bool:
    """Whether the page has a button for it."""
    return f"/history/{change.id}/undo" in person.get("/history").text


@pytest.fixture
def republished(installed, store):
    """A chat app that was renamed and then republished; Anna."""
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["Other", "Tafel"]))
    reply = installed.post(f"/chat-apps/{app.id}/republication", {"version": "2"})
    assert reply.status_code == 200 and store.chat_apps.all()[0].id != app.id
    return installed


@pytest.fixture
def returned(installed, store, work):
    """A bot with a command that was renamed; it was deleted, and taken back whole. Anna."""
    installed.post("/bots", typed_bot())
    [bot] = store.bots.all()
    installed.post("/commands", typed_command(bot.id))
    [command] = store.commands.all()
    installed.post(
        f"/commands/{command.id}", typed_command(bot.id, version="1", title=["New", "x"])
    )
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": bot.full_name})
    undo(installed, line(store, Verb.UNREGISTER, "bot"))
    work()
    assert (store.bots.all()[0].id != bot.id, len(store.commands.all())) == (True, 1)
    return installed


def test_an_update_before_a_republication_is_taken_back_on_the_successor(republished, store):
    reply = undo(republished, line(store, Verb.UPDATE, "chat_app"))

    assert (reply.status_code, told(reply)) == (
        *(200, "Taken back. The portal has the values from before."),
    )
    [app] = republished.chat_apps()
    assert (app.id, app.lang[0]["TITLE"]) == (store.chat_apps.all()[0].id, "Board")


def test_a_registration_before_a_republication_takes_the_successor_away(republished, store):
    undo(republished, line(store, Verb.UPDATE, "chat_app"))

    reply = undo(republished, line(store, Verb.REGISTER, "chat_app"))

    assert told(reply) == "Taken back: it is unregistered."
    assert (republished.chat_apps(), store.chat_apps.all()) == ([], [])


def test_a_registration_whose_successor_differs_is_not_taken_back(republished, store):
    reply = undo(republished, line(store, Verb.REGISTER, "chat_app"))

    assert reply.status_code == 409 and "Other" in reply.text
    assert "-v" not in reply.text  # the code is the republication's doing
    assert len(republished.chat_apps()) == 1


def test_what_a_republication_removed_does_not_come_back(republished, store):
    removal = line(store, Verb.UNREGISTER, "chat_app")

    assert not offered(republished, removal)
    reply = undo(republished, removal)

    assert reply.status_code == 422 and "gone for good" in reply.text
    assert len(republished.chat_apps()) == 1


def test_the_old_one_that_was_removed_by_hand_does_not_come_back_beside_its_successor(
    installed, store, world
):
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    world.faults.order("error", "imbot.app.unregister", code="WRONG_REQUEST", times=1)
    installed.post(f"/chat-apps/{app.id}/republication", {"version": "1"})
    assert len(installed.chat_apps()) == 2
    installed.post(f"/chat-apps/{app.id}/unregistration")

    reply = undo(installed, line(store, Verb.UNREGISTER, "chat_app"))

    assert "already" in told(reply)
    assert len(installed.chat_apps()) == 1


def test_what_came_back_and_was_republished_does_not_come_back_twice(installed, store):
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.post(f"/chat-apps/{app.id}/unregistration")
    removal = line(store, Verb.UNREGISTER, "chat_app")
    undo(installed, removal)
    [back] = store.chat_apps.all()
    installed.post(f"/chat-apps/{back.id}/republication", {"version": str(back.version)})

    reply = undo(installed, removal)

    assert "already" in told(reply)
    assert len(installed.chat_apps()) == 1


def test_what_came_back_and_was_removed_again_comes_back_by_either_line(installed, store):
    installed.post("/chat-apps", typed())
    installed.post(f"/chat-apps/{store.chat_apps.all()[0].id}/unregistration")
    first = line(store, Verb.UNREGISTER, "chat_app")
    undo(installed, first)
    installed.post(f"/chat-apps/{store.chat_apps.all()[0].id}/unregistration")
    second = line(store, Verb.UNREGISTER, "chat_app")

    assert undo(installed, first).status_code == 200
    assert "already" in told(undo(installed, second))
    assert len(installed.chat_apps()) == 1


def test_an_update_of_a_command_that_came_back_with_its_bot_is_taken_back(returned, store):
    reply = undo(returned, line(store, Verb.UPDATE, "command"))

    assert reply.status_code == 200 and "values from before" in told(reply)
    [command] = store.commands.all()
    assert [hint.title for hint in command.translations] != ["New", "x"]
    assert returned.portal.commands[command.id].lang[0]["TITLE"] != "New"


def test_a_registration_of_a_bot_that_came_back_is_taken_back_with_what_it_has_now(returned, store):
    [bot] = store.bots.all()
    registered = [one for one in store.history() if (one.thing, one.undoes) == ("bot", "")][-1]
    page = returned.get("/history").text
    asked = re.search(r'data-text="([^"]*)"', page.partition(f"{registered.id}/undo")[2])
    assert asked and "1 command" in asked[1]

    reply = undo(returned, registered, confirmation=bot.full_name)

    assert told(reply) == "Taken back: it is unregistered."
    assert (returned.bots(), store.bots.all(), store.commands.all()) == ([], [], [])


def test_what_such_a_deletion_would_send_is_shown_before(returned, store):
    registered = [one for one in store.history() if (one.thing, one.undoes) == ("bot", "")][-1]

    reply = returned.post(f"/history/{registered.id}/undo?rehearsal=1")

    assert reply.status_code == 200 and "imbot.v2.Bot.unregister" in reply.text
    assert len(returned.bots()) == 1


def test_what_the_republication_of_a_command_replaced_does_not_come_back(installed, store, work):
    installed.post("/bots", typed_bot())
    installed.post("/commands", typed_command(store.bots.all()[0].id))
    [command] = store.commands.all()
    installed.portal.commands.clear()
    installed.post("/bulk", {"verb": "republish", "thing": "command", "id": [str(command.id)]})
    work()
    assert [one.id != command.id for one in store.commands.all()] == [True]

    assert not offered(installed, line(store, Verb.FORGET, "command"))
    assert undo(installed, line(store, Verb.FORGET, "command")).status_code == 422
    assert "unregistered" in told(undo(installed, line(store, Verb.REGISTER, "command")))
    assert installed.portal.commands == {}


@pytest.mark.parametrize("way", ["republication", "undo"])
def test_a_widget_names_the_number_its_chat_app_has_now(installed, store, way):
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.post("/widgets", typed_widget(app_id=str(app.id)))
    if way == "republication":
        installed.post(f"/chat-apps/{app.id}/republication", {"version": "1"})
    else:
        installed.post(f"/chat-apps/{app.id}/unregistration")
        undo(installed, line(store, Verb.UNREGISTER, "chat_app"))
    [new] = store.chat_apps.all()

    [widget] = store.widgets.all()

    assert (new.id != app.id, widget.app_id) == (True, new.id)
    followed = line(store, Verb.UPDATE, "widget")
    assert not offered(installed, followed)
    assert "went along with its chat app" in undo(installed, followed).text


def test_an_import_takes_no_hash_from_a_widget_that_was_made_of_no_chat_app(
    installed, store, boris, resources, work
):
    installed.post("/chat-apps", typed())
    boris.install()
    boris.post("/widgets", typed_widget())

    bring_in(boris, export(installed), work)

    theirs = PortalStore(resources.redis, boris.portal.member_id)
    [app], [widget] = theirs.chat_apps.all(), theirs.widgets.all()
    assert app.hash and app.hash != widget.hash
