"""imbot.update and imbot.v2.Bot.update."""

import base64
import io

import pytest
from PIL import Image

from sandbox.events import BOT_V2_EVENTS
from tests.sandbox.conftest import bot_fields

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

OLD = "http://app.example/old"
NEW = "http://app.example/new"


def picture():
    out = io.BytesIO()
    Image.new("RGB", (8, 8)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture
def first(anna):
    params = {"CODE": "b", "EVENT_HANDLER": OLD, "PROPERTIES": {"NAME": "Desk", "LAST_NAME": "Bot"}}
    return anna.portal.bot(anna.call("imbot.register", params))


@pytest.fixture
def second(anna):
    fields = bot_fields("w", eventMode="webhook", webhookUrl=OLD)
    return anna.portal.bot(anna.call("imbot.v2.Bot.register", {"fields": fields})["bot"]["id"])


def change(person, bot, **fields):
    return person.call("imbot.update", {"BOT_ID": bot.id, "FIELDS": fields})


def update(person, bot, **fields):
    return person.call("imbot.v2.Bot.update", {"botId": bot.id, "fields": fields})


def handlers(portal):
    return {row.event: row.handler for row in portal.bindings}


def test_update_gives_a_new_name_picture_and_code(anna, first):
    properties = {"NAME": "Front", "LAST_NAME": "", "COLOR": "RED", "PERSONAL_PHOTO": picture()}

    assert change(anna, first, CODE="c", TYPE="H", PROPERTIES=properties) is True

    assert (first.code, first.name, first.last_name, first.type) == ("c", "Front", "", "bot")
    assert first.properties["PERSONAL_PHOTO"] == picture()


def test_an_empty_name_is_left_out(anna, first):
    change(anna, first, PROPERTIES={"NAME": " ", "LAST_NAME": "Robot"})

    assert (first.name, first.last_name) == ("Desk", "Robot")


def test_one_handler_or_all_are_changed(anna, first):
    change(anna, first, EVENT_WELCOME_MESSAGE=NEW)
    assert handlers(anna.portal)["ONIMBOTJOINCHAT"] == NEW
    assert handlers(anna.portal)["ONIMBOTMESSAGEADD"] == OLD

    change(anna, first, EVENT_HANDLER=NEW)
    assert set(handlers(anna.portal).values()) == {NEW}


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"BOT_ID": 0}, "BOT_ID_ERROR"),
        ({"BOT_ID": 101}, "APP_ID_ERROR"),
        ({"FIELDS": {"EVENT_BOT_DELETE": "http://x/"}}, "EVENT_BOT_DELETE_ERROR"),
        ({"FIELDS": {"PROPERTIES": {"NAME": "", "LAST_NAME": ""}}}, "NAME_ERROR"),
        ({"FIELDS": {}}, "WRONG_REQUEST"),
        ({"FIELDS": {"CODE": "helpdesk"}}, "WRONG_REQUEST"),
    ],
)
def test_update_is_checked_in_order(anna, first, params, code):
    assert anna.refused("imbot.update", {"BOT_ID": first.id, **params}) == (code, 400)


def test_second_version_changes_flags_and_answers_with_the_bot(anna, second):
    answer = update(anna, second, isHidden="Y", isReactionsEnabled=False, backgroundId="mint")

    bot = answer["bot"]
    assert (bot["isHidden"], bot["isReactionsEnabled"], bot["backgroundId"]) == (
        True,
        False,
        "mint",
    )
    assert update(anna, second, backgroundId="plaid")["bot"]["backgroundId"] is None


def test_properties_are_replaced_as_a_whole_but_not_the_name(anna, second):
    update(anna, second, properties={"name": "Front", "workPosition": "Help", "avatar": picture()})

    user = update(anna, second, properties={"lastName": "Robot"})["users"][0]

    assert (user["firstName"], user["lastName"], user["workPosition"]) == ("Front", "Robot", "")
    assert second.properties["avatar"] == picture()


def test_a_new_webhook_takes_over_every_event(anna, second):
    update(anna, second, webhookUrl=NEW)

    assert handlers(anna.portal) == dict.fromkeys(BOT_V2_EVENTS, NEW)


def test_a_bot_that_turns_to_fetching(anna, second, world):
    assert update(anna, second, eventMode="FETCH")["bot"]["eventMode"] == "fetch"

    assert bool(anna.portal.bindings) == (world.profile == "source")
    update(anna, second, eventMode="webhook", webhookUrl=NEW)
    assert handlers(anna.portal) == dict.fromkeys(BOT_V2_EVENTS, NEW)


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"botId": None}, "BOT_ID_REQUIRED"),
        ({"botId": 999}, "BOT_NOT_FOUND"),
        ({"botId": 101}, "BOT_OWNERSHIP_ERROR"),
        ({"fields": {"eventMode": "post"}}, "BOT_INVALID_EVENT_MODE"),
        ({"fields": {"properties": {"avatar": "x"}}}, "BOT_AVATAR_INCORRECT_TYPE"),
        ({"fields": {"webhookUrl": "http://x/"}}, "BOT_INVALID_CALLBACK"),
    ],
)
def test_update_of_the_second_version_is_checked(anna, second, params, code):
    params = {"botId": second.id, "fields": {}, **params}

    assert anna.refused("imbot.v2.Bot.update", params) == (code, 400)


def test_what_is_given_is_changed_before_the_address_is_refused(anna, second):
    fields = {"isHidden": True, "webhookUrl": "ftp://a.example/"}

    anna.refused("imbot.v2.Bot.update", {"botId": second.id, "fields": fields})

    assert second.is_hidden
    assert handlers(anna.portal)["ONIMBOTV2DELETE"] == OLD
