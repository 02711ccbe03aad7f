"""The widgets page over HTTP: publish, change at all places or none, move, undo, who may."""

import json
import re

import pytest

from b24app.store import PortalStore
from tests.cast import typed, typed_widget

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

KEY = "w" * 22
URL = f"/widgets/{KEY}"


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture
def board(installed):
    """A widget above the text area and in the sidebar."""
    assert installed.post("/widgets", typed_widget()).status_code == 200
    return KEY


@pytest.fixture
def store(installed, resources):
    return PortalStore(resources.redis, installed.portal.member_id)


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def lines(store):
    """What history says of widgets, newest first."""
    return [line for line in store.history() if line.thing == "widget"]


def places(person, key: str = KEY) -> dict[str, object]:
    """Where the portal shows the widget, asked of the portal."""
    found = (row for row in person.portal.placements if row.handler.endswith(f"/widgets/{key}"))
    return {row.code: row for row in found}


def changing(person) -> list[str]:
    """The methods that change a widget, in the order they were called."""
    log = [call.method for call in person.portal.rest_log]
    return [name for name in log if name in ("placement.bind", "placement.unbind")]


def changed(**changes):
    """The form of the widget, opened for editing at its first version."""
    return typed_widget(version="1") | changes


def test_a_widget_stands_at_each_place_with_what_that_place_knows(installed):
    form = typed_widget(
        places=["IM_TEXTAREA", "IM_SIDEBAR", "IM_CONTEXT_MENU", "IM_NAVIGATION"],
        contexts=["USER", "CRM"],
        admin_only="1",
    )

    reply = installed.post("/widgets", form)

    assert told(reply) == "“Board” is in the new messenger now."
    found = places(installed)
    assert {row.handler for row in found.values()} == {f"{installed.app_url}{URL}"}
    common = {"role": "ADMIN", "extranet": "N"}
    kinds = {"context": "USER;CRM"}
    looks = {"iconName": "fa-rocket", "color": "ORANGE"}
    assert {code: row.options for code, row in found.items()} == {
        "IM_TEXTAREA": common | kinds | looks | {"width": 400, "height": 300},
        "IM_SIDEBAR": common | kinds | looks,
        "IM_CONTEXT_MENU": common | kinds,
        "IM_NAVIGATION": common | {"iconName": "fa-rocket"},
    }
    words = found["IM_TEXTAREA"].langs
    assert (words["en"]["TITLE"], words["en"]["DESCRIPTION"]) == ("Board", "All tasks")
    assert words["de"]["TITLE"] == "Tafel"


def test_each_new_form_brings_a_key_nobody_can_guess(installed):
    keys = {
        re.search(r'name="id" value="([^"]*)"', installed.get("/widgets/new").text)[1]
        for _ in range(3)
    }

    assert len(keys) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{22}", key) for key in keys)


WRONG = [
    ({"iframe_url": ""}, "Address: Please fill this in"),
    ({"iframe_url": "ftp://x.example.com/"}, "must begin with https://"),
    ({"iframe_url": "https://"}, "not a complete web address"),
    ({"places": []}, "Places: Please choose at least one"),
    ({"places": ["IM_SMILES_SELECTOR"]}, "Places: Please choose one of the list"),
    ({"icon_name": ""}, "Icon: Please fill this in"),
    ({"icon_name": "rocket"}, "Font Awesome 4 name such as fa-rocket"),
    ({"icon_name": "fa-" + "x" * 48}, "Font Awesome 4 name such as fa-rocket"),
    ({"icon_name": 'fa-x" onload="'}, "Font Awesome 4 name such as fa-rocket"),
    ({"color": "COPILOT"}, "Colour: Please choose one of the list"),
    ({"contexts": []}, "Where it shows: Please choose at least one"),
    ({"contexts": ["BOT"]}, "Where it shows: Please choose one of the list"),
    ({"width": "49"}, "Width: A whole number from 50 to 5000"),
    ({"height": "²"}, "Height: A whole number from 50 to 5000"),
    ({"title": ["", ""], "description": ["", ""]}, "a title in at least one language"),
    ({"language": ["en", "en"]}, "already in the list"),
    ({"code": "9"}, "A Latin letter first"),
    ({"id": "new"}, "Please choose one of the list"),
]


def test_each_wrong_field_is_named_and_nothing_is_published(installed):
    for spoiled, sentence in WRONG:
        reply = installed.post("/widgets", typed_widget() | spoiled)

        assert reply.status_code == 422, spoiled
        assert sentence in reply.text, spoiled
    assert installed.portal.placements == []
    assert changing(installed) == []


def test_what_no_chosen_place_knows_is_not_asked_for(installed):
    form = typed_widget(places=["IM_CONTEXT_MENU"], icon_name="", width="", color="?")

    assert installed.post("/widgets", form).status_code == 200
    form = typed_widget("n" * 22, places=["IM_NAVIGATION"], contexts=[], height="x")
    assert installed.post("/widgets", form).status_code == 200
    assert set(places(installed, "n" * 22)) == {"IM_NAVIGATION"}


def test_a_form_sent_twice_is_one_widget(installed, store):
    for _ in range(2):
        assert "is in the new messenger now" in told(installed.post("/widgets", typed_widget()))

    assert len(store.widgets.all()) == 1
    assert len(installed.portal.placements) == 2
    assert len(lines(store)) == 1


def test_a_change_is_one_batch_of_what_differs(installed, board):
    before = len(changing(installed))
    form = changed(places=["IM_SIDEBAR", "IM_CONTEXT_MENU"], title=["Desk", "Tafel"])

    reply = installed.post(f"{URL}/edit", form)
    again = installed.post(f"{URL}/edit", form | {"version": "2"})

    assert told(reply) == "Saved. The portal has accepted the change."
    assert "Nothing was changed" in told(again)
    found = places(installed)
    assert set(found) == {"IM_SIDEBAR", "IM_CONTEXT_MENU"}
    assert {row.langs["en"]["TITLE"] for row in found.values()} == {"Desk"}
    assert changing(installed)[before:] == [
        *("placement.bind", "placement.unbind", "placement.bind", "placement.unbind")
    ]
    last = [call for call in installed.portal.rest_log if call.method == "batch"][-1]
    assert len(last.params["cmd"]) == 4 and last.params["halt"] == 1


def test_two_administrators_saving_at_once_see_both_versions(installed, board):
    installed.post(f"{URL}/edit", changed(title=["First", "Tafel"], places=["IM_SIDEBAR"]))

    reply = installed.post(f"{URL}/edit", changed(title=["Second", "Tafel"]))

    assert reply.status_code == 409
    for text in ("First", "Second", "Text area, Sidebar of the chat"):
        assert text in reply.text
    assert set(places(installed)) == {"IM_SIDEBAR"}


def refuse(world, method="placement.bind", code="INTERNAL_SERVER_ERROR", **order):
    world.faults.order("error", method, code=code, text="in words", **order)


def standing(person):
    """Each place with its title and colour."""
    found = places(person).items()
    return {code: (row.langs["en"]["TITLE"], row.options.get("color")) for code, row in found}


def test_a_change_that_fails_half_way_is_put_back(installed, board, world, store):
    """The new place is bound, the second is taken away, and binding that again is refused."""
    before = standing(installed)
    form = changed(places=["IM_TEXTAREA", "IM_SIDEBAR", "IM_NAVIGATION"], title=["Desk", ""])
    form |= {"description": ["", ""]}
    unbound = []
    for number in range(3):  # whichever of the three bindings fails
        refuse(world, after=number)
        reply = installed.post(f"{URL}/edit", form)

        assert reply.status_code == 502, number
        assert "The portal has a problem of its own" in reply.text
        assert standing(installed) == before, number
        unbound.append(changing(installed).count("placement.unbind"))
    assert store.widgets.get(KEY).version == 1
    assert [line.verb for line in lines(store)] == ["register"]
    assert unbound == sorted(set(unbound))


def test_what_cannot_be_put_back_is_told_and_the_record_knows_it(installed, board, world, store):
    """The navigation is bound and the text area unbound; from there on the portal refuses all."""
    for method in ("placement.bind", "placement.unbind"):
        refuse(world, method, after=1, times=99)
    form = changed(places=["IM_TEXTAREA", "IM_SIDEBAR", "IM_NAVIGATION"], title=["Desk", "Tafel"])

    reply = installed.post(f"{URL}/edit", form)

    assert reply.status_code == 409
    assert "Only a part of the change arrived" in reply.text
    assert "As on this page: Navigation" in reply.text
    assert "As before: Sidebar of the chat" in reply.text
    assert "Missing: Text area" in reply.text
    assert set(places(installed)) == {"IM_SIDEBAR", "IM_NAVIGATION"}
    assert {"IM_SIDEBAR", "IM_NAVIGATION"} <= set(store.widgets.get(KEY).places)
    page = installed.get("/widgets").text
    assert "Not there" in page and "Not as saved" in page

    world.faults.clear()
    version = re.search(r'name="version" value="(\d+)"', reply.text)[1]
    assert installed.post(f"{URL}/edit", form | {"version": version}).status_code == 200
    assert {title for title, _ in standing(installed).values()} == {"Desk"}
    assert set(places(installed)) == set(form["places"])


def test_a_new_widget_refused_half_way_leaves_nothing(installed, world, store):
    refuse(world, after=1)

    reply = installed.post("/widgets", typed_widget())

    assert reply.status_code == 502
    assert installed.portal.placements == [] and store.widgets.all() == []


def test_a_lost_answer_is_looked_after(installed, world, store):
    world.faults.order("lost", "batch")

    reply = installed.post("/widgets", typed_widget())

    assert "is in the new messenger now" in told(reply)
    assert len(installed.portal.placements) == 2 and len(lines(store)) == 1

    world.faults.order("lost", "batch")
    reply = installed.post(f"{URL}/edit", changed(title=["Desk", "Tafel"], places=["IM_SIDEBAR"]))
    assert told(reply).startswith("Saved.")
    assert standing(installed) == {"IM_SIDEBAR": ("Desk", "ORANGE")}


def test_nothing_the_portal_may_have_is_unknown_when_nobody_can_look(installed, world, store):
    """Every answer is lost from the first batch on: what was sent is on the list."""
    world.faults.order("lost", "batch", times=9)
    world.faults.order("drop", "placement.get", after=1, times=9)

    reply = installed.post("/widgets", typed_widget())

    assert reply.status_code == 502 and "does not answer" in reply.text
    assert len(installed.portal.placements) == 2
    assert [one.published for one in store.widgets.all()] == [False]

    world.faults.clear()
    reply = installed.post("/widgets", typed_widget(color="PINK"))
    assert "is in the new messenger now" in told(reply)
    assert [one.published for one in store.widgets.all()] == [True]
    assert set(standing(installed).values()) == {("Board", "PINK")}


def test_one_that_is_bound_already_is_done_after_a_look(installed, board, resources):
    """The record was lost, the portal still has it: publishing it again is no error."""
    resources.redis.delete(f"b24app:{{{installed.portal.member_id}}}:widgets")

    assert installed.post("/widgets", typed_widget()).status_code == 200
    assert len(installed.portal.placements) == 2


NO = "Your portal did not accept the change, so nothing was saved."
PLACE = "The portal does not know this place"
ADDRESS = "does not accept this application&#39;s own address"
DENIED = "Only an administrator may, and a permission may be missing"
TROUBLE = "The portal has a problem of its own"
# The portal's code and status, ours, and what is read.
# b24restdocs: widgets/placement-bind.md; bitrix-modules: rest/lib/api/placement.php
TABLE = [
    ("WRONG_AUTH_TYPE", 403, 502, DENIED),
    ("ACCESS_DENIED", 403, 502, DENIED),
    ("INSUFFICIENT_SCOPE", 401, 502, DENIED),
    ("ERROR_ARGUMENT", 400, 502, NO),
    ("ERROR_UNSUPPORTED_PROTOCOL", 400, 502, ADDRESS),
    ("ERROR_WRONG_HANDLER_URL", 400, 502, ADDRESS),
    ("ERROR_PLACEMENT_NOT_FOUND", 400, 502, PLACE),
    ("ERROR_PLACEMENT_USER_MODE", 400, 502, "does not offer widgets for individual users"),
    ("ERROR_PLACEMENT_USER_MODE", 200, 502, "does not offer widgets for individual users"),
    ("ERROR_PLACEMENT_MAX_COUNT", 400, 502, "The place is full"),
    ("ERROR_PLACEMENT_MAX_COUNT", 200, 502, "The place is full"),
    ("EMPTY_ERROR_ICON_NAME", 200, 422, "Icon: Please fill this in"),
    ("INVALID_ERROR_ICON_NAME", 200, 422, "Icon: The portal does not accept this icon"),
    ("INVALID_ERROR_CONTEXT", 200, 422, "Where it shows: The portal does not know one of these"),
    ("INVALID_ERROR_ROLE", 200, 422, "Administrators only: The portal does not offer this"),
    ("INVALID_ERROR_EXTRANET", 200, 422, "For external users: The portal does not offer this"),
    ("INVALID_ERROR_COLOR", 200, 422, "Colour: The portal does not know this colour"),
    ("INVALID_ERROR_WIDTH", 200, 422, "Width: The portal does not accept this size"),
    ("INVALID_ERROR_HEIGHT", 200, 422, "Height: The portal does not accept this size"),
    ("ERROR_CORE", 400, 502, NO),
    ("OPERATION_TIME_LIMIT", 429, 503, "The portal has paused this function"),
    ("INTERNAL_SERVER_ERROR", 500, 502, TROUBLE),
    ("ERROR_SOMETHING_NEW", 400, 502, NO),
]


def test_each_answer_to_binding_has_a_sentence(installed, world, store, resources):
    for code, status, ours, sentence in TABLE:
        refuse(world, code=code, status=status)

        reply = installed.post("/widgets", typed_widget())

        world.faults.clear()
        assert sentence in reply.text, code
        assert reply.status_code == ours, code
        assert code not in reply.text
        assert installed.portal.placements == [] and store.widgets.all() == [], code
        free_method(resources, installed)


def free_method(resources, person) -> None:
    """The minutes pass for which a method was blocked."""
    for key in resources.redis.scan_iter(f"b24app:{{{person.portal.member_id}}}:rate*"):
        resources.redis.delete(key)


REMOVALS = [
    ("ACCESS_DENIED", 403, DENIED),
    ("WRONG_AUTH_TYPE", 403, DENIED),
    ("ERROR_ARGUMENT", 400, NO),
    ("INTERNAL_SERVER_ERROR", 500, TROUBLE),
]


def test_each_answer_to_a_removal(installed, board, world, store):
    for code, status, sentence in REMOVALS:
        refuse(world, "placement.unbind", code, status=status)

        reply = installed.post(f"{URL}/unregistration")

        world.faults.clear()
        assert sentence in reply.text, code
        assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
        assert store.widgets.get(KEY)
    assert told(installed.post(f"{URL}/unregistration")) == "The widget is unregistered."
    assert installed.portal.placements == [] and store.widgets.all() == []
    assert installed.post(f"{URL}/unregistration").status_code == 404


def test_a_portal_without_the_permission_says_so_and_the_pages_open(installed, board, world):
    install = installed.portal.installs[world.card.client_id]
    install.scope = [name for name in world.card.scope if name != "placement"]

    for path in ("/widgets", f"{URL}/edit"):
        page = installed.get(path)
        assert page.status_code == 200
        assert "permission placement" in page.text and "Board" in page.text
    reply = installed.post(f"{URL}/edit", changed(title=["Desk", ""], description=["", ""]))
    assert reply.status_code == 502 and "permission placement" in reply.text


def test_one_the_portal_lost_is_shown_as_missing_and_republished(installed, board):
    installed.portal.placements.clear()
    assert "Not on the portal" in installed.get("/widgets").text
    assert "Not on the portal" in installed.get(f"{URL}/edit").text

    reply = installed.post(f"{URL}/republication", {"version": "1"})

    assert "as it is saved here" in told(reply)
    assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
    assert "New messenger" in installed.get("/widgets").text


def test_republishing_follows_a_changed_address_of_ours(installed, board):
    for row in installed.portal.placements:
        row.handler = f"https://before.example.com{URL}"
    assert "Not as saved" in installed.get("/widgets").text

    installed.post(f"{URL}/republication", {"version": "1"})

    assert {row.handler for row in installed.portal.placements} == {f"{installed.app_url}{URL}"}
    assert len(installed.portal.placements) == 2


def test_one_that_is_nowhere_can_be_taken_off_the_list_and_no_other(installed, board, store):
    assert installed.post(f"{URL}/removal").status_code == 400

    installed.portal.placements.clear()
    assert installed.post(f"{URL}/removal").status_code == 200
    assert store.widgets.all() == []


def test_what_the_list_does_not_know_is_shown_and_removed(installed, board, resources, store):
    """As after a process that died between the portal's answer and the record."""
    resources.redis.delete(f"b24app:{{{installed.portal.member_id}}}:widgets")
    page = installed.get("/widgets").text
    assert "On the portal, but not on this list" in page and "Board" in page

    assert told(installed.post(f"{URL}/unregistration")) == "The widget is unregistered."

    assert installed.portal.placements == []
    assert "Unregistered" in installed.get("/history").text


# A chat app in the new messenger


@pytest.fixture
def app_id(installed, app) -> int:
    """A chat app that opens a page."""
    form = typed(context="BOT", iframe_popup="1", copyright=["Aurora", ""], livechat="1")
    assert installed.post("/chat-apps", form).status_code == 200
    return installed.chat_apps()[0].id


def moving(person, app_id: int, **changes) -> dict[str, object]:
    """The form that publishes a chat app, as the page brings it."""
    page = person.get(f"/widgets/chat-app/{app_id}").text
    key = re.search(r'name="id" value="([^"]+)"', page)[1]
    return typed_widget(key, app_id=str(app_id)) | changes


def test_the_page_shows_what_carries_over_and_what_does_not(installed, app_id):
    page = installed.get(f"/widgets/chat-app/{app_id}").text

    cells = re.findall(r"<th scope=\"row\">\s*(.*?)\s*</th>\s*<td.*?</svg>(.*?)</span>", page, re.S)
    fates = {name: fate.strip() for name, fate in cells}
    assert fates == {
        "Page": "Carries over",
        "Code and numbers": "Carries over",
        "Hash and signatures": "Carries over",
        "Titles and descriptions": "Carries over",
        "Where it shows": "Is different",
        "Messages to the chat": "Is different",
        "Size": "Is different",
        "Referer": "Is different",
        "Icon": "Gets lost",
        "Stays open between chats": "Gets lost",
        "In the live chat": "Gets lost",
        "Copyright": "Gets lost",
    }
    assert installed.app_url in page
    assert 'value="https://pages.example.com/board"' in page and 'value="Tafel"' in page
    assert re.search(r'value="USER" checked', page)
    assert changing(installed) == []


def test_a_chat_app_is_published_with_its_code_numbers_and_hash(installed, app_id, store):
    app = store.chat_apps.get(app_id)
    forged = {"hash": "f" * 32, "bot_id": "7", "bot_code": "x", "code": "other"}

    reply = installed.post("/widgets", moving(installed, app_id, **forged))

    assert "It is in both messengers" in reply.text
    [widget] = store.widgets.all()
    assert (widget.code, widget.app_id, widget.bot_id) == (app.code, app.id, app.bot_id)
    assert widget.hash == app.hash
    assert widget.bot_code == store.bots.get(app.bot_id).code
    assert len(installed.chat_apps()) == 1
    again = installed.get(f"/widgets/chat-app/{app_id}").text
    assert f"/widgets/{widget.id}/edit" in again
    form = typed_widget("z" * 22, app_id=str(app_id))
    assert "published already" in installed.post("/widgets", form).text


def test_one_that_runs_a_command_has_no_equivalent(installed):
    form = typed(kind="command", js_method="PUT", js_param="/help")
    installed.post("/chat-apps", form)
    app_id = installed.chat_apps()[0].id

    page = installed.get(f"/widgets/chat-app/{app_id}").text
    reply = installed.post("/widgets", typed_widget(app_id=str(app_id)))

    assert "has no equivalent" in page and "/commands/new" in page
    assert reply.status_code == 422
    assert installed.portal.placements == []


def test_the_classic_one_goes_only_when_the_widget_stands(installed, app_id, store):
    form = moving(installed, app_id)
    installed.post("/widgets", form)
    url = f"/widgets/{form['id']}/classic-removal"
    lost = installed.portal.placements.pop()

    reply = installed.post(url)
    assert reply.status_code == 422 and "does not stand at each of its places" in reply.text
    assert len(installed.chat_apps()) == 1

    installed.portal.placements.append(lost)
    assert told(installed.post(url)) == "Moved. It is in the new messenger only."
    assert installed.chat_apps() == [] and store.chat_apps.all() == []
    assert len(places(installed, form["id"])) == 2
    assert installed.post(url).status_code == 404


# History


def undo(person, store, number: int = 0):
    return person.post(f"/history/{lines(store)[number].id}/undo")


def test_activity_tells_a_change_in_words(installed, board):
    form = changed(places=["IM_NAVIGATION"], color="PINK", contexts=["USER"])
    installed.post(f"{URL}/edit", changed(contexts=["USER", "CHAT"], color="PINK", width="500"))
    installed.post(f"{URL}/edit", form | {"version": "2"})

    page = installed.get("/history?thing=widget").text

    for text in (
        *("Orange", "Pink", "One-to-one chats, Group chats", "All chats", "Navigation"),
        *("Text area, Sidebar of the chat", "a secret", "fa-rocket"),
    ):
        assert text in page, text
    assert "IM_" not in page and "[&#39;" not in page


def test_a_change_is_taken_back(installed, board, store):
    installed.post(f"{URL}/edit", changed(title=["Desk", "Tafel"], places=["IM_NAVIGATION"]))

    reply = undo(installed, store)

    assert "the values from before" in told(reply)
    assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
    assert set(standing(installed).values()) == {("Board", "ORANGE")}


def test_one_that_was_unregistered_comes_back_under_its_key_with_its_hash(installed, board, store):
    was = store.widgets.get(KEY)
    installed.post(f"{URL}/unregistration")

    reply = undo(installed, store)

    assert told(reply) == "It is back."
    now = store.widgets.get(KEY)
    assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
    assert (now.places, now.translations, now.color) == (was.places, was.translations, was.color)
    assert now.hash and now.hash == was.hash


def test_one_made_of_a_chat_app_comes_back_with_the_hash_of_that(installed, app_id, store):
    form = moving(installed, app_id)
    installed.post("/widgets", form)
    was = store.widgets.get(form["id"])
    installed.post(f"/widgets/{form['id']}/unregistration")

    reply = undo(installed, store)

    assert told(reply) == "It is back."
    now = store.widgets.get(form["id"])
    assert (now.hash, now.app_id, now.bot_code) == (was.hash, was.app_id, was.bot_code)


def test_a_publication_is_taken_back(installed, board, store):
    assert "it is unregistered" in told(undo(installed, store))
    assert installed.portal.placements == [] and store.widgets.all() == []


def test_a_new_hash_is_noted_without_being_told(installed, board, store):
    was = store.widgets.get(KEY).hash

    reply = installed.post(f"{URL}/hash-renewal")

    now = store.widgets.get(KEY).hash
    assert now != was and now in reply.text
    page = installed.get("/history").text
    assert now not in page and was not in page
    assert was not in json.dumps([line.before for line in lines(store)])


# Who may


def test_egor_may_not_and_boris_sees_nothing_of_it(installed, board, egor, boris):
    egor.open()
    egor.session_token = egor.session_token or "none"
    boris.install()
    form = changed(title=["Taken", "Tafel"])
    posts = ("edit", "republication", "unregistration", "removal", "hash-renewal")

    for path in (*posts, "classic-removal"):
        assert egor.post(f"{URL}/{path}", form).status_code in (401, 403), path
        assert boris.post(f"{URL}/{path}", form).status_code == 404, path
    for path in ("/widgets", "/widgets/new", f"{URL}/edit", "/widgets/chat-app/1"):
        assert egor.get(path).status_code in (401, 403)
    assert egor.post("/widgets", typed_widget("e" * 22)).status_code in (401, 403)
    assert boris.get(f"{URL}/edit").status_code == 404
    assert "Board" not in boris.get("/widgets").text

    assert set(standing(installed).values()) == {("Board", "ORANGE")}
    assert boris.portal.placements == []


def test_the_calls_are_shown_before_they_are_made(installed, board):
    before = len(changing(installed))

    page = installed.post(f"{URL}/edit?rehearsal=1", changed(color="PINK")).text

    assert "placement.unbind" in page and "placement.bind" in page and "PINK" in page
    assert len(changing(installed)) == before


def test_a_reinstall_leaves_the_settings_and_says_that_nothing_stands(installed, board, store):
    store.unpublish()
    installed.portal.placements.clear()

    assert "Not on the portal" in installed.get("/widgets").text
    installed.post(f"{URL}/edit", changed())
    assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}


def test_the_calls_name_no_secret(installed, board, store):
    secret = store.widgets.get(KEY).hash
    sent = [json.dumps(call.params, default=str) for call in installed.portal.rest_log]

    assert not any(secret in params for params in sent)
    assert any("IM_TEXTAREA" in params for params in sent)
