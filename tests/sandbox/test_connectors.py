"""imconnector.* and open lines."""

import pytest

from sandbox import connectors, oauth
from sandbox import portal as deeds
from sandbox.bot_events import Cause
from sandbox.cast import FOREIGN_CLIENT_ID

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ICON = {"DATA_IMAGE": "data:image/svg+xml,%3Csvg/%3E", "COLOR": "#69acc0", "SIZE": "90%"}
PAGE = "https://app.example/connectors/setting"
FAILED = "APPLICATION_UNREGISTRATION_ERROR"


def fields(**more):
    return {"ID": "b24app_Mail", "NAME": "Mail", "ICON": ICON, "PLACEMENT_HANDLER": PAGE, **more}


def register(person, **more):
    return person.call("imconnector.register", fields(**more))


def activate(person, line=1, active=1, connector="b24app_mail"):
    params = {"CONNECTOR": connector, "LINE": line, "ACTIVE": active}
    return person.call("imconnector.activate", params)


def status(person, **more):
    return person.call("imconnector.status", {"CONNECTOR": "b24app_mail", "LINE": 1, **more})


@pytest.fixture
def stranger(anna, world):
    """Another vendor's application at Aurora, in Anna's hands."""
    anna.portal.installs[FOREIGN_CLIENT_ID].scope = ["imopenlines"]
    token = oauth.mint(world, anna.portal, 1, client_id=FOREIGN_CLIENT_ID).access
    return type(anna)(world, anna.portal, anna.user, anna.http, token)


def test_registration_keeps_the_id_in_lower_case(anna):
    assert register(anna, icon_disabled={"data_image": "x"}, need_signature=False) == {
        "result": True
    }

    [row] = anna.portal.connectors.values()
    assert (row.id, row.name, row.icon) == ("b24app_mail", "Mail", ICON)
    assert row.icon_disabled == {"DATA_IMAGE": "x"}
    assert (row.flags["NEED_SIGNATURE"], row.flags["NEWSLETTER"], row.flags["CHAT_GROUP"]) == (
        False,
        True,
        False,
    )


def test_the_settings_page_needs_no_placement_scope_and_is_made_once(anna, world):
    anna.portal.installs[world.card.client_id].scope = ["imopenlines"]
    register(anna)
    register(anna, ID="other")

    [row] = anna.portal.placements
    assert (row.code, row.handler) == ("SETTING_CONNECTOR", PAGE)


def test_registering_again_updates(anna):
    register(anna, CHAT_GROUP=True)
    register(anna, NAME="Post")

    [row] = anna.portal.connectors.values()
    assert (row.name, row.flags["CHAT_GROUP"]) == ("Post", True)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"ID": "a.b", "NAME": ""}, "APPLICATION_REGISTRATION_ERROR_POINT"),
        ({"ID": ""}, "CONNECTOR_ID_REQUIRED"),
        ({"ID": 5}, "CONNECTOR_ID_REQUIRED"),
        ({"NAME": "", "ICON": None}, "NAME_REQUIRED"),
        ({"ICON": {"COLOR": "red"}}, "ICON_REQUIRED"),
        ({"ICON": "data:x"}, "ICON_REQUIRED"),
        ({"PLACEMENT_HANDLER": ["x"]}, "NO_PLACEMENT_HANDLER"),
        ({"NAME": "n" * 256}, "APPLICATION_REGISTRATION_ERROR"),
    ],
)
def test_a_failure_comes_with_status_200(anna, world, change, code):
    reply = anna.post("imconnector.register", fields(**change))

    body = reply.json()
    assert reply.status_code == 200
    if world.profile == "source":
        assert set(body) == {"error", "error_description", "result"}
        assert (body["error"], body["result"]) == (code, False)
    else:
        assert set(body) == {"result", "time"}
        assert (body["result"]["error"], body["result"]["result"]) == (code, False)
    assert anna.portal.connectors == {}


def test_a_failure_in_a_batch(anna, world):
    done = anna.call("batch", {"cmd": {"a": "imconnector.register?ID="}})

    if world.profile == "source":
        assert done["result_error"]["a"]["error"] == "CONNECTOR_ID_REQUIRED"
    else:
        assert done["result"]["a"]["error"] == "CONNECTOR_ID_REQUIRED"


def test_activation_and_status(anna):
    register(anna)
    unknown = {"LINE": 1, "CONNECTOR": "b24app_mail"}
    unknown |= dict.fromkeys(("ERROR", "CONFIGURED", "STATUS"), False)
    assert status(anna) == unknown

    assert activate(anna) is True

    assert status(anna) == unknown | {"CONFIGURED": True, "STATUS": True}
    assert status(anna, LINE=None)["CONFIGURED"] is False
    assert status(anna, CONNECTOR="b24app_Mail")["STATUS"] is False


@pytest.mark.parametrize(("word", "is_on"), [("N", True), ("Y", True), ("0", False), ("", False)])
def test_every_word_but_an_empty_one_switches_on(anna, word, is_on):
    activate(anna)
    activate(anna, active=word)

    assert status(anna)["STATUS"] is is_on


def test_data_are_merged(anna):
    set_data = "imconnector.connector.data.set"
    joint = {"CONNECTOR": "b24app_mail", "LINE": "1"}
    anna.call(set_data, {**joint, "DATA": {"name": "Post", "url": "https://a.example"}})
    anna.call(set_data, {**joint, "DATA": {"NAME": "Mail", "URL": ""}})

    found = connectors.status_of(anna.portal, "b24app_mail", 1)
    assert found.data == {
        "connector_id": "b24app_mail",
        "name": "Mail",
        "url": "https://a.example",
    }
    assert not found.is_fine


@pytest.mark.parametrize(
    ("method", "named"),
    [
        ("imconnector.activate", ["CONNECTOR", "LINE", "ACTIVE"]),
        ("imconnector.connector.data.set", ["CONNECTOR", "LINE", "DATA"]),
        ("imconnector.status", ["CONNECTOR"]),
    ],
)
def test_what_must_be_given(anna, method, named):
    params = {}
    for name in named:
        reply = anna.post(method, params)
        assert (reply.status_code, reply.json()["argument"]) == (400, name)
        assert reply.json()["error_description"] == f"Argument '{name}' is null or empty"
        params[name] = "1"


def test_unregistering_takes_it_off_its_lines_and_tells(anna, listener, world):
    anna.call("event.bind", {"event": "OnImConnectorStatusDelete", "handler": listener.url})
    register(anna)
    activate(anna, line=2)

    assert anna.call("imconnector.unregister", {"ID": "B24APP_MAIL"}) == {"result": True}

    assert world.drain()
    [got] = listener.received
    assert (got["data[connector]"], got["data[line]"]) == ("b24app_mail", "2")
    assert (anna.portal.connectors, anna.portal.statuses, anna.portal.placements) == ({}, [], [])


def test_a_settings_page_stays_while_another_connector_has_it(anna):
    register(anna)
    register(anna, ID="other")

    anna.call("imconnector.unregister", {"ID": "other"})

    assert [row.handler for row in anna.portal.placements] == [PAGE]


def test_what_is_not_there_is_unregistered_by_the_source_alone(anna, world):
    reply = anna.post("imconnector.unregister", {"ID": "nothing"})

    assert reply.status_code == 200
    if world.profile == "source":
        assert reply.json()["result"] == {"result": True}
    else:
        assert reply.json()["result"]["error"] == FAILED
    empty = anna.post("imconnector.unregister", {}).json()
    assert FAILED in (empty.get("error"), (empty["result"] or {}).get("error"))


def test_a_foreign_connector_loses_its_lines_by_the_source_but_stays(anna, stranger, world):
    register(anna)
    activate(anna)

    stranger.post("imconnector.unregister", {"ID": "b24app_mail"})

    assert "b24app_mail" in anna.portal.connectors
    assert status(anna)["STATUS"] is (world.profile == "documented")


def test_another_application_takes_a_connector_over(anna, stranger, world):
    register(anna)

    register(stranger, NAME="Theirs")

    assert anna.portal.connectors["b24app_mail"].client_id == FOREIGN_CLIENT_ID


def test_switching_off_tells_even_of_nothing_but_only_the_owner(anna, stranger, listener, world):
    bind = {"event": "ONIMCONNECTORSTATUSDELETE", "handler": listener.url}
    anna.call("event.bind", bind)
    register(stranger)
    activate(anna, active="")
    register(anna, ID="mine")
    activate(anna, active=0, connector="mine")

    assert world.drain()
    assert [got["data[connector]"] for got in listener.received] == ["mine"]


def test_list_is_for_administrators(anna, egor):
    register(anna)

    assert anna.call("imconnector.list")["b24app_mail"] == "Mail"
    reply = egor.post("imconnector.list")
    assert (reply.json()["error"], reply.status_code) == ("ACCESS_DENIED", 400)


def test_lines_are_listed(anna):
    lines = anna.call("imopenlines.config.list.get")
    assert [(row["ID"], row["LINE_NAME"], row["ACTIVE"]) for row in lines] == [
        ("1", "Website", "Y"),
        ("2", "Sales", "Y"),
    ]

    params = {"PARAMS": {"select": ["LINE_NAME"], "limit": 1, "offset": 1}}
    chosen = anna.call("imopenlines.config.list.get", params)
    assert chosen == [{"ID": "2", "LINE_NAME": "Sales"}]
    wrong = {"PARAMS": {"filter": "x"}}
    assert anna.refused("imopenlines.config.list.get", wrong) == ("INVALID_FORMAT", 400)


def test_a_deleted_line_is_told_to_every_subscriber(anna, listener, world):
    for event in ("ONIMCONNECTORLINEDELETE", "ONIMCONNECTORSTATUSDELETE"):
        anna.call("event.bind", {"event": event, "handler": listener.url})
    register(anna)
    activate(anna, line=2)

    connectors.delete_line(world, anna.portal, anna.portal.lines[1], Cause(1))

    assert world.drain()
    told = {got["event"]: got for got in listener.received}
    assert told["ONIMCONNECTORLINEDELETE"]["data"] == "2"
    assert told["ONIMCONNECTORSTATUSDELETE"]["data[line]"] == "2"
    assert anna.portal.statuses == []


def test_an_uninstall_takes_connectors_and_tells(anna, listener, world):
    anna.call("event.bind", {"event": "ONIMCONNECTORSTATUSDELETE", "handler": listener.url})
    register(anna)
    activate(anna)

    deeds.uninstall(world, anna.portal, anna.user, clean=False)

    assert world.drain()
    assert [got["event"] for got in listener.received] == ["ONIMCONNECTORSTATUSDELETE"]
    assert (anna.portal.connectors, anna.portal.placements) == ({}, [])


def test_an_update_takes_connectors_by_the_source(anna, world):
    register(anna)

    deeds.update_app(world, anna.portal, anna.user)

    assert bool(anna.portal.connectors) == (world.profile == "documented")


def test_the_scope_is_that_of_open_lines(anna, world):
    anna.portal.installs[world.card.client_id].scope = ["imconnector"]

    assert anna.refused("imconnector.list") == ("insufficient_scope", 401)
