"""What a person sees at the sandbox portal: over HTTP, without a browser."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import chat_apps, create_app
from sandbox import portal as deeds
from sandbox.records import Bot, ChatApp, SentEvent
from sandbox.world import make_world

AURORA = "http://127.0.0.2:8010"
BOREALIS = "http://127.0.0.3:8010"
AUTH = "http://127.0.0.4:8010"
APP = "http://127.0.0.1:8000"
CLIENT_ID = "app.5f0c1d.77"


class Person:
    """A browser without scripts: a cookie jar at one portal."""

    def __init__(self, app, base_url, number=None):
        self.base_url = base_url
        self.client = app.test_client()
        if number is not None:
            self.post("/signin", user=number)

    def get(self, path, /, **query):
        return self.client.get(path, base_url=self.base_url, query_string=query or None)

    def post(self, path, /, headers=None, **form):
        return self.client.post(path, base_url=self.base_url, data=form, headers=headers)


@pytest.fixture
def world():
    world = make_world(8010, client_id=CLIENT_ID, client_secret="secret", app_url=APP)
    yield world
    world.close()


@pytest.fixture
def aurora(world):
    return world.portal("aurora")


@pytest.fixture
def site(world):
    return create_app(world)


@pytest.fixture
def anna(site):
    return Person(site, AURORA, 1)


@pytest.fixture
def egor(site):
    return Person(site, AURORA, 2)


@pytest.fixture
def stranger(site):
    return Person(site, AURORA)


@pytest.fixture
def ready(world, aurora):
    """Chat apps, installed and finished by Anna."""
    deeds.install(world, aurora, aurora.users[1])
    assert deeds.finish_install(world, aurora, aurora.users[1])


def frame_data(reply):
    found = re.search(r'id="frame-data">(.*?)</script>', reply.text, re.S)
    return json.loads(found[1])


def frame_fields(reply):
    form = re.search(r'<form id="frame-request".*?</form>', reply.text, re.S)[0]
    names = re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    return {name: unescape(value) for name, value in names}


def frame_address(reply):
    return urlsplit(unescape(re.search(r'method="post" action="(http[^"]+)"', reply.text)[1]))


def menu(reply):
    nav = re.search(r'<nav class="menu.*?</nav>', reply.text, re.S)[0]
    return [text.strip() for text in re.findall(r"</svg>\s*([^<]+)</a>", nav)]


def add_chat_app(portal, **fields):
    bot = next((bot for bot in portal.bots if bot.code == "mine"), None)
    if bot is None:
        bot = Bot(id=portal.take_id(), code="mine", client_id=CLIENT_ID, name="Desk bot")
        portal.bots.append(bot)
    fields = {"code": "notes", "iframe": f"{APP}/page?", "hash": "h" * 32, **fields}
    app = ChatApp(id=portal.take_id(), bot_id=bot.id, client_id=CLIENT_ID, **fields)
    portal.chat_apps.append(app)
    return app


def titled(**titles):
    return [{"LANGUAGE_ID": code, "TITLE": title} for code, title in titles.items()]


# Signing in


def test_a_stranger_chooses_among_the_people_of_this_portal(stranger):
    reply = stranger.get("/")

    assert "Anna Sokolova" in reply.text
    assert "Egor Lindt" in reply.text
    assert "Boris" not in reply.text
    assert 'href="//127.0.0.3:8010/"' in reply.text


def test_signing_in_sets_a_cookie_of_this_portal_and_leads_home(stranger):
    reply = stranger.post("/signin", user=1)

    assert (reply.status_code, reply.location) == (303, "/desktop")
    assert "sandbox_user=1" in reply.headers["Set-Cookie"]
    assert "SameSite=Lax" in reply.headers["Set-Cookie"]


def test_a_stranger_is_sent_to_sign_in_and_back(stranger):
    reply = stranger.get("/chat", dialog="2")

    back = parse_qs(urlsplit(reply.location).query)["next"][0]
    assert (reply.status_code, back) == (302, "/chat?dialog=2")
    assert stranger.post("/signin", user=1, next=back).location == "/chat?dialog=2"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test/", "http://evil.test/", "/\\evil.test", "/\t/x"]
)
def test_signing_in_never_leads_to_another_site(stranger, elsewhere):
    assert stranger.post("/signin", user=1, next=elsewhere).location == "/desktop"


@pytest.mark.parametrize("number", ["9", "", "Anna", "-1", "1" * 5000])
def test_nobody_signs_in_as_a_user_the_portal_does_not_have(stranger, number):
    assert stranger.post("/signin", user=number).status_code == 400


def test_signing_out_forgets_the_person(anna):
    assert anna.post("/signout").location == "/"

    assert anna.get("/desktop").status_code == 302


def test_a_person_of_one_portal_is_a_stranger_at_the_other(site):
    egor_at_borealis = Person(site, BOREALIS)
    egor_at_borealis.client.set_cookie("sandbox_user", "2", domain="127.0.0.3")

    assert egor_at_borealis.get("/desktop").status_code == 302


def test_the_authorization_server_has_no_pages(site):
    for path in ("/", "/desktop", "/chat", "/app", "/signout"):
        assert Person(site, AUTH).get(path).status_code == 404, path


def test_a_form_of_another_site_is_refused(anna, aurora):
    reply = anna.post("/apps/install", headers={"Origin": "http://evil.test"})

    assert reply.status_code == 403
    assert CLIENT_ID not in aurora.installs


def test_pages_run_own_scripts_only_and_are_framed_by_their_portal_alone(anna):
    policy = anna.get("/desktop").headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy


# The application card


def test_an_administrator_installs_and_meets_the_installation_page(anna, aurora):
    reply = anna.post("/apps/install")

    assert reply.location == "/app"
    assert not aurora.installs[CLIENT_ID].installed
    assert frame_address(anna.get("/app")).path == "/install"
    assert frame_data(anna.get("/app"))["init"]["INSTALL"] is True


def test_an_employee_has_no_install_button_and_may_not_install(egor, aurora):
    assert "Ask an administrator" in egor.get("/apps").text

    assert egor.post("/apps/install").status_code == 403
    assert CLIENT_ID not in aurora.installs


def test_before_it_is_installed_the_application_page_leads_to_its_card(anna):
    assert anna.get("/app").location == "/apps"


def test_an_employee_is_told_while_the_installation_is_not_finished(anna, egor):
    anna.post("/apps/install")

    reply = egor.get("/app")

    assert "installation is not finished" in reply.text
    assert "<iframe" not in reply.text


def test_the_menu_shows_the_application_to_employees_once_it_is_finished(anna, egor):
    anna.post("/apps/install")
    assert "Chat apps" in menu(anna.get("/desktop"))
    assert "Chat apps" not in menu(egor.get("/desktop"))

    assert anna.post("/frame/finish").json == {"result": True}

    assert "Chat apps" in menu(egor.get("/desktop"))


def test_an_employee_cannot_finish_the_installation(anna, egor, aurora):
    anna.post("/apps/install")

    assert egor.post("/frame/finish").json == {"result": False}
    assert not aurora.installs[CLIENT_ID].installed


@pytest.mark.usefixtures("ready")
def test_an_update_raises_the_version_and_opens_the_installer(anna, aurora):
    reply = anna.post("/apps/update")

    assert reply.location == "/app"
    assert aurora.installs[CLIENT_ID].version == 2


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(("form", "kept"), [({}, {"a": 1}), ({"clean": "1"}, {})])
def test_an_uninstall_deletes_settings_only_when_asked_to(anna, aurora, form, kept):
    aurora.app_options["a"] = 1

    reply = anna.post("/apps/uninstall", **form)

    assert "is uninstalled" in anna.get(reply.location).text
    assert not aurora.installs[CLIENT_ID].active
    assert kept == aurora.app_options


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("path", ["/apps/update", "/apps/uninstall"])
def test_an_employee_may_neither_update_nor_uninstall(egor, aurora, path):
    assert egor.post(path).status_code == 403

    assert aurora.installs[CLIENT_ID].active
    assert aurora.installs[CLIENT_ID].version == 1


@pytest.mark.parametrize("path", ["/apps/update", "/apps/uninstall"])
def test_what_is_not_installed_is_neither_updated_nor_uninstalled(anna, path):
    assert anna.post(path).status_code == 409


# The frame


@pytest.mark.usefixtures("ready")
def test_the_frame_request_carries_every_documented_field(egor, aurora, world):
    fields = frame_fields(egor.get("/app"))

    grant = world.grants[fields["AUTH_ID"]]
    assert (2, aurora.member_id) == (grant.user_id, grant.member_id)
    assert fields == {
        "AUTH_ID": grant.access,
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": grant.refresh,
        "SERVER_ENDPOINT": f"{AUTH}/rest/",
        "APPLICATION_TOKEN": aurora.installs[CLIENT_ID].application_token,
        "APPLICATION_SCOPE": "imbot,im,imopenlines,imconnector,placement",
        "member_id": aurora.member_id,
        "status": "F",
        "PLACEMENT": "DEFAULT",
    }


@pytest.mark.usefixtures("ready")
def test_the_address_carries_the_portal_and_the_name_of_the_frame_repeats_it(egor):
    reply = egor.get("/app")

    query = parse_qs(frame_address(reply).query)
    sid = query["APP_SID"][0]
    assert re.fullmatch("[0-9a-f]{32}", sid)
    assert {
        "DOMAIN": ["127.0.0.2:8010"],
        "PROTOCOL": ["0"],
        "LANG": ["en"],
        "APP_SID": [sid],
    } == query
    assert f'<iframe name="127.0.0.2:8010|0|{sid}"' in reply.text
    assert (sid, APP) == (frame_data(reply)["sid"], frame_data(reply)["origin"])


@pytest.mark.usefixtures("ready")
def test_every_rendering_has_an_app_sid_of_its_own(anna):
    assert frame_data(anna.get("/app"))["sid"] != frame_data(anna.get("/app"))["sid"]


@pytest.mark.usefixtures("ready")
def test_words_of_the_portal_page_become_placement_options(anna):
    reply = anna.get("/app", install_finished="Y", path="/x/", _r="1")

    assert frame_fields(reply)["PLACEMENT_OPTIONS"] == '{"install_finished":"Y","path":"\\/x\\/"}'
    init = frame_data(reply)["init"]
    assert init["PLACEMENT_OPTIONS"] == {"install_finished": "Y", "path": "/x/"}


@pytest.mark.usefixtures("ready")
def test_the_answer_to_get_init_data_has_lists_for_empty_maps(egor, aurora):
    reply = egor.get("/app")

    init = frame_data(reply)["init"]
    assert [init[n] for n in ("USER_OPTIONS", "APP_OPTIONS", "PLACEMENT_OPTIONS")] == [[], [], []]
    assert {
        "LANG": "en",
        "DOMAIN": aurora.host,
        "PROTOCOL": 0,
        "PATH": "/rest",
    }.items() <= init.items()
    assert (aurora.member_id, "3600") == (init["MEMBER_ID"], init["AUTH_EXPIRES"])
    assert (init["FIRST_RUN"], init["IS_ADMIN"], init["INSTALL"]) == (True, False, False)


@pytest.mark.usefixtures("ready")
def test_the_first_run_is_over_for_one_person_once_it_was_seen(anna, egor):
    egor.post("/frame/first-run")

    assert not frame_data(egor.get("/app"))["init"]["FIRST_RUN"]
    assert frame_data(anna.get("/app"))["init"]["FIRST_RUN"]


@pytest.mark.usefixtures("ready")
def test_the_page_hides_tokens_from_the_curious_eye_and_is_not_kept(anna):
    reply = anna.get("/app")

    shown = re.search(r"Frame request.*?</dl>", reply.text, re.S)[0]
    assert frame_fields(reply)["REFRESH_ID"] not in shown
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("ready")
def test_refresh_auth_mints_a_new_pair_for_the_person_at_the_page(egor, world):
    before = frame_fields(egor.get("/app"))["AUTH_ID"]

    pair = egor.post("/frame/auth").json

    assert {"AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID"} == set(pair)
    assert pair["AUTH_ID"] != before
    assert world.grants[pair["AUTH_ID"]].user_id == 2
    assert before in world.grants


def test_no_pair_is_minted_for_a_stranger_or_where_nothing_is_installed(stranger, anna, world):
    assert stranger.post("/frame/auth").status_code == 302
    assert anna.post("/frame/auth").status_code == 404
    assert world.grants == {}


@pytest.mark.usefixtures("ready")
def test_an_administrator_sets_options_of_the_application(anna, aurora):
    anna.post("/frame/option", kind="app", name="a", value="1")

    reply = anna.post("/frame/option", kind="app", name="b", value='{"c": "x:y"}')

    assert {"a": 1, "b": {"c": "x:y"}} == reply.json == aurora.app_options


@pytest.mark.usefixtures("ready")
def test_an_employee_sets_options_of_their_own_only(egor, aurora):
    assert egor.post("/frame/option", kind="app", name="a", value="1").status_code == 403
    assert egor.post("/frame/option", kind="user", name="a", value='"x"').status_code == 200

    assert (aurora.app_options, aurora.user_options[2]) == ({}, {"a": "x"})
    assert egor.post("/frame/option", kind="user", name="a", value="{").status_code == 400


@pytest.mark.usefixtures("ready")
def test_a_page_in_the_side_panel_has_no_portal_around_it(anna):
    reply = anna.get("/app", IFRAME="Y", IFRAME_TYPE="SIDE_SLIDER")

    assert frame_data(reply)["isSlider"]
    assert '<nav class="menu' not in reply.text


@pytest.mark.usefixtures("ready")
def test_a_user_the_administrator_did_not_let_in_sees_no_frame(egor, aurora):
    aurora.installs[CLIENT_ID].access = [1]

    assert "You have no access" in egor.get("/app").text


# The authorization page


@pytest.mark.usefixtures("ready")
def test_the_authorization_page_sends_the_code_to_the_handler(egor, aurora, world):
    reply = egor.get("/oauth/authorize/", client_id=CLIENT_ID, state="a b&c")

    target = urlsplit(reply.location)
    query = {name: value[0] for name, value in parse_qs(target.query).items()}
    assert f"{APP}/" == f"{target.scheme}://{target.netloc}{target.path}"
    assert world.codes[query.pop("code")].user_id == 2
    assert query == {
        "state": "a b&c",
        "domain": "127.0.0.2:8010",
        "member_id": aurora.member_id,
        "scope": "imbot,im,imopenlines,imconnector,placement",
        "server_domain": "127.0.0.4:8010",
    }


@pytest.mark.usefixtures("ready")
def test_a_stranger_signs_in_before_the_code_is_given(stranger):
    reply = stranger.get("/oauth/authorize/", client_id=CLIENT_ID, state="s")

    back = parse_qs(urlsplit(reply.location).query)["next"][0]
    assert f"/oauth/authorize/?client_id={CLIENT_ID}&state=s" == back
    assert stranger.post("/signin", user=1, next=back).location == back
    assert stranger.get(back).location.startswith(f"{APP}/?code=")


@pytest.mark.parametrize("client_id", ["app.unknown.1", "", CLIENT_ID])
def test_for_an_unknown_or_absent_application_there_is_an_error_page(anna, client_id):
    reply = anna.get("/oauth/authorize/", client_id=client_id, state="s")

    assert reply.status_code == 404
    assert "Application not found" in reply.text


# The chat


def labels(reply):
    """(chat app id, accessible name) of the buttons above the text area."""
    form = re.search(r'<form class="write".*?</form>', reply.text, re.S)[0]
    found = re.findall(r'<button class="(?:chat-app|more__item)"(.*?)>', form)
    return [
        (
            int(re.search(r'data-chat-app="(\d+)"', one)[1]),
            re.search(r'aria-label="([^"]*)"', one)[1],
        )
        for one in found
    ]


def test_the_chat_has_a_dialog_of_every_kind(anna, aurora):
    add_chat_app(aurora)
    names = re.findall(r"<span><strong>([^<]+)</strong><small>([^<]+)", anna.get("/chat").text)

    assert ("General", "Group chat") in names
    assert ("Egor Lindt", "Private chat") in names
    assert {("Help desk", "Chat bot"), ("Desk bot", "Chat bot")} <= set(names)
    assert ("Mia Torres", "Open line: website") in names


def test_a_chat_app_shows_where_its_context_says(anna, aurora):
    for context in ("all", "chat", "user", "lines", "bot"):
        add_chat_app(aurora, code=context, context=context, lang=titled(en=context))
    bot = str(next(bot.id for bot in aurora.bots if bot.code == "mine"))

    for dialog, context in (("chat1", "chat"), ("2", "user"), ("chat2", "lines"), (bot, "bot")):
        shown = [name for _, name in labels(anna.get("/chat", dialog=dialog))]
        assert ["all", context] == shown


def test_admin_chat_apps_are_hidden_from_employees_and_hidden_ones_from_all(anna, egor, aurora):
    admins = add_chat_app(aurora, code="a", context="all-admin", lang=titled(en="For admins"))
    add_chat_app(aurora, code="b", hidden=True, lang=titled(en="Hidden"))

    assert [(admins.id, "For admins")] == labels(anna.get("/chat"))
    assert labels(egor.get("/chat")) == []


@pytest.mark.parametrize(
    ("language", "title"), [("de", "Notizen"), ("en", "Notes"), ("ru", "Notes"), ("br", "Notes")]
)
def test_the_title_follows_the_language_or_falls_back_to_the_portal(anna, aurora, language, title):
    add_chat_app(aurora, lang=titled(de="Notizen", en="Notes"))

    reply = anna.post("/language", language=language, next="/chat")

    assert (reply.status_code, reply.location) == (303, "/chat")
    assert [title] == [name for _, name in labels(anna.get("/chat"))]
    assert language == aurora.users[1].language


def test_without_the_portal_language_the_first_title_is_shown_and_without_any_the_code(
    anna, aurora
):
    add_chat_app(aurora, lang=titled(it="Note", pl="Notatki"))
    add_chat_app(aurora, code="bare", lang=[])

    assert [name for _, name in labels(anna.get("/chat"))] == ["Note", "bare"]


def test_a_language_the_portal_does_not_have_is_refused(anna, aurora):
    assert anna.post("/language", language="xx").status_code == 400
    assert aurora.users[1].language == "en"


def test_an_iframe_chat_app_carries_its_signed_address_and_size(egor, aurora):
    app = add_chat_app(aurora, lang=titled(en="Notes"), iframe_width=400, iframe_popup=True)

    reply = egor.get("/chat", dialog="chat1")

    url = urlsplit(unescape(re.search(r'data-src="([^"]+)"', reply.text)[1]))
    query = {name: value[0] for name, value in parse_qs(url.query).items()}
    assert (f"{APP}/page", "chat1", "2") == (
        f"{url.scheme}://{url.netloc}{url.path}",
        query["DIALOG_ID"],
        query["USER_ID"],
    )
    assert chat_apps.domain_hash(aurora, app) == query["DOMAIN_HASH"]
    assert 'data-width="400" data-height="250" data-free="1"' in reply.text


def test_a_command_chat_app_carries_its_method_and_word(anna, aurora):
    add_chat_app(aurora, iframe="", js_method="PUT", js_param="/help <b>", lang=titled(en="Help"))

    assert 'data-method="PUT" data-param="/help &lt;b&gt;"' in anna.get("/chat").text


def test_with_an_icon_a_chat_app_stands_alone_without_one_behind_the_common_button(anna, aurora):
    add_chat_app(aurora, code="a", icon="aWNvbg==", lang=titled(en="With"))
    assert "Chat applications</summary>" not in anna.get("/chat").text

    add_chat_app(aurora, code="b", lang=titled(en="Without"))

    text = anna.get("/chat").text
    assert 'src="data:image/png;base64,aWNvbg=="' in text
    assert "Chat applications</summary>" in text


def test_titles_are_text_never_markup(anna, aurora):
    add_chat_app(aurora, lang=titled(en='<img src=x onerror="x">'))

    assert "<img src=x" not in anna.get("/chat").text


def test_a_search_narrows_the_list_of_chats(anna):
    names = re.findall(r"<span><strong>([^<]+)</strong>", anna.get("/chat", find="egor").text)

    assert names == ["Egor Lindt"]
    assert "No chat is called so" in anna.get("/chat", find="zzz").text


# The event log


def test_the_event_log_is_empty_at_first(anna):
    assert "Nothing yet" in anna.get("/events").text


def test_the_event_log_shows_the_newest_first_with_the_answer_and_what_was_sent(anna, aurora):
    aurora.events_log += [
        SentEvent(0.0, "ONAPPINSTALL", f"{APP}/events", "event=A&data%5BVERSION%5D=1", 200),
        SentEvent(60.0, "ONAPPUPDATE", f"{APP}/events", "", None, "ConnectTimeout"),
    ]

    reply = anna.get("/events")

    assert reply.text.index("ONAPPUPDATE") < reply.text.index("ONAPPINSTALL")
    assert "data[VERSION]=1" in reply.text
    assert "ConnectTimeout" in reply.text
    assert reply.headers["Cache-Control"] == "no-store"
