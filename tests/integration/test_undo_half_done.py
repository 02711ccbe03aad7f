"""An undo that stopped half-way: the page says so and goes on with it; and one that had to wait."""

from __future__ import annotations

import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from b24app import keys
from b24app.actions import history
from b24app.actions.portal import open_portal
from b24app.records import Actor, RunState, Verb
from tests.cast import (
    told,
    typed,
    typed_bot,
    typed_command,
    typed_connector,
    typed_joint,
)

ANNA = Actor(1, "Anna Sokolova", is_admin=True)
MAIL = "/connectors/b24app_mail"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def line(store, verb: Verb, thing: str):
    """The newest change of this kind."""
    return next(one for one in store.history() if (one.verb, one.thing) == (verb, thing))


def undo(person, change):
    return person.post(f"/history/{change.id}/undo")


def shown(person, change) -> tuple[str, str]:
    """What the page says of a change that was taken back, and what its button says."""
    [item] = [
        one
        for one in person.get("/history").text.split('<li class="change"')
        if f'id="change-{change.id}"' in one
    ]
    said = re.search(r"Taken back(?: in part)?", item)
    button = re.search(r"/undo\".*?</svg>\s*(.*?)\s*</button>", item, re.S)
    return said[0] if said else "", button[1] if button else ""


@pytest.fixture
def mail(installed, store):
    """The removal of a connector that was connected to two open lines."""
    installed.post("/connectors", typed_connector())
    for number in (1, 2):
        reply = installed.post(f"{MAIL}/lines/{number}", typed_joint(number))
        assert reply.status_code == 200
    installed.post(f"{MAIL}/unregistration")
    return line(store, Verb.UNREGISTER, "connector")


@pytest.fixture
def bot_removal(installed, store):
    """The deletion of a bot that had a command and a chat app."""
    installed.post("/bots", typed_bot())
    [bot] = store.bots.all()
    installed.post("/commands", typed_command(bot.id))
    installed.post("/chat-apps", typed(bot_id=str(bot.id)))
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": bot.full_name})
    return line(store, Verb.UNREGISTER, "bot")


@pytest.fixture
def only_the_bot(installed, resources, bot_removal):
    """As after a stop between the bot and the run with what belongs to it; the removal."""
    history.undo(open_portal(resources, installed.portal.member_id, ANNA), bot_removal.id)
    return bot_removal


def test_a_connector_without_its_lines_is_back_in_part_and_the_button_goes_on(
    installed, store, world, mail
):
    world.faults.order(
        "error", "imconnector.activate", code="ERROR_ARGUMENT", status=400, times=1, after=1
    )
    assert undo(installed, mail).status_code == 502
    assert [joint.line for joint in store.connectors.all()[0].joints] == [1]

    assert shown(installed, mail) == ("Taken back in part", "Go on")
    assert undo(installed, mail).status_code == 200

    assert [joint.line for joint in store.connectors.all()[0].joints] == [1, 2]
    assert shown(installed, mail) == ("Taken back", "")


def test_an_update_of_lines_that_was_taken_back_in_part_goes_on(installed, store, world, mail):
    undo(installed, mail)
    [whole] = store.connectors.all()
    bare = replace(whole, joints=(), name="Letters")
    store.connectors.save(bare, seen=whole.version, actor=ANNA, verb=Verb.UPDATE, before=whole)
    installed.portal.connectors["b24app_mail"].name = "Letters"
    change = line(store, Verb.UPDATE, "connector")
    world.faults.order("error", "imconnector.activate", code="ERROR_ARGUMENT", status=400)
    assert undo(installed, change).status_code == 502

    assert shown(installed, change) == ("Taken back in part", "Go on")
    assert undo(installed, change).status_code == 200

    [back] = store.connectors.all()
    assert (back.name, back.joints) == (whole.name, whole.joints)
    assert shown(installed, change) == ("Taken back", "")


def test_a_line_that_is_gone_for_good_leaves_nothing_to_go_on_with(installed, store, mail):
    del installed.portal.lines[1]

    reply = undo(installed, mail)

    assert "not there any more" in told(reply)
    assert [joint.line for joint in store.connectors.all()[0].joints] == [1]
    assert shown(installed, mail) == ("Taken back", "")


def test_what_the_portal_has_is_asked_once_however_many_lines_come_back(installed, mail):
    before = len(installed.portal.rest_log)

    undo(installed, mail)

    asked = [one.method for one in installed.portal.rest_log[before:]]
    assert asked.count("imconnector.list") == 1
    assert asked.count("imopenlines.config.list.get") == 1
    assert asked.count("imconnector.activate") == 2


def test_a_bot_without_what_went_with_it_is_back_in_part(installed, store, only_the_bot, work):
    assert shown(installed, only_the_bot) == ("Taken back in part", "Go on")

    reply = undo(installed, only_the_bot)
    [bot] = store.bots.all()
    assert told(reply) == f"It is back. Its number is {bot.id} now."
    work()

    assert [one.bot_id for one in (*store.commands.all(), *store.chat_apps.all())] == [bot.id] * 2
    assert shown(installed, only_the_bot) == ("Taken back", "")


def test_the_rest_comes_back_to_a_bot_that_was_changed_meanwhile(
    installed, store, only_the_bot, work
):
    [bot] = store.bots.all()
    form = typed_bot(version=str(bot.version), name="Renamed")
    assert installed.post(f"/bots/{bot.id}", form).status_code == 200

    assert undo(installed, only_the_bot).status_code == 200
    work()

    assert store.bots.all()[0].name == "Renamed"
    assert (len(store.commands.all()), len(store.chat_apps.all())) == (1, 1)


def test_while_a_run_brings_the_rest_back_nobody_begins_another(installed, store, bot_removal):
    undo(installed, bot_removal)  # no worker is there yet
    assert [run.state for run in store.runs.all()] == [RunState.RUNNING]

    assert shown(installed, bot_removal) == ("Taken back", "")
    undo(installed, bot_removal)

    assert len(store.runs.all()) == 1


def test_what_somebody_brought_back_by_hand_is_not_waited_for(installed, store, only_the_bot, work):
    [bot] = store.bots.all()
    installed.post("/commands", typed_command(bot.id))
    undo(installed, only_the_bot)
    work()

    assert len(store.commands.all()) == 1
    assert shown(installed, only_the_bot) == ("Taken back", "")


def test_a_chat_app_that_came_no_further_than_its_owner_is_not_back(installed, store, world):
    installed.post("/chat-apps", typed())
    [app], [bot] = store.chat_apps.all(), store.bots.all()
    installed.post(f"/chat-apps/{app.id}/unregistration")
    removal = line(store, Verb.UNREGISTER, "chat_app")
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": bot.full_name})
    world.faults.order("error", "imbot.app.register", code="WRONG_REQUEST")
    assert undo(installed, removal).status_code == 502
    assert len(store.bots.all()) == 1

    assert shown(installed, removal) == ("Taken back in part", "Go on")
    assert undo(installed, removal).status_code == 200

    assert len(installed.chat_apps()) == 1
    assert shown(installed, removal) == ("Taken back", "")


def while_it_waits(installed, store, resources, change, meanwhile):
    """What an undo answers that finds ``meanwhile`` done when its turn to edit comes."""
    member_id = installed.portal.member_id
    with ThreadPoolExecutor(1) as pool:
        with store.editing():
            answer = pool.submit(undo, installed, change)
            deadline = time.monotonic() + 10
            while not resources.redis.exists(keys.edit_waiting(member_id)):
                assert time.monotonic() < deadline, "it does not wait"
                time.sleep(0.01)
            [app] = store.chat_apps.all()
            wanted = replace(app, **meanwhile)
            store.chat_apps.save(wanted, seen=app.version, actor=ANNA, verb=Verb.UPDATE, before=app)
        return answer.result(20)


@pytest.fixture
def widened(installed, store):
    """A change of a chat app's width."""
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    return line(store, Verb.UPDATE, "chat_app")


def test_an_undo_that_had_to_wait_looks_again_at_what_stands(installed, store, resources, widened):
    reply = while_it_waits(installed, store, resources, widened, {"iframe_height": 222})

    assert reply.status_code == 200
    [app] = store.chat_apps.all()
    assert (app.iframe_width, app.iframe_height) == (400, 222)


def test_an_undo_that_had_to_wait_overwrites_nobody(installed, store, resources, widened):
    reply = while_it_waits(installed, store, resources, widened, {"iframe_width": 640})

    assert reply.status_code == 409
    assert "512" in reply.text and "640" in reply.text
    assert installed.chat_apps()[0].iframe_width == 512


def test_what_only_notes_that_the_portal_has_it_is_not_told_as_a_hash(installed, store):
    installed.post("/chat-apps", typed())
    for shelf in (store.bots, store.chat_apps):
        [thing] = shelf.all()
        for published in (False, True):
            wanted = replace(shelf.all()[0], published=published)
            shelf.save(
                wanted,
                seen=wanted.version,
                actor=ANNA,
                verb=Verb.UPDATE,
                before=shelf.get(thing.id),
            )

        page = installed.get("/history").text.partition("</li>")[0]

        assert "It only notes that the portal has it." in page and "hash" not in page
        assert undo(installed, store.history(1)[0]).status_code == 422


def test_both_drawings_of_a_connector_are_shown_where_they_differ(installed, store):
    installed.post("/connectors", typed_connector(svg=DRAWING))
    installed.post(f"{MAIL}/unregistration")
    removal = line(store, Verb.UNREGISTER, "connector")
    installed.post("/connectors", typed_connector(svg=DRAWING.replace("9", "8")))

    reply = undo(installed, removal)

    assert reply.status_code == 409
    assert len(re.findall(r'<img class="change__drawing" src="data:image/svg', reply.text)) == 2
    assert "data:" not in re.sub(r"<[^>]*>", "", reply.text)
