"""How bots speak: messages of their own and answers to commands, in both versions."""

import pytest

from sandbox import messenger
from tests.sandbox.conftest import bot_fields

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ADD = "imbot.message.add"
SEND = "imbot.v2.Chat.Message.send"
ANSWER = "imbot.command.answer"
ANSWER_V2 = "imbot.v2.Command.answer"


@pytest.fixture
def command_id(anna, bot_id):
    fields = {"command": "help", "title": {"en": "Help"}, "common": True}
    answer = anna.call("imbot.v2.Command.register", {"botId": bot_id, "fields": fields})
    return answer["command"]["id"]


def write(person, dialog, text):
    return messenger.write(person.world, person.portal, person.user, dialog, text)


def texts(person, author):
    return [one.text for one in person.portal.messages if one.author == author]


def test_a_bot_writes_to_a_person(anna, egor, bot_id):
    number = anna.call(ADD, {"BOT_ID": bot_id, "DIALOG_ID": 2, "MESSAGE": " Welcome! "})

    message = anna.portal.messages[-1]
    assert (message.id, message.author, message.text) == (number, bot_id, "Welcome!")
    room = messenger.open_dialog(egor.world, egor.portal, egor.user, str(bot_id))
    assert anna.portal.said_in(room) == [message]


def test_a_bot_may_be_left_unnamed_when_there_is_one(anna, bot_id):
    anna.call(ADD, {"DIALOG_ID": "1", "MESSAGE": "Hi"})

    assert texts(anna, bot_id) == ["Hi"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"BOT_ID": 999}, "BOT_ID_ERROR"),
        ({"BOT_ID": 101}, "APP_ID_ERROR"),
        ({"DIALOG_ID": ""}, "DIALOG_ID_EMPTY"),
        ({"DIALOG_ID": "x", "MESSAGE": ""}, "DIALOG_ID_EMPTY"),
        ({"MESSAGE": "  "}, "MESSAGE_EMPTY"),
        ({"MESSAGE": ["x"]}, "MESSAGE_EMPTY"),
        ({"ATTACH": "x"}, "ATTACH_ERROR"),
        ({"KEYBOARD": [{"TEXT": "x" * 30_000}]}, "KEYBOARD_OVERSIZE"),
        ({"MENU": 5}, "MENU_ERROR"),
        ({"DIALOG_ID": "chat1"}, "WRONG_REQUEST"),
        ({"DIALOG_ID": "chat77"}, "WRONG_REQUEST"),
        ({"DIALOG_ID": "77"}, "WRONG_REQUEST"),
    ],
)
def test_a_message_is_checked_in_order(anna, bot_id, change, code):
    params = {"BOT_ID": bot_id, "DIALOG_ID": "1", "MESSAGE": "Hi", **change}

    assert anna.refused(ADD, params) == (code, 400)
    assert texts(anna, bot_id) == []


def test_a_bot_in_a_group_writes_there(anna, bot_id, world):
    messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot_id), "chat1")
    fields = {"message": "Hello, all", "keyboard": [{"TEXT": "Go"}]}

    answer = anna.call(SEND, {"botId": bot_id, "dialogId": "chat1", "fields": fields})

    message = anna.portal.messages[-1]
    assert answer == {"id": message.id, "uuidMap": []}
    assert (message.room, message.params) == (1, {"KEYBOARD": [{"TEXT": "Go"}]})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"botId": 0}, "BOT_ID_REQUIRED"),
        ({"botId": 999}, "BOT_NOT_FOUND"),
        ({"botId": 101}, "BOT_OWNERSHIP_ERROR"),
        ({"dialogId": None}, "100"),
        ({"dialogId": "chat1"}, "ACCESS_DENIED"),
        ({"fields": {}}, "EMPTY_MESSAGE"),
    ],
)
def test_sending_is_checked_in_order(anna, bot_id, change, code):
    params = {"botId": bot_id, "dialogId": "1", "fields": {"message": "Hi"}, **change}

    assert anna.refused(SEND, params) == (code, 400)


def test_a_long_message_is_cut(anna, bot_id):
    anna.call(SEND, {"botId": bot_id, "dialogId": "1", "fields": {"message": "x" * 20_001}})

    assert anna.portal.messages[-1].text == "x" * 20_000 + " (...)"


@pytest.mark.parametrize("key", ["COMMAND_ID", "COMMAND"])
def test_a_command_is_answered_where_it_was_given(anna, bot_id, command_id, key):
    asked = write(anna, str(bot_id), "/help me")
    named = {"COMMAND_ID": command_id, "COMMAND": "help"}[key]

    number = anna.call(ANSWER, {key: named, "MESSAGE_ID": asked.id, "MESSAGE": "Here"})

    message = anna.portal.messages[-1]
    assert (message.id, message.author, message.text) == (number, bot_id, "Here")
    assert message.room == asked.room


def test_a_bot_that_is_not_there_answers_by_a_system_message(anna, bot_id, command_id):
    asked = write(anna, "chat1", "/help me")

    params = {"botId": bot_id, "commandId": command_id, "messageId": asked.id}
    fields = {"message": "Here"}
    answer = anna.call(ANSWER_V2, {**params, "dialogId": "chat1", "fields": fields})

    message = anna.portal.messages[-1]
    assert answer == {"result": True}
    assert message.is_system
    assert messenger.plain(message.text) == "Chat apps\n Here"


def test_an_answer_that_comes_too_late_is_true_and_unseen(anna, bot_id, command_id, world):
    asked = write(anna, str(bot_id), "/help me")
    world.advance(601)
    params = {"COMMAND_ID": command_id, "MESSAGE_ID": asked.id, "MESSAGE": "Here"}

    assert anna.call(ANSWER, params) is True
    assert texts(anna, bot_id) == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"COMMAND_ID": 999}, "COMMAND_ID_ERROR"),
        ({"COMMAND_ID": None, "COMMAND": "nothing"}, "COMMAND_ID_ERROR"),
        ({"MESSAGE_ID": 0}, "MESSAGE_ID_EMPTY"),
        ({"MESSAGE": ""}, "MESSAGE_EMPTY"),
        ({"MESSAGE_ID": 5}, "WRONG_REQUEST"),
    ],
)
def test_an_answer_is_checked_in_order(anna, bot_id, command_id, change, code):
    asked = write(anna, str(bot_id), "/help")
    params = {"COMMAND_ID": command_id, "MESSAGE_ID": asked.id, "MESSAGE": "Here", **change}

    assert anna.refused(ANSWER, params) == (code, 400)


def test_a_foreign_command_is_not_answered(anna, boris, command_id):
    anna.portal.commands[command_id].client_id = "app.other"

    params = {"COMMAND_ID": command_id, "MESSAGE_ID": 1, "MESSAGE": "Here"}
    assert anna.refused(ANSWER, params) == ("APP_ID_ERROR", 400)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"commandId": 999}, "COMMAND_NOT_FOUND"),
        ({"messageId": None}, "100"),
        ({"dialogId": None}, "100"),
        ({"messageId": 5}, "COMMAND_ANSWER_FAILED"),
    ],
)
def test_an_answer_of_the_second_version_is_checked_in_order(
    anna, bot_id, command_id, change, code
):
    asked = write(anna, str(bot_id), "/help")
    params = {"botId": bot_id, "commandId": command_id, "messageId": asked.id}
    params |= {"dialogId": "1", "fields": {"message": "Here"}, **change}

    assert anna.refused(ANSWER_V2, params) == (code, 400)


def test_tokens_of_the_bot_work_as_long_as_the_bot(anna, listener, world):
    fields = bot_fields("w", eventMode="webhook", webhookUrl=listener.url)
    bot_id = anna.call("imbot.v2.Bot.register", {"fields": fields})["bot"]["id"]
    write(anna, str(bot_id), "Hello")
    assert world.drain()
    anna.token = listener.received[-1]["data[bot][auth][access_token]"]

    assert anna.call("profile")["ID"] == str(bot_id)
    anna.call(SEND, {"botId": bot_id, "dialogId": "1", "fields": {"message": "Good evening"}})
    assert texts(anna, bot_id) == ["Good evening"]

    anna.call("imbot.v2.Bot.unregister", {"botId": bot_id})
    assert anna.refused("profile") == ("authorization_error", 401)
