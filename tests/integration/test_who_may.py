"""Anna can, Egor may not, Boris does not see it: on every page and every job there is.

The routes are those the application has, so that a new one is tried here by itself.
"""

from __future__ import annotations

import io
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests
from flask import Flask
from werkzeug.routing import IntegerConverter, Rule

from b24app import keys
from b24app.records import Drifted, RunState, Translation
from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import (
    Person,
    typed,
    typed_bot,
    typed_command,
    typed_connector,
    typed_joint,
    typed_widget,
)
from tests.integration.answers import held, hurried
from tests.widgets import keep_widget

__all__ = ["hurried"]

pytestmark = pytest.mark.usefixtures("hurried")

# Who knocks here proves it in another way than with a session; each has its own tests.
OPEN_DOORS = {
    "frame.open_frame",
    "frame.outside",
    "installs.install",
    "installs.start",
    "events.receive",
    "session.renew",
    "health.live",
    "health.ready",
    "health.metrics",
    "connector_lines.setting",
    "gateway.open_widget",
    "gateway.say",
}
# What is asked of a door beside its address.
ASKED = {"definitions.rows": "?act=same&after=0"}
SECRET = "Aurora-inner-matter"  # in the name of everything that Anna has made
ELSEWHERE = 7001  # the numbers Borealis gives, so that none is Aurora's


@dataclass(frozen=True)
class Door:
    """A way into the application: a method and an address with Aurora's ids in it."""

    method: str
    path: str
    named: bool  # whether there is an id in it


@pytest.fixture
def aurora(anna, resources, work) -> dict[str, str]:
    """Anna's portal with one of everything; the ids by the names that the routes have for them."""
    anna.install()
    anna.post("/bots", typed_bot(name=SECRET))
    [bot] = anna.bots()
    anna.post("/commands", typed_command(bot.id, title=[SECRET, SECRET]))
    anna.post("/chat-apps", typed(bot_id=str(bot.id), title=[SECRET, SECRET]))
    anna.post("/connectors", typed_connector(name=SECRET))
    anna.post("/connectors/b24app_mail/lines/1", typed_joint(1, name=SECRET))
    [app] = anna.chat_apps()
    widget = keep_widget(resources, anna, translations=(Translation("en", SECRET),))
    store = PortalStore(resources.redis, anna.portal.member_id)
    [command] = store.commands.all()
    file = anna.post("/definitions/file").content
    anna.post("/definitions", files={"file": ("b24app.json", io.BytesIO(file))})
    anna.post("/bulk", {"verb": "republish", "thing": "chat_app", "id": str(app.id)})
    [run] = store.runs.all()
    return {
        "app_id": str(app.id),
        "bot_id": str(bot.id),
        "command_id": str(command.id),
        "connector_id": "b24app_mail",
        "line": "1",
        "widget_id": widget.id,
        "change_id": store.history(1)[0].id,
        "run_id": run.id,
        "taken": _upload(resources, anna),
        "place": "0",
        "thing": "bot",
        "thing_id": str(bot.id),
        "deed": "removal",
    }


@pytest.fixture
def doors(app: Flask, aurora) -> list[Door]:
    """Every way in but the open ones; those with ids first, as the others may make things."""
    found = [
        door
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in OPEN_DOORS and not rule.rule.startswith("/static/")
        for door in _doors(app, rule, aurora)
    ]
    assert len(found) > 60
    return sorted(found, key=lambda door: not door.named)


def test_the_open_doors_are_doors_still(app):
    assert {rule.endpoint for rule in app.url_map.iter_rules()} >= OPEN_DOORS


def test_without_a_session_no_door_opens(anna, aurora, doors, resources):
    before = _kept(resources, anna)
    for token in ("", "made.up.token", f"{anna.session_token[:-1]}?"):
        anna.session_token = token
        for door in doors:
            assert _knock(anna, door).status_code == 401, door
    assert _kept(resources, anna) == before


def test_to_an_employee_no_door_opens(anna, egor, aurora, doors, world, resources):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]
    before, asked = _kept(resources, anna), len(anna.portal.rest_log)

    for door in doors:
        for form in _forms(aurora) if door.method == "POST" else [{}]:
            reply = _knock(egor, door, form)
            assert reply.status_code == 403, door
            assert SECRET not in reply.text, door

    assert _kept(resources, anna) == before
    assert len(anna.portal.rest_log) == asked


def test_boris_sees_and_changes_nothing_of_auroras(anna, boris, aurora, doors, work, resources):
    boris.portal.next_id = ELSEWHERE
    boris.install()
    before, asked = _kept(resources, anna), len(anna.portal.rest_log)

    for door in doors:
        for form in _forms(aurora) if door.method == "POST" else [{}]:
            reply = _knock(boris, door, form)
            assert reply.status_code in _nothing(door), (door, reply.status_code)
            for inner in (SECRET, anna.portal.member_id, anna.portal.host):
                assert inner not in reply.text, door

    assert _kept(resources, anna) == before
    assert len(anna.portal.rest_log) == asked


def test_the_administrator_finds_every_page(anna, aurora, doors):
    """So that the refusals above are about who asks, and not about where."""
    for door in doors:
        if door.method == "GET":
            assert _knock(anna, door).status_code == 200, door


def test_boris_cannot_see_or_stop_auroras_work(anna, boris, aurora, work, resources):
    boris.portal.next_id = ELSEWHERE
    boris.install()
    run = f"/bulk/{aurora['run_id']}"
    old = aurora["app_id"]

    assert aurora["run_id"] not in boris.get("/bulk").text
    for path in ("", "/cancellation", "/continuation", "/undo"):
        knock = boris.get if not path else boris.post
        assert knock(f"{run}{path}").status_code == 404
    boris.post("/bulk", {"verb": "republish", "thing": "chat_app", "id": old})
    work()

    [done] = PortalStore(resources.redis, anna.portal.member_id).runs.all()
    assert done.state is RunState.DONE
    assert [str(app.id) for app in anna.chat_apps()] != [old]
    assert boris.chat_apps() == []
    assert PortalStore(resources.redis, boris.portal.member_id).runs.all() == []


def test_boris_cannot_import_or_take_back_what_is_auroras(anna, boris, aurora, work, resources):
    boris.portal.next_id = ELSEWHERE
    boris.install()
    work()
    before = _kept(resources, anna)
    changes = PortalStore(resources.redis, anna.portal.member_id).history()

    assert boris.post(f"/definitions/{aurora['taken']}/import").status_code == 404
    for change in changes:
        reply = boris.post(f"/history/{change.id}/undo", {"confirmation": change.name})
        assert reply.status_code == 404
    work()

    assert _kept(resources, anna) == before
    assert (boris.bots(), boris.chat_apps(), boris.portal.connectors) == ([], [], {})


def _nothing(door: Door) -> set[int]:
    """What Boris may be answered where an id of Aurora's is named; elsewhere he is at home."""
    if not door.named:
        return {200, 400, 404, 409, 422, 502}
    # Of what does not differ in his portal the page of differences says so.
    return {400, 404, 422} | ({200} if door.path.startswith("/drift/") else set())


def _upload(resources, anna: Person) -> str:
    """Under which id Anna's file waits."""
    fields = resources.redis.hkeys(keys.definitions(anna.portal.member_id))
    return next(field for field in fields if ":" not in field)


def _doors(app: Flask, rule: Rule, ids: dict[str, str]) -> Iterator[Door]:
    """The rule with Aurora's ids; for a name that is not known with each that fits."""
    fitting = [_fitting(rule, name, ids) for name in sorted(rule.arguments)]
    for values in itertools.product(*fitting):
        given = dict(zip(sorted(rule.arguments), values, strict=True))
        with app.test_request_context():
            path = app.url_map.bind("").build(rule.endpoint, given)
        path += ASKED.get(rule.endpoint, "")
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield Door(method, path, bool(given))


def _fitting(rule: Rule, name: str, ids: dict[str, str]) -> list[object]:
    if isinstance(rule._converters[name], IntegerConverter):
        found = [ids[name]] if name in ids else [text for text in ids.values() if text.isdigit()]
        return [int(text) for text in found]
    return [ids[name]] if name in ids else list(ids.values())


def _forms(ids: dict[str, str]) -> list[dict[str, object]]:
    """What every page may send, with Aurora's ids wherever one has its place."""
    bot, app = ids["bot_id"], ids["app_id"]
    return [
        typed(bot_id=bot, version="1"),
        typed_bot(version="1", confirmation=SECRET),
        typed_command(int(bot), version="1"),
        typed_connector(version="1"),
        typed_joint(1),
        typed_widget(app_id=app, version="1"),
        {"verb": "unregister", "thing": "chat_app", "id": app, "confirmation": "1"},
        {"verb": "unregister", "thing": "bot", "id": bot, "confirmation": "1"},
        {"verb": "republish", "thing": "command", "id": ids["command_id"]},
        *({"how": how.value, "confirmation": SECRET} for how in Drifted),
    ]


def _knock(person: Person, door: Door, form: dict[str, object] | None = None) -> requests.Response:
    return person.get(door.path) if door.method == "GET" else person.post(door.path, form or {})


def _kept(resources, anna: Person) -> str:
    """All that we keep of Aurora and all that Aurora holds, to be compared."""
    names = sorted(resources.redis.scan_iter(f"{keys.portal_prefix(anna.portal.member_id)}*"))
    kept = {name: repr(_value(resources.redis, name)) for name in names}
    return json.dumps([kept, held(anna)], sort_keys=True)


def _value(redis, name: str) -> object:
    readers: dict[str, Callable[[str], object]] = {
        "hash": redis.hgetall,
        "string": redis.get,
        "set": lambda key: sorted(redis.smembers(key)),
        "list": lambda key: redis.lrange(key, 0, -1),
        "zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        "stream": redis.xrange,
    }
    return readers[redis.type(name)](name)
