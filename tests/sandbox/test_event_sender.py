"""Subscriptions, and what the portal tells its applications."""

import pytest

from sandbox import events
from sandbox import portal as deeds

BOTH = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def bind(person, listener, event="ONAPPINSTALL", **more):
    return person.call("event.bind", {"event": event, "handler": listener.url, **more})


def finish(person):
    deeds.finish_install(person.world, person.portal, person.user)
    assert person.world.drain()


def test_binding_is_listed_and_unique(anna, listener):
    assert bind(anna, listener) is True

    expected = {"event": "ONAPPINSTALL", "handler": listener.url, "auth_type": 0, "offline": 0}
    assert anna.call("event.get") == [expected]
    again = {"EVENT": "OnAppInstall", "HANDLER": listener.url}
    assert anna.refused("event.bind", again) == ("ERROR_CORE", 400)


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ("ERROR_ARGUMENT", 400)),
        ({"event": "ONAPPINSTALL"}, ("ERROR_ARGUMENT", 400)),
        ({"event": "ONAPPINSTALL", "event_type": "x"}, ("ERROR_ARGUMENT", 400)),
        (
            {"event": "ONAPPINSTALL", "handler": "http://localhost/"},
            ("ERROR_WRONG_HANDLER_URL", 400),
        ),
        (
            {"event": "ONAPPINSTALL", "handler": "ftp://a.example/"},
            ("ERROR_UNSUPPORTED_PROTOCOL", 400),
        ),
        ({"event": "ONNOTHING", "handler": "http://a.example/"}, ("ERROR_EVENT_NOT_FOUND", 400)),
    ],
)
def test_binding_checks_in_order(anna, params, expected):
    assert anna.refused("event.bind", params) == expected


def test_event_of_a_missing_scope_is_not_found(anna, listener, world):
    anna.portal.installs[world.card.client_id].scope = ["im"]
    params = {"event": "ONIMBOTDELETE", "handler": listener.url}

    assert anna.refused("event.bind", params) == ("ERROR_EVENT_NOT_FOUND", 400)


def test_employee_binds_for_oneself_only(egor, listener):
    bind(egor, listener)

    assert egor.call("event.get")[0]["auth_type"] == 2
    params = {"event": "ONAPPUPDATE", "handler": listener.url, "auth_type": 1}
    assert egor.refused("event.bind", params) == ("ACCESS_DENIED", 403)


def test_unbinding_counts(anna, listener):
    bind(anna, listener)
    params = {"event": "ONAPPINSTALL", "handler": listener.url}

    assert anna.call("event.unbind", params) == {"count": 1}
    assert anna.call("event.unbind", params) == {"count": 0}


def test_finishing_fires_the_install_event_with_tokens(anna, listener, world):
    bind(anna, listener)

    finish(anna)

    got = listener.received[0]
    assert (got["event"], got["data[VERSION]"], got["data[INSTALLED]"]) == (
        "ONAPPINSTALL",
        "1",
        "Y",
    )
    assert got["auth[domain]"] == anna.portal.host
    assert got["auth[member_id]"] == anna.portal.member_id
    assert (
        got["auth[application_token]"]
        == anna.portal.installs[world.card.client_id].application_token
    )
    assert world.grants[got["auth[access_token]"]].user_id == 1
    assert got["auth[refresh_token]"]
    assert got["event_handler_id"].isdecimal()


def test_finishing_again_fires_again(anna, listener):
    bind(anna, listener)
    finish(anna)
    finish(anna)

    assert len(listener.received) == 2


def test_employee_cannot_finish(egor, listener):
    assert deeds.finish_install(egor.world, egor.portal, egor.user) is False


def test_nothing_is_sent_before_the_installation_is_finished(anna, listener, world):
    anna.portal.installs[world.card.client_id].installed = False
    bind(anna, listener, "ONAPPUNINSTALL")

    deeds.uninstall(world, anna.portal, anna.user, clean=True)

    assert world.drain()
    assert listener.received == []
    assert anna.portal.events_log == []


def test_uninstall_event_has_no_tokens(anna, listener, world):
    bind(anna, listener, "ONAPPUNINSTALL")

    deeds.uninstall(world, anna.portal, anna.user, clean=True)

    assert world.drain()
    got = listener.received[0]
    assert (got["data[CLEAN]"], got["data[LANGUAGE_ID]"]) == ("1", "en")
    auth = {key for key in got if key.startswith("auth[")}
    assert auth == {
        "auth[domain]",
        "auth[client_endpoint]",
        "auth[server_endpoint]",
        "auth[member_id]",
        "auth[application_token]",
    }


def test_uninstall_tells_of_every_bot_and_forgets_bindings(anna, listener, world):
    params = {"CODE": "b", "EVENT_HANDLER": listener.url, "PROPERTIES": {"NAME": "B"}}
    bot_id = anna.call("imbot.register", params)

    deeds.uninstall(world, anna.portal, anna.user, clean=False)

    assert world.drain()
    got = listener.received[0]
    assert (got["event"], got["data[BOT_ID]"]) == ("ONIMBOTDELETE", str(bot_id))
    assert "auth[access_token]" in got
    assert "auth[refresh_token]" not in got
    assert [bot.code for bot in anna.portal.bots] == ["helpdesk"]
    assert anna.portal.bindings == []


@BOTH
def test_update_tells_the_versions_and_wants_the_installer_again(anna, listener, world):
    bind(anna, listener, "ONAPPUPDATE")
    bind(anna, listener, "ONAPPINSTALL")

    row = deeds.update_app(world, anna.portal, anna.user)

    assert world.drain()
    got = listener.received[0]
    assert (got["data[PREVIOUS_VERSION]"], got["data[VERSION]"]) == ("1", "2")
    assert (row.version, row.installed) == (2, False)
    left = {binding.event for binding in anna.portal.bindings}
    assert left == ({"ONAPPUPDATE"} if world.profile == "source" else set())


def test_second_version_bot_event_names_the_bot(anna, listener, world):
    fields = {
        "code": "w",
        "properties": {"name": "W"},
        "eventMode": "webhook",
        "webhookUrl": listener.url,
    }
    bot_id = anna.call("imbot.v2.Bot.register", {"fields": fields})["bot"]["id"]

    anna.call("imbot.v2.Bot.unregister", {"botId": bot_id})

    assert world.drain()
    got = listener.received[0]
    assert (got["event"], got["data[bot][id]"]) == ("ONIMBOTV2DELETE", str(bot_id))
    assert got["data[bot][auth][access_token]"] in world.grants
    assert "auth[refresh_token]" not in got


def test_event_without_a_causing_user_has_no_tokens(anna, listener, world):
    bind(anna, listener, "ONAPPTEST")

    sent = deeds.fire_app_event(
        world, anna.portal, "ONAPPTEST", {"QUERY": {"a": [], "b": None}}, None
    )

    assert (sent, world.drain()) == (1, True)
    got = listener.received[0]
    assert "auth[access_token]" not in got
    assert got["data[QUERY][b]"] == ""
    assert not any(key.startswith("data[QUERY][a]") for key in got)


def test_scalar_data_is_sent_as_it_is(anna, listener, world):
    bind(anna, listener, "ONIMCONNECTORLINEDELETE")

    events.fire(world, anna.portal, "ONIMCONNECTORLINEDELETE", 107)

    assert world.drain()
    assert listener.received[0]["data"] == "107"


def test_chain_of_events_ends(anna, listener, world):
    bind(anna, listener, "ONAPPTEST")

    assert events.fire(world, anna.portal, "ONAPPTEST", {}, user_id=1, hops=1) == 1
    assert world.drain()
    token = listener.received[0]["auth[access_token]"]
    assert world.grants[token].hops == 0
    assert events.fire(world, anna.portal, "ONAPPTEST", {}, hops=world.grants[token].hops) == 0


def test_log_keeps_status_and_hides_tokens(anna, listener):
    listener.status = 403
    bind(anna, listener)

    finish(anna)

    line = anna.portal.events_log[-1]
    assert (line.status, line.note, line.handler) == (403, "refused", listener.url)
    got = listener.received[0]
    for name in ("auth[access_token]", "auth[refresh_token]", "auth[application_token]"):
        assert got[name] not in line.body


def test_unreachable_handler_is_noted_and_not_tried_again(anna, world):
    params = {"event": "ONAPPINSTALL", "handler": "http://127.0.0.1:9/"}
    anna.call("event.bind", params)

    finish(anna)

    line = anna.portal.events_log[-1]
    assert (line.status, line.note) == (None, "ConnectionError")


@pytest.mark.parametrize(("fault", "times"), [("drop", 0), ("twice", 2), ("late", 1)])
def test_delivery_can_go_wrong_on_order(anna, listener, world, fault, times):
    bind(anna, listener)
    world.faults.order_event(fault, "ONAPPINSTALL")

    finish(anna)

    assert len(listener.received) == times


def test_application_token_can_be_wrong_on_order(anna, listener, world):
    bind(anna, listener)
    world.faults.order_event("wrong_token")

    finish(anna)

    assert listener.received[0]["auth[application_token]"] == "0" * 32
