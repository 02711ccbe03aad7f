"""What the portal may have and our record has not: a save brings it to what was typed."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from b24app import keys
from b24app.records import SYSTEM, Verb
from b24app.store import PortalStore
from tests.cast import (
    Person,
    typed,
    typed_bot,
    typed_command,
    typed_connector,
    typed_widget,
)
from tests.integration.test_connectors import told

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

NOTHING = "Nothing was changed, so nothing was sent."
FAMILIES = ("new", "old")


@pytest.fixture
def store(anna, resources) -> PortalStore:
    anna.install()
    return PortalStore(resources.redis, anna.portal.member_id)


@pytest.fixture(params=FAMILIES)
def bot(request, anna, store, world):
    """A bot of ours, of each family of methods."""
    if request.param == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    anna.post("/bots", typed_bot())
    [there] = anna.bots()
    return there


@dataclass
class Case:
    """A thing, the form that changes it, and what the portal calls it."""

    url: str
    method: str
    form: dict[str, object]
    other: dict[str, object]


def case_of(anna: Person, thing: str, bot) -> Case:
    """One of Anna's things, saved once, and the method a save of it calls."""
    old = bot.api == "v1"
    if thing == "bot":
        method = "imbot.update" if old else "imbot.v2.Bot.update"
        form = typed_bot(version="1")
        return Case(f"/bots/{bot.id}", method, form, form | {"name": "Other"})
    if thing == "command":
        anna.post("/commands", typed_command(bot.id))
        method = "imbot.command.update" if old else "imbot.v2.Command.update"
        form = typed_command(bot.id, version="1")
        other = form | {"language": ["en", "fr"], "title": ["Other", "Autre"]}
        return Case(f"/commands/{[*anna.portal.commands][-1]}", method, form, other)
    if thing == "chat_app":
        anna.post("/chat-apps", typed())
        form = typed(version="1")
        url = f"/chat-apps/{anna.chat_apps()[0].id}"
        return Case(url, "imbot.app.update", form, form | {"title": ["Other", "Andere"]})
    anna.post("/connectors", typed_connector())
    form = typed_connector(version="1")
    return Case("/connectors/b24app_mail", "imconnector.register", form, form | {"name": "Other"})


def portal_words(anna: Person, thing: str) -> object:
    """What the portal calls it."""
    if thing == "bot":
        return anna.bots()[0].name
    if thing == "connector":
        return anna.portal.connectors["b24app_mail"].name
    [there] = anna.chat_apps() if thing == "chat_app" else anna.portal.commands.values()
    return {row["LANGUAGE_ID"]: row["TITLE"] for row in there.lang}


@pytest.mark.parametrize("thing", ["bot", "command", "chat_app", "connector"])
def test_what_was_there_before_is_sent_again_after_a_change_of_unknown_end(
    anna, store, world, resources, bot, thing
):
    case = case_of(anna, thing, bot)
    before = portal_words(anna, thing)
    assert told(anna.post(case.url, case.form)) == NOTHING
    world.faults.order("lost", case.method, times=9)
    assert "not certain whether" in anna.post(case.url, case.other).text
    world.faults.clear()
    assert portal_words(anna, thing) != before

    reply = anna.post(case.url, case.form)

    assert told(reply) != NOTHING
    assert portal_words(anna, thing) == before
    assert told(anna.post(case.url, case.form | {"version": "2"})) == NOTHING
    assert resources.redis.scard(keys.registrations(anna.portal.member_id)) == 0


@pytest.mark.parametrize("thing", ["bot", "command", "chat_app", "connector"])
def test_a_change_the_portal_refused_leaves_no_doubt(anna, store, world, bot, thing):
    case = case_of(anna, thing, bot)
    world.faults.order("error", case.method, code="ACCESS_DENIED", status=403)
    assert anna.post(case.url, case.other).status_code >= 400
    world.faults.clear()

    assert told(anna.post(case.url, case.form)) == NOTHING


def test_a_removed_thing_takes_its_doubt_along(anna, store, world, resources, bot):
    case = case_of(anna, "command", bot)
    world.faults.order("lost", case.method, times=9)
    anna.post(case.url, case.other)
    world.faults.clear()
    assert resources.redis.scard(keys.registrations(anna.portal.member_id)) == 1

    anna.post(f"/bots/{bot.id}/unregistration", {"confirmation": "Helper of Aurora"})

    assert resources.redis.scard(keys.registrations(anna.portal.member_id)) == 0


def test_a_widget_whose_places_nobody_could_look_at_is_looked_at_by_the_next_save(
    anna, store, world
):
    anna.post("/widgets", typed_widget())
    [widget] = store.widgets.all()
    url, form = f"/widgets/{widget.id}/edit", typed_widget(version="1")
    assert told(anna.post(url, form)) == NOTHING
    before = [(row.code, row.options) for row in anna.portal.placements]
    world.faults.order("drop", "placement.get", after=1, times=9)
    world.faults.order("lost", "batch", times=9)
    anna.post(url, form | {"color": "RED"})
    world.faults.clear()
    assert [(row.code, row.options) for row in anna.portal.placements] != before

    reply = anna.post(url, form)

    assert told(reply) == "Saved. The portal has accepted the change."
    assert [(row.code, row.options) for row in anna.portal.placements] == before


def test_a_command_the_portal_has_already_says_what_was_typed(anna, store, bot):
    """As after the loss of our records: the portal answers with the command it has."""
    anna.post("/commands", typed_command(bot.id, language=["fr"], title=["Aide"], params=[""]))
    [lost] = store.commands.all()
    store.commands.delete(lost, actor=SYSTEM, verb=Verb.FORGET)

    anna.post("/commands", typed_command(bot.id, hidden="1"))

    [there], [ours] = anna.portal.commands.values(), store.commands.all()
    assert portal_words(anna, "command") == {"en": "Shows the way", "de": "Zeigt den Weg"}
    assert (there.hidden, there.id) == (True, ours.id) == (True, lost.id)


def test_a_chat_app_the_portal_has_already_is_what_was_typed(anna, store):
    anna.post("/chat-apps", typed(code="board"))
    [lost] = store.chat_apps.all()
    store.chat_apps.delete(lost, actor=SYSTEM, verb=Verb.FORGET)

    anna.post("/chat-apps", typed(code="board", iframe_url="https://pages.example.com/new"))

    [there], [ours] = anna.chat_apps(), store.chat_apps.all()
    assert there.iframe.startswith("https://pages.example.com/new")
    assert (there.id, there.hash) == (ours.id, ours.hash)


@pytest.mark.parametrize("method", ["imbot.app.update", "imbot.command.update"])
def test_what_is_registered_and_not_yet_sure_is_told_so_and_the_next_try_records_it(
    anna, store, world, method
):
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    anna.post("/bots", typed_bot())
    thing = "chat_apps" if method == "imbot.app.update" else "commands"
    form = typed(code="board") if thing == "chat_apps" else typed_command(anna.bots()[0].id)
    url = f"/{thing.replace('_', '-')}"
    world.faults.order("error", method, code="WRONG_REQUEST", status=400)

    stopped = anna.post(url, form)
    again = anna.post(url, form)

    assert stopped.status_code >= 400 and "not certain whether" in stopped.text
    assert again.status_code == 200
    assert len(getattr(store, thing).all()) == 1
