"""Export and import: a file that says everything but secrets, and brings it where it is not."""

from __future__ import annotations

import base64
import copy
import json
import re
from dataclasses import replace

import pytest

from b24app import keys
from b24app.actions import definition_schema
from b24app.records import ItemState, RunState, Verb
from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import Person, typed, typed_bot, typed_command, typed_connector, typed_widget
from tests.conftest import CLIENT_SECRET, environment
from tests.integration.life import uninstall
from tests.integration.test_bots import picture
from tests.integration.test_chat_apps import SPRITE
from tests.integration.test_worker import WorkerProcess, wait_until

DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


def furnish(person: Person) -> None:
    """A bot, three chat apps, one of them a widget as well, two commands and a connector."""
    person.install()
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


@pytest.fixture
def furnished(anna):
    furnish(anna)
    return anna


@pytest.fixture
def store(furnished, resources):
    """What the application keeps of Anna's portal."""
    return PortalStore(resources.redis, furnished.portal.member_id)


@pytest.fixture
def borealis(boris, resources):
    """What the application keeps of Boris' portal, where nothing is yet."""
    boris.install()
    return PortalStore(resources.redis, boris.portal.member_id)


@pytest.fixture
def aurora(anna, resources):
    """What the application keeps of Anna's portal, where nothing is yet."""
    anna.install()
    return PortalStore(resources.redis, anna.portal.member_id)


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


def test_the_file_is_as_its_schema_says_and_named_after_the_portal(furnished):
    reply = furnished.post("/definitions/file")

    document = reply.json()
    assert definition_schema.problems(document) == {}
    assert document["portal"] == furnished.portal.host
    assert len(document["bots"]) == 1 and len(document["chat_apps"]) == 3
    assert [one["name"] for one in document["commands"]] == ["help", "time"]
    assert [one["id"] for one in document["connectors"]] == ["b24app_mail"]
    assert [one["chat_app"] for one in document["widgets"]] == ["one"]
    named = furnished.portal.host.replace(":", "-")
    assert re.fullmatch(
        rf'attachment; filename="b24app-{named}-\d{{4}}-\d\d-\d\d\.json"',
        reply.headers["Content-Disposition"],
    )


def test_things_name_each_other_by_what_stays_the_same_in_every_portal(furnished):
    document = json.loads(export(furnished))

    [bot] = document["bots"]
    assert {app["bot"] for app in document["chat_apps"]} == {bot["code"]}
    assert {one["bot"] for one in document["commands"]} == {bot["code"]}
    numbers = {str(one.id) for one in [*furnished.bots(), *furnished.chat_apps()]}
    numbers |= {str(number) for number in furnished.portal.commands}
    assert [number for number in numbers if f": {number}," in json.dumps(document)] == []


def test_nothing_secret_is_in_the_file(furnished, resources):
    text = export(furnished).decode()

    installation = resources.installations.get(furnished.portal.member_id)
    grants = furnished.world.grants.values()
    secrets = {installation.application_token, installation.member_id, CLIENT_SECRET}
    secrets |= {installation.client_id, furnished.session_token}
    secrets |= {app.hash for app in furnished.chat_apps() if app.hash}
    secrets |= {grant.access for grant in grants} | {grant.refresh for grant in grants}
    assert [secret for secret in secrets if secret and secret in text] == []
    assert "hash" not in text and "token" not in text


def test_what_one_portal_has_is_brought_into_another(furnished, boris, borealis, work):
    data = export(furnished)

    run = bring_in(boris, data, work)

    assert set(states(borealis, run)) == {"done"}
    assert shown_in_chat(boris) == shown_in_chat(furnished)
    assert contents(export(boris)) == contents(data)
    [bot] = boris.bots()
    assert bot.properties["avatar"] == picture()
    assert [one.name for one in boris.portal.connectors.values()] == ["Mail"]
    assert [app.icon_on_portal for app in borealis.chat_apps.all()] == [True] * 3
    assert boris.chat_apps()[0].hash not in {"", furnished.chat_apps()[0].hash}
    [widget] = borealis.widgets.all()
    app = next(app for app in borealis.chat_apps.all() if app.code == "one")
    assert (widget.app_id, widget.hash) == (app.id, app.hash)
    assert (widget.bot_id, widget.bot_code) == (bot.id, "helper")
    assert widget.id not in export(furnished).decode()


def test_importing_again_changes_nothing(furnished, boris, borealis, work):
    data = export(furnished)
    bring_in(boris, data, work)
    lines, calls = len(borealis.history(1000)), len(boris.portal.rest_log)

    assert is_here(boris, data)
    assert (len(borealis.history(1000)), len(boris.portal.rest_log)) == (lines, calls)
    page = offer(furnished, data).text
    assert "There is nothing to import" in page and "The same already: 8" in page


def test_the_plan_shows_what_would_be_created_changed_and_is_not_possible(furnished, work):
    document = json.loads(export(furnished))
    first, second, third = document["chat_apps"]
    first["iframe_width"] = 777
    second["kind"], second["js_method"], second["js_param"] = "command", "PUT", "/orders"
    third["js_param"] = "no slash"
    document["commands"][0] |= {"name": "new"}
    document["bots"][0]["position"] = "Sees it all"

    page = offer(furnished, json.dumps(document).encode()).text

    assert "To be created: 1" in page and "/new" in page
    assert "To be changed: 2" in page and "777" in page and "Sees it all" in page
    assert "Not possible: 2" in page and "it was chosen once and for all" in page
    assert "A command such as /help" in page
    assert furnished.calls("imbot.app.update") == []


def test_only_what_differs_is_sent_and_everything_can_be_taken_back(furnished, store, work):
    before = export(furnished)
    document = json.loads(before)
    document["chat_apps"][0]["iframe_width"] = 777
    document["connectors"][0]["name"] = "Post"

    run = bring_in(furnished, json.dumps(document).encode(), work)

    assert states(store, run) == ["done", "done"]
    assert furnished.calls("imbot.app.update")[-1]["FIELDS"] == {"IFRAME_WIDTH": 777}
    assert [one.name for one in furnished.portal.connectors.values()] == ["Post"]
    for line in store.history(2):
        assert (line.verb, line.user_name) == (Verb.UPDATE, "Anna Sokolova")
        assert furnished.post(f"/history/{line.id}/undo").status_code == 200
    assert contents(export(furnished)) == contents(before)


def test_it_is_the_way_back_after_a_new_installation(furnished, store, work):
    data, before = export(furnished), shown_in_chat(furnished)
    hashes = {app.hash for app in store.chat_apps.all()}
    uninstall(furnished, clean=False)
    work()
    furnished.install()
    assert furnished.chat_apps() == [] and furnished.bots() == []
    page = offer(furnished, data).text
    assert "To be put back: 8" in page

    bring_in(furnished, data, work)

    assert shown_in_chat(furnished) == before
    assert {app.hash for app in store.chat_apps.all()} == hashes
    assert "There is nothing to import" in offer(furnished, data).text
    assert len(store.bots.all()) == 1 and len(store.chat_apps.all()) == 3
    assert [one.name for one in furnished.portal.connectors.values()] == ["Mail"]


def test_it_is_the_way_back_when_everything_was_deleted(furnished, resources, work):
    data, before = export(furnished), shown_in_chat(furnished)
    uninstall(furnished, clean=True)
    work()
    furnished.install()
    assert "The file is" not in offer(furnished, data).text

    bring_in(furnished, data, work)

    assert shown_in_chat(furnished) == before


def test_what_the_portal_refuses_is_told_and_holds_up_nothing(boris, anna, aurora, world, work):
    furnish(boris)
    data = export(boris)
    world.faults.order("error", "imbot.app.register", code="WRONG_REQUEST")

    run = bring_in(anna, data, work)

    assert sorted(states(aurora, run)) == ["done"] * 7 + ["failed"]
    page = anna.get(f"/bulk/{run}").text
    assert "Chat app: Board" in page and "WRONG_REQUEST" not in page


def test_a_bot_that_cannot_come_keeps_what_belongs_to_it_away(boris, anna, aurora, work):
    furnish(boris)
    document = json.loads(export(boris))
    document["bots"][0]["name"] = ""
    page = offer(anna, json.dumps(document).encode()).text

    assert "Not possible: 1" in page and "Please fill this in." in page
    run = bring_in(anna, json.dumps(document).encode(), work)

    assert sorted(states(aurora, run)) == ["done"] * 2 + ["refused"] * 5
    assert "Its bot is not on the portal." in anna.get(f"/bulk/{run}").text


def test_an_id_that_another_application_has_is_never_taken_over(
    furnished, boris, borealis, world, work
):
    data = export(furnished)
    furnished.portal.connectors["b24app_mail"].client_id = next(iter(world.foreign))
    boris.portal.connectors["b24app_mail"] = furnished.portal.connectors["b24app_mail"]

    run = bring_in(boris, data, work)

    assert states(borealis, run)[-1] == "refused"
    assert boris.calls("imconnector.register") == []


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


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        (b"", "", "or it is damaged"),
        (b"\x89PNG\r\n\x1a\n", "", "or it is damaged"),
        (b"{", "", "or it is damaged"),
        (b"[" * 200_000, "", "or it is damaged"),
        (b'{"schema": NaN}', "", "or it is damaged"),
        (b'{"a": 1, "a": 2}', "", "or it is damaged"),
        (b'{"version": ' + b"9" * 5000 + b"}", "", "or it is damaged"),
        (json.dumps(good()).encode("utf-16"), "", "or it is damaged"),
        (b"[]", "", "was not exported here"),
        (b"{}", "", "was not exported here"),
        (changed("schema", "another"), "", "was not exported here"),
        (b'{"schema": "b24app-definitions", "version": 1, "\\ud800": 1}', "\\ud800", "no field of"),
        (changed("version", 2), "version", "newer version"),
        (changed("version", "1"), "version", "cannot stand here"),
        (changed("version", True), "version", "cannot stand here"),
        (changed("portal", None), "portal", "is missing"),
        (changed("connectors", {}), "connectors", "A list"),
        (changed("bots", [[]]), "bots[0]", "An object"),
        (changed("bots.0.name", None), "bots[0].name", "is missing"),
        (changed("bots.0.name", 5), "bots[0].name", "A text"),
        (changed("bots.0.name", "\ud800"), "bots[0].name", "A text"),
        (changed("bots.0.name", "x" * 2001), "bots[0].name", "too long"),
        (changed("bots.0.code", " "), "bots[0].code", "Please fill this in."),
        (changed("bots.0.hidden", "N"), "bots[0].hidden", "true or false"),
        (changed("bots.0.type", "spy"), "bots[0].type", "choose one"),
        (changed("bots.0.color", ["RED"]), "bots[0].color", "A text"),
        (changed("bots.0.hash", "x"), "bots[0].hash", "There is no field of this name"),
        (changed("bots.0.<b>", "x"), "bots[0].&lt;b&gt;", "There is no field of this name"),
        (changed("bots.0.welcome.0.text", 1), "bots[0].welcome[0].text", "A text"),
        (changed("bots.0.welcome", [{}] * 51), "bots[0].welcome", "too many"),
        (changed("bots.0.avatar", "A" * 400_001), "bots[0].avatar", "too long"),
        (changed("bots", good()["bots"] * 2), "bots[1]", "has this twice"),
        (changed("bots", good()["bots"] * 1001), "bots", "too many"),
        (changed("connectors", [{"size": 1.5}]), "connectors[0].size", "A whole number"),
        (changed("connectors", [{"size": True}]), "connectors[0].size", "A whole number"),
        (changed("connectors", [{"size": -1}]), "connectors[0].size", "too small"),
    ],
)
def test_a_file_that_is_not_right_says_what_and_where_and_leaves_nothing(
    anna, resources, data, where, what
):
    anna.install()

    reply = offer(anna, data)

    assert reply.status_code == 422
    assert what in reply.text
    assert f"<code>{where}</code>" in reply.text or not where
    assert "data-message" not in reply.text
    assert resources.redis.exists(keys.definitions(anna.portal.member_id)) == 0


@pytest.mark.parametrize(
    "avatar",
    [
        "not base64",
        base64.b64encode(b"text").decode(),
        SPRITE,  # a picture of another size
        picture()[:-400],  # cut off
    ],
)
def test_a_picture_that_is_none_is_told_in_the_plan(anna, avatar):
    anna.install()

    page = offer(anna, changed("bots.0.avatar", avatar)).text

    assert "Not possible: 1" in page and "Avatar: " in page


def test_a_file_that_is_too_big_is_not_read(anna, resources):
    anna.install()

    assert offer(anna, b"[" + b" " * 9_000_000 + b"]").status_code == 413
    assert resources.redis.exists(keys.definitions(anna.portal.member_id)) == 0


def test_a_file_of_seven_megabytes_is_read(anna):
    anna.install()

    assert offer(anna, json.dumps(good()).encode() + b" " * 7_000_000).status_code == 200


def test_an_upload_waits_three_days_and_goes_with_the_portal(furnished, resources):
    address = upload(furnished, changed("bots.0.name", "New"))
    name = keys.definitions(furnished.portal.member_id)
    assert 0 < resources.redis.ttl(name) <= 3 * 24 * 3600
    assert furnished.get(address).status_code == 200

    resources.installations.remove(furnished.portal.member_id)

    assert resources.redis.exists(name) == 0


def test_an_upload_that_is_gone_is_told(furnished, store, resources, work):
    address = upload(furnished, changed("bots.0.name", "New"))
    furnished.post(address + "/import")
    resources.redis.delete(keys.definitions(furnished.portal.member_id))

    work()

    [run] = store.runs.all()
    assert states(store, run.id) == ["refused"]
    assert "not kept that long" in furnished.get(f"/bulk/{run.id}").text
    assert furnished.get(address).status_code == 404
    assert furnished.post(address + "/import").status_code == 404
    for other in ("1", "x", "1:0", "²"):
        assert furnished.get(f"/definitions/{other}").status_code == 404


def test_of_many_uploads_the_newest_stay_and_those_that_are_being_imported(
    furnished, resources, store, work
):
    begun = upload(furnished, changed("bots.0.name", "First"))
    furnished.post(begun + "/import")
    addresses = [upload(furnished, changed("bots.0.name", f"N{n}")) for n in range(5)]

    assert [furnished.get(one).status_code for one in addresses] == [404, 404, 200, 200, 200]
    work()
    assert states(store, store.runs.all()[0].id) == ["done"]


def test_a_republication_that_was_cut_short_leaves_no_second_one(furnished, store, work):
    """The worker was killed after the successor was recorded, before the old one went."""
    data = export(furnished)
    store.chat_apps.unpublish()
    furnished.chat_apps().clear()
    address = upload(furnished, data)
    [run_id] = re.findall(r"/bulk/([0-9]+)", furnished.post(address + "/import").text)[:1]
    run = store.runs.get(run_id)
    old = next(app for app in store.chat_apps.all() if app.code == "two")
    furnished.post(f"/chat-apps/{old.id}/republication", {"version": str(old.version)})
    [item] = [one for one in store.runs.items(run) if one.name == "Orders"]
    store.runs.note(run, [replace(item, state=ItemState.SENT)])

    work()

    assert set(states(store, run_id)) == {"done"}
    assert len(furnished.chat_apps()) == len(store.chat_apps.all()) == 3


def test_the_rest_calls_can_be_seen_before(furnished, boris, borealis):
    address = upload(boris, export(furnished))

    page = boris.post(address + "/import?rehearsal=1").text

    assert "imbot.v2.Bot.register" in page and "imbot.app.register" in page
    assert boris.bots() == [] and borealis.runs.all() == []


def test_an_employee_may_not(furnished, egor, world, store):
    data = export(furnished)
    address = upload(furnished, changed("bots.0.name", "New"))
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    assert egor.get("/definitions").status_code == 403
    assert egor.post("/definitions/file").status_code == 403
    assert offer(egor, data).status_code == 403
    assert egor.get(address).status_code == 403
    assert egor.post(address + "/import").status_code == 403
    assert store.runs.all() == []


def test_boris_sees_nothing_of_it(furnished, boris, borealis, store):
    address = upload(furnished, changed("bots.0.name", "New"))

    assert contents(export(boris)) == {name: [] for name in definition_schema.LISTS}
    assert boris.get(address).status_code == 404
    assert boris.post(address + "/import").status_code == 404
    assert store.runs.all() == borealis.runs.all() == []


def test_a_session_that_is_over_is_sent_to_open_again(furnished):
    furnished.session_token = "x"

    assert furnished.post("/definitions/file").status_code == 401
    assert furnished.get("/definitions").status_code == 401


def test_a_killed_worker_is_followed_by_another_and_each_comes_once(
    furnished, boris, borealis, world, resources, store_url, app_port
):
    document = json.loads(export(furnished))
    [app, *_] = document["chat_apps"]
    document["chat_apps"] = [app | {"code": f"c{n}"} for n in range(24)]
    address = upload(boris, json.dumps(document).encode())
    world.faults.rest_delay = 0.15
    page = boris.post(address + "/import").text
    run = re.search(r"/bulk/([0-9]+)", page)[1]
    environ = environment(world, store_url, app_port)
    first = WorkerProcess(environ)
    try:
        wait_until(lambda: len(boris.chat_apps()) >= 8)
    finally:
        first.kill()
    world.faults.rest_delay = 0
    assert len(boris.chat_apps()) < 24
    assert borealis.runs.get(run).state is RunState.RUNNING
    resources.redis.delete(keys.edit_lock(boris.portal.member_id))  # its seconds go by

    boris.get(f"/bulk/{run}?part")
    second = WorkerProcess(environ)
    try:
        wait_until(lambda: borealis.runs.get(run).state is RunState.DONE)
    finally:
        second.kill()

    assert set(states(borealis, run)) == {"done"}
    assert sorted(one.code for one in boris.chat_apps()) == sorted(f"c{n}" for n in range(24))
    registered = [line for line in borealis.history(1000) if line.verb is Verb.REGISTER]
    named = [(line.thing, line.after["code"]) for line in registered if "code" in line.after]
    assert len(named) == len(set(named)) == 26
    assert is_here(boris, json.dumps(document).encode())
