"""im.message.add: what an application says in the name of the person whose token it has."""

import pytest

from tests.sandbox.conftest import bot_fields

ADD = "im.message.add"


def test_a_person_says_something_through_an_application(anna, egor):
    number = egor.call(ADD, {"DIALOG_ID": "chat1", "MESSAGE": "  Good morning "})

    message = anna.portal.messages[-1]
    assert (message.id, message.author, message.text) == (number, egor.user.id, "Good morning")


def test_a_command_in_it_runs(anna, listener):
    fields = bot_fields("w", eventMode="webhook", webhookUrl=listener.url)
    bot_id = anna.call("imbot.v2.Bot.register", {"fields": fields})["bot"]["id"]
    command = {"command": "help", "title": {"en": "Help"}}
    anna.call("imbot.v2.Command.register", {"botId": bot_id, "fields": command})

    anna.call(ADD, {"DIALOG_ID": str(bot_id), "MESSAGE": "/help me"})

    assert anna.world.drain()
    assert "ONIMBOTV2COMMANDADD" in [event["event"] for event in listener.received]


@pytest.mark.parametrize(
    ("params", "refusal"),
    [
        ({"DIALOG_ID": "chat1"}, ("MESSAGE_EMPTY", 400)),
        ({"DIALOG_ID": "chat1", "MESSAGE": "  "}, ("MESSAGE_EMPTY", 400)),
        ({"DIALOG_ID": "chat1", "MESSAGE": ["a"]}, ("MESSAGE_EMPTY", 400)),
        ({"MESSAGE": "a"}, ("PARAMS_ERROR", 400)),
        ({"DIALOG_ID": "0", "MESSAGE": "a"}, ("USER_ID_EMPTY", 400)),
        ({"DIALOG_ID": "98765", "MESSAGE": "a"}, ("USER_NOT_FOUND", 400)),
        ({"DIALOG_ID": "chat98765", "MESSAGE": "a"}, ("ACCESS_ERROR", 403)),
        ({"DIALOG_ID": "chat1", "MESSAGE": "a", "ATTACH": "b"}, ("ATTACH_ERROR", 400)),
    ],
)
def test_what_cannot_be_said_is_refused(anna, params, refusal):
    assert anna.refused(ADD, params) == refusal


def test_it_needs_the_scope_of_the_messenger(anna):
    anna.world.card.scope.remove("im")

    assert anna.refused(ADD, {"DIALOG_ID": "chat1", "MESSAGE": "a"}) == ("insufficient_scope", 401)
