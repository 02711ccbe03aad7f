"""The chat, the new messenger and the contact centre as a person sees them: over HTTP."""

import json
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import connectors
from tests.sandbox.conftest import bot_fields

PAGE = "https://app.example/widgets/a"
ICON = {"DATA_IMAGE": "data:image/svg+xml,%3Csvg/%3E", "COLOR": "#69acc0", "SIZE": "70%"}


def ask(person, method, path, **kwargs):
    """A request of this person's browser."""
    cookies = {"sandbox_user": str(person.user.id)}
    url = f"http://{person.portal.host}{path}"
    return person.http.request(
        method, url, cookies=cookies, timeout=10, allow_redirects=False, **kwargs
    )


def look(person, path, **query):
    return ask(person, "GET", path, params=query)


def press(person, path, **form):
    return ask(person, "POST", path, data=form)


def fields_of(reply):
    form = re.search(r'<form id="frame-request".*?</form>', reply.text, re.S)[0]
    return {
        name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', form)
    }


def address_of(reply):
    return unescape(re.search(r'method="post" action="(http[^"]+)"', reply.text)[1])


def offers(reply):
    found = re.findall(r'data-command="([^"]+)".*?<small>([^<·]+)', reply.text, re.S)
    return [(command, title.strip()) for command, title in found]


def lines(reply):
    return re.findall(r"<span>([^<]*)</span>", reply.text)


def bind(person, code="IM_TEXTAREA", handler=PAGE, **options):
    words = {"en": {"TITLE": f"Board {code}"}, "de": {"TITLE": f"Tafel {code}"}}
    icon = {} if code == "IM_CONTEXT_MENU" else {"iconName": "fa-rocket"}
    params = {"PLACEMENT": code, "HANDLER": handler, "LANG_ALL": words}
    person.call("placement.bind", params | {"OPTIONS": icon | options})
    return person.portal.placements[-1]


@pytest.fixture
def command(anna, bot_id):
    fields = {"command": "help", "title": {"en": "Help", "de": "Hilfe"}, "common": True}
    anna.call("imbot.v2.Command.register", {"botId": bot_id, "fields": fields})


# The chat


@pytest.mark.usefixtures("command")
def test_the_text_area_offers_commands_in_the_language_of_the_viewer(anna, egor):
    assert offers(look(anna, "/chat", dialog="chat1")) == [("/help", "Help")]

    press(egor, "/language", language="de", next="/chat")

    assert offers(look(egor, "/chat", dialog="chat1")) == [("/help", "Hilfe")]


def test_a_command_is_offered_where_it_would_run(anna, bot_id):
    for name, more in (("here", {}), ("hidden", {"hidden": True}), ("all", {"common": True})):
        fields = {"command": name, "title": {"en": name}, **more}
        anna.call("imbot.v2.Command.register", {"botId": bot_id, "fields": fields})

    assert [name for name, _ in offers(look(anna, "/chat", dialog="chat1"))] == ["/all"]
    own = look(anna, "/chat", dialog=str(bot_id))
    assert [name for name, _ in offers(own)] == ["/here", "/all"]


def test_what_is_said_is_shown_to_everybody_there(anna, egor):
    reply = press(anna, "/chat/send", dialog="chat1", text="Who has <b>time</b>?", after="0")

    assert lines(reply)[-1] == "Who has &lt;b&gt;time&lt;/b&gt;?"
    seen = look(egor, "/chat/lines", dialog="chat1", after="0")
    assert lines(seen)[-1] == lines(reply)[-1]
    number = anna.portal.messages[-1].id
    assert look(egor, "/chat/lines", dialog="chat1", after=number).text.strip() == ""


def test_a_private_talk_is_for_two(anna, egor, boris):
    press(anna, "/chat/send", dialog="2", text="Egor?")
    press(anna, "/chat/send", dialog="1", text="A note")

    assert "Egor?" in look(egor, "/chat", dialog="1").text
    assert "A note" not in look(egor, "/chat", dialog="1").text
    assert "A note" in look(anna, "/chat", dialog="1").text
    assert look(boris, "/chat/lines", dialog="2").status_code == 404


def test_an_answer_of_a_bot_is_shown(anna, bot_id):
    fields = {"message": "Welcome[br]to [B]Aurora[/B]"}
    anna.call("imbot.v2.Chat.Message.send", {"botId": bot_id, "dialogId": "1", "fields": fields})

    assert lines(look(anna, "/chat/lines", dialog=str(bot_id))) == ["Welcome\nto Aurora"]


def test_a_bot_is_invited_once(anna, egor, bot_id):
    assert "Add a bot" in look(anna, "/chat", dialog="chat1").text

    reply = press(egor, "/chat/invite", dialog="chat1", bot=bot_id, next="/online?dialog=chat1")

    assert (reply.status_code, reply.headers["Location"]) == (303, "/online?dialog=chat1")
    assert "Egor added Chat apps to the chat." in look(anna, "/chat", dialog="chat1").text
    assert press(egor, "/chat/invite", dialog="chat1", bot=bot_id).status_code == 409
    assert press(egor, "/chat/invite", dialog="2", bot=bot_id).status_code == 409


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"dialog": "nowhere", "text": "x"}, 404),
        ({"dialog": "99", "text": "x"}, 404),
        ({"dialog": "chat1", "text": "x", "context": "VOICE"}, 400),
        ({"dialog": "chat1", "text": "   "}, 200),
        ({"dialog": "chat1", "after": "9" * 40}, 200),
    ],
)
def test_nonsense_is_not_said(anna, form, status):
    look(anna, "/chat", dialog="chat1")
    before = len(anna.portal.messages)

    assert press(anna, "/chat/send", **form).status_code == status
    assert len(anna.portal.messages) == before


def test_a_search_opens_no_dialog_with_a_bot(anna, listener):
    fields = bot_fields("w", eventMode="webhook", webhookUrl=listener.url)
    anna.call("imbot.v2.Bot.register", {"fields": fields})

    look(anna, "/chat", find="Chat apps")

    assert anna.world.drain()
    assert listener.received == []


# The new messenger


def test_widgets_stand_where_they_are_bound(anna, egor):
    for code in ("IM_TEXTAREA", "IM_SIDEBAR", "IM_CONTEXT_MENU", "IM_NAVIGATION"):
        bind(anna, code)
    bind(anna, "IM_SIDEBAR", PAGE + "2", role="ADMIN", context="LINES")
    press(egor, "/language", language="de", next="/online")

    places = re.findall(r'data-widget="(\w+)"', look(anna, "/online").text)
    assert set(places) == {"popup", "aside", "slider"}
    assert 'fill="#' in look(anna, "/online").text
    assert "Board IM_NAVIGATION" in look(anna, "/online").text
    text = look(egor, "/online").text
    assert all(f"Tafel IM_{name}" in text for name in ("TEXTAREA", "SIDEBAR", "NAVIGATION"))
    admin = look(anna, "/online", dialog="chat2").text.count('data-widget="aside"')
    assert (admin, look(egor, "/online", dialog="chat2").text.count('data-widget="aside"')) == (
        2,
        1,
    )


@pytest.mark.parametrize(
    ("code", "query", "options"),
    [
        ("IM_TEXTAREA", {"dialogId": "chat1"}, {"dialogId": "chat1"}),
        ("IM_SIDEBAR", {"dialogId": "2"}, {"dialogId": "2"}),
        (
            "IM_CONTEXT_MENU",
            {"dialogId": "chat1", "messageId": "7"},
            {"messageId": "7", "dialogId": "chat1"},
        ),
        ("IM_NAVIGATION", {}, {}),
    ],
)
def test_a_widget_is_framed_with_the_place_it_was_opened_from(anna, egor, code, query, options):
    row = bind(anna, code)

    reply = look(egor, f"/online/widget/{row.id}", **query)

    fields = fields_of(reply)
    dialog = query.get("dialogId")
    uri = f"/online/?IM_DIALOG={dialog}" if dialog else "/online/"
    assert json.loads(fields["PLACEMENT_OPTIONS"]) == {**options, "URI": uri}
    assert (fields["PLACEMENT"], fields["member_id"]) == (code, anna.portal.member_id)
    assert anna.world.grants[fields["AUTH_ID"]].user_id == 2
    target = urlsplit(address_of(reply))
    assert f"{target.scheme}://{target.netloc}{target.path}" == PAGE
    assert parse_qs(target.query)["DOMAIN"] == [anna.portal.host]
    assert "<nav" not in reply.text


def test_a_widget_of_the_navigation_takes_the_place_of_the_talk(anna):
    row = bind(anna, "IM_NAVIGATION")
    other = bind(anna, "IM_SIDEBAR")

    assert f'src="/online/widget/{row.id}"' in look(anna, "/online", widget=row.id).text
    assert look(anna, "/online", widget=other.id).status_code == 404


def test_a_widget_that_is_not_shown_does_not_open(anna, egor, world):
    row = bind(anna, role="ADMIN")
    install = anna.portal.installs[world.card.client_id]

    assert look(egor, f"/online/widget/{row.id}").status_code == 404
    assert look(anna, "/online/widget/9999").status_code == 404
    install.payment_expired = True
    assert "subscription has ended" in look(anna, f"/online/widget/{row.id}").text
    install.payment_expired, install.installed = False, False
    assert look(anna, f"/online/widget/{row.id}").status_code == 404


def test_the_address_widgets_are_told_leads_to_the_dialog(anna):
    reply = look(anna, "/online/", IM_DIALOG="chat2")

    assert (reply.status_code, reply.headers["Location"]) == (302, "/online?dialog=chat2")


# The contact centre


@pytest.fixture
def mail(anna):
    params = {"ID": "mail", "NAME": "Mail <b>", "ICON": ICON, "PLACEMENT_HANDLER": PAGE}
    anna.call("imconnector.register", params)


@pytest.mark.usefixtures("mail")
def test_a_connector_shows_its_icon_and_how_far_it_is(anna):
    anna.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": "Y"})
    data = {"CONNECTOR": "mail", "LINE": 1, "DATA": {"NAME": "post@aurora.example"}}
    anna.call("imconnector.connector.data.set", data)

    text = look(anna, "/contact-center").text

    assert "Mail &lt;b&gt;" in text
    assert 'fill="#69acc0"' in text
    assert 'width="70"' in text
    assert ("Website: connected" in text, "Sales: not connected" in text) == (True, True)
    assert "post@aurora.example" in text


@pytest.mark.parametrize(
    "icon", [{"COLOR": '"><script>', "SIZE": "x"}, {"DATA_IMAGE": "javascript:1"}]
)
def test_a_strange_icon_does_no_harm(anna, icon):
    params = {"ID": "mail", "NAME": "Mail", "ICON": ICON | icon, "PLACEMENT_HANDLER": PAGE}
    anna.call("imconnector.register", params)

    text = look(anna, "/contact-center").text

    assert "javascript:1" not in text
    assert "<script>" not in text


@pytest.mark.usefixtures("mail")
def test_the_settings_page_is_framed_with_the_state_of_the_connector(anna):
    reply = look(anna, "/contact-center/connector", connector="mail", line=2)

    options = json.loads(fields_of(reply)["PLACEMENT_OPTIONS"])
    flags = ("STATUS", "ACTIVE_STATUS", "CONNECTION_STATUS", "REGISTER_STATUS", "ERROR_STATUS")
    assert options == {
        "CONNECTOR": "mail",
        "LINE": "2",
        **dict.fromkeys(flags, False),
        "URI": "/contact_center/connector/?ID=mail&IFRAME=Y&IFRAME_TYPE=SIDE_SLIDER",
    }
    assert fields_of(reply)["PLACEMENT"] == "SETTING_CONNECTOR"
    assert address_of(reply).startswith(f"{PAGE}?DOMAIN=")

    anna.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 2, "ACTIVE": 1})
    again = look(anna, "/contact-center/connector", connector="mail", line=2)
    options = json.loads(fields_of(again)["PLACEMENT_OPTIONS"])
    assert (options["STATUS"], options["ERROR_STATUS"]) == (True, False)


@pytest.mark.usefixtures("mail")
def test_settings_are_for_administrators_and_for_what_is_there(anna, egor):
    path = "/contact-center/connector"
    assert look(egor, path, connector="mail", line=1).status_code == 403
    assert look(anna, path, connector="mail", line=7).status_code == 404
    assert look(anna, path, connector="none", line=1).status_code == 404
    assert "Set up" not in look(egor, "/contact-center").text

    anna.call("placement.unbind", {"PLACEMENT": "SETTING_CONNECTOR"})
    assert look(anna, path, connector="mail", line=1).status_code == 404
    assert "not bound any more" in look(anna, "/contact-center").text


@pytest.mark.usefixtures("mail")
def test_an_open_line_is_added_and_deleted(anna, egor, world):
    status = connectors.status_of(anna.portal, "mail", 1)
    connectors.keep_status(anna.portal, status)

    press(anna, "/contact-center/lines", name="Support")
    press(anna, "/contact-center/lines/delete", line="1")

    assert [(line.id, line.name) for line in anna.portal.lines] == [(2, "Sales"), (3, "Support")]
    assert anna.portal.statuses == []
    assert press(anna, "/contact-center/lines/delete", line="1").status_code == 404
    assert press(anna, "/contact-center/lines", name=" ").status_code == 400
    assert press(egor, "/contact-center/lines/delete", line="2").status_code == 403


# The application card and the event log


def test_payment_runs_out_and_is_made_at_the_card(anna, egor, world):
    install = anna.portal.installs[world.card.client_id]

    assert press(egor, "/apps/payment", expired="1").status_code == 403
    press(anna, "/apps/payment", expired="1")
    assert install.payment_expired
    assert "Not paid for" in look(anna, "/apps").text
    assert "subscription has ended" in look(egor, "/app").text

    press(anna, "/apps/payment", expired="")
    assert (install.payment_expired, install.days) == (False, 30)


def test_an_event_of_the_log_is_sent_again(anna, egor, listener, world):
    anna.call("event.bind", {"event": "ONAPPTEST", "handler": listener.url})
    assert anna.call("event.test", {"a": "b"}) == 1
    assert world.drain()
    number = re.search(r'name="event" value="([^"]+)"', look(anna, "/events").text)[1]

    assert press(egor, "/events/again", event=number).status_code == 403
    assert press(anna, "/events/again", event="0").status_code == 409
    assert press(anna, "/events/again", event=number).status_code == 303

    assert world.drain()
    assert [got["data[QUERY][a]"] for got in listener.received] == ["b", "b"]
