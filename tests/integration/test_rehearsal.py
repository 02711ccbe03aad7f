"""Before it is applied: the page shows the very calls that are then made, and makes none."""

import re
from dataclasses import replace

import pytest

from b24app.records import Actor, Verb
from b24app.store import PortalStore
from tests.cast import typed, typed_bot, typed_command, typed_connector, typed_joint
from tests.widgets import keep_widget

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ASKING = ("get", "list", "status", "profile", "info", "scope", "events")


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture(params=["new", "old"])
def family(request, world) -> str:
    """Which methods of bots the portal has."""
    if request.param == "old":
        world.faults.order(
            "error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404, times=100
        )
    return request.param


@pytest.fixture
def settled(installed, family):
    """A portal with one thing of each kind."""
    installed.post("/bots", typed_bot())
    bot_id = installed.bots()[0].id
    installed.post("/chat-apps", typed(bot_id=bot_id))
    installed.post("/commands", typed_command(bot_id))
    installed.post("/connectors", typed_connector())
    return installed


def shown(reply) -> list[str]:
    """The methods the page says would change the portal, in their order."""
    assert reply.status_code == 200, reply.text
    told = re.findall(r"<code>([^<]+)</code>\s*(<span)?", reply.text)
    return changing([name for name, only_asks in told if not only_asks])


def made(person, since: int) -> list[str]:
    """The methods that have changed the portal since, in their order."""
    calls = person.portal.rest_log[since:]
    return changing([call.method for call in calls if not brings_nothing(call)])


def brings_nothing(call) -> bool:
    """Whether it is an update without fields: so a portal is asked whose a thing is."""
    fields = call.params.get("FIELDS", call.params.get("fields", {}))
    return call.method.lower().endswith("update") and fields == {}


def changing(names: list[str]) -> list[str]:
    """Those that do more than ask; the calls of a batch stand for it."""
    lowered = [name.lower() for name in names]
    return [n for n in lowered if n.rpartition(".")[2] not in ASKING and n != "batch"]


def rehearse_and_do(person, path: str, form: dict[str, object]) -> tuple[list[str], list[str]]:
    """Look at the calls first, see that none was made, then do it: the shown, the made."""
    store = PortalStore(person.redis, person.portal.member_id)
    since, changes = len(person.portal.rest_log), len(store.history())
    looked = person.post(f"{path}?rehearsal=1", form)
    planned = shown(looked)
    assert made(person, since) == []
    assert len(store.history()) == changes
    since = len(person.portal.rest_log)
    assert person.post(path, form).status_code == 200
    return planned, made(person, since)


@pytest.fixture(autouse=True)
def reading(anna, resources):
    anna.redis = resources.redis


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/chat-apps", typed()),
        ("/bots", typed_bot()),
        ("/connectors", typed_connector()),
    ],
)
def test_what_a_new_thing_would_ask_of_the_portal_is_what_it_then_asks(
    installed, family, path, form
):
    planned, done = rehearse_and_do(installed, path, form)
    assert planned == done != []


def test_a_new_command_shows_its_calls(settled):
    planned, done = rehearse_and_do(
        settled, "/commands", typed_command(settled.bots()[0].id, name="again")
    )
    assert planned == done != []


@pytest.mark.parametrize("verb", ["", "/republication", "/unregistration"])
@pytest.mark.parametrize("kind", ["chat-apps", "bots", "commands", "connectors"])
def test_every_change_of_a_thing_shows_its_calls(settled, resources, kind, verb):
    store = PortalStore(resources.redis, settled.portal.member_id)
    shelf = {
        "chat-apps": store.chat_apps,
        "bots": store.bots,
        "commands": store.commands,
        "connectors": store.connectors,
    }[kind]
    thing = shelf.all()[0]
    forms = {
        "chat-apps": typed(title=["Other", "Tafel"]),
        "bots": typed_bot(name="Other"),
        "commands": typed_command(store.bots.all()[0].id, title=["Other", "Hilfe"]),
        "connectors": typed_connector(name="Other"),
    }
    form = forms[kind] | {"version": str(thing.version)}
    if verb == "/unregistration" and kind == "bots":
        form = {"confirmation": thing.full_name}
    planned, done = rehearse_and_do(settled, f"/{kind}/{thing.id}{verb}", form)
    assert planned == done != []


def test_what_speaks_against_a_save_is_said_in_place_of_the_calls(installed):
    reply = installed.post("/chat-apps?rehearsal=1", typed(title=["", ""]))
    assert reply.status_code == 422
    assert reply.headers["HX-Retarget"] == "#page"


def test_no_secret_and_no_whole_picture_is_shown(settled, resources):
    app = PortalStore(resources.redis, settled.portal.member_id).chat_apps.all()[0]
    reply = settled.post(f"/chat-apps/{app.id}/republication?rehearsal=1", {"version": "1"})
    assert "imbot.app.register" in reply.text
    assert app.hash not in reply.text


def test_an_employee_sees_no_calls_and_another_portal_has_no_such_thing(settled, egor, boris):
    app_id = settled.chat_apps()[0].id
    egor.open()
    assert egor.post(f"/chat-apps/{app_id}/unregistration?rehearsal=1").status_code == 401
    boris.install()
    assert boris.post(f"/chat-apps/{app_id}/unregistration?rehearsal=1").status_code == 404


def test_work_with_many_shows_its_calls(settled, work):
    ids = [app.id for app in settled.chat_apps()]
    form = {"thing": "chat_app", "verb": "unregister", "id": ids}
    since = len(settled.portal.rest_log)
    planned = shown(settled.post("/bulk?rehearsal=1", form))
    work()
    assert made(settled, since) == []
    settled.post("/bulk", form)
    work()
    assert planned == made(settled, since)


def store_of(person) -> PortalStore:
    return PortalStore(person.redis, person.portal.member_id)


@pytest.mark.parametrize("alone", [{}, {"setting": "1"}])
def test_a_connector_at_a_line_shows_its_calls(settled, alone):
    line = "/connectors/b24app_mail/lines/1"
    planned, done = rehearse_and_do(settled, line, typed_joint(1, **alone))
    assert planned == done != []
    version = store_of(settled).connectors.all()[0].version
    planned, done = rehearse_and_do(settled, f"{line}/disconnection", {"version": version} | alone)
    assert planned == done != []


def test_a_new_hash_shows_its_call(settled):
    [app] = settled.chat_apps()
    planned, done = rehearse_and_do(settled, f"/chat-apps/{app.id}/hash-renewal", {})
    assert planned == done != []


def test_a_widgets_new_hash_would_send_nothing(settled, resources):
    widget = keep_widget(resources, settled)
    looked = settled.post(f"/widgets/{widget.id}/hash-renewal?rehearsal=1")
    assert "Nothing would be sent to the portal." in looked.text
    assert store_of(settled).widgets.get(widget.id) == widget


@pytest.mark.parametrize("kind", ["chat-apps", "bots", "commands", "connectors"])
@pytest.mark.parametrize("deed", ["registration", "removal"])
def test_taking_back_shows_its_calls(settled, work, kind, deed):
    store = store_of(settled)
    shelves = {"chat-apps": store.chat_apps, "bots": store.bots, "commands": store.commands}
    thing = (shelves | {"connectors": store.connectors})[kind].all()[0]
    full_name = thing.full_name if kind == "bots" else ""
    lines = [line for line in store.history() if line.thing_id == str(thing.id)]
    if deed == "removal":
        settled.post(f"/{kind}/{thing.id}/unregistration", {"confirmation": full_name})
        lines = [store.history(1)[0]]
    path, since, changes = (
        f"/history/{lines[0].id}/undo",
        len(settled.portal.rest_log),
        store.history(),
    )
    looked = settled.post(f"{path}?rehearsal=1")
    planned = shown(looked)
    work()
    assert (made(settled, since), store.history()) == ([], changes)
    since = len(settled.portal.rest_log)
    assert settled.post(path, {"confirmation": full_name}).status_code == 200
    work()
    assert planned == made(settled, since)
    assert planned


def test_taking_a_run_back_shows_its_calls(settled, work):
    ids = [app.id for app in settled.chat_apps()]
    settled.post("/bulk", {"thing": "chat_app", "verb": "unregister", "id": ids})
    work()
    [run] = store_of(settled).runs.all()
    since = len(settled.portal.rest_log)
    planned = shown(settled.post(f"/bulk/{run.id}/undo?rehearsal=1"))
    work()
    assert made(settled, since) == []
    assert len(store_of(settled).runs.all()) == 1
    settled.post(f"/bulk/{run.id}/undo")
    work()
    assert planned == made(settled, since)
    assert planned


def test_a_deed_about_a_difference_shows_its_calls_and_leaves_what_was_seen(settled):
    settled.portal.connectors.clear()
    settled.post("/drift/look")
    seen = store_of(settled).drift.look()
    path, form = "/drift/connector/b24app_mail/restoration", {"how": "missing"}
    since = len(settled.portal.rest_log)
    planned = shown(settled.post(f"{path}?rehearsal=1", form))
    assert made(settled, since) == []
    assert store_of(settled).drift.look() == seen
    settled.post(path, form)
    assert planned == made(settled, since)
    assert planned


def test_a_rehearsal_of_what_has_none_is_refused_and_does_nothing(settled):
    [app] = settled.chat_apps()
    since, changes = len(settled.portal.rest_log), store_of(settled).history()
    for path in (
        f"/chat-apps/{app.id}/removal",
        "/drift/look",
        "/drift/check",
        "/bulk/1/cancellation",
    ):
        assert 400 <= settled.post(f"{path}?rehearsal=1").status_code < 500
    assert settled.portal.rest_log[since:] == []
    assert store_of(settled).history() == changes


def test_of_work_with_very_many_the_first_calls_are_shown_and_the_rest_is_counted(installed):
    installed.post("/chat-apps", typed())
    store = store_of(installed)
    [app] = store.chat_apps.all()
    actor = Actor(1, "Anna", is_admin=True)
    for number in range(70):
        more = replace(app, id=100_000 + number, code=f"x{number}", version=0)
        store.chat_apps.save(more, seen=0, actor=actor, verb=Verb.REGISTER, before=None)
    form = {"thing": "chat_app", "verb": "republish", "id": [str(100_000 + n) for n in range(70)]}
    since = len(installed.portal.rest_log)
    looked = installed.post("/bulk?rehearsal=1", form)
    assert len(shown(looked)) == 100
    assert "Things that follow in the same way: 36." in looked.text
    assert made(installed, since) == []
