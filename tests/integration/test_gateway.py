"""POST /widgets/<key>: a classic page in the new messenger, for whoever may see it."""

from __future__ import annotations

import logging
import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from b24app.records import Place
from b24app.store import PortalStore
from sandbox import oauth
from sandbox.chat_apps import chat_app_frame_url
from tests.cast import typed
from tests.integration.test_fuzz import stored
from tests.widgets import KEY, bind, keep_widget

CHROME = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0.0.0 Safari/537.36"}


@pytest.fixture
def widget(app, anna, resources):
    """The widget of a chat app that stands in Aurora's classic messenger, too."""
    anna.install()
    anna.post("/chat-apps", typed(code="board"))
    [chat_app] = PortalStore(resources.redis, anna.portal.member_id).chat_apps.all()
    return keep_widget(resources, anna, chat_app)


def form_of(person, row, query="dialogId=chat1"):
    return person.frame_form(f"/online/widget/{row.id}?{query}")


def look(form, headers=CHROME):
    return requests.post(form.url, data=form.fields, headers=headers, timeout=20)


def address_in(reply):
    found = re.search(r'data-address="([^"]+)"', reply.text)
    return unescape(found[1]) if found else ""


def told(reply):
    query = parse_qs(urlsplit(address_in(reply)).query, keep_blank_values=True)
    return {name: value for name, [value] in query.items()}


def speak(person, key=KEY, access=None, **form):
    access = access or oauth.mint(person.world, person.portal, person.user.id).access
    body = {"AUTH_ID": access, "DIALOG_ID": "chat1", "MESSAGE": "Hello all"} | form
    return requests.post(f"{person.app_url}/widgets/{key}/messages", data=body, timeout=30)


def texts(portal):
    return [message.text for message in portal.messages]


# What the page is told


@pytest.mark.parametrize("who", ["anna", "egor"])
def test_the_page_gets_the_address_the_classic_messenger_makes(widget, anna, request, world, who):
    person = request.getfixturevalue(who)

    reply = look(form_of(person, bind(anna, widget)))

    assert reply.status_code == 200
    [chat_app] = anna.chat_apps()
    classic = chat_app_frame_url(world, person.portal, person.user, chat_app, "chat1")
    assert address_in(reply) == classic


@pytest.mark.parametrize(
    ("place", "query", "expected"),
    [
        (Place.TEXTAREA, "dialogId=chat1", ("textarea", "chat1", None)),
        (Place.SIDEBAR, "dialogId=2", ("textarea", "2", None)),
        (Place.CONTEXT_MENU, "dialogId=chat1&messageId=7", ("button", "chat1", "7")),
        (Place.NAVIGATION, "", ("textarea", "", None)),
    ],
)
def test_the_page_is_told_where_it_was_opened(widget, anna, egor, place, query, expected):
    page = told(look(form_of(egor, bind(anna, widget, place), query)))

    assert (page["CONTEXT"], page["DIALOG_ID"], page.get("MESSAGE_ID")) == expected


def test_a_page_with_a_query_of_its_own_keeps_it(anna, egor, resources):
    anna.install()
    widget = keep_widget(resources, anna, iframe_url="https://pages.example.com/b?team=5#top")

    reply = look(form_of(egor, bind(anna, widget)), headers={"User-Agent": "Firefox/140.0"})

    assert address_in(reply).startswith("https://pages.example.com/b?team=5#top&BOT_ID=0&")
    assert address_in(reply).endswith("&IS_CHROME=N")


def test_the_frame_is_called_what_the_widget_is_called_in_the_persons_language(widget, anna, egor):
    row = bind(anna, widget)
    egor.at_portal("/language", {"language": "de", "next": "/chat"})

    reply = look(form_of(egor, row))

    assert '<iframe title="Board"' in look(form_of(anna, row)).text
    assert f'<iframe title="{widget.title("de")}"' in reply.text
    assert told(reply)["LANG"] == "de"


def test_only_the_portal_frames_it_and_no_other_page_of_ours_frames_anything(widget, anna, egor):
    policy = look(form_of(egor, bind(anna, widget))).headers["Content-Security-Policy"]

    assert f"frame-ancestors http://{egor.portal.host};" in policy
    assert policy.endswith("; frame-src https: http:")
    assert "frame-src" not in anna.open().headers["Content-Security-Policy"]


def test_a_hash_and_a_token_are_in_no_page_and_no_log(widget, anna, egor, world, caplog):
    caplog.set_level(logging.DEBUG)
    row = bind(anna, widget)

    shown = look(form_of(anna, row)).text + look(form_of(egor, row)).text
    shown += speak(egor).text + speak(egor, access="0" * 70).text

    secrets = {widget.hash, *(row.application_token for row in egor.portal.installs.values())}
    secrets |= {token for one in world.grants.values() for token in (one.access, one.refresh)}
    assert len(secrets) > 6
    assert [secret for secret in secrets if secret in shown or secret in caplog.text] == []
    assert "session-token" not in shown


# Who may see it


def test_egor_leaves_no_chain(widget, anna, egor, resources):
    look(form_of(egor, bind(anna, widget)))

    chains = resources.installations.chains(egor.portal.member_id)
    assert [chain.user_id for chain in chains] == [anna.user.id]


def test_a_widget_for_administrators_is_annas_and_not_egors(anna, egor, resources):
    anna.install()
    widget = keep_widget(resources, anna, admin_only=True)
    row = bind(anna, widget)

    assert address_in(look(form_of(anna, row)))
    refused = look(form_of(egor, row))

    assert refused.status_code == 403
    assert "This widget is for administrators" in refused.text
    assert widget.iframe_url not in refused.text
    assert speak(egor).status_code == 404
    assert speak(anna).json() == {"said": "yes"}


def test_boris_sees_nothing_of_auroras_widget(widget, anna, boris, resources):
    boris.install()
    own = keep_widget(resources, boris, id="borealis-key")
    form = form_of(boris, bind(boris, own))
    form.url = form.url.replace(own.id, widget.id)

    reply = look(form)

    assert reply.status_code == 404
    assert "<iframe" not in reply.text
    assert "pages.example.com" not in reply.text
    assert speak(boris).status_code == 404
    assert "Hello all" not in texts(anna.portal) + texts(boris.portal)


@pytest.mark.parametrize("key", ["unknown", "%00", "%ff", "k" * 3000, "..%2f"])
def test_an_unknown_key_is_told_in_words(widget, anna, egor, key):
    form = form_of(egor, bind(anna, widget))
    form.url = form.url.replace(KEY, key)

    reply = look(form)

    assert reply.status_code == 404
    assert "This widget is not here any more" in reply.text or "no such page" in reply.text


def test_a_widget_that_is_not_published_is_told_in_words(anna, egor, resources):
    anna.install()
    row = bind(anna, keep_widget(resources, anna, published=False))

    reply = look(form_of(egor, row))

    assert reply.status_code == 404
    assert "This widget is not here any more" in reply.text
    assert speak(egor).status_code == 404


def test_opening_it_costs_what_opening_the_application_costs(widget, anna, egor, world):
    form = form_of(egor, bind(anna, widget))
    asked = []

    for open_it in (egor.open, lambda: look(form)):
        before = len(egor.portal.rest_log)
        open_it()
        asked.append([call.method for call in egor.portal.rest_log[before:]])

    assert asked[0] == asked[1]
    assert asked[1]


# What is not genuine


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"AUTH_ID": "0" * 70}, 403),
        ({"AUTH_ID": ""}, 403),
        ({"AUTH_ID": "x" * 5000}, 400),
        ({"member_id": "f" * 32}, 403),
        ({"member_id": "no"}, 400),
        ({"SERVER_ENDPOINT": "https://evil.example/rest/"}, 403),
        ({"PLACEMENT": "im textarea"}, 400),
        ({"APPLICATION_TOKEN": "x" * 5000}, 400),
        ({"PLACEMENT_OPTIONS": "[" * 5000}, 200),
        ({"PLACEMENT_OPTIONS": '{"dialogId": {"a": ["b"]}, "messageId": "<script>"}'}, 200),
        ({"PLACEMENT_OPTIONS": '{"dialogId": "chat1\\"><script>"}'}, 200),
        ({"more": "x" * 1_100_000}, 413),
    ],
)
def test_what_is_not_genuine_is_refused_or_counts_as_nothing(
    widget, anna, egor, resources, changes, status
):
    form = form_of(egor, bind(anna, widget, Place.CONTEXT_MENU), "dialogId=chat1&messageId=7")
    form.fields |= changes
    before = stored(resources)

    reply = look(form)

    assert reply.status_code == status
    assert "<script>" not in reply.text
    if status == 200:
        page = told(reply)
        assert (page["DIALOG_ID"], page.get("MESSAGE_ID")) == ("", None)
    assert stored(resources) == before


def test_a_request_of_yesterday_is_refused_and_of_just_now_changes_nothing(
    widget, anna, egor, world, resources
):
    form = form_of(egor, bind(anna, widget))
    before = stored(resources)

    assert [look(form).status_code, look(form).status_code] == [200, 200]
    oauth.expire_access_tokens(world, egor.portal)

    assert look(form).status_code == 403
    assert stored(resources) == before


def test_a_token_of_borealis_opens_nothing_of_aurora(widget, anna, egor, boris, resources):
    boris.install()
    form = form_of(egor, bind(anna, widget))
    form.fields["AUTH_ID"] = oauth.mint(boris.world, boris.portal, boris.user.id).access
    before = stored(resources)

    assert look(form).status_code == 403
    assert stored(resources) == before


# What the page says for the person


def test_what_the_page_sends_is_said_by_the_person_who_has_it_open(widget, egor):
    reply = speak(egor)

    assert reply.json() == {"said": "yes"}
    message = egor.portal.messages[-1]
    assert (message.author, message.text) == (egor.user.id, "Hello all")


def test_without_the_permission_nothing_is_said(widget, egor, world):
    world.card.scope.remove("im")

    assert speak(egor).json() == {"said": "no"}
    assert "Hello all" not in texts(egor.portal)


def test_in_a_chat_that_is_not_theirs_nothing_is_said(widget, egor):
    assert speak(egor, DIALOG_ID="chat98765").json() == {"said": "no"}


@pytest.mark.parametrize("fault", ["lost", "html", "truncated"])
def test_a_message_nobody_knows_the_fate_of_is_not_said_again(widget, anna, egor, world, fault):
    world.faults.order(fault, "im.message.add", times=1)

    assert speak(egor).json() == {"said": "unsure"}
    assert len(anna.calls("im.message.add")) <= 1


def test_while_the_portal_is_busy_nothing_is_said(widget, egor, world):
    world.faults.order("operation_limit", "im.message.add")

    assert speak(egor).json() == {"said": "no"}


@pytest.mark.parametrize(
    ("form", "status"),
    [
        ({"AUTH_ID": ""}, 400),
        ({"AUTH_ID": "0" * 70}, 403),
        ({"AUTH_ID": "x" * 5000}, 400),
        ({"DIALOG_ID": "1; drop"}, 400),
        ({"DIALOG_ID": ""}, 400),
        ({"MESSAGE": " "}, 400),
        ({"MESSAGE": "x" * 20_001}, 400),
        ({"key": "unknown"}, 404),
    ],
)
def test_nonsense_is_not_said(widget, egor, form, status):
    reply = speak(egor, **form)

    assert reply.status_code == status
    assert "Hello all" not in texts(egor.portal)
