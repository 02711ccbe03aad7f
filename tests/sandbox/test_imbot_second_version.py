"""Bots by imbot.v2.Bot.*."""

import base64

import pytest

URL = "http://127.0.0.1:9/bot"


def register(person, code="helper", **fields):
    form = {"code": code, "properties": {"name": "Helper", "lastName": "Bot"}, **fields}
    return person.call("imbot.v2.Bot.register", {"fields": form})


def test_registration_answers_with_the_bot(anna):
    answer = register(anna, isHidden="Y", backgroundId="mint")

    bot = answer["bot"]
    assert (bot["code"], bot["type"], bot["eventMode"]) == ("helper", "bot", "fetch")
    assert (bot["isHidden"], bot["isReactionsEnabled"], bot["backgroundId"]) == (True, True, "mint")
    assert answer["users"][0]["name"] == "Helper Bot"


def test_own_code_returns_the_same_bot_unchanged(anna):
    first = register(anna)["bot"]

    assert register(anna, isHidden=True)["bot"] == first


def test_old_upper_case_names_are_understood(anna):
    form = {
        "CODE": "old",
        "PROPERTIES": {"NAME": "Old"},
        "EVENT_MODE": "webhook",
        "WEBHOOK_URL": URL,
    }

    assert anna.call("imbot.v2.bot.register", {"fields": form})["bot"]["eventMode"] == "webhook"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, "BOT_CODE_REQUIRED"),
        ({"code": "x"}, "BOT_PROPERTIES_REQUIRED"),
        ({"code": "x", "properties": {"lastName": "L"}}, "BOT_PROPERTIES_REQUIRED"),
        ({"code": "x", "properties": {"name": "N"}, "eventMode": "?"}, "BOT_INVALID_EVENT_MODE"),
        (
            {"code": "x", "properties": {"name": "N"}, "eventMode": "webhook"},
            "BOT_WEBHOOK_URL_REQUIRED",
        ),
        ({"code": "helpdesk", "properties": {"name": "N"}, "type": "?"}, "BOT_CODE_ALREADY_TAKEN"),
        ({"code": "x", "properties": {"name": "N"}, "type": "?"}, "BOT_INVALID_TYPE"),
        (
            {
                "code": "x",
                "properties": {"name": "N"},
                "eventMode": "webhook",
                "webhookUrl": "http://localhost/",
            },
            "BOT_INVALID_CALLBACK",
        ),
        (
            {"code": "x", "properties": {"name": "N", "avatar": base64.b64encode(b"x").decode()}},
            "BOT_AVATAR_INCORRECT_TYPE",
        ),
    ],
)
def test_registration_checks_in_order(anna, fields, code):
    assert anna.refused("imbot.v2.Bot.register", {"fields": fields}) == (code, 400)


def test_there_is_a_limit(anna, world):
    world.faults.bot_limit = 1
    register(anna)

    form = {"code": "more", "properties": {"name": "More"}}
    assert anna.refused("imbot.v2.Bot.register", {"fields": form})[0] == "BOT_LIMIT_EXCEEDED"


def test_webhook_bot_is_subscribed_until_the_last_one_goes(anna):
    one = register(anna, "one", eventMode="webhook", webhookUrl=URL)["bot"]["id"]
    two = register(anna, "two")["bot"]["id"]

    assert len(anna.call("event.get")) == 8
    anna.call("imbot.v2.Bot.unregister", {"botId": one})
    assert len(anna.call("event.get")) == 8
    anna.call("imbot.v2.Bot.unregister", {"botId": two})
    assert anna.call("event.get") == []


def test_get_finds_by_id_or_code_and_is_short_for_strangers(anna):
    bot = register(anna)["bot"]

    assert anna.call("imbot.v2.Bot.get", {"botId": bot["id"]})["bot"] == bot
    assert anna.call("imbot.v2.Bot.get", {"code": "helper"})["bot"] == bot
    assert set(anna.call("imbot.v2.Bot.get", {"code": "helpdesk"})["bot"]) == {"id", "code", "type"}


@pytest.mark.parametrize(
    ("params", "code"), [({}, "PARAMS_REQUIRED"), ({"code": "nobody"}, "BOT_NOT_FOUND")]
)
def test_get_says_what_is_missing(anna, params, code):
    assert anna.refused("imbot.v2.Bot.get", params) == (code, 400)


def test_list_shows_own_bots_by_pages(anna):
    for code in ("a", "b", "c"):
        register(anna, code)

    first = anna.call("imbot.v2.Bot.list", {"limit": 2})
    rest = anna.call("imbot.v2.Bot.list", {"limit": 2, "offset": 2})

    assert [bot["code"] for bot in first["bots"]] == ["a", "b"]
    assert (first["hasNextPage"], rest["hasNextPage"]) == (True, False)
    assert [bot["code"] for bot in rest["bots"]] == ["c"]


def test_unregistration_is_nested_and_works_once(anna):
    bot_id = register(anna)["bot"]["id"]

    assert anna.call("imbot.v2.Bot.unregister", {"botId": bot_id}) == {"result": True}
    assert anna.refused("imbot.v2.Bot.unregister", {"botId": bot_id}) == ("BOT_NOT_FOUND", 400)


def test_foreign_bot_is_out_of_reach(anna):
    foreign = anna.portal.bots[0].id

    assert anna.refused("imbot.v2.Bot.unregister", {"botId": foreign})[0] == "BOT_OWNERSHIP_ERROR"
    assert anna.refused("imbot.v2.Bot.unregister")[0] == "BOT_ID_REQUIRED"
