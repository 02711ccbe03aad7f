"""The connectors page over HTTP: list, create, edit, open lines, the contact centre, who may."""

import json
import re
from urllib.parse import unquote

import pytest
import requests

from b24app.store import PortalStore
from sandbox import connectors as channels
from sandbox import oauth
from sandbox.bot_events import Cause
from sandbox.records_channels import Connector
from tests.cast import FrameForm, _FormReader, typed_connector, typed_joint

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

URL = "/connectors/b24app_mail"
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'
STRANGER = "other_telephony"


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture
def mail(installed):
    """A connector of ours on the portal."""
    installed.post("/connectors", typed_connector())
    return installed.portal.connectors["b24app_mail"]


@pytest.fixture
def joined(installed, mail):
    """The connector, connected to the open line Website."""
    installed.post(f"{URL}/lines/1", typed_joint(1))
    return mail


@pytest.fixture
def stranger(installed, world):
    """Another application's connector, connected to the open line Sales."""
    connector = Connector(STRANGER, next(iter(world.foreign)), "Telephony", {"DATA_IMAGE": "x"})
    installed.portal.connectors[STRANGER] = connector
    status = channels.status_of(installed.portal, STRANGER, 2)
    status.is_active = status.is_connected = status.is_registered = True
    channels.keep_status(installed.portal, status)
    return connector


@pytest.fixture
def store(installed, resources):
    return PortalStore(resources.redis, installed.portal.member_id)


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def status(person, line: int):
    return channels.status_of(person.portal, "b24app_mail", line)


def called(person) -> list[str]:
    """The methods that change a connector, in the order they were called."""
    reads = ("imconnector.list", "imconnector.status")
    log = [call.method for call in person.portal.rest_log]
    return [name for name in log if name.startswith("imconnector.") and name not in reads]


def setting_form(person, line: int = 1) -> FrameForm:
    """What the contact centre would post into its frame for this person."""
    reader = _FormReader()
    path = f"/contact-center/connector?connector=b24app_mail&line={line}"
    reader.feed(person.at_portal(path).text)
    assert reader.found
    return reader.found


def test_a_connector_is_registered_with_its_settings_page(installed, world):
    reply = installed.post("/connectors", typed_connector(svg=DRAWING, group_chats="1"))

    assert told(reply).startswith("“Mail” is in the contact centre now.")
    [connector] = installed.portal.connectors.values()
    assert (connector.id, connector.name) == ("b24app_mail", "Mail")
    assert connector.client_id == world.card.client_id
    prefix, _, picture = connector.icon["DATA_IMAGE"].partition(",")
    assert prefix == "data:image/svg+xml" and "<path" in unquote(picture)
    assert (connector.icon["COLOR"], connector.icon["SIZE"]) == ("#2fc6f6", "70%")
    assert connector.icon_disabled["COLOR"] == "#a8adb4"
    assert connector.flags == {
        "DEL_EXTERNAL_MESSAGES": True,
        "EDIT_INTERNAL_MESSAGES": True,
        "DEL_INTERNAL_MESSAGES": False,
        "NEWSLETTER": False,
        "NEED_SYSTEM_MESSAGES": True,
        "NEED_SIGNATURE": False,
        "CHAT_GROUP": True,
    }
    handler = channels.settings_handler(installed.portal, connector)
    assert handler == f"{installed.app_url}/connectors/setting"


def test_the_list_shows_ours_and_what_else_the_portal_has(installed, mail, stranger):
    page = installed.get("/connectors").text

    ours, others = page.split('id="others-title"')
    assert "b24app_mail" in ours and STRANGER not in ours
    assert STRANGER in others and "telegrambot" in others and "b24app_mail" not in others
    assert f"/connectors/{STRANGER}" not in page


WRONG = [
    ({"name": ""}, "Name of the connector: Please fill this in"),
    ({"name": "x" * 256}, "At most 255 characters"),
    ({"id": ""}, "Lower-case Latin letters"),
    ({"id": "b24app_"}, "Lower-case Latin letters"),
    ({"id": "B24APP_MAIL"}, "Lower-case Latin letters"),
    ({"id": "mail.one"}, "Lower-case Latin letters"),
    ({"id": "setting"}, "has a connector of this id"),
    ({"id": "telegrambot"}, "has a connector of this id"),
    ({"id": STRANGER}, "has a connector of this id"),
    ({"color": "red; background: url(x)"}, "A colour such as"),
    ({"size": "9"}, "A whole number from 10 to 100"),
    ({"size": "²"}, "A whole number from 10 to 100"),
    ({"svg": "<svg"}, "not an SVG drawing"),
    ({"svg": DRAWING + " " * 65536}, "at most 64 KB"),
]


def test_each_wrong_field_is_named_and_nothing_is_registered(installed, stranger):
    for spoiled, sentence in WRONG:
        reply = installed.post("/connectors", typed_connector() | spoiled)

        assert reply.status_code == 422, spoiled
        assert sentence in reply.text, spoiled
    assert list(installed.portal.connectors) == [STRANGER]
    assert called(installed) == []


def test_a_drawing_is_cleaned_before_it_is_shown_and_before_it_is_sent(installed):
    evil = DRAWING.replace("<path", '<script>alert(1)</script><path onload="alert(2)"')
    reply = installed.post("/connectors/icon", files={"file": ("x.svg", evil)})
    installed.post("/connectors", typed_connector(svg=evil))

    [connector] = installed.portal.connectors.values()
    for text in (unquote(reply.text), unquote(connector.icon["DATA_IMAGE"])):
        assert "<path" in text
        assert "alert" not in text and "script>" not in text
    assert installed.post("/connectors/icon", files={"file": ("x.svg", "hm")}).status_code == 422


def test_after_a_lost_answer_the_next_try_registers_it(installed, world):
    world.faults.order("lost", "imconnector.register", times=9)
    assert installed.post("/connectors", typed_connector()).status_code in (502, 503)
    world.faults.clear()

    reply = installed.post("/connectors", typed_connector(name="Letters"))

    assert reply.status_code == 200
    assert installed.portal.connectors["b24app_mail"].name == "Letters"


def test_a_change_is_sent_and_nothing_changed_sends_nothing(installed, mail):
    reply = installed.post(URL, typed_connector(version="1", name="Letters", newsletter="1"))
    again = installed.post(URL, typed_connector(version="2", name="Letters", newsletter="1"))

    assert told(reply) == "Saved."
    assert "Nothing was changed" in told(again)
    connector = installed.portal.connectors["b24app_mail"]
    assert (connector.name, connector.flags["NEWSLETTER"]) == ("Letters", True)
    assert called(installed) == ["imconnector.register"] * 2


def test_two_administrators_saving_at_once_see_both_versions(installed, mail):
    installed.post(URL, typed_connector(version="1", name="First"))

    reply = installed.post(URL, typed_connector(version="1", name="Second", signature="1"))

    assert reply.status_code == 409
    for text in ("First", "Second", "The operator&#39;s name is added"):
        assert text in reply.text
    assert installed.portal.connectors["b24app_mail"].name == "First"


def test_it_is_connected_to_an_open_line_with_what_is_shown_there(installed, mail):
    reply = installed.post(f"{URL}/lines/1", typed_joint(1))

    assert told(reply) == "Connected and saved."
    assert status(installed, 1).is_fine and not status(installed, 2).is_fine
    data = status(installed, 1).data
    assert (data["name"], data["url"]) == ("Mail of Aurora", "https://mail.example.com/")
    assert data["id"] == "aurora@example.com"
    assert installed.calls("imconnector.activate")[0]["ACTIVE"] == 1
    page = installed.get(URL).text
    assert page.index("Website") < page.index("Connected</span>") < page.index("Sales")


def test_what_is_emptied_is_not_shown_any_more(installed, joined):
    """The portal merges and keeps what comes empty; it drops everything with the connection."""
    installed.post(f"{URL}/lines/1", typed_joint(2, url=""))

    assert "url" not in status(installed, 1).data
    assert status(installed, 1).is_fine


@pytest.mark.parametrize("alone", [{}, {"setting": "1"}])
def test_two_administrators_at_one_line_see_both_versions(installed, joined, store, alone):
    installed.post(f"{URL}/lines/1", typed_joint(2, name="First", url=""))
    since = called(installed)

    reply = installed.post(f"{URL}/lines/1", typed_joint(2, name="Second", **alone))

    assert (reply.status_code, called(installed)) == (409, since)
    table = reply.text.partition('<table class="compare" role="table">')[2].partition("</table>")[0]
    shown = [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in table.split("<tr ")[2:]]
    assert shown == [
        ["Name of the channel", "Second", "First"],
        ["Address of the channel", "https://mail.example.com/", "—"],
    ]
    theirs = f'hx-get="{URL}/lines/1{"?setting=1" if alone else ""}"'
    assert theirs in reply.text and "Anna Sokolova saved this too" in reply.text
    assert ('name="setting"' in reply.text) is bool(alone)
    version = re.search(r'name="version" value="([0-9]+)"', reply.text)[1]
    assert "Connected" in told(installed.post(f"{URL}/lines/1", typed_joint(version, name="Mine")))
    assert store.connectors.get("b24app_mail").joint(1).name == "Mine"


def test_who_saves_a_line_that_was_taken_off_meanwhile_sees_that(installed, joined, store):
    installed.post(f"{URL}/lines/1/disconnection", {"version": "2"})

    reply = installed.post(f"{URL}/lines/1", typed_joint(2))

    assert reply.status_code == 409
    assert '>Mail of Aurora</td><td role="cell">—</td>' in reply.text
    assert not status(installed, 1).is_active


def test_who_takes_off_a_line_that_was_saved_meanwhile_is_told_and_offered_nothing_else(
    installed, joined
):
    installed.post(f"{URL}/lines/1", typed_joint(2, name="First"))

    reply = installed.post(f"{URL}/lines/1/disconnection", typed_joint(2))

    assert reply.status_code == 409
    assert "Another administrator saved meanwhile" in reply.text
    assert "Keep mine" not in reply.text
    assert status(installed, 1).is_fine


def test_wrong_words_for_a_line_are_named(installed, mail):
    for spoiled, sentence in [
        ({"name": ""}, "Name of the channel: Please fill this in"),
        ({"url": "javascript:alert(1)"}, "not a complete web address"),
        ({"url_im": "https://"}, "not a complete web address"),
    ]:
        reply = installed.post(f"{URL}/lines/1", typed_joint(1, **spoiled))

        assert reply.status_code == 422
        assert sentence in reply.text
    assert called(installed) == ["imconnector.register"]


def test_a_line_the_portal_does_not_have_is_not_joined(installed, mail):
    assert installed.post(f"{URL}/lines/99", typed_joint(1)).status_code == 404
    assert installed.get(f"{URL}/lines/99").status_code == 404
    assert called(installed) == ["imconnector.register"]


def test_it_is_taken_off_a_line(installed, joined, store):
    reply = installed.post(f"{URL}/lines/1/disconnection", {"version": "2"})

    assert told(reply) == "It is off this Open Channel."
    assert installed.calls("imconnector.activate")[-1]["ACTIVE"] == 0
    assert not status(installed, 1).is_active
    assert store.connectors.get("b24app_mail").joints == ()


def test_unregistering_tells_how_many_lines_it_came_off(installed, joined):
    installed.post(f"{URL}/lines/2", typed_joint(2))
    assert "It comes off 2 Open Channels" in installed.get(URL).text

    reply = installed.post(f"{URL}/unregistration")

    assert told(reply) == "The connector is unregistered. It came off 2 Open Channels."
    assert installed.portal.connectors == {}
    assert installed.get(URL).status_code == 404


def test_a_strangers_connector_is_never_named_to_the_portal(installed, mail, stranger):
    for path in ("", "/republication", "/unregistration", "/removal", "/lines/2"):
        form = typed_connector(id=STRANGER) | typed_joint(1)
        assert installed.post(f"/connectors/{STRANGER}{path}", form).status_code == 404

    assert channels.status_of(installed.portal, STRANGER, 2).is_fine
    assert called(installed) == ["imconnector.register"]


def test_one_that_another_application_took_over_is_left_alone(installed, joined, world):
    joined.client_id, joined.name = next(iter(world.foreign)), "Taken"

    for path in ("", "/republication", "/unregistration", "/lines/1", "/lines/1/disconnection"):
        form = typed_connector(version="2", size="50") | typed_joint(2)
        reply = installed.post(URL + path, form)
        assert reply.status_code == 409, path
        assert "belongs to another application" in reply.text
        assert f"{URL}/removal" in reply.text

    assert status(installed, 1).is_fine
    assert called(installed).count("imconnector.unregister") == 0
    assert installed.post(f"{URL}/removal").status_code == 200
    assert installed.get(URL).status_code == 404
    assert installed.portal.connectors["b24app_mail"] is joined


def test_what_is_ours_cannot_be_taken_off_the_list(installed, mail):
    assert installed.post(f"{URL}/removal").status_code == 400
    assert installed.get(URL).status_code == 200


def test_one_that_is_gone_is_told_and_can_be_put_back_with_its_lines(installed, joined, world):
    channels.remove_all(world, installed.portal, world.card.client_id, Cause(1))
    assert "Not on the portal" in installed.get("/connectors").text
    reply = installed.post(URL, typed_connector(version="2", name="New"))
    assert "The portal does not have it any more" in reply.text

    reply = installed.post(f"{URL}/republication", {"version": "2"})

    assert "as it is saved here" in told(reply)
    assert installed.portal.connectors["b24app_mail"].name == "Mail"
    assert status(installed, 1).is_fine
    assert status(installed, 1).data["name"] == "Mail of Aurora"


def test_without_the_permission_the_page_opens_and_says_what_to_do(installed, mail, world):
    install = installed.portal.installs[world.card.client_id]
    install.scope = [name for name in world.card.scope if name != "imopenlines"]

    for path in ("/connectors", URL):
        page = installed.get(path)
        assert page.status_code == 200
        assert "permission imopenlines" in page.text
        assert "Mail" in page.text
    reply = installed.post(URL, typed_connector(version="1", name="New"))
    assert reply.status_code == 502 and "permission imopenlines" in reply.text


def test_the_contact_centre_opens_the_page_of_one_line(installed, mail):
    form = setting_form(installed, line=2)

    reply = installed.send(form)

    assert form.url.startswith(f"{installed.app_url}/connectors/setting")
    assert reply.status_code == 200
    assert "Mail: Sales" in reply.text
    assert f'hx-post="{URL}/lines/2"' in reply.text
    assert '<nav class="nav"' not in reply.text
    token = re.search(r'name="session-token" content="([^"]+)"', reply.text)[1]
    installed.session_token = token
    installed.post(f"{URL}/lines/2", typed_joint(1, setting="1"))
    assert status(installed, 2).is_fine


def test_the_page_in_the_contact_centre_is_proven_and_only_for_ours(
    installed, mail, egor, stranger
):
    forged = setting_form(installed)
    forged.fields["AUTH_ID"] = "0" * 70
    other = setting_form(installed)
    options = json.loads(other.fields["PLACEMENT_OPTIONS"])
    other.fields["PLACEMENT_OPTIONS"] = json.dumps(options | {"CONNECTOR": STRANGER})
    bare = setting_form(installed)
    del bare.fields["PLACEMENT_OPTIONS"]
    employee = setting_form(installed)
    theirs = egor.frame_form().fields
    for name in ("AUTH_ID", "REFRESH_ID"):
        employee.fields[name] = theirs[name]

    replies = [installed.send(form) for form in (forged, other, bare, employee)]

    assert [reply.status_code for reply in replies] == [403, 404, 400, 403]
    assert "This page is for administrators" in replies[3].text
    assert not any("session-token" in reply.text for reply in replies)


def test_what_the_portal_takes_off_a_line_our_record_loses(installed, joined, world, work, store):
    channels.detach(world, installed.portal, "b24app_mail", 1, Cause(1))
    assert world.drain()

    work()

    assert store.connectors.get("b24app_mail").joints == ()
    line = store.history()[0]
    assert (line.thing, line.verb, line.user_name) == ("connector", "update", "system")


def test_a_deleted_line_goes_from_our_record(installed, joined, world, work, store):
    installed.at_portal("/contact-center/lines/delete", {"line": "1"})
    assert world.drain()

    work()

    assert store.connectors.get("b24app_mail").joints == ()


def test_a_forged_event_changes_nothing(installed, joined, world, work, store):
    form = {
        "event": "ONIMCONNECTORSTATUSDELETE",
        "data[connector]": "b24app_mail",
        "data[line]": "1",
        "auth[member_id]": installed.portal.member_id,
        "auth[application_token]": installed.portal.installs[
            world.card.client_id
        ].application_token,
    }
    requests.post(f"{installed.app_url}/events", data=form, timeout=10)

    work()

    assert len(store.connectors.get("b24app_mail").joints) == 1


def test_our_own_removal_is_one_line_of_history(installed, joined, world, work, store):
    installed.post(f"{URL}/unregistration")
    assert world.drain()

    work()

    verbs = [line.verb for line in store.history() if line.thing == "connector"]
    assert verbs == ["unregister", "update", "register"]


def undo(person, store, number: int = 0):
    return person.post(f"/history/{store.history()[number].id}/undo")


def test_a_change_is_taken_back(installed, joined, store):
    installed.post(URL, typed_connector(version="2", name="Letters", color="#ff0000"))

    reply = undo(installed, store)

    assert "the values from before" in told(reply)
    connector = installed.portal.connectors["b24app_mail"]
    assert (connector.name, connector.icon["COLOR"]) == ("Mail", "#2fc6f6")
    assert status(installed, 1).is_fine


def test_connecting_and_disconnecting_are_taken_back(installed, joined, store):
    installed.post(f"{URL}/lines/1/disconnection", {"version": "2"})

    undo(installed, store)
    assert status(installed, 1).is_fine
    assert status(installed, 1).data["name"] == "Mail of Aurora"

    undo(installed, store)
    assert not status(installed, 1).is_active


def test_a_removal_is_taken_back_with_the_lines(installed, joined, store):
    installed.post(f"{URL}/unregistration")

    reply = undo(installed, store)

    assert told(reply) == "It is back."
    assert installed.portal.connectors["b24app_mail"].name == "Mail"
    assert status(installed, 1).data["name"] == "Mail of Aurora"
    page = installed.get("/history").text
    assert "Open Channel 1" in page and "Mail of Aurora" in page


def test_a_registration_is_taken_back(installed, mail, store):
    undo(installed, store)

    assert installed.portal.connectors == {}
    assert installed.get(URL).status_code == 404


def test_after_an_uninstall_the_connector_is_kept_and_can_be_put_back(installed, joined, store):
    store.unpublish()
    installed.portal.connectors.clear()
    installed.portal.statuses.clear()

    assert "Not on the portal" in installed.get(URL).text
    installed.post(f"{URL}/republication", {"version": "2"})

    assert status(installed, 1).is_fine


ROUTES = ["", "/new", "/b24app_mail", "/b24app_mail/lines/1"]
DEEDS = [
    "",
    "/icon",
    "/b24app_mail",
    "/b24app_mail/republication",
    "/b24app_mail/unregistration",
    "/b24app_mail/removal",
    "/b24app_mail/lines/1",
    "/b24app_mail/lines/1/disconnection",
]


def test_an_employee_may_do_none_of_it(installed, egor, world, joined):
    before = called(installed)
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    statuses = {egor.get(f"/connectors{path}").status_code for path in ROUTES}
    statuses |= {egor.post(f"/connectors{deed}", typed_joint(2)).status_code for deed in DEEDS}

    assert statuses == {403}
    assert called(installed) == before


def test_boris_does_not_even_see_it(installed, boris, joined):
    boris.install()

    assert "b24app_mail" not in boris.get("/connectors").text
    assert boris.get(URL).status_code == 404
    for deed in DEEDS[2:]:
        assert boris.post(f"/connectors{deed}", typed_joint(2)).status_code == 404
    assert status(installed, 1).is_fine


def test_without_a_session_nothing_is_shown(installed):
    installed.session_token = ""

    statuses = {installed.get(f"/connectors{path}").status_code for path in ROUTES}
    statuses |= {installed.post(f"/connectors{deed}").status_code for deed in DEEDS}

    assert statuses == {401}
