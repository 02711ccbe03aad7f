"""Bots and chat apps by imbot.* of the first version."""

import base64
import io
from hashlib import md5

import pytest
from PIL import Image

from sandbox import chat_apps

URL = "http://127.0.0.1:9/events"


def png(width=108, height=66):
    out = io.BytesIO()
    Image.new("RGBA", (width, height)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def bot_params(code="v1", **more):
    return {"CODE": code, "EVENT_HANDLER": URL, "PROPERTIES": {"NAME": "Old"}, **more}


def app_params(bot_id, **more):
    return {
        "BOT_ID": bot_id,
        "CODE": "echo",
        "IFRAME": "https://example.com/frame",
        "HASH": "secret",
        "LANG": [{"LANGUAGE_ID": "en", "TITLE": "Echo"}],
        **more,
    }


@pytest.fixture
def app_id(anna, bot_id):
    return anna.call("imbot.app.register", app_params(bot_id, ICON_FILE=png()))


def test_bot_is_registered_with_its_event_urls(anna):
    bot_id = anna.call("imbot.register", bot_params(TYPE="O"))

    bot = anna.portal.bot(bot_id)
    assert (bot.type, bot.openline, bot.api) == ("openline", True, "v1")
    assert len(anna.call("event.get")) == 6


def test_code_of_another_application_returns_its_bot(anna):
    foreign = anna.portal.bots[0]

    assert anna.call("imbot.register", bot_params("helpdesk")) == foreign.id
    assert anna.refused("imbot.unregister", {"BOT_ID": foreign.id}) == ("APP_ID_ERROR", 400)
    assert anna.refused("imbot.app.register", app_params(foreign.id)) == ("APP_ID_ERROR", 400)


def test_second_bot_takes_the_events_of_the_first(anna):
    anna.call("imbot.register", bot_params("one"))
    anna.call("imbot.register", bot_params("two", EVENT_HANDLER=f"{URL}/two"))

    assert {row["handler"] for row in anna.call("event.get")} == {f"{URL}/two"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"EVENT_HANDLER": "", "CODE": ""}, "EVENT_MESSAGE_ADD_ERROR"),
        ({"EVENT_HANDLER": "http://localhost/x"}, "EVENT_MESSAGE_ADD_ERROR"),
        ({"EVENT_HANDLER": "", "EVENT_MESSAGE_ADD": URL}, "EVENT_WELCOME_MESSAGE_ERROR"),
        ({"CODE": "", "PROPERTIES": {}}, "CODE_ERROR"),
        ({"PROPERTIES": {"COLOR": "RED"}}, "NAME_ERROR"),
    ],
)
def test_bot_registration_checks_in_order(anna, change, code):
    assert anna.refused("imbot.register", bot_params(**change)) == (code, 400)


def test_bot_list_is_a_map_of_all_bots(anna, boris):
    bot = anna.portal.bots[0]

    listed = anna.call("imbot.bot.list")

    assert listed == {
        str(bot.id): {"ID": bot.id, "NAME": "Help desk", "CODE": "helpdesk", "OPENLINE": "N"}
    }
    assert boris.call("imbot.bot.list") == []


def test_unregistered_bot_takes_its_chat_apps_along(anna, bot_id, app_id):
    assert anna.call("imbot.unregister", {"BOT_ID": bot_id}) is True

    assert anna.portal.chat_apps == []
    assert anna.refused("imbot.unregister", {"BOT_ID": bot_id}) == ("BOT_ID_ERROR", 400)


def test_frame_chat_app_is_kept_as_the_platform_does(anna, bot_id):
    params = app_params(
        bot_id, HASH="h" * 40, IFRAME_WIDTH=10, IFRAME_HEIGHT="10", CONTEXT="CHAT-admin", HIDDEN="Y"
    )

    app = anna.portal.chat_app(anna.call("imbot.app.register", params))

    assert app.iframe == "https://example.com/frame?"
    assert (app.iframe_width, app.iframe_height, app.hash) == (250, 50, "h" * 32)
    assert (app.context, app.hidden, app.iframe_popup) == ("chat-admin", True, False)


def test_address_with_a_query_goes_on_with_an_ampersand(anna, bot_id):
    params = app_params(bot_id, IFRAME="https://example.com/?a=1")

    app = anna.portal.chat_app(anna.call("imbot.app.register", params))

    assert app.iframe == "https://example.com/?a=1&"
    assert (app.iframe_width, app.iframe_height) == (320, 250)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"CODE": "", "IFRAME": "http://no"}, "CODE_ERROR"),
        ({"IFRAME": "http://example.com/"}, "IFRAME_HTTPS"),
        ({"IFRAME": "example.com"}, "IFRAME_HTTPS"),
        ({"IFRAME": "https:///x", "HASH": ""}, "IFRAME_HTTPS"),
        ({"HASH": "", "BOT_ID": 0}, "HASH_ERROR"),
        ({"IFRAME": "", "BOT_ID": 0}, "PARAMS_ERROR"),
        ({"JS_METHOD": "SEND", "JS_PARAM": "no command"}, "PARAMS_ERROR"),
        ({"BOT_ID": 0, "LANG": []}, "BOT_ID_ERROR"),
        ({"LANG": []}, "LANG_ERROR"),
        ({"LANG": {}}, "LANG_ERROR"),
    ],
)
def test_chat_app_registration_checks_in_order(anna, bot_id, change, code):
    assert anna.refused("imbot.app.register", app_params(bot_id, **change)) == (code, 400)


@pytest.mark.parametrize(
    ("method", "param", "kept"),
    [
        ("SEND", "please /go now", "/go now"),
        ("PUT", "/a_b-1", "/a_b-1"),
        ("CALL", "Call +49 (30) 12", " +49 (30) 12"),
        ("SUPPORT", "line " + "a1" * 16, "a1" * 16),
    ],
)
def test_command_is_what_matches(anna, bot_id, method, param, kept):
    params = app_params(bot_id, JS_METHOD=method, JS_PARAM=param)

    app = anna.portal.chat_app(anna.call("imbot.app.register", params))

    assert (app.js_method, app.js_param, app.iframe) == (method, kept, "")
    assert len(app.hash) == 32


def test_registering_again_returns_the_same_and_changes_nothing(anna, bot_id, app_id):
    again = app_params(bot_id, LANG=[{"LANGUAGE_ID": "de", "TITLE": "Anders"}])

    assert anna.call("imbot.app.register", again) == app_id
    assert anna.portal.chat_app(app_id).lang[0]["TITLE"] == "Echo"


def test_translations_without_language_or_title_are_dropped(anna, bot_id):
    lang = [{"LANGUAGE_ID": "EN", "TITLE": "A"}, {"TITLE": "B"}, {"LANGUAGE_ID": "de"}, "x"]

    app = anna.portal.chat_app(anna.call("imbot.app.register", app_params(bot_id, LANG=lang)))

    assert app.lang == [{"LANGUAGE_ID": "en", "TITLE": "A", "DESCRIPTION": "", "COPYRIGHT": ""}]


def test_translations_keyed_by_language_leave_no_title(anna, bot_id):
    lang = {"en": {"TITLE": "A"}}

    app = anna.portal.chat_app(anna.call("imbot.app.register", app_params(bot_id, LANG=lang)))

    assert app.lang == []


@pytest.mark.parametrize(
    "icon",
    [
        "no base64 of an image",
        base64.b64encode(b"text").decode(),
        "data:image/png;base64," + png(),
        png(5001, 1),
        "",
    ],
)
def test_unusable_icon_is_dropped_without_a_word(anna, bot_id, icon):
    app_id = anna.call("imbot.app.register", app_params(bot_id, ICON_FILE=icon))

    assert anna.portal.chat_app(app_id).icon == ""


@pytest.mark.parametrize("pair", [False, True])
def test_icon_comes_alone_or_with_a_name(anna, bot_id, pair):
    icon = ["icon.png", png()] if pair else png()

    app_id = anna.call("imbot.app.register", app_params(bot_id, ICON_FILE=icon))

    assert anna.portal.chat_app(app_id).icon == png()


def test_update_without_fields_is_fine(anna, app_id):
    assert anna.call("imbot.app.update", {"APP_ID": app_id}) is True


def test_update_replaces_translations(anna, app_id):
    fields = {"LANG": [{"LANGUAGE_ID": "de", "TITLE": "Neu"}], "HASH": "h" * 40, "CONTEXT": "USER"}

    anna.call("imbot.app.update", {"APP_ID": app_id, "FIELDS": fields})

    app = anna.portal.chat_app(app_id)
    assert [(row["LANGUAGE_ID"], row["TITLE"]) for row in app.lang] == [("de", "Neu")]
    assert (app.hash, app.context) == ("h" * 40, "user")


def test_update_forgets_a_new_icon_unless_switched(anna, app_id, world):
    new = {"APP_ID": app_id, "FIELDS": {"ICON_FILE": png(10, 10)}}

    anna.call("imbot.app.update", new)
    assert anna.portal.chat_app(app_id).icon == png()

    world.faults.icon_updates = True
    anna.call("imbot.app.update", new)
    assert anna.portal.chat_app(app_id).icon == png(10, 10)


def test_update_to_a_command_keeps_the_frame(anna, app_id):
    fields = {"JS_METHOD": "SEND", "JS_PARAM": "/help", "IFRAME": "http://ignored"}

    anna.call("imbot.app.update", {"APP_ID": app_id, "FIELDS": fields})

    app = anna.portal.chat_app(app_id)
    assert (app.js_param, app.iframe) == ("/help", "https://example.com/frame?")


def test_update_refuses_http_frames(anna, app_id):
    params = {"APP_ID": app_id, "FIELDS": {"IFRAME": "http://example.com"}}

    assert anna.refused("imbot.app.update", params) == ("IFRAME_HTTPS", 400)


def test_update_ignores_a_bad_command(anna, app_id):
    fields = {"JS_METHOD": "CALL", "JS_PARAM": "nobody"}

    assert anna.call("imbot.app.update", {"APP_ID": app_id, "FIELDS": fields}) is True
    assert anna.portal.chat_app(app_id).js_method == ""


def test_unregister_works_once(anna, app_id):
    assert anna.call("imbot.app.unregister", {"APP_ID": app_id}) is True
    assert anna.refused("imbot.app.unregister", {"APP_ID": app_id}) == ("CHAT_APP_ID_ERROR", 400)


@pytest.mark.parametrize("method", ["imbot.app.update", "imbot.app.unregister"])
def test_foreign_chat_app_is_out_of_reach(anna, app_id, method):
    anna.portal.chat_app(app_id).client_id = "app.other.1"

    assert anna.refused(method, {"APP_ID": app_id, "FIELDS": {}}) == ("APP_ID_ERROR", 400)


def test_any_employee_with_a_token_may_change_chat_apps(egor, app_id):
    assert egor.call("imbot.app.unregister", {"APP_ID": app_id}) is True


def shown(person, context):
    return [
        app.code
        for app in chat_apps.visible_chat_apps(person.world, person.portal, person.user, context)
    ]


@pytest.mark.parametrize(
    ("context", "seen_by_anna", "seen_by_egor"),
    [
        ("ALL", {"USER", "CHAT", "BOT"}, {"USER", "CHAT", "BOT"}),
        ("CHAT", {"CHAT"}, {"CHAT"}),
        ("CHAT-admin", {"CHAT"}, set()),
        ("ALL-admin", {"USER", "CHAT", "BOT"}, set()),
        ("nonsense", set(), set()),
    ],
)
def test_context_decides_where_and_for_whom(
    anna, egor, bot_id, context, seen_by_anna, seen_by_egor
):
    anna.call("imbot.app.register", app_params(bot_id, CONTEXT=context))

    places = ("USER", "CHAT", "BOT")
    assert {place for place in places if shown(anna, place)} == seen_by_anna
    assert {place for place in places if shown(egor, place)} == seen_by_egor


def test_hidden_chat_app_is_nowhere(anna, bot_id):
    anna.call("imbot.app.register", app_params(bot_id, HIDDEN="Y"))

    assert shown(anna, "CHAT") == []


def test_frame_address_carries_hashes_that_can_be_checked(anna, app_id):
    app = anna.portal.chat_app(app_id)

    url = chat_apps.chat_app_frame_url(
        anna.world, anna.portal, anna.user, app, "chat1", language="de"
    )

    assert url.startswith("https://example.com/frame?BOT_ID=")
    assert f"DOMAIN_HASH={md5(b'127.0.0.2secret').hexdigest()}" in url
    assert f"USER_HASH={md5(b'1secret').hexdigest()}" in url
    assert "DIALOG_ID=chat1&CONTEXT=textarea&LANG=de&IS_CHROME=Y" in url


def test_hash_register_makes_the_user_hash_unverifiable(anna, app_id):
    app = anna.portal.chat_app(app_id)
    app.hash = "register"

    url = chat_apps.chat_app_frame_url(anna.world, anna.portal, anna.user, app, "chat1")

    assert md5(b"1register").hexdigest() not in url
