"""Slash commands by imbot.command.*."""

import pytest

from sandbox import portal as deeds
from sandbox.records import Command
from sandbox.world import restore, snapshot

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

URL = "http://127.0.0.1:9/commands"


@pytest.fixture
def bot(anna):
    """A bot of the first version; its events come by address."""
    handlers = {"EVENT_HANDLER": "http://127.0.0.1:9/bot"}
    return anna.call("imbot.register", {"CODE": "v1", "PROPERTIES": {"NAME": "Old"}, **handlers})


def form(bot, **more):
    return {
        "BOT_ID": bot,
        "COMMAND": "/echo",
        "EVENT_COMMAND_ADD": URL,
        "LANG": [{"LANGUAGE_ID": "EN", "TITLE": "Echo", "PARAMS": "text"}],
        **more,
    }


def register(person, bot, **more):
    return person.call("imbot.command.register", form(bot, **more))


def bound(person):
    """Where the events of commands go."""
    rows = person.call("event.get")
    return [row["handler"] for row in rows if row["event"] == "ONIMCOMMANDADD"]


def test_command_is_kept_without_its_slash(anna, bot):
    command = anna.portal.commands[register(anna, bot, COMMON="Y", HIDDEN="y")]

    assert (command.command, command.bot_id) == ("echo", bot)
    assert (command.common, command.hidden, command.extranet_support) == (True, False, False)
    assert command.lang == [{"LANGUAGE_ID": "en", "TITLE": "Echo", "PARAMS": "text"}]


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"BOT_ID": 0, "COMMAND": ""}, "BOT_ID_ERROR", "Bot not found"),
        ({"BOT_ID": 999}, "BOT_ID_ERROR", "Bot not found"),
        (
            {"EVENT_COMMAND_ADD": "", "COMMAND": ""},
            "EVENT_COMMAND_ADD_ERROR",
            'Handler for "Command add" event isn\'t specified',
        ),
        (
            {"EVENT_COMMAND_ADD": "http://localhost/", "COMMAND": ""},
            "EVENT_COMMAND_ADD_ERROR",
            "Wrong handler URL",
        ),
        (
            {"EVENT_COMMAND_ADD": "ftp://example.com/"},
            "EVENT_COMMAND_ADD_ERROR",
            "Unsupported handler protocol",
        ),
        ({"COMMAND": "", "LANG": []}, "COMMAND_ERROR", "Command isn't specified"),
        ({"LANG": [], "HIDDEN": "Y"}, "LANG_ERROR", "Lang set can't be empty"),
        ({"COMMAND": "/"}, "WRONG_REQUEST", "Command can't be created"),
        ({"COMMAND": "c" * 256}, "WRONG_REQUEST", "Command can't be created"),
    ],
)
def test_registration_checks_in_order(anna, bot, change, code, text):
    reply = anna.post("imbot.command.register", form(bot, **change))

    assert reply.json() == {"error": code, "error_description": text}
    assert reply.status_code == 400
    assert anna.portal.commands == {}


def test_bot_of_another_application_takes_no_command(anna):
    foreign = anna.portal.bots[0].id

    refused = anna.refused("imbot.command.register", form(foreign, EVENT_COMMAND_ADD=""))

    assert refused == ("APP_ID_ERROR", 400)


def test_same_name_returns_the_same_command_unchanged(anna, bot):
    first = register(anna, bot)

    again = register(anna, bot, COMMAND="echo", HIDDEN="Y", EVENT_COMMAND_ADD=f"{URL}/new")

    assert again == first
    assert anna.portal.commands[first].hidden is False
    assert bound(anna) == [f"{URL}/new"]


def test_names_are_one_bots_own(anna, bot):
    handlers = {"EVENT_HANDLER": "http://127.0.0.1:9/bot"}
    params = {"CODE": "more", "PROPERTIES": {"NAME": "More"}, **handlers}
    other = anna.call("imbot.register", params)

    assert register(anna, bot) != register(anna, other)
    assert register(anna, bot, COMMAND="Echo") != register(anna, bot)


def test_one_address_serves_all_commands_of_an_application(anna, bot):
    register(anna, bot)
    register(anna, bot, COMMAND="ping", EVENT_COMMAND_ADD=f"{URL}/ping")

    assert bound(anna) == [f"{URL}/ping"]


def test_update_changes_what_is_given(anna, bot):
    number = register(anna, bot)
    fields = {
        "HIDDEN": "Y",
        "COMMON": "Y",
        "LANG": [{"LANGUAGE_ID": "de", "TITLE": "Echo auf Deutsch"}],
        "EVENT_COMMAND_ADD": f"{URL}/moved",
    }

    assert anna.call("imbot.command.update", {"COMMAND_ID": number, "FIELDS": fields}) is True

    command = anna.portal.commands[number]
    assert (command.hidden, command.common) == (True, False)
    assert command.lang == [{"LANGUAGE_ID": "de", "TITLE": "Echo auf Deutsch", "PARAMS": ""}]
    assert bound(anna) == [f"{URL}/moved"]


def test_update_to_a_new_address_alone_is_enough(anna, bot):
    number = register(anna, bot)
    fields = {"EVENT_COMMAND_ADD": f"{URL}/moved"}

    assert anna.call("imbot.command.update", {"COMMAND_ID": number, "FIELDS": fields}) is True
    assert bound(anna) == [f"{URL}/moved"]


@pytest.mark.parametrize(
    ("fields", "code", "text"),
    [
        ({}, "WRONG_REQUEST", "Update fields can't be empty"),
        ("nothing", "WRONG_REQUEST", "Update fields can't be empty"),
        ({"HIDDEN": "", "LANG": []}, "WRONG_REQUEST", "Update fields can't be empty"),
        ({"EVENT_COMMAND_ADD": "http://x/"}, "EVENT_COMMAND_ADD_ERROR", "Wrong handler URL"),
    ],
)
def test_update_says_what_is_wrong(anna, bot, fields, code, text):
    number = register(anna, bot)

    reply = anna.post("imbot.command.update", {"COMMAND_ID": number, "FIELDS": fields})

    assert reply.json() == {"error": code, "error_description": text}


def test_name_changes_only_in_the_documentation(anna, bot, world):
    number = register(anna, bot)
    register(anna, bot, COMMAND="taken")
    change = {"COMMAND_ID": number, "FIELDS": {"COMMAND": "/other"}}

    if world.profile == "source":
        assert anna.refused("imbot.command.update", change) == ("WRONG_REQUEST", 400)
    else:
        assert anna.call("imbot.command.update", change) is True
        taken = {**change, "FIELDS": {"COMMAND": "taken"}}
        assert anna.refused("imbot.command.update", taken) == ("WRONG_REQUEST", 400)

    kept = {"source": "echo", "documented": "other"}[world.profile]
    assert anna.portal.command_named(bot, kept).id == number


def test_bot_without_an_address_has_its_commands_updated_by_the_second_version(anna, bot_id):
    number = register(anna, bot_id)
    params = {"COMMAND_ID": number, "FIELDS": {"EVENT_COMMAND_ADD": "bad"}}

    assert anna.refused("imbot.command.update", params) == ("FETCH_NOT_SUPPORTED", 400)


def test_unregistration_works_once(anna, bot):
    number = register(anna, bot)

    assert anna.call("imbot.command.unregister", {"command_id": str(number)}) is True
    assert anna.refused("imbot.command.unregister", {"COMMAND_ID": number}) == (
        "COMMAND_ID_ERROR",
        400,
    )
    assert bound(anna) == [URL]
    assert register(anna, bot) > number


@pytest.mark.parametrize("method", ["imbot.command.update", "imbot.command.unregister"])
@pytest.mark.parametrize("number", [None, 0, "x", 999])
def test_unknown_command(anna, method, number):
    assert anna.refused(method, {"COMMAND_ID": number}) == ("COMMAND_ID_ERROR", 400)


@pytest.mark.parametrize("method", ["imbot.command.update", "imbot.command.unregister"])
def test_command_of_another_application_is_out_of_reach(anna, method):
    portal = anna.portal
    foreign = Command(portal.take_id(), portal.bots[0].id, "help", portal.bots[0].client_id)
    portal.add_command(foreign)

    reply = anna.post(method, {"COMMAND_ID": foreign.id})

    assert reply.json()["error"] == "APP_ID_ERROR"
    assert reply.json()["error_description"] == "Command was installed by another rest application"


def test_commands_need_the_scope(anna, bot, world):
    world.portal("aurora").installs[world.card.client_id].scope = ["im"]

    refused = anna.refused("imbot.command.unregister", {"COMMAND_ID": 1})

    assert refused == ("insufficient_scope", 401)


def test_any_user_of_the_application_may(anna, egor, bot):
    number = register(egor, bot)

    assert anna.call("imbot.command.unregister", {"COMMAND_ID": number}) is True


def test_commands_go_with_their_bot(anna, bot, bot_id):
    register(anna, bot)
    stays = register(anna, bot_id)

    anna.call("imbot.unregister", {"BOT_ID": bot})

    assert list(anna.portal.commands) == [stays]
    assert anna.portal.command_named(bot, "echo") is None
    assert bound(anna) == [URL]


def test_commands_go_with_the_application(anna, bot, world):
    register(anna, bot)

    deeds.uninstall(world, anna.portal, anna.user, clean=False)

    assert (anna.portal.commands, anna.portal.bindings) == ({}, [])


def test_portals_keep_their_own_commands(anna, boris, bot):
    number = register(anna, bot)

    assert boris.refused("imbot.command.unregister", {"COMMAND_ID": number})[0] == (
        "COMMAND_ID_ERROR"
    )


def test_commands_outlive_a_restart(anna, bot, world):
    number = register(anna, bot)

    again = restore(snapshot(world), world.card, 8010)

    aurora = again.portal("aurora")
    assert aurora.commands[number] == anna.portal.commands[number]
    assert aurora.command_named(bot, "echo").id == number
    assert aurora.take_id() == anna.portal.next_id
