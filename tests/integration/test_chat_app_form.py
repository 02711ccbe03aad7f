"""The form of a chat app: its icon, and what is said of each field that does not fit."""

import pytest

from tests.cast import told, typed
from tests.pictures import ASSETS, SPRITE

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def test_the_icon_reaches_the_portal_as_it_was_previewed(installed):
    installed.post("/chat-apps", typed(icon=SPRITE))

    assert installed.chat_apps()[0].icon == SPRITE


def test_any_picture_becomes_a_sprite_before_it_is_saved(installed):
    logo = (ASSETS / "logo.png").read_bytes()

    reply = installed.post("/chat-apps/icon", files={"file": ("logo.png", logo, "image/png")})

    assert reply.status_code == 200
    assert "data:image/png;base64," in reply.text


@pytest.mark.parametrize("data", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a??"])
def test_a_file_that_is_no_picture_gets_a_sentence(installed, data):
    reply = installed.post("/chat-apps/icon", files={"file": ("x.png", data, "image/png")})

    assert reply.status_code == 422
    assert "Choose" in reply.text


def test_a_file_over_the_limit_is_refused_whole(installed):
    reply = installed.post("/chat-apps/icon", files={"file": ("x.png", b"x" * 7_000_000)})

    assert reply.status_code == 413


@pytest.mark.parametrize(
    ("spoiled", "sentence"),
    [
        ({"iframe_url": "http://plain.example.com"}, "must begin with https"),
        ({"iframe_url": ""}, "Please fill this in"),
        ({"iframe_url": "https://"}, "not a complete web address"),
        ({"iframe_width": "249"}, "from 250 to 5000"),
        ({"iframe_height": "x"}, "from 50 to 5000"),
        ({"title": ["", "Tafel"]}, "Please fill this in"),
        ({"language": ["en", "en"]}, "already in the list"),
        ({"code": "not a code!"}, "A Latin letter first"),
        ({"context": "MOON"}, "choose one of the list"),
        ({"icon": "bm90IGEgcG5n"}, "Choose"),
        ({"icon": "***"}, "damaged"),
        ({"kind": "command", "js_method": "PUT", "js_param": "help"}, "such as /help"),
        ({"kind": "command", "js_method": "CALL", "js_param": "call me"}, "phone number"),
        ({"kind": "command", "js_method": "SUPPORT", "js_param": "12"}, "32 characters"),
    ],
)
def test_a_wrong_field_is_named_and_what_was_typed_is_kept(installed, spoiled, sentence):
    reply = installed.post("/chat-apps", typed(**spoiled) | {"description": ["kept text", ""]})

    assert reply.status_code == 422
    assert sentence in reply.text
    assert "kept text" in reply.text
    assert installed.chat_apps() == []


def test_the_summary_names_the_fields(installed):
    form = typed(iframe_url="", title=["Board", ""], description=["", "x"])

    page = installed.post("/chat-apps", form).text

    assert "Address: Please fill this in." in page
    assert "Title (German): Please fill this in." in page


def test_a_chat_app_needs_a_title_in_one_language(installed):
    reply = installed.post("/chat-apps", typed(title=["", ""]))

    assert reply.status_code == 422
    assert "at least one language" in reply.text


@pytest.mark.parametrize(
    "odd",
    [
        {"bot_id": "²"},
        {"bot_id": "9" * 5000},
        {"iframe_width": "000000300" + "0" * 5000},
        {"iframe_width": "000000300999999"},
        {"iframe_height": "٣٠٠"},
        {"title": ["0", ""]},
        {"language": ["en"] * 3000, "title": ["x"] * 3000},
    ],
)
def test_odd_fields_never_break_the_page(installed, odd):
    reply = installed.post("/chat-apps", typed(**odd))

    assert reply.status_code in (200, 413, 422)
    assert all(250 <= app.iframe_width <= 5000 for app in installed.chat_apps())


@pytest.mark.parametrize("icon", ["abc", "é", "0", "===", "x" * 5000])
@pytest.mark.parametrize("path", ["", "/republication"])
def test_an_odd_icon_in_a_conflict_never_breaks_the_page(installed, icon, path):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}{path}", typed(version="7", icon=icon))

    assert reply.status_code == 409


def test_the_same_icon_again_is_no_change(installed):
    installed.post("/chat-apps", typed(icon=SPRITE))
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", icon=SPRITE))

    assert "Nothing was changed" in told(reply)
