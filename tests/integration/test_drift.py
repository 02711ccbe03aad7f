"""The page of differences over HTTP: what is found, and what can be done about each."""

import json
import re
import time
from dataclasses import replace
from urllib.parse import quote

import pytest
import time_machine

from b24app import jobs_drift, keys
from b24app.actions import drift, widgets
from b24app.actions.portal import Portal, open_portal
from b24app.actions.widget_drafts import WidgetDraft
from b24app.records import Actor, BotApi, Look, Place, Translation, Verb
from sandbox import oauth
from sandbox import portal as places
from sandbox.records import Bot, Command
from sandbox.records_channels import Connector
from tests.cast import Person, typed, typed_bot, typed_command, typed_connector
from tests.integration.chains import HOUR, let_pass

BOTH = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)
KEY = "w" * 22
MAIL = "b24app_mail"
HELLO = {"LANGUAGE_ID": "en", "TITLE": "Says hello", "PARAMS": "[name]"}


@pytest.fixture
def ours(anna, resources, world) -> Portal:
    """Anna's portal, with a bot, a command, a chat app, a connector and a widget on it."""
    anna.install()
    anna.post("/bots", typed_bot())
    [bot] = anna.bots()
    anna.post("/commands", typed_command(bot.id, common="1"))
    anna.post("/chat-apps", typed(bot_id=bot.id))
    anna.post("/connectors", typed_connector())
    here = opened(anna, resources)
    draft = WidgetDraft(
        id=KEY,
        iframe_url="https://pages.example.com/board",
        places=(Place.TEXTAREA.value, Place.NAVIGATION.value),
        translations=(Translation("en", "Board", "All tasks"), Translation("de", "Tafel")),
    )
    widgets.register(here, draft)
    world.drain()
    resources.queue.empty()  # nobody waits for what the events of all this ask for
    return here


def opened(person: Person, resources) -> Portal:
    """The person's portal as they act on it."""
    actor = Actor(person.user.id, person.user.name, is_admin=True)
    return open_portal(resources, person.portal.member_id, actor)


def without_the_newer_family(world) -> None:
    """From now on the portal is one that has the first family of methods alone."""
    gone = {"code": "ERROR_METHOD_NOT_FOUND", "status": 404, "times": 10_000}
    methods = ("Bot.list", "Bot.register", "Bot.update", "Bot.unregister", "Command.list")
    for method in ("method.get", *(f"imbot.v2.{name}" for name in methods)):
        world.faults.order("error", method, **gone)


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def findings(of: Portal) -> list[tuple[str, str, str]]:
    """What is known of differences, as the page has it: thing, id, how."""
    return [(one.thing, one.thing_id, one.how.value) for one in drift.known(of)]


def offers(reply) -> list[str]:
    """Where the page's buttons about differences lead."""
    found: list[str] = re.findall(r'hx-post="(/drift/[^"]+/[^"]+)"', reply.text)
    return found


def do(person: Person, thing: str, thing_id: object, how: str, deed: str, **form: object):
    """Press a button of a difference."""
    path = f"/drift/{thing}/{quote(str(thing_id))}/{deed}"
    return person.post(path, {"how": how, **form})


def requests_of(person: Person, since: int) -> list[str]:
    """The requests the person's portal has received since; a batch is one."""
    log = person.portal.rest_log[since:]
    found, rest = [], iter(log)
    for call in rest:
        found.append(call.method)
        if call.method == "batch":
            for _ in call.params["cmd"]:
                next(rest)
    return found


@BOTH
def test_what_nobody_touched_is_in_order(anna, ours):
    reply = anna.post("/drift/look")

    assert reply.status_code == 200
    assert told(reply).startswith("Everything is in order. Looked at on ")
    assert findings(ours) == []


@BOTH
def test_what_an_old_portal_has_is_in_order_too(anna, world, resources):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    anna.post("/commands", typed_command(anna.bots()[0].id))

    reply = anna.post("/drift/look")

    assert anna.bots()[0].api == "v1"
    assert findings(opened(anna, resources)) == []
    assert "does not list commands" in reply.text
    assert "No difference in what could be seen" in told(reply)


@BOTH
def test_a_bot_of_the_first_family_is_in_order_on_a_new_portal(anna, world, resources):
    gone = {"code": "ERROR_METHOD_NOT_FOUND", "status": 404}
    anna.install()
    world.faults.order("error", "method.get", **gone)
    anna.post("/bots", typed_bot())
    anna.post("/commands", typed_command(anna.bots()[0].id))

    reply = anna.post("/drift/look")

    assert anna.bots()[0].api == "v1"
    assert told(reply).startswith("Everything is in order.")


def test_a_look_is_one_request_that_changes_nothing(anna, ours):
    since = len(anna.portal.rest_log)
    before = [len(anna.portal.bots), len(anna.portal.commands), len(anna.portal.placements)]
    changes = ours.store.history()

    anna.post("/drift/look")

    assert requests_of(anna, since) == ["batch"]
    after = [len(anna.portal.bots), len(anna.portal.commands), len(anna.portal.placements)]
    assert (after, ours.store.history()) == (before, changes)


def test_the_page_shows_the_last_look_without_asking_the_portal(anna, ours):
    first = anna.get("/drift")
    anna.post("/drift/look")
    since = len(anna.portal.rest_log)

    second = anna.get("/drift")

    assert 'hx-post="/drift/look" hx-trigger="load"' in first.text
    assert "Everything is in order." in second.text
    assert 'hx-trigger="load"' not in second.text
    assert anna.portal.rest_log[since:] == []


def remove_bot(world, person: Person) -> None:
    places.remove_bot(world, person.portal, person.bots()[0], 1)


def remove_command(world, person: Person) -> None:
    [command] = person.portal.commands.values()
    person.portal.remove_command(command)


def remove_connector(world, person: Person) -> None:
    del person.portal.connectors[MAIL]


def remove_widget(world, person: Person) -> None:
    kept = [row for row in person.portal.placements if not row.handler.endswith(KEY)]
    person.portal.placements = kept


def rename_bot(world, person: Person) -> None:
    person.bots()[0].name = "Renamed"


def change_command(world, person: Person) -> None:
    [command] = person.portal.commands.values()
    command.common = False


def rename_command(world, person: Person) -> None:
    [command] = person.portal.commands.values()
    person.portal.rename_command(command, "aid")


def retitle_command(world, person: Person) -> None:
    [command] = person.portal.commands.values()
    command.lang = [{"LANGUAGE_ID": "de", "TITLE": "Hilft", "PARAMS": ""}]


def change_widget(world, person: Person) -> None:
    rows = [row for row in person.portal.placements if row.handler.endswith(KEY)]
    for row in rows:
        row.options["role"] = "ADMIN"
    person.portal.placements.remove(rows[-1])


def add_bot(world, person: Person) -> None:
    card = person.world.card
    bot = Bot(person.portal.take_id(), "second", card.client_id, "Second", "Bot", api="v2")
    person.portal.bots.append(bot)


def add_command(world, person: Person) -> None:
    number, bot = person.portal.take_id(), person.bots()[0]
    client_id = person.world.card.client_id
    hello = Command(number, bot.id, "hello", client_id, extranet_support=True, lang=[HELLO])
    person.portal.add_command(hello)


def add_widget(world, person: Person) -> None:
    row = next(row for row in person.portal.placements if row.handler.endswith(KEY))
    stray = row.handler.replace(KEY, "z" * 22)
    person.portal.placements.append(replace(row, id=person.portal.take_id(), handler=stray))


def number_of(person: Person, thing: str, how: str) -> str:
    """The id of the thing that a case is about, before it is touched."""
    if thing == "connector":
        return MAIL
    if thing == "widget":
        return "z" * 22 if how == "unknown" else KEY
    if how == "unknown":
        return str(person.portal.next_id)
    return str(person.bots()[0].id if thing == "bot" else next(iter(person.portal.commands)))


FOUND = {
    "bot gone": (remove_bot, "bot", "missing", ["restoration", "removal"]),
    "command gone": (remove_command, "command", "missing", ["restoration", "removal"]),
    "connector gone": (remove_connector, "connector", "missing", ["restoration", "removal"]),
    "widget gone": (remove_widget, "widget", "missing", ["restoration", "removal"]),
    "bot renamed": (rename_bot, "bot", "different", ["restoration", "adoption"]),
    "command changed": (change_command, "command", "different", ["restoration", "adoption"]),
    "command renamed": (rename_command, "command", "different", ["restoration", "adoption"]),
    "command retitled": (retitle_command, "command", "different", ["restoration", "adoption"]),
    "widget changed": (change_widget, "widget", "different", ["restoration", "adoption"]),
    "bot unknown": (add_bot, "bot", "unknown", ["adoption", "removal"]),
    "command unknown": (add_command, "command", "unknown", ["adoption", "removal"]),
    "widget unknown": (add_widget, "widget", "unknown", ["removal"]),
}
# What the portal lists differs by profile for commands and connectors alone.
DEEDS = [
    (profile, case, deed)
    for profile in ("source", "documented")
    for case, (_, thing, _, deeds) in FOUND.items()
    if profile == "source" or thing in ("command", "connector")
    for deed in deeds
]


@pytest.mark.parametrize(("world", "case", "deed"), DEEDS, indirect=["world"])
def test_a_difference_is_found_and_a_deed_ends_it(anna, world, ours, work, case, deed):
    touch, thing, how, deeds = FOUND[case]
    number = number_of(anna, thing, how)
    touch(world, anna)

    seen = anna.post("/drift/look")
    mine = [url for url in offers(seen) if url.startswith(f"/drift/{thing}/{number}/")]
    found = findings(ours)
    reply = do(anna, thing, number, how, deed, confirmation="Second Bot")
    work()
    anna.post("/drift/look")

    assert (thing, number, how) in found
    assert mine == [f"/drift/{thing}/{number}/{deed}" for deed in deeds]
    assert (reply.status_code, findings(ours)) == (200, [])
    assert ours.store.history()[0].user_id == anna.user.id


def test_a_bot_that_is_put_back_brings_its_commands_and_chat_apps(anna, world, ours, work):
    old = anna.bots()[0].id
    remove_bot(world, anna)

    reply = do(anna, "bot", old, "missing", "restoration")
    work()

    [bot] = anna.bots()
    assert bot.id != old
    assert "follow" in told(reply)
    assert [command.bot_id for command in anna.portal.commands.values()] == [bot.id]
    assert [app.bot_id for app in anna.chat_apps()] == [bot.id]


def test_restoring_a_value_sends_ours(anna, world, ours):
    rename_bot(world, anna)
    rename_command(world, anna)
    change_widget(world, anna)
    [command] = anna.portal.commands.values()

    do(anna, "bot", anna.bots()[0].id, "different", "restoration")
    do(anna, "command", command.id, "different", "restoration")
    do(anna, "widget", KEY, "different", "restoration")

    assert anna.bots()[0].name == "Helper"
    [command] = anna.portal.commands.values()
    assert command.command == "help"
    rows = [row for row in anna.portal.placements if row.handler.endswith(KEY)]
    assert {row.code for row in rows} == {"IM_TEXTAREA", "IM_NAVIGATION"}
    assert {row.options["role"] for row in rows} == {"USER"}


def test_adopting_a_value_changes_only_our_record(anna, world, ours):
    [command] = anna.portal.commands.values()
    for touch in (rename_bot, rename_command, change_widget):
        touch(world, anna)
    since = len(anna.portal.rest_log)

    do(anna, "bot", anna.bots()[0].id, "different", "adoption")
    do(anna, "command", command.id, "different", "adoption")
    do(anna, "widget", KEY, "different", "adoption")

    assert set(requests_of(anna, since)) == {"batch"}
    assert ours.store.bots.get(anna.bots()[0].id).name == "Renamed"
    assert ours.store.commands.get(command.id).name == "aid"
    assert ours.store.widgets.get(KEY).places == (Place.TEXTAREA,)
    assert ours.store.widgets.get(KEY).admin_only
    assert anna.bots()[0].name == "Renamed"


@BOTH
def test_what_is_adopted_is_on_the_list_as_the_portal_has_it(anna, world, ours):
    add_bot(world, anna)
    add_command(world, anna)
    bot, command = anna.bots()[-1], list(anna.portal.commands.values())[-1]

    do(anna, "bot", bot.id, "unknown", "adoption")
    do(anna, "command", command.id, "unknown", "adoption")

    record = ours.store.bots.get(bot.id)
    assert (record.code, record.full_name, record.api) == ("second", "Second Bot", BotApi.V2)
    hello = ours.store.commands.get(command.id)
    assert (hello.name, hello.extranet, hello.common) == ("hello", True, False)
    assert [(hint.title, hint.params) for hint in hello.translations] == [("Says hello", "[name]")]
    assert ours.store.history()[0].verb is Verb.ADOPT


def test_forgetting_takes_off_the_list_and_leaves_the_portal(anna, world, ours):
    number = next(iter(anna.portal.commands))
    for touch in (remove_command, remove_connector, remove_widget):
        touch(world, anna)

    for thing, thing_id in (("command", number), ("connector", MAIL), ("widget", KEY)):
        do(anna, thing, thing_id, "missing", "removal")

    store = ours.store
    assert (store.commands.all(), store.connectors.all(), store.widgets.all()) == ([], [], [])
    assert [line.verb for line in store.history()[:3]] == [Verb.FORGET] * 3


def test_an_unknown_bot_is_deleted_only_when_its_name_was_typed(anna, world, ours):
    add_bot(world, anna)
    number = anna.bots()[-1].id

    refused = do(anna, "bot", number, "unknown", "removal", confirmation="Second")
    left = [bot.id for bot in anna.bots()]
    done = do(anna, "bot", number, "unknown", "removal", confirmation=" Second  Bot ")

    assert (refused.status_code, number in left) == (422, True)
    assert (done.status_code, [bot.id for bot in anna.bots()]) == (200, left[:1])
    assert [bot.id for bot in ours.store.bots.all()] == left[:1]


def test_what_was_deleted_from_the_portal_can_be_brought_back(anna, world, ours):
    add_command(world, anna)
    number = list(anna.portal.commands)[-1]
    do(anna, "command", number, "unknown", "removal")
    change = ours.store.history()[0]

    reply = anna.post(f"/history/{change.id}/undo")

    assert reply.status_code == 200
    assert [command.command for command in anna.portal.commands.values()] == ["help", "hello"]


def test_another_applications_connector_is_shown_and_never_touched(anna, world, ours):
    stranger = Connector("other_mail", next(iter(world.foreign)), "Other mail", {})
    anna.portal.connectors["other_mail"] = stranger

    reply = anna.post("/drift/look")
    since = len(anna.portal.rest_log)
    answers = [
        do(anna, "connector", "other_mail", "unknown", deed)
        for deed in ("restoration", "adoption", "removal")
    ]

    assert findings(ours) == []
    assert "Connectors that are not on your list" in reply.text
    assert "other_mail" in reply.text
    assert all("nothing was done" in told(answer) for answer in answers)
    assert anna.portal.connectors["other_mail"] is stranger
    methods = {call.method for call in anna.portal.rest_log[since:]}
    assert not methods & {"imconnector.unregister", "imconnector.register"}


def test_a_connector_that_another_application_took_over_can_only_be_forgotten(anna, world, ours):
    anna.portal.connectors[MAIL].client_id = next(iter(world.foreign))
    anna.portal.connectors[MAIL].name = "Their mail"

    reply = anna.post("/drift/look")
    refused = do(anna, "connector", MAIL, "different", "restoration")
    done = do(anna, "connector", MAIL, "different", "removal")

    assert offers(reply) == [f"/drift/connector/{MAIL}/removal"]
    assert "does not say whose it is" in reply.text
    assert (refused.status_code, done.status_code) == (422, 200)
    assert anna.portal.connectors[MAIL].name == "Their mail"
    assert ours.store.connectors.all() == []


@BOTH
def test_a_connector_whose_change_was_not_answered_can_be_sent_again(anna, world, ours):
    world.faults.order("lost", "imconnector.register", times=5)
    anna.post(f"/connectors/{MAIL}", typed_connector(version="1", name="Letters"))
    world.faults.rest.clear()

    reply = anna.post("/drift/look")
    done = do(anna, "connector", MAIL, "different", "restoration")

    assert offers(reply) == [f"/drift/connector/{MAIL}/restoration"]
    assert done.status_code == 200
    assert anna.portal.connectors[MAIL].name == "Mail"
    assert findings(ours) == []


def test_a_connector_that_was_registered_without_an_answer_is_told_and_left(anna, world, ours):
    world.faults.order("lost", "imconnector.register", times=5)
    anna.post("/connectors", typed_connector(id="b24app_fax", name="Fax"))
    world.faults.rest.clear()

    reply = anna.post("/drift/look")

    assert findings(ours) == [("connector", "b24app_fax", "unknown")]
    assert offers(reply) == []
    assert "create it again under the same id" in reply.text


@BOTH
def test_events_that_are_not_sent_are_bound_again(anna, world, ours):
    lost = ("ONAPPUPDATE", "ONIMCONNECTORLINEDELETE")
    anna.portal.bindings = [row for row in anna.portal.bindings if row.event not in lost]

    seen = anna.post("/drift/look")
    done = do(anna, "subscription", "missing", "missing", "restoration")

    assert all(f"<code>{event}</code>" in seen.text for event in lost)
    assert told(done) == "Done. The portal sends its events here."
    assert set(lost) <= {row.event for row in anna.portal.bindings}
    assert findings(ours) == []


def test_events_at_an_earlier_address_of_ours_are_unbound(anna, world, ours, resources):
    old = "https://old.example.com"
    name = keys.installation(anna.portal.member_id)
    resources.redis.hset(name, "addresses", f"{ours.app_url} {old}")
    row = next(row for row in anna.portal.bindings if row.event == "ONAPPUPDATE")
    anna.portal.bindings.append(replace(row, handler=f"{old}/events"))

    anna.post("/drift/look")
    seen = findings(ours)
    do(anna, "subscription", "stale", "unknown", "removal")

    assert seen == [("subscription", "stale", "unknown")]
    assert [row for row in anna.portal.bindings if row.handler.startswith(old)] == []
    assert findings(ours) == []


def test_what_is_at_an_origin_that_was_never_ours_is_left_alone(anna, world, ours):
    row = next(row for row in anna.portal.placements if row.handler.endswith(KEY))
    elsewhere = replace(row, handler=f"https://staging.example.com/widgets/{'s' * 22}")
    anna.portal.placements.append(elsewhere)

    anna.post("/drift/look")

    assert findings(ours) == []


def test_what_the_portal_has_although_we_believe_it_gone_is_noticed(anna, ours):
    record = ours.store.bots.all()[0]
    lost = replace(record, published=False)
    ours.store.bots.save(
        lost, seen=record.version, actor=ours.actor, verb=Verb.UPDATE, before=record
    )

    anna.post("/drift/look")
    seen = findings(ours)
    do(anna, "bot", record.id, "different", "adoption")

    assert seen == [("bot", str(record.id), "different")]
    assert ours.store.bots.get(record.id).published


def test_a_bot_made_again_under_its_code_is_missing_and_comes_back(anna, world, ours):
    old = anna.bots()[0]
    remove_bot(world, anna)
    anna.portal.bots.append(Bot(anna.portal.take_id(), old.code, old.client_id, "New", api="v2"))

    anna.post("/drift/look")
    seen = [finding for finding in findings(ours) if finding[0] == "bot"]
    do(anna, "bot", old.id, "missing", "restoration")

    assert seen == [("bot", str(old.id), "missing")]
    assert [bot.id for bot in ours.store.bots.all()] == [bot.id for bot in anna.bots()]


def test_an_old_portals_bots_are_compared_and_proven_by_an_empty_update(anna, world, resources):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    stranger = Bot(anna.portal.take_id(), "theirs", next(iter(world.foreign)), "Theirs")
    mine = Bot(anna.portal.take_id(), "mine", world.card.client_id, "Mine")
    anna.portal.bots += [stranger, mine]
    anna.bots()[0].name = "Renamed"
    here = opened(anna, resources)
    helper = anna.bots()[0].id

    anna.post("/drift/look")
    seen = findings(here)
    do(anna, "bot", helper, "different", "restoration")
    do(anna, "bot", mine.id, "unknown", "adoption")

    assert seen == [("bot", str(helper), "different"), ("bot", str(mine.id), "unknown")]
    assert anna.bots()[0].name == "Helper"
    assert here.store.bots.get(mine.id).api is BotApi.V1
    assert findings(here) == []


def test_more_bots_than_a_page_holds_are_all_seen(anna, ours):
    client_id = anna.world.card.client_id
    more = [Bot(anna.portal.take_id(), f"n{n}", client_id, f"N{n}", api="v2") for n in range(60)]
    anna.portal.bots += more

    anna.post("/drift/look")

    assert len([finding for finding in findings(ours) if finding[2] == "unknown"]) == 60


def test_what_may_not_be_listed_is_told_and_nothing_else_is_lost(anna, world, ours):
    world.faults.order("error", "placement.get", code="insufficient_scope", status=401)
    rename_bot(world, anna)

    reply = anna.post("/drift/look")

    assert "Widgets could not be compared. The portal does not allow this." in reply.text
    assert [finding[0] for finding in findings(ours)] == ["bot"]


def test_a_look_that_fails_keeps_what_was_seen_and_says_that_it_is_old(anna, world, ours):
    rename_bot(world, anna)
    anna.post("/drift/look")
    world.faults.order("error", "batch", code="ACCESS_DENIED", status=403)

    failed = anna.post("/drift/look")
    page = anna.get("/drift")

    assert failed.status_code == 502
    assert "1 difference." in page.text
    assert "came to nothing" in page.text


def test_a_difference_that_has_gone_meanwhile_is_told_and_nothing_is_done(anna, world, ours):
    rename_bot(world, anna)
    anna.post("/drift/look")
    bot = anna.bots()[0]
    bot.name = "Helper"
    changes = ours.store.history()

    reply = do(anna, "bot", bot.id, "different", "adoption")

    assert "nothing was done" in told(reply)
    assert (findings(ours), ours.store.history()) == ([], changes)


# What the platform does not list.


def test_chat_apps_are_asked_for_one_by_one_and_nothing_is_changed(anna, world, ours, work):
    [app] = anna.chat_apps()
    before = replace(app)

    begun = anna.post("/drift/check")
    work()
    ended = anna.get("/drift/check")

    assert "Chat apps cannot be listed" in begun.text
    assert 'hx-get="/drift/check"' in begun.text
    assert ended.headers["HX-Retarget"] == "#page"
    assert "1 of 1" in ended.text
    assert (anna.chat_apps(), findings(ours)) == ([before], [])


@pytest.mark.parametrize("deed", ["restoration", "removal"])
def test_a_chat_app_that_is_gone_is_found_by_asking(anna, world, ours, work, deed):
    [app] = anna.chat_apps()
    anna.portal.chat_apps.remove(app)
    anna.post("/drift/check")
    work()
    seen = findings(ours)

    reply = do(anna, "chat_app", app.id, "missing", deed)

    assert seen == [("chat_app", str(app.id), "missing")]
    assert reply.status_code == 200
    assert findings(ours) == []
    assert len(anna.chat_apps()) == len(ours.store.chat_apps.all()) == (deed == "restoration")


def test_a_chat_app_of_another_application_can_only_be_forgotten(anna, world, ours, work):
    [app] = anna.chat_apps()
    app.client_id = next(iter(world.foreign))
    anna.post("/drift/check")
    work()

    page = anna.get("/drift")
    do(anna, "chat_app", app.id, "missing", "removal")

    assert offers(page) == [f"/drift/chat_app/{app.id}/removal"]
    assert (anna.chat_apps(), ours.store.chat_apps.all()) == ([app], [])


def test_commands_of_an_old_portal_are_asked_for_too(anna, world, resources, work):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    for name in ("one", "two"):
        anna.post("/commands", typed_command(anna.bots()[0].id, name=name))
    first = next(iter(anna.portal.commands.values()))
    anna.portal.remove_command(first)
    here = opened(anna, resources)

    anna.post("/drift/check")
    work()
    seen = findings(here)
    do(anna, "command", first.id, "missing", "restoration")

    assert seen == [("command", str(first.id), "missing")]
    assert sorted(row.command for row in anna.portal.commands.values()) == ["one", "two"]
    assert findings(here) == []


def many_chat_apps(person: Person, count: int) -> None:
    """So many chat apps more, on the portal and on our list."""
    for number in range(count):
        person.post("/chat-apps", typed(code=f"n{number}"))


def test_a_check_goes_on_where_it_was_stopped(anna, ours, work, resources):
    many_chat_apps(anna, 3)
    anna.post("/drift/check")
    check, last = ours.store.drift.check(), anna.chat_apps()[-1].id
    ours.store.drift.note_check(replace(check, done=3, place=("chat_app", last - 1)))
    since = len(anna.portal.rest_log)

    work()

    check = ours.store.drift.check()
    assert (check.done, check.total, check.running) == (4, 4, False)
    asked = [call.params for call in anna.portal.rest_log[since:] if "imbot.app" in call.method]
    assert asked == [{"APP_ID": str(last)}]


def test_a_check_asks_for_fifty_in_a_request_and_tells_how_far_it_is(anna, ours, work):
    actor = {"actor": ours.actor, "verb": Verb.REGISTER, "before": None}
    for number in range(60):
        app = replace(ours.store.chat_apps.all()[-1], id=5000 + number, code=f"n{number}")
        ours.store.chat_apps.save(app, seen=0, **actor)
    anna.post("/drift/check")
    since = len(anna.portal.rest_log)

    work()

    assert requests_of(anna, since) == ["batch", "batch"]
    assert ours.store.drift.check().done == 61
    assert len(findings(ours)) == 60


def test_a_check_that_lost_its_worker_is_taken_up_by_whoever_looks(anna, ours, work, resources):
    anna.post("/drift/check")
    resources.queue.empty()
    check = ours.store.drift.check()
    ours.store.drift.note_check(replace(check, beat=int(time.time()) - 1000))

    shown = anna.get("/drift/check")
    work()

    assert "0 of 1" in shown.text
    assert ours.store.drift.check().done == 1


# By itself.


def look_by_itself(app, resources, work) -> None:
    """What the worker does when everybody's turn has come."""
    with app.app_context():
        jobs_drift.enrol_for_looks()
        for name in resources.redis.zrangebyscore(keys.drift_due(), "-inf", "(inf"):
            resources.redis.zadd(keys.drift_due(), {name: 1})
        jobs_drift.look_at_drift()
    work()


def test_every_portal_is_looked_at_by_itself_once_a_day(app, resources, anna, boris, ours, work):
    boris.install()
    rename_bot(None, anna)
    since = len(boris.portal.rest_log)

    look_by_itself(app, resources, work)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert [finding[0] for finding in findings(ours)] == ["bot"]
    assert requests_of(boris, since) == ["batch"]
    due = resources.redis.zrange(keys.drift_due(), 0, -1, withscores=True)
    assert all(moment > time.time() + 86000 for _, moment in due)


def test_a_look_by_itself_changes_nothing(app, resources, anna, world, ours, work):
    for touch in (rename_bot, add_command, remove_connector, change_widget):
        touch(world, anna)
    changes = ours.store.history()

    look_by_itself(app, resources, work)

    assert len(findings(ours)) == 4
    assert ours.store.history() == changes
    assert anna.bots()[0].name == "Renamed"


def test_a_portal_without_living_access_is_passed_over(app, resources, anna, world, ours, work):
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    anna.post("/drift/look")
    since = len(anna.portal.rest_log)

    look_by_itself(app, resources, work)

    assert anna.portal.rest_log[since:] == []


def test_looks_renew_nothing_and_an_idle_portal_is_looked_at_when_somebody_is_back(
    app, resources, anna, world, ours, work
):
    since = len(anna.portal.rest_log)
    for _ in range(3):
        let_pass(resources, world, anna, 24 * HOUR)
        look_by_itself(app, resources, work)
    assert (world.renewals, anna.portal.rest_log[since:]) == (0, [])

    anna.open()
    since = len(anna.portal.rest_log)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert requests_of(anna, since) == ["batch"]
    assert world.renewals == 0
    [(_, moment)] = resources.redis.zrange(keys.drift_due(), 0, -1, withscores=True)
    assert moment > time.time() + 86000


def test_a_portal_whose_access_was_renewed_for_something_else_has_its_look(
    app, resources, anna, world, ours, work
):
    let_pass(resources, world, anna, HOUR)
    look_by_itself(app, resources, work)

    ours.rest.call("profile")
    since = len(anna.portal.rest_log)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert requests_of(anna, since) == ["batch"]
    assert world.renewals == 1


def test_a_suspended_portal_is_passed_over(app, resources, anna, ours, work):
    resources.redis.hset(keys.installation(anna.portal.member_id), "state", "suspended")
    since = len(anna.portal.rest_log)

    look_by_itself(app, resources, work)

    assert anna.portal.rest_log[since:] == []


def test_a_portal_that_does_not_answer_waits_for_the_next_day(
    app, resources, anna, world, ours, work
):
    world.faults.order("html", "batch", times=20)

    look_by_itself(app, resources, work)

    assert ours.store.drift.look().trouble == "PortalUnreachable"
    assert len(resources.queue.failed_job_registry) == 0


def test_nothing_of_it_is_left_of_a_portal_that_was_removed(app, resources, anna, ours, work):
    look_by_itself(app, resources, work)
    member_id = anna.portal.member_id

    resources.installations.remove(member_id)
    drift.known(ours)
    ours.store.drift.note_look(Look(at=1))

    assert resources.redis.exists(keys.drift(member_id)) == 0
    assert resources.redis.zscore(keys.drift_due(), member_id) is None


# Who may.


def test_an_employee_may_neither_look_nor_do_anything(anna, egor, world, ours):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]
    rename_bot(world, anna)
    anna.post("/drift/look")
    number = anna.bots()[0].id

    answers = [
        egor.get("/drift"),
        egor.post("/drift/look"),
        egor.post("/drift/check"),
        egor.get("/drift/check"),
        do(egor, "bot", number, "different", "adoption"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert ours.store.bots.get(number).name == "Helper"


def test_another_portals_administrator_sees_nothing_of_it(anna, boris, world, ours, resources):
    boris.install()
    rename_bot(world, anna)
    anna.post("/drift/look")
    number = anna.bots()[0].id

    seen = boris.post("/drift/look")
    tried = do(boris, "bot", number, "different", "adoption")

    assert (seen.status_code, tried.status_code) == (200, 200)
    assert findings(opened(boris, resources)) == []
    assert ("bot", str(number), "different") in findings(ours)
    assert ours.store.bots.get(number).name == "Helper"


def test_a_deed_needs_a_fresh_session_and_a_look_does_not(anna, world, ours):
    rename_bot(world, anna)
    number = anna.bots()[0].id

    with time_machine.travel(time.time() + 605):
        tried = do(anna, "bot", number, "different", "adoption")
        looked = anna.get("/drift")

    assert (tried.status_code, looked.status_code) == (401, 200)
    assert ours.store.bots.get(number).name == "Helper"


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("bot/1/destruction", "missing"),
        ("bot/1/removal", "vanished"),
        ("bot/1/removal", ""),
    ],
)
def test_a_deed_nobody_offered_is_refused(anna, ours, path, how):
    assert anna.post(f"/drift/{path}", {"how": how}).status_code == 400


def lose_everything(anna, ours) -> None:
    """The portal has nothing of ours any more, and our record knows: the app was reinstalled."""
    portal = anna.portal
    for gone in (portal.bots, portal.chat_apps, portal.commands, portal.connectors):
        gone.clear()
    portal.placements.clear()
    ours.store.unpublish()


@BOTH
def test_what_our_record_knows_to_be_lost_is_a_difference_too(anna, world, ours, work):
    [command], [app], [bot] = anna.portal.commands.values(), anna.chat_apps(), anna.bots()
    lose_everything(anna, ours)

    reply = anna.post("/drift/look")
    seen = findings(ours)
    anna.post("/drift/check")
    work()

    lost = [("bot", bot.id), ("chat_app", app.id), ("command", command.id)]
    lost += [("connector", MAIL), ("widget", KEY)]
    assert seen == [(thing, str(number), "missing") for thing, number in lost]
    assert sorted(findings(ours)) == sorted(seen)
    assert [path for path in offers(reply) if path.endswith("restoration")] == [
        f"/drift/bot/{bot.id}/restoration",
        f"/drift/connector/{MAIL}/restoration",
        f"/drift/widget/{KEY}/restoration",
    ]


@BOTH
def test_what_was_lost_is_put_back_from_the_page(anna, world, ours, work):
    [bot] = anna.bots()
    lose_everything(anna, ours)

    replies = [do(anna, "bot", bot.id, "missing", "restoration")]
    work()
    replies += [
        do(anna, thing, number, "missing", "restoration")
        for thing, number in (("connector", MAIL), ("widget", KEY))
    ]

    assert [reply.status_code for reply in replies] == [200, 200, 200]
    [bot] = anna.bots()
    assert [command.bot_id for command in anna.portal.commands.values()] == [bot.id]
    assert [app.bot_id for app in anna.chat_apps()] == [bot.id]
    assert MAIL in anna.portal.connectors
    assert len([row for row in anna.portal.placements if row.handler.endswith(KEY)]) == 2
    anna.post("/drift/look")
    assert findings(ours) == []


def test_what_a_bots_return_left_undone_is_found_again(anna, world, ours, work):
    """The bot came back, and nobody called a worker for what belongs to it."""
    old, [command] = anna.bots()[0].id, anna.portal.commands.values()
    remove_bot(world, anna)
    record = ours.store.bots.get(old)
    anna.post(f"/bots/{old}/republication", {"version": record.version})
    [app] = ours.store.chat_apps.all()

    anna.post("/drift/look")
    seen = findings(ours)
    replies = [do(anna, thing, number, "missing", "restoration") for thing, number, _ in seen]

    assert seen == [
        ("chat_app", str(app.id), "missing"),
        ("command", str(command.id), "missing"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert len(anna.chat_apps()) == len(anna.portal.commands) == 1
    assert findings(ours) == []


def test_a_lost_chat_app_waits_for_its_bot(anna, world, ours):
    [app] = anna.chat_apps()
    lose_everything(anna, ours)
    anna.post("/drift/look")

    reply = do(anna, "chat_app", app.id, "missing", "restoration")

    assert reply.status_code == 422
    assert anna.chat_apps() == []


@BOTH
@pytest.mark.parametrize("thing", ["bot", "command"])
def test_taking_back_an_adoption_takes_it_off_the_list_and_leaves_the_portal(
    anna, world, ours, thing
):
    {"bot": add_bot, "command": add_command}[thing](world, anna)
    number = [*anna.portal.bots][-1].id if thing == "bot" else [*anna.portal.commands][-1]
    do(anna, thing, number, "unknown", "adoption")
    [line] = [one for one in ours.store.history(1) if one.verb is Verb.ADOPT]
    before = (len(anna.portal.bots), len(anna.portal.commands))
    page = anna.get("/history").text

    first = anna.post(f"/history/{line.id}/undo")
    again = anna.post(f"/history/{line.id}/undo")

    assert "Put on the list" in page and "Take it off your list?" in page
    assert told(first) == "It is off your list. On the portal nothing was changed."
    assert "taken back already" in told(again)
    assert before == (len(anna.portal.bots), len(anna.portal.commands))
    shelf = ours.store.bots if thing == "bot" else ours.store.commands
    assert number not in [one.id for one in shelf.all()]
    assert ours.store.history(1)[0].undoes == line.id


def test_an_adopted_bot_that_has_commands_since_stays_on_the_list(anna, world, ours):
    add_bot(world, anna)
    number = anna.bots()[-1].id
    do(anna, "bot", number, "unknown", "adoption")
    [line] = [one for one in ours.store.history(1) if one.verb is Verb.ADOPT]
    anna.post("/commands", typed_command(number, name="new"))

    reply = anna.post(f"/history/{line.id}/undo")

    assert reply.status_code == 422
    assert "Unregister those first." in reply.text
    assert ours.store.bots.get(number).published
