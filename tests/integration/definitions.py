"""A portal with some of everything, and what people do with a file of definitions."""

from __future__ import annotations

import copy
import json
import re

from b24app import keys
from b24app.resources import Resources
from b24app.store import PortalStore
from tests.cast import Person, typed, typed_bot, typed_command, typed_connector, typed_widget
from tests.integration.test_bots import picture
from tests.integration.test_chat_apps import SPRITE

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def furnish(person: Person) -> None:
    """A bot, three chat apps, one of them a widget as well, two commands and a connector."""
    person.post("/bots", typed_bot(avatar=picture()))
    [bot] = person.bots()
    person.post("/chat-apps", typed(code="one", icon=SPRITE, bot_id=str(bot.id)))
    person.post("/chat-apps", typed(code="two", title=["Orders", "Аufträge"], context="LINES"))
    person.post(
        "/chat-apps", typed(code="three", kind="command", js_method="SEND", js_param="/help me")
    )
    person.post("/commands", typed_command(bot.id))
    person.post("/commands", typed_command(bot.id, name="time", common="1", replies=["Late."]))
    person.post("/connectors", typed_connector(svg=DRAWING))
    [app, *_] = person.chat_apps()
    assert person.post("/widgets", typed_widget(app_id=str(app.id))).status_code == 200


def export(person: Person) -> bytes:
    reply = person.post("/definitions/file")
    assert reply.status_code == 200, reply.text
    return reply.content


def offer(person: Person, data: bytes):
    return person.post("/definitions", files={"file": ("x.json", data, "application/json")})


def upload(person: Person, data: bytes) -> str:
    """Give the file to the page; returns the address of the plan."""
    reply = offer(person, data)
    assert reply.status_code == 200, reply.text
    assert reply.headers["HX-Retarget"] == "#page"
    found = re.search(r'hx-post="(/definitions/[0-9]+)/import"', reply.text)
    return found[1] if found else ""


def bring_in(person: Person, data: bytes, work) -> str:
    """Import all of the file; returns the run's id."""
    reply = person.post(upload(person, data) + "/import")
    assert reply.status_code == 200, reply.text
    work()
    return re.search(r"/bulk/([0-9]+)", person.get("/bulk").text)[1]


def is_here(person: Person, data: bytes) -> bool:
    """Whether the plan leaves nothing to be imported."""
    return upload(person, data) == ""


def states(store: PortalStore, run_id: str) -> list[str]:
    return [item.state.value for item in store.runs.items(store.runs.get(run_id))]


def contents(data: bytes) -> dict[str, object]:
    """What the file says of things, without where and when it was made."""
    return {name: value for name, value in json.loads(data).items() if isinstance(value, list)}


def shown_in_chat(person: Person) -> list[tuple[str, ...]]:
    """What a person sees of chat apps and commands, without the numbers of the portal."""
    apps = [
        (app.context, app.js_method, app.js_param, app.iframe, app.icon, json.dumps(app.lang))
        for app in person.chat_apps()
    ]
    names = [(one.command, json.dumps(one.lang)) for one in person.portal.commands.values()]
    widgets = [
        (one.code, json.dumps(one.options), json.dumps(one.langs))
        for one in person.portal.placements
        if "/widgets/" in one.handler
    ]
    return sorted(map(str, [*apps, *names, *widgets]))


def good() -> dict[str, object]:
    """A small file that is right in everything."""
    bot = {
        "code": "helper",
        "type": "bot",
        "name": "Helper",
        "last_name": "",
        "position": "",
        "color": "AZURE",
        "gender": "",
        "avatar": "",
        "hidden": False,
        "reactions": True,
        "welcome": [{"language": "en", "text": "Hello"}],
    }
    head = {"schema": "b24app-definitions", "version": 1, "made_at": "", "portal": "x.example"}
    lists = {"chat_apps": [], "commands": [], "widgets": [], "connectors": []}
    return {**head, "bots": [bot], **lists}


def changed(path: str, value: object) -> bytes:
    """The right file with one thing wrong; a value of None takes it out."""
    document = copy.deepcopy(good())
    *inner, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place = document
    for part in inner:
        place = place[part]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document).encode()


def multiply_commands(person: Person, resources: Resources, count: int) -> None:
    """Put so many more like the first on the list of the portal, one and all as they are kept."""
    name = keys.commands(person.portal.member_id)
    first = json.loads(resources.redis.hvals(name)[0])
    many = {
        str(number): json.dumps(first | {"id": number, "name": f"c{number}"})
        for number in range(50_000, 50_000 + count)
    }
    resources.redis.hset(name, mapping=many)
