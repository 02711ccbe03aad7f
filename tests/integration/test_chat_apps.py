"""The chat apps page over HTTP: register, change, unregister, conflicts, who may."""

import pytest

from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import told, typed
from tests.pictures import SPRITE

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


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


def test_a_command_chat_app_is_registered_without_a_frame(installed):
    installed.post("/chat-apps", typed(kind="command", js_method="SEND", js_param="/help me"))

    [app] = installed.chat_apps()
    assert (app.js_method, app.js_param, app.iframe) == ("SEND", "/help me", "")


def test_context_and_the_administrators_only_switch_travel_together(installed):
    installed.post("/chat-apps", typed(context="LINES", admin_only="1"))

    assert installed.chat_apps()[0].context == "lines-admin"


def test_only_what_changed_is_sent(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="500"))

    [_registered, call] = installed.calls("imbot.app.update")
    assert call["FIELDS"] == {"IFRAME_WIDTH": 500}


def test_a_changed_title_sends_the_whole_set(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["Board", "Brett"]))

    [_registered, call] = installed.calls("imbot.app.update")
    assert [row["TITLE"] for row in call["FIELDS"]["LANG"]] == ["Board", "Brett"]


def test_saving_without_a_change_calls_nothing(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    since = len(installed.portal.rest_log)

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1"))

    assert "Nothing was changed" in told(reply)
    assert installed.portal.rest_log[since:] == []


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
