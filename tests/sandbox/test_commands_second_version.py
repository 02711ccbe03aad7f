"""Slash commands by imbot.v2.Command.*."""

import time

import pytest

from sandbox.records import Command
from sandbox.world import make_world

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

REGISTER = "imbot.v2.Command.register"
UPDATE = "imbot.v2.Command.update"
UNREGISTER = "imbot.v2.Command.unregister"
LIST = "imbot.v2.Command.list"


def bot_fields(code):
    return {"code": code, "properties": {"name": "Chat apps"}}


def fields(**more):
    return {"command": "/help", "title": {"EN": "Help", "de": "Hilfe"}, **more}


def register(person, bot_id, **more):
    return person.call(REGISTER, {"botId": bot_id, "fields": fields(**more)})["command"]


def update(person, bot_id, command_id, **changes):
    params = {"botId": bot_id, "commandId": command_id, "fields": changes}
    return person.call(UPDATE, params)["command"]


def own(person, bot_id):
    """The bot's own rows of the list."""
    rows = person.call(LIST, {"botId": bot_id})["commands"]
    return [row for row in rows if row["botId"] == bot_id]


def words(person, command_id):
    lang = person.portal.commands[command_id].lang
    return {row["LANGUAGE_ID"]: (row["TITLE"], row["PARAMS"]) for row in lang}


def test_registration_answers_with_the_command(anna, bot_id):
    command = register(anna, bot_id, common="Y", extranetSupport=1, params={"en": "topic"})

    assert command == {
        "id": command["id"],
        "botId": bot_id,
        "command": "/help",
        "common": True,
        "hidden": False,
        "extranetSupport": True,
    }
    assert words(anna, command["id"]) == {"en": ("Help", "topic"), "de": ("Hilfe", "")}


def test_same_name_returns_the_same_command_unchanged(anna, bot_id):
    first = register(anna, bot_id)

    assert register(anna, bot_id, command="help", title=None, hidden=True) == first


def test_fields_may_stand_beside_the_bot(anna, bot_id):
    command = anna.call(REGISTER, {"botId": bot_id, **fields(hidden="Y")})["command"]

    assert (command["command"], command["hidden"]) == ("/help", True)


def test_hidden_command_needs_no_title(anna, bot_id):
    assert register(anna, bot_id, title=None, hidden=True)["hidden"] is True


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        ({"command": 5}, "COMMAND_NAME_INVALID", "Command name must be a string"),
        ({"command": ["x"]}, "COMMAND_NAME_INVALID", "Command name must be a string"),
        ({"command": "", "title": {}}, "COMMAND_REQUIRED", "Command is required"),
        ({"command": "/"}, "COMMAND_REQUIRED", "Command is required"),
        ({"command": None}, "COMMAND_REQUIRED", "Command is required"),
        ({"title": {}}, "COMMAND_TITLE_REQUIRED", "Title is required for visible commands"),
        ({"title": "Help"}, "COMMAND_TITLE_REQUIRED", "Title is required for visible commands"),
        ({"command": "c" * 256}, "COMMAND_REGISTER_FAILED", "Command registration failed"),
    ],
)
def test_registration_checks_in_order(anna, bot_id, change, code, text):
    reply = anna.post(REGISTER, {"botId": bot_id, "fields": fields(**change)})

    assert (reply.json(), reply.status_code) == ({"error": code, "error_description": text}, 400)


@pytest.mark.parametrize("method", [REGISTER, UPDATE, UNREGISTER, LIST])
def test_bot_is_looked_at_first(anna, method):
    foreign = anna.portal.bots[0].id

    assert anna.refused(method, {}) == ("BOT_ID_REQUIRED", 400)
    assert anna.refused(method, {"BOT_ID": 999}) == ("BOT_NOT_FOUND", 400)
    assert anna.refused(method, {"botId": foreign}) == ("BOT_OWNERSHIP_ERROR", 400)


@pytest.mark.parametrize("method", [UPDATE, UNREGISTER])
def test_command_must_be_the_bots_own(anna, bot_id, method):
    other = anna.call("imbot.v2.Bot.register", {"fields": bot_fields("other")})["bot"]["id"]
    number = register(anna, other)["id"]

    for wrong, text in (
        (number, "Command belongs to a different bot"),
        (999, "Command not found"),
        ("x", "Command not found"),
    ):
        body = anna.post(method, {"botId": bot_id, "commandId": wrong}).json()
        assert body == {"error": "COMMAND_NOT_FOUND", "error_description": text}


@pytest.mark.parametrize("method", [UPDATE, UNREGISTER])
def test_command_must_be_named(anna, bot_id, method):
    assert anna.refused(method, {"botId": bot_id}) == ("100", 400)


def test_update_gives_a_new_name_and_flags(anna, bot_id):
    number = register(anna, bot_id)["id"]

    changed = update(anna, bot_id, number, command="/hint", hidden="Y", common=True)

    assert (changed["command"], changed["hidden"], changed["common"]) == ("/hint", True, True)
    assert update(anna, bot_id, number, command="hint", hidden=False)["hidden"] is False
    assert register(anna, bot_id)["id"] != number
    assert register(anna, bot_id, command="hint")["id"] == number


def test_update_replaces_and_deletes_single_titles(anna, bot_id):
    number = register(anna, bot_id, params={"de": "Thema"})["id"]

    update(anna, bot_id, number, title={"EN": None, "de": "Auskunft", "fr": "Aide"})
    update(anna, bot_id, number, params={"de": "not without a title"})

    assert words(anna, number) == {"de": ("Auskunft", "Thema"), "fr": ("Aide", "")}


@pytest.mark.parametrize(
    ("changes", "code", "text"),
    [
        ({"command": 7}, "COMMAND_NAME_INVALID", "Command name must be a string"),
        ({"command": "/"}, "COMMAND_NAME_EMPTY", "Command name cannot be empty"),
        ({"command": "taken"}, "COMMAND_ALREADY_EXISTS", "Command with this name already exists"),
        (
            {"title": "Help", "hidden": True},
            "COMMAND_TITLE_INVALID",
            "Title must be an object with language keys",
        ),
    ],
)
def test_update_says_what_is_wrong_and_changes_nothing(anna, bot_id, changes, code, text):
    number = register(anna, bot_id)["id"]
    register(anna, bot_id, command="taken")
    params = {"botId": bot_id, "commandId": number, "fields": changes}

    body = anna.post(UPDATE, params).json()

    assert body == {"error": code, "error_description": text}
    assert update(anna, bot_id, number) == register(anna, bot_id)


def test_name_too_long_is_silently_not_stored(anna, bot_id):
    number = register(anna, bot_id)["id"]

    assert update(anna, bot_id, number, command="c" * 256)["command"] == "/help"


def test_list_differs_between_source_and_documentation(anna, bot_id, world):
    number = register(anna, bot_id, common=True, params={"en": "topic"})["id"]

    rows = anna.call(LIST, {"botId": bot_id})["commands"]

    row = {"id": number, "botId": bot_id, "command": "/help", "title": "Help", "params": "topic"}
    row |= {"category": "Chat apps", "context": ""}
    if world.profile == "source":
        assert [entry["id"] for entry in rows[:-1]] == [f"def{n}" for n in range(6)]
        assert rows[-1] == {**row, "common": "Y", "extranet": "N"}
    else:
        assert rows == [{**row, "common": True, "hidden": False, "extranetSupport": False}]


def test_titles_follow_the_language_of_the_portal(anna, boris, bot_id):
    german = boris.call("imbot.v2.Bot.register", {"fields": bot_fields("german")})["bot"]["id"]
    register(anna, bot_id)
    register(boris, german)
    register(boris, german, command="fr", title={"fr": "Aide", "es": "Ayuda"})

    assert [row["title"] for row in own(anna, bot_id)] == ["Help"]
    assert [row["title"] for row in own(boris, german)] == ["Hilfe", "Aide"]


def test_unregistration_is_nested_and_works_once(anna, bot_id):
    params = {"botId": bot_id, "commandId": register(anna, bot_id)["id"]}

    assert anna.call(UNREGISTER, params) == {"result": True}
    assert anna.refused(UNREGISTER, params) == ("COMMAND_NOT_FOUND", 400)
    assert own(anna, bot_id) == []


def test_both_versions_see_the_same_commands(anna, bot_id):
    number = register(anna, bot_id)["id"]

    assert anna.call("imbot.command.unregister", {"COMMAND_ID": number}) is True
    assert anna.refused(UNREGISTER, {"botId": bot_id, "commandId": number})[0] == (
        "COMMAND_NOT_FOUND"
    )


def test_commands_go_with_their_bot(anna, bot_id):
    register(anna, bot_id)
    foreign = Command(anna.portal.take_id(), anna.portal.bots[0].id, "help", "app.other")
    anna.portal.add_command(foreign)

    anna.call("imbot.v2.Bot.unregister", {"botId": bot_id})

    assert list(anna.portal.commands.values()) == [foreign]


def test_a_batch_refers_to_the_bot_it_has_just_made(anna):
    cmd = {
        "bot": "imbot.v2.Bot.register?fields[code]=made&fields[properties][name]=Made",
        "command": "imbot.v2.Command.register?botId=$result[bot][bot][id]"
        "&fields[command]=go&fields[title][en]=Go",
        "gone": "imbot.v2.Command.unregister?botId=$result[bot][bot][id]"
        "&commandId=$result[command][command][id]",
    }

    result = anna.call("batch", {"cmd": cmd})["result"]

    assert result["command"]["command"]["command"] == "/go"
    assert result["gone"] == {"result": True}


def test_a_thousand_commands_come_and_go_quickly(anna, bot_id):
    started = time.monotonic()
    for first in range(0, 1000, 50):
        cmd = [
            f"{REGISTER}?botId={bot_id}&fields[command]=c{n}&fields[title][en]=T"
            for n in range(first, first + 50)
        ]
        assert anna.call("batch", {"cmd": cmd})["result_error"] == []
    numbers = [row["id"] for row in own(anna, bot_id)]
    for first in range(0, 1000, 50):
        cmd = [f"{UNREGISTER}?botId={bot_id}&commandId={n}" for n in numbers[first : first + 50]]
        assert anna.call("batch", {"cmd": cmd})["result_error"] == []

    assert (len(numbers), anna.portal.commands) == (1000, {})
    assert time.monotonic() - started < 10


def test_a_batch_is_kept_in_the_state(anna, bot_id, world, tmp_path):
    world.path = tmp_path / "sandbox.json"
    cmd = [f"{REGISTER}?botId={bot_id}&fields[command]=c{n}&fields[title][en]=T" for n in range(3)]
    anna.call("batch", {"cmd": [*cmd, "imbot.v2.Command.list"]})

    again = make_world(
        client_id=world.card.client_id,
        client_secret=world.card.client_secret,
        app_url="http://127.0.0.1:9",
        profile=world.profile,
        state=world.path,
    )

    assert again.portal("aurora").commands == anna.portal.commands
    assert [row.command for row in anna.portal.commands.values()] == ["c0", "c1", "c2"]
