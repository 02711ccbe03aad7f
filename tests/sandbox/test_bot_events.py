"""What an application hears of its bots, in both formats."""

import pytest

from sandbox import events, messenger
from sandbox import portal as deeds
from tests.sandbox.conftest import bot_fields

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@pytest.fixture
def first(anna, listener):
    """A bot of the first version that tells `listener` everything."""
    params = {"CODE": "old", "EVENT_HANDLER": listener.url, "PROPERTIES": {"NAME": "Oldie"}}
    return anna.portal.bot(anna.call("imbot.register", params))


@pytest.fixture
def second(anna, listener):
    """A bot of the second version in webhook mode."""
    fields = bot_fields("new", eventMode="webhook", webhookUrl=listener.url)
    return anna.portal.bot(anna.call("imbot.v2.Bot.register", {"fields": fields})["bot"]["id"])


def command_of_first(anna, listener, bot, **more):
    params = {"BOT_ID": bot.id, "COMMAND": "help", "EVENT_COMMAND_ADD": listener.url}
    lang = [{"LANGUAGE_ID": "en", "TITLE": "Help", "PARAMS": "topic"}]
    return anna.call("imbot.command.register", {**params, "LANG": lang, **more})


def command_of_second(anna, bot, name="help", **more):
    fields = {"command": name, "title": {"en": "Help", "de": "Hilfe"}, **more}
    answer = anna.call("imbot.v2.Command.register", {"botId": bot.id, "fields": fields})
    return answer["command"]["id"]


def write(person, dialog, text):
    message = messenger.write(person.world, person.portal, person.user, dialog, text)
    assert person.world.drain()
    return message


def heard(listener, event):
    return [one for one in listener.received if one["event"] == event]


def test_opening_a_bots_dialog_tells_it_once_that_it_joined(anna, listener, first, world):
    for _ in range(2):
        messenger.open_dialog(world, anna.portal, anna.user, str(first.id))
    assert world.drain()

    [got] = heard(listener, "ONIMBOTJOINCHAT")
    named = f"data[BOT][{first.id}]"
    token = world.grants[got[f"{named}[AUTH][access_token]"]]
    assert (token.user_id, got[f"{named}[access_token]"]) == (first.id, token.access)
    assert got[f"{named}[AUTH][refresh_token]"] == token.refresh
    assert got[f"{named}[AUTH][client_id]"] == world.card.client_id
    assert (got[f"{named}[BOT_ID]"], got[f"{named}[BOT_CODE]"]) == (str(first.id), "old")
    params = {
        key.removeprefix("data[PARAMS]")[1:-1]: value
        for key, value in got.items()
        if key.startswith("data[PARAMS]")
    }
    # By the documentation only a group's event tells the number of the chat.
    number = {"CHAT_ID": str(max(anna.portal.rooms))} if world.profile == "source" else {}
    assert params == number | {
        "CHAT_TYPE": "P",
        "MESSAGE_TYPE": "P",
        "BOT_ID": str(first.id),
        "USER_ID": "1",
        "TO_USER_ID": "1",
        "FROM_USER_ID": str(first.id),
        "DIALOG_ID": "1",
        "LANGUAGE": "en",
    }
    assert {key for key in got if key.startswith("data[USER]")} == {
        f"data[USER][{name}]"
        for name in ("ID", "NAME", "FIRST_NAME", "LAST_NAME", "WORK_POSITION", "GENDER")
    }
    assert world.grants[got["auth[access_token]"]].user_id == 1
    assert "auth[refresh_token]" not in got


def test_who_takes_part_in_a_chat_is_told_of_chats_the_bot_is_in(anna, first, second):
    room = messenger.open_dialog(anna.world, anna.portal, anna.user, str(first.id))
    params = {"BOT_ID": first.id, "CHAT_ID": room.id}

    assert sorted(anna.call("imbot.chat.user.list", params)) == sorted([1, first.id])
    assert anna.call("imbot.chat.user.list", params | {"BOT_ID": second.id}) == []
    code, _ = anna.refused("imbot.chat.user.list", params | {"CHAT_ID": 0})
    assert code == "CHAT_ID_EMPTY"


def test_a_bot_invited_to_a_group_is_told_where_and_by_whom(anna, listener, second, world):
    assert messenger.invite(world, anna.portal, anna.user, second, "chat1")
    assert not messenger.invite(world, anna.portal, anna.user, second, "chat1")
    assert world.drain()

    [got] = listener.received
    assert got["event"] == "ONIMBOTV2JOINCHAT"
    assert (got["data[bot][id]"], got["data[bot][code]"]) == (str(second.id), "new")
    assert world.grants[got["data[bot][auth][access_token]"]].user_id == second.id
    assert (got["data[dialogId]"], got["data[chat][id]"]) == ("chat1", "1")
    assert (got["data[chat][type]"], got["data[chat][name]"]) == ("chat", "General")
    assert (got["data[user][id]"], got["data[user][name]"]) == ("1", "Anna Sokolova")
    assert (got["data[user][active]"], got["data[language]"]) == ("1", "en")
    assert "auth[refresh_token]" not in got


def test_a_message_to_a_bot_is_told_with_tokens_of_the_bot(anna, listener, first, world):
    message = write(anna, str(first.id), "Good evening")

    [got] = heard(listener, "ONIMBOTMESSAGEADD")
    assert got["data[PARAMS][MESSAGE]"] == "Good evening"
    assert got["data[PARAMS][MESSAGE_ID]"] == str(message.id)
    assert (got["data[PARAMS][FROM_USER_ID]"], got["data[PARAMS][TO_USER_ID]"]) == (
        "1",
        str(first.id),
    )
    assert (got["data[PARAMS][DIALOG_ID]"], got["data[PARAMS][CHAT_TYPE]"]) == ("1", "P")
    assert got["data[USER][IS_BOT]"] == "N"
    token = got[f"data[BOT][{first.id}][AUTH][access_token]"]
    assert world.grants[token].user_id == first.id
    assert got["auth[refresh_token]"]


def test_a_message_of_the_second_version(anna, listener, second):
    message = write(anna, str(second.id), "Good evening")

    [got] = heard(listener, "ONIMBOTV2MESSAGEADD")
    assert (got["data[message][id]"], got["data[message][text]"]) == (
        str(message.id),
        "Good evening",
    )
    assert (got["data[message][isSystem]"], got["data[message][forward]"]) == ("0", "")
    assert (got["data[chat][type]"], got["data[chat][dialogId]"]) == ("private", "1")
    assert not any(key.startswith("data[message][params]") for key in got)


def test_in_a_group_a_bot_hears_only_what_is_said_to_it(anna, listener, second, world):
    messenger.invite(world, anna.portal, anna.user, second, "chat1")
    write(anna, "chat1", "Good evening, all")
    write(anna, "chat1", f"[USER={second.id}]Chat apps[/USER], are you there?")

    [got] = heard(listener, "ONIMBOTV2MESSAGEADD")
    assert got["data[chat][dialogId]"] == "chat1"


def test_a_command_is_told_in_place_of_the_message(anna, listener, first):
    number = command_of_first(anna, listener, first)

    message = write(anna, str(first.id), "/help me now")

    assert heard(listener, "ONIMBOTMESSAGEADD") == []
    [got] = heard(listener, "ONIMCOMMANDADD")
    row = f"data[COMMAND][{number}]"
    assert {key: got[f"{row}[{key}]"] for key in ("COMMAND", "COMMAND_ID", "COMMAND_PARAMS")} == {
        "COMMAND": "help",
        "COMMAND_ID": str(number),
        "COMMAND_PARAMS": "me now",
    }
    assert got[f"{row}[COMMAND_CONTEXT]"] == "TEXTAREA"
    assert got[f"{row}[MESSAGE_ID]"] == str(message.id)
    assert got[f"{row}[AUTH][user_id]"] == got[f"{row}[BOT_ID]"] == str(first.id)
    assert got["auth[refresh_token]"]


def test_a_command_of_the_second_version(anna, listener, second):
    number = command_of_second(anna, second)

    write(anna, str(second.id), "/help me")

    [got] = heard(listener, "ONIMBOTV2COMMANDADD")
    assert got["data[command][id]"] == str(number)
    assert got["data[command][command]"] == "/help"
    assert (got["data[command][params]"], got["data[command][context]"]) == ("me", "textarea")
    assert got["data[message][text]"] == "/help me"


def test_a_command_runs_where_its_bot_is_unless_it_is_common(anna, listener, second, world):
    command_of_second(anna, second)
    command_of_second(anna, second, "weather", common=True)

    write(anna, "chat1", "/help")
    write(anna, "chat1", "/weather here")

    commands = [got["data[command][command]"] for got in heard(listener, "ONIMBOTV2COMMANDADD")]
    assert commands == ["/weather"]


def test_an_unknown_command_is_an_ordinary_message(anna, listener, second):
    write(anna, str(second.id), "/nothing")

    [got] = heard(listener, "ONIMBOTV2MESSAGEADD")
    assert got["data[message][text]"] == "/nothing"


def test_a_bot_that_fetches_is_told_nothing(anna, listener, second):
    params = {"botId": second.id, "fields": {"eventMode": "fetch"}}
    anna.call("imbot.v2.Bot.update", params)

    write(anna, str(second.id), "Hello?")
    anna.call("imbot.v2.Bot.unregister", {"botId": second.id})

    assert anna.world.drain()
    assert listener.received == []


def test_an_application_with_bots_of_both_versions(anna, listener, first, second, world):
    """By the source every subscription hears of every bot; by the documentation only its own."""
    write(anna, str(second.id), "Hello")

    told = {got["event"] for got in listener.received if "MESSAGEADD" in got["event"]}
    both = {"ONIMBOTMESSAGEADD", "ONIMBOTV2MESSAGEADD"}
    assert told == (both if world.profile == "source" else {"ONIMBOTV2MESSAGEADD"})


def test_a_deleted_bot_is_told_and_its_dialogs_go(anna, listener, second, world):
    write(anna, str(second.id), "Hello")
    anna.call("imbot.v2.Bot.unregister", {"botId": second.id})

    assert world.drain()
    [got] = heard(listener, "ONIMBOTV2DELETE")
    assert (got["data[bot][id]"], got["data[bot][auth][user_id]"]) == (
        str(second.id),
        str(second.id),
    )
    assert anna.portal.messages == [one for one in anna.portal.messages if one.text != "Hello"]
    assert messenger.open_dialog(world, anna.portal, anna.user, str(second.id)) is None


def test_the_portals_own_events_name_no_bot_of_others(anna, listener, first, world):
    helpdesk = next(bot for bot in anna.portal.bots if bot.code == "helpdesk")

    write(anna, str(helpdesk.id), "Hello")

    assert listener.received == []


def test_payment_that_runs_out_stops_everything_but_its_own_event(anna, listener, world):
    anna.call("event.bind", {"event": "ONAPPPAYMENT", "handler": listener.url})
    anna.call("event.bind", {"event": "ONAPPTEST", "handler": listener.url})

    deeds.set_payment(world, anna.portal, expired=True, days=0)
    deeds.fire_app_event(world, anna.portal, "ONAPPTEST", {}, anna.user)

    assert world.drain()
    [got] = listener.received
    assert (got["event"], got["data[PAYMENT_EXPIRED]"], got["data[DAYS]"]) == (
        "ONAPPPAYMENT",
        "Y",
        "0",
    )
    assert (got["data[STATUS]"], "auth[access_token]" in got) == ("F", False)
    assert ("data[LANGUAGE_ID]" in got) == (world.profile == "documented")
    assert anna.refused("profile") == ("PAYMENT_REQUIRED", 401)

    deeds.set_payment(world, anna.portal, expired=False, days=30)

    info = anna.call("app.info")
    assert (info["PAYMENT_EXPIRED"], info["DAYS"]) == ("N", 30)


def test_an_event_can_be_sent_again_as_it_was(anna, listener, world):
    anna.call("event.bind", {"event": "ONAPPINSTALL", "handler": listener.url})
    deeds.finish_install(world, anna.portal, anna.user)
    assert world.drain()

    assert events.send_again(world, anna.portal, anna.portal.events_log[-1])

    assert world.drain()
    assert (len(listener.bodies), len(set(listener.bodies))) == (2, 1)
    assert len(anna.portal.events_log) == 2
