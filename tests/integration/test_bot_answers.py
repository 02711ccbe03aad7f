"""Bots that answer: welcomes and replies, once, in the person's language, as the bot itself."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from b24app import jobs, keys
from sandbox import bot_events, messenger, oauth
from sandbox.bot_events import Cause
from sandbox.rooms import room_of
from tests.cast import typed_bot, typed_command
from tests.integration.chains import HOUR, let_pass
from tests.integration.life import both_profiles, send

both_families = pytest.mark.parametrize("family", ["old", "new"])

WELCOME = {"welcome_language": ["en", "de"], "welcome": ["Hello!", "Hallo!"]}
REPLIES = {"replies_language": ["en", "de"], "replies": ["Turn left.", "Links abbiegen."]}


def settle(person, world, family="new", **changes):
    """Install, and register a bot with this family of methods; the bot on the portal."""
    person.install()
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    assert person.post("/bots", typed_bot(**(WELCOME | changes))).status_code == 200
    [bot] = person.bots()
    return bot


def give_command(person, bot, **changes):
    reply = person.post("/commands", typed_command(bot.id, **(REPLIES | changes)))
    assert reply.status_code == 200
    [command] = person.portal.commands.values()
    return command


def said_by(person, bot):
    return [one.text for one in person.portal.messages if one.author == bot.id]


def write(person, dialog, text):
    message = messenger.write(person.world, person.portal, person.user, str(dialog), text)
    assert person.world.drain()
    return message


def send_again(person, name):
    """The portal's queue sends its last event of this name once more, as it was."""
    sent = [event for event in person.portal.events_log if event.event == name][-1]
    head = {"Content-Type": "application/x-www-form-urlencoded"}
    assert requests.post(sent.handler, data=sent.sent, headers=head, timeout=10).ok


@both_profiles
@both_families
def test_a_bot_welcomes_who_opens_its_chat(anna, egor, world, work, family):
    bot = settle(anna, world, family)
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == ["Hello!"]


@both_profiles
@both_families
def test_a_bot_welcomes_the_group_it_is_added_to(anna, world, work, family):
    bot = settle(anna, world, family)
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()

    work()

    assert said_by(anna, bot) == ["Hello!"]


@both_profiles
@both_families
def test_a_command_is_answered_where_it_was_given(anna, egor, world, work, family):
    bot = settle(anna, world, family, welcome=["", ""])
    give_command(anna, bot)
    asked = write(egor, bot.id, "/help the way")

    work()

    assert said_by(anna, bot) == ["Turn left."]
    assert anna.portal.messages[-1].room == asked.room


@both_profiles
@both_families
def test_people_are_answered_in_their_language(boris, world, work, family):
    """Borealis speaks German, and so does the event."""
    bot = settle(boris, world, family)
    give_command(boris, bot)
    write(boris, bot.id, "/help")

    work()

    assert sorted(said_by(boris, bot)) == ["Hallo!", "Links abbiegen."]


def test_without_the_persons_language_english_is_spoken_and_then_the_first(boris, world, work):
    only = {"welcome_language": ["ru", "en"], "welcome": ["Привет!", "Hello!"]}
    bot = settle(boris, world, **only)
    give_command(boris, bot, replies_language=["ru"], replies=["Налево."])
    write(boris, bot.id, "/help")

    work()

    assert sorted(said_by(boris, bot)) == ["Hello!", "Налево."]


@both_profiles
@both_families
def test_it_answers_with_the_bots_own_token(anna, egor, world, work, resources, family):
    """No administrator's token is needed: the stored chains are dead, and nothing is renewed."""
    bot = settle(anna, world, family)
    work()
    oauth.kill_refresh_tokens(world, anna.portal)
    oauth.expire_access_tokens(world, anna.portal)
    renewals = world.renewals + world.refused_renewals
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == ["Hello!"]
    assert world.renewals + world.refused_renewals == renewals


@both_profiles
@both_families
def test_without_a_token_in_the_event_the_stored_chain_speaks(anna, world, work, family):
    bot = settle(anna, world, family)
    work()
    world.faults.order_event("no_tokens", times=2)
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()
    calls = len(anna.portal.rest_log)

    work()

    assert said_by(anna, bot) == ["Hello!"]
    assert len(anna.portal.rest_log) == calls + 2  # asked whether it is there, and spoken


@pytest.mark.parametrize(("world", "said"), [("source", 1), ("documented", 0)], indirect=["world"])
def test_the_stored_chain_speaks_in_a_private_chat_whose_number_was_told(
    anna, egor, world, work, said
):
    """By the documentation the first family's event does not tell it: then nobody can ask."""
    bot = settle(anna, world, "old")
    work()
    world.faults.order_event("no_tokens", times=2)
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == ["Hello!"] * said


@both_profiles
def test_the_stored_chain_speaks_in_a_private_chat_of_the_second_family(anna, egor, world, work):
    bot = settle(anna, world)
    work()
    world.faults.order_event("no_tokens", times=2)
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == ["Hello!"]


def forge_joining(person, resources, bot, dialog, chat_id):
    """What any employee can send, who reads the application token in the frame."""
    if bot.api == "v1":
        data = {f"BOT][{bot.id}][BOT_ID": str(bot.id), "PARAMS][DIALOG_ID": dialog}
        data["PARAMS][CHAT_ID"] = str(chat_id)
        return send(person, resources, "ONIMBOTJOINCHAT", **data)
    data = {"bot][id": str(bot.id), "dialogId": dialog, "chat][id": str(chat_id)}
    # As if it were a command, which is not asked about.
    data |= {"command][id": "7", "message][id": "7"}
    return send(person, resources, "ONIMBOTV2JOINCHAT", **data)


@both_profiles
@both_families
@pytest.mark.parametrize("dialog", ["1", "chat1", "chat2", "chat77"])
def test_a_forged_joining_makes_no_bot_speak_where_it_is_not(
    anna, egor, world, work, resources, family, dialog
):
    """Egor has a chat with the bot; he names Anna's, which does not exist, and others' groups."""
    bot = settle(anna, world, family)
    write(egor, bot.id, "Hi")
    work()
    rooms, said = dict(anna.portal.rooms), len(anna.portal.messages)
    met = room_of(world, anna.portal, egor.user.id, str(bot.id)).id
    assert forge_joining(anna, resources, bot, dialog, met) == 200

    work()

    assert len(anna.portal.messages) == said
    assert anna.portal.rooms == rooms
    assert resources.inbox.dead_letters(anna.portal.member_id) == []


@both_families
def test_a_forged_joining_does_not_silence_the_true_one(anna, world, work, resources, family):
    bot = settle(anna, world, family)
    work()
    forge_joining(anna, resources, bot, "chat1", 1)
    work()
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()

    work()

    assert said_by(anna, bot) == ["Hello!"]


def test_where_nobody_says_whether_it_joined_it_is_asked_again(anna, world, work, resources):
    bot = settle(anna, world)
    work()
    world.faults.order_event("no_tokens", times=2)
    world.faults.order("html", "imbot.chat.user.list", times=9)
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()
    work()
    assert said_by(anna, bot) == []
    world.faults.clear()

    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)
    work()

    assert said_by(anna, bot) == ["Hello!"]


@both_profiles
@both_families
def test_answers_of_events_that_come_in_another_order_are_said_once_each(
    anna, egor, world, work, family
):
    """The command overtakes the joining it belongs to, and both are sent again later."""
    bot = settle(anna, world, family)
    give_command(anna, bot)
    names = ("ONIMBOTJOINCHAT", "ONIMCOMMANDADD")
    if family == "new":
        names = ("ONIMBOTV2JOINCHAT", "ONIMBOTV2COMMANDADD")
    world.faults.order_event("late", names[0])
    write(egor, bot.id, "/help")
    work()
    for name in reversed(names):
        send_again(anna, name)

    work()

    assert sorted(said_by(anna, bot)) == ["Hello!", "Turn left."]


@both_families
def test_a_token_that_ran_out_while_the_event_waited_is_replaced(anna, egor, world, work, family):
    bot = settle(anna, world, family)
    write(egor, bot.id, "Hi")
    oauth.expire_access_tokens(world, anna.portal, bot.id)

    work()

    assert said_by(anna, bot) == ["Hello!"]


@both_profiles
@both_families
def test_an_event_sent_twice_is_answered_once(anna, egor, world, work, family):
    bot = settle(anna, world, family)
    give_command(anna, bot)
    world.faults.order_event("twice", times=4)
    write(egor, bot.id, "/help")

    work()

    assert sorted(said_by(anna, bot)) == ["Hello!", "Turn left."]


@both_families
def test_an_event_sent_again_with_other_tokens_is_answered_once(anna, egor, world, work, family):
    """The bytes differ, so only what was answered can tell."""
    bot = settle(anna, world, family)
    write(egor, bot.id, "Hi")
    work()
    room = room_of(world, anna.portal, egor.user.id, str(bot.id))
    bot_events.joined(world, anna.portal, anna.portal.bot(bot.id), room, Cause(egor.user.id))
    assert world.drain()

    work()

    assert said_by(anna, bot) == ["Hello!"]


@both_families
def test_an_answer_that_may_have_been_said_is_not_said_again(
    anna, egor, world, work, resources, family
):
    bot = settle(anna, world, family)
    method = "imbot.message.add" if family == "old" else "imbot.v2.Chat.Message.send"
    work()
    world.faults.order("lost", method)
    write(egor, bot.id, "Hi")
    work()
    assert said_by(anna, bot) == ["Hello!"]

    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)
    work()

    assert said_by(anna, bot) == ["Hello!"]
    assert resources.inbox.dead_letters(anna.portal.member_id) == []


@both_families
def test_an_answer_that_was_not_said_is_tried_again(anna, egor, world, work, resources, family):
    bot = settle(anna, world, family)
    method = "imbot.message.add" if family == "old" else "imbot.v2.Chat.Message.send"
    work()
    world.faults.order("error", method, code="INTERNAL_SERVER_ERROR", status=500, times=1)
    write(egor, bot.id, "Hi")
    work()
    assert said_by(anna, bot) == []

    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)
    work()

    assert said_by(anna, bot) == ["Hello!"]


@pytest.mark.parametrize("held", ["renewal", "members"])
def test_a_worker_that_dies_before_the_answer_is_sent_has_not_silenced_the_bot(
    anna, world, work, resources, held
):
    """While the access is renewed, or the members of the chat are asked for, nothing is noted."""
    bot = settle(anna, world)
    work()
    world.faults.order_event("no_tokens", times=2)
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()
    if held == "renewal":
        let_pass(resources, world, anna, HOUR)
        world.faults.order_token("hold")
    else:
        world.faults.order("hang", "imbot.chat.user.list", seconds=1)
    asked = len(anna.calls("imbot.chat.user.list"))

    def noted_meanwhile() -> bool:
        if held == "renewal":
            assert world.faults.arrived.wait(10)
        else:
            wait_until(lambda: len(anna.calls("imbot.chat.user.list")) > asked)
        noted = resources.redis.exists(keys.spoken(anna.portal.member_id))
        world.faults.gate.set()
        return bool(noted)

    with ThreadPoolExecutor(1) as pool:
        noted = pool.submit(noted_meanwhile)
        work()

    assert noted.result() is False
    assert said_by(anna, bot) == ["Hello!"]


def wait_until(holds) -> None:
    deadline = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_an_answer_refused_for_good_costs_nobody_anything(anna, egor, world, work, resources):
    bot = settle(anna, world)
    work()
    world.faults.order("error", "imbot.v2.Chat.Message.send", code="ACCESS_DENIED", times=9)
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == []
    assert resources.inbox.dead_letters(anna.portal.member_id) == []
    assert resources.inbox.waiting() == []


@both_profiles
@both_families
def test_a_bot_without_a_text_stays_silent(anna, egor, world, work, family):
    bot = settle(anna, world, family, welcome=["", ""])
    give_command(anna, bot, replies=["", ""])
    work()
    calls = len(anna.portal.rest_log)
    write(egor, bot.id, "/help")

    work()

    assert said_by(anna, bot) == []
    assert len(anna.portal.rest_log) == calls


@both_profiles
def test_a_bot_nobody_here_knows_is_not_spoken_for(anna, egor, world, work, resources):
    bot = settle(anna, world)
    give_command(anna, bot)
    work()
    for key in resources.redis.scan_iter("*:bots"):
        resources.redis.delete(key)
    write(egor, bot.id, "/help")

    work()

    assert said_by(anna, bot) == []


def test_no_token_of_the_event_is_kept_or_logged(anna, egor, world, work, resources, caplog):
    bot = settle(anna, world)
    write(egor, bot.id, "Hi")
    work()

    tokens = [grant for grant in world.grants.values() if grant.user_id == bot.id]
    stored = "".join(str(resources.redis.dump(key)) for key in resources.redis.scan_iter())
    assert tokens
    for grant in tokens:
        assert grant.access not in caplog.text and grant.refresh not in caplog.text
        assert grant.access not in stored and grant.refresh not in stored


@both_profiles
def test_a_bot_told_of_in_both_formats_answers_in_the_one_it_was_registered_with(
    anna, egor, world, work
):
    """By the portal's source a bot is told of in every format the application has bound."""
    settle(anna, world, "old", code="elder")
    assert anna.post("/bots", typed_bot(code="younger", **WELCOME)).status_code == 200
    [bot] = [found for found in anna.bots() if found.code == "younger"]
    work()
    write(egor, bot.id, "Hi")

    work()

    assert said_by(anna, bot) == ["Hello!"]
    assert anna.calls("imbot.message.add") == []
    assert len(anna.calls("imbot.v2.Chat.Message.send")) == 1
