"""The chat apps page over HTTP: list, create, edit, unregister, conflicts, who may."""

import base64
import json
from pathlib import Path

import pytest

from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import typed

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ASSETS = Path(__file__).parent.parent / "assets"
SPRITE = base64.b64encode((ASSETS / "sprite.png").read_bytes()).decode()


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def test_the_first_chat_app_brings_its_bot(installed):
    reply = installed.post("/chat-apps", typed(icon=SPRITE))

    assert reply.status_code == 200
    [app] = installed.chat_apps()
    assert installed.portal.bot(app.bot_id).api == "v2"
    assert {row["LANGUAGE_ID"]: row["TITLE"] for row in app.lang} == {"en": "Board", "de": "Tafel"}


def test_without_the_new_bot_methods_the_bot_is_registered_the_old_way(installed, world):
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)

    installed.post("/chat-apps", typed())

    [app] = installed.chat_apps()
    assert installed.portal.bot(app.bot_id).api == "v1"


def test_the_second_chat_app_uses_the_same_bot(installed):
    installed.post("/chat-apps", typed(code="one"))
    installed.post("/chat-apps", typed(code="two"))

    assert len({app.bot_id for app in installed.chat_apps()}) == 1
    assert len(installed.calls("imbot.v2.Bot.register")) == 1


def test_a_bot_that_was_deleted_in_the_portal_is_registered_anew(installed):
    installed.post("/chat-apps", typed(code="one"))
    installed.portal.bots.clear()

    reply = installed.post("/chat-apps", typed(code="two"))

    assert reply.status_code == 200
    assert [app.code for app in installed.chat_apps()][-1] == "two"


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


def test_a_command_chat_app_is_registered_without_a_frame(installed):
    installed.post("/chat-apps", typed(kind="command", js_method="SEND", js_param="/help me"))

    [app] = installed.chat_apps()
    assert (app.js_method, app.js_param, app.iframe) == ("SEND", "/help me", "")


def test_context_and_the_administrators_only_switch_travel_together(installed):
    installed.post("/chat-apps", typed(context="LINES", admin_only="1"))

    assert installed.chat_apps()[0].context == "lines-admin"


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


def test_only_what_changed_is_sent(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="500"))

    [call] = installed.calls("imbot.app.update")
    assert call["FIELDS"] == {"IFRAME_WIDTH": 500}


def test_a_changed_title_sends_the_whole_set(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["Board", "Brett"]))

    [call] = installed.calls("imbot.app.update")
    assert [row["TITLE"] for row in call["FIELDS"]["LANG"]] == ["Board", "Brett"]


def test_saving_without_a_change_calls_nothing(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1"))

    assert "Nothing was changed" in told(reply)
    assert installed.calls("imbot.app.update") == []


def test_a_new_icon_offers_to_republish(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", icon=SPRITE))

    assert "republication" in reply.text
    assert installed.chat_apps()[0].icon == ""  # the portal ignored it, as portals of 2026 do


def test_republishing_puts_a_successor_before_it_removes_the_old_one(installed):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    installed.post(f"/chat-apps/{old.id}", typed(version="1", icon=SPRITE))

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "2"})

    [new] = installed.chat_apps()
    assert new.id != old.id and new.icon == SPRITE
    assert str(new.id) in told(reply)
    methods = [call.method for call in installed.portal.rest_log]
    assert methods[-2:] == ["imbot.app.register", "imbot.app.unregister"]


def test_an_icon_can_be_changed_and_republished_again_and_again(installed):
    installed.post("/chat-apps", typed())

    for serial in range(3):
        [app] = installed.chat_apps()
        version = installed.get(f"/chat-apps/{app.id}").text.split('name="version" value="')[1]
        version = version.partition('"')[0]
        form = typed(version=version, iframe_width=str(500 + serial))
        assert installed.post(f"/chat-apps/{app.id}", form).status_code == 200
        reply = installed.post(
            f"/chat-apps/{app.id}/republication", {"version": str(int(version) + 1)}
        )
        assert reply.status_code == 200

    assert [app.iframe_width for app in installed.chat_apps()] == [502]


def test_a_successor_never_takes_another_apps_code(installed):
    installed.post("/chat-apps", typed(code="board"))
    installed.post("/chat-apps", typed(code="board-v2", title=["Other", "Andere"]))
    board, other = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{board.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    assert other in installed.chat_apps()
    assert len({app.code for app in installed.chat_apps()}) == 2


@pytest.mark.parametrize("fault", ["expired", "html"])
def test_a_republication_half_way_is_told_whatever_went_wrong(installed, world, fault):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    if fault == "expired":
        world.faults.order("error", "imbot.app.unregister", code="expired_token", status=401)
        world.faults.order_token("drop", times=4)
    else:
        world.faults.order("html", "imbot.app.unregister", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    assert "works too" in told(reply)


def test_after_a_lost_answer_the_next_try_says_what_is_true(installed, world):
    """The portal has the first try under the same code; the second one brings it up to date."""
    world.faults.order("lost", "imbot.app.register", times=4)
    installed.post("/chat-apps", typed(code="board"))

    reply = installed.post("/chat-apps", typed(code="board", iframe_url="https://other.example/"))

    assert reply.status_code == 200
    [app] = installed.chat_apps()
    assert app.iframe.startswith("https://other.example/")
    page = installed.get(f"/chat-apps/{app.id}").text
    assert "https://other.example/" in page and app.hash in page


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


def test_the_hash_survives_republishing(installed):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()

    installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert installed.chat_apps()[0].hash == old.hash
    assert len(old.hash) == 32


def test_a_republication_that_cannot_begin_leaves_the_old_one_working(installed, world):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    world.faults.order("html", "imbot.app.register", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 502
    assert [app.id for app in installed.chat_apps()] == [old.id]
    assert installed.get(f"/chat-apps/{old.id}").status_code == 200


def test_a_republication_that_stops_half_way_says_that_both_work(installed, world):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    world.faults.order("html", "imbot.app.unregister", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert len(installed.chat_apps()) == 2
    assert "works too" in told(reply)
    assert installed.get(f"/chat-apps/{old.id}").status_code == 200


def test_unregistering_takes_it_out_of_the_chat(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}/unregistration")

    assert reply.status_code == 200
    assert installed.chat_apps() == []


def test_unregistering_what_is_gone_already_is_done(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.portal.chat_apps.clear()

    reply = installed.post(f"/chat-apps/{app.id}/unregistration")

    assert "already" in told(reply)
    assert installed.get(f"/chat-apps/{app.id}").status_code == 404


def test_what_belongs_to_another_application_stays_in_our_record(installed, world):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    app.client_id = next(iter(world.foreign))

    reply = installed.post(f"/chat-apps/{app.id}/unregistration")

    assert reply.status_code == 409
    assert "another application" in reply.text
    assert f"/chat-apps/{app.id}/removal" in reply.text
    assert installed.get(f"/chat-apps/{app.id}").status_code == 200


def test_it_can_then_be_taken_off_the_list(installed, world):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    app.client_id = next(iter(world.foreign))

    installed.post(f"/chat-apps/{app.id}/removal")

    assert installed.get(f"/chat-apps/{app.id}").status_code == 404
    assert installed.chat_apps() == [app]


def test_what_is_ours_cannot_be_taken_off_the_list(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    assert installed.post(f"/chat-apps/{app.id}/removal").status_code == 400
    assert installed.get(f"/chat-apps/{app.id}").status_code == 200


def test_the_hash_can_be_renewed(installed):
    installed.post("/chat-apps", typed())
    before = installed.chat_apps()[0].hash

    installed.post(f"/chat-apps/{installed.chat_apps()[0].id}/hash-renewal")

    after = installed.chat_apps()[0].hash
    assert after != before and len(after) == 32 and after != "register"


def test_two_administrators_saving_at_once_see_both_versions(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["First", "Tafel"]))

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["Second", "Tafel"]))

    assert reply.status_code == 409
    assert "First" in reply.text and "Second" in reply.text
    assert installed.chat_apps()[0].lang[0]["TITLE"] == "First"


def test_every_change_is_a_history_line(installed, resources):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="500"))
    installed.post(f"/chat-apps/{app.id}/unregistration")

    store = PortalStore(resources.redis, installed.portal.member_id)
    lines = [line for line in store.history() if line.thing != "installation"]
    assert [(line.thing, line.verb) for line in lines] == [
        ("chat_app", "unregister"),
        ("chat_app", "update"),
        ("chat_app", "register"),
        ("bot", "register"),
    ]
    assert {line.user_name for line in lines} == {"Anna Sokolova"}
    assert lines[1].before["iframe_width"] == 400
    assert lines[1].after["iframe_width"] == 500


def test_a_portal_that_refuses_changes_nothing_in_our_record(installed, world):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    world.faults.order("error", "imbot.app.update", code="WRONG_REQUEST")

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["New", "Neu"]))

    assert reply.status_code == 502
    assert "WRONG_REQUEST" not in reply.text
    assert "Tafel" in installed.get(f"/chat-apps/{app.id}").text


@pytest.mark.parametrize("fault", ["html", "truncated", "garbage", "drop", "query_limit"])
def test_a_portal_in_trouble_is_a_page_with_a_next_step(installed, world, fault):
    world.faults.order(fault, "imbot.app.register", times=9)

    reply = installed.post("/chat-apps", typed())

    assert reply.status_code in (502, 503)
    assert "ry again" in reply.text


@pytest.mark.parametrize("fault", ["html", "lost", "truncated", "drop", "query_limit"])
def test_a_hiccup_of_the_portal_is_not_even_noticed(installed, world, fault):
    world.faults.order(fault, "imbot.app.register")

    assert installed.post("/chat-apps", typed()).status_code == 200
    assert len(installed.chat_apps()) == 1


def test_an_employee_may_not(installed, egor, world):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    reply = egor.post("/session", {"AUTH_ID": grant.access})
    egor.session_token = reply.json()["token"]

    assert egor.get("/chat-apps").status_code == 403
    assert egor.post("/chat-apps", typed()).status_code == 403
    assert installed.chat_apps() == []


def test_boris_does_not_even_see_it(installed, boris):
    boris.install()
    installed.post("/chat-apps", typed(title=["Secret board", "Tafel"]))
    [app] = installed.chat_apps()

    assert "Secret board" not in boris.get("/chat-apps").text
    assert boris.get(f"/chat-apps/{app.id}").status_code == 404
    assert boris.post(f"/chat-apps/{app.id}/unregistration").status_code == 404
    assert installed.chat_apps() == [app]


def test_without_a_session_nothing_is_shown(installed):
    installed.session_token = ""

    assert installed.get("/chat-apps").status_code == 401
    assert installed.post("/chat-apps", typed()).status_code == 401


@pytest.mark.parametrize("language", ["en", "ru", "de", "la", "br"])
def test_the_pages_speak_the_administrators_language(installed, language):
    installed.at_portal("/language", {"language": language, "next": "/desktop"})

    page = installed.open().text

    words = {
        "en": "Chat apps",
        "ru": "Чат-приложения",
        "de": "Chat-Apps",
        "la": "Aplicaciones",
        "br": "Aplicativos",
    }
    assert words[language] in page


def test_the_list_shows_the_title_in_the_administrators_language(installed):
    installed.post("/chat-apps", typed())
    installed.at_portal("/language", {"language": "de", "next": "/desktop"})

    installed.open()

    assert "Tafel" in installed.get("/chat-apps").text
