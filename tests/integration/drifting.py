"""What the tests of differences share: a portal with things on it, what befalls them, the page."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import quote

import pytest

from b24app.actions import drift, widgets
from b24app.actions.portal import Portal, open_portal
from b24app.actions.widget_drafts import WidgetDraft
from b24app.records import Actor, Place, Translation
from sandbox import portal as places
from sandbox.records import Bot, Command
from tests.cast import Person, typed, typed_bot, typed_command, typed_connector
from tests.integration.test_rehearsal import made, shown

BOTH = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)
KEY = "w" * 22
MAIL = "b24app_mail"
HELLO = {"LANGUAGE_ID": "en", "TITLE": "Says hello", "PARAMS": "[name]"}


def furnished(anna: Person, resources, world) -> Portal:
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


def look_and_do(person: Person, work, thing: str, thing_id: object, how: str, deed: str):
    """Press the button once its calls were shown: none was made, and then those are."""
    path = f"/drift/{thing}/{quote(str(thing_id))}/{deed}?rehearsal=1"
    since = len(person.portal.rest_log)
    planned = shown(person.post(path, {"how": how}))
    work()
    assert made(person, since) == []
    since = len(person.portal.rest_log)
    reply = do(person, thing, thing_id, how, deed, confirmation="Second Bot")
    work()
    assert planned == made(person, since)
    return reply


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
