"""The widgets page over HTTP: publish, change, take back, who may."""

import json
import re

import pytest

from tests.cast import told, typed_widget
from tests.integration.widget_pages import (
    KEY,
    URL,
    changed,
    changing,
    lines,
    places,
    standing,
    undo,
)

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


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
