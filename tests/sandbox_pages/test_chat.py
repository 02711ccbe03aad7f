"""The chat with its chat apps, and the log of events."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import chat_apps
from sandbox.records import Bot, ChatApp, SentEvent
from tests.sandbox_pages.browsing import APP, CLIENT_ID


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
