"""The rules of the forms of bots and commands."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.actions import bot_calls, bot_drafts, codes, command_calls, command_drafts
from b24app.actions.bot_drafts import BotDraft
from b24app.actions.command_drafts import CommandDraft
from b24app.errors import BadPayload
from b24app.records import Bot, BotApi, Command, Hint, Text
from b24app.web.words import BOT_TYPES, COLORS, GENDERS

BOT = Bot(7, "helper", "Helper", BotApi.V2, last_name="of Aurora", color="AZURE")
COMMAND = Command(8, 7, "help", (Hint("en", "Help", "[topic]"), Hint("de", "Hilfe")))
texts = st.lists(st.builds(Text, st.text(max_size=3), st.text(max_size=40)), max_size=60)
any_bot = st.builds(
    BotDraft,
    code=st.text(max_size=60),
    type=st.sampled_from(["bot", "openline", "x", ""]),
    name=st.text(max_size=60),
    last_name=st.text(max_size=60),
    position=st.text(max_size=300),
    color=st.sampled_from(["AZURE", "ORANGE", ""]),
    gender=st.sampled_from(["", "M", "F", "x"]),
    avatar=st.text(max_size=30),
    welcome=texts.map(tuple),
)
hints = st.lists(st.builds(Hint, st.text(max_size=3), st.text(max_size=300), st.text(max_size=9)))
any_command = st.builds(
    CommandDraft, name=st.text(max_size=60), translations=hints.map(tuple), replies=texts.map(tuple)
)


@given(any_bot)
def test_any_draft_is_a_bot_or_refused_with_reasons(draft):
    try:
        bot = bot_drafts.check(draft)
    except BadPayload as refused:
        assert refused.errors
    else:
        assert 0 < len(bot.name) <= 50 and all(row.text for row in bot.welcome)


@given(any_command, st.sampled_from(BotApi))
def test_any_draft_is_a_command_or_refused_with_reasons(draft, api):
    try:
        command = command_drafts.check(draft, api)
    except BadPayload as refused:
        assert refused.errors
    else:
        assert command.translations and not any(sign.isspace() for sign in command.name)


@pytest.mark.parametrize("api", BotApi)
def test_what_was_saved_is_a_draft_that_changes_nothing(api):
    bot = dataclasses.replace(BOT, api=api, hidden=api is BotApi.V2, welcome=(Text("en", "Hi"),))

    assert bot_drafts.check(bot_drafts.of_bot(bot), bot) == bot
    assert command_drafts.check(command_drafts.of_command(COMMAND), api, COMMAND) == COMMAND


@pytest.mark.parametrize("api", BotApi)
def test_nothing_differs_from_itself(api):
    bot = dataclasses.replace(BOT, api=api, avatar=b"png")

    assert bot_calls.difference(bot, bot) == {}
    assert command_calls.difference(bot, COMMAND, COMMAND) == {}


def test_the_first_family_is_told_only_what_changed():
    old = dataclasses.replace(BOT, api=BotApi.V1, avatar=b"png")
    new = dataclasses.replace(old, last_name="")

    assert bot_calls.difference(old, new) == {"PROPERTIES": {"LAST_NAME": ""}}


@pytest.mark.parametrize("api", BotApi)
def test_a_new_avatar_is_sent_and_an_old_one_is_not(api):
    old = dataclasses.replace(BOT, api=api)
    new = dataclasses.replace(old, avatar=b"png")

    assert "cG5n" in str(bot_calls.difference(old, new))
    assert "cG5n" not in str(bot_calls.difference(new, dataclasses.replace(new, name="Other")))


def test_a_language_that_goes_is_named_with_no_title():
    wanted = dataclasses.replace(COMMAND, translations=(Hint("de", "Hilfe"),))

    fields = command_calls.difference(BOT, COMMAND, wanted)
    assert fields == {"title": {"de": "Hilfe", "en": None}, "params": {"de": ""}}


def test_a_changed_hint_alone_brings_the_titles_along():
    wanted = dataclasses.replace(COMMAND, translations=(Hint("en", "Help"), Hint("de", "Hilfe")))

    assert command_calls.difference(BOT, COMMAND, wanted)["title"] == {"en": "Help", "de": "Hilfe"}


def test_the_words_cover_every_choice():
    assert set(COLORS) == set(bot_drafts.COLORS)
    assert set(GENDERS) == set(bot_drafts.GENDERS)
    assert set(BOT_TYPES) == {kind.value for kind in type(BOT.type)}


@given(st.text(max_size=80), st.sets(st.sampled_from(["a", "a-2", "a-3", "bot", "bot-2"])))
def test_a_code_made_of_a_name_is_a_code_and_free(name, taken):
    made = codes.free(codes.slug(name, "bot"), taken)

    assert made not in taken
    assert made[0].isalpha() and made.isascii() and len(made) <= 50


@pytest.mark.parametrize("sign", ["\x00", "\x08", "\x1b", "\x7f", "\x9b"])
def test_a_sign_nobody_sees_is_no_part_of_a_name(sign):
    typed = f"a{sign}b"
    bot = BotDraft(name=typed, position=typed, welcome=(Text("en", typed),))
    command = CommandDraft(name="a", translations=(Hint("en", "Help", typed),))
    drafts = [
        (lambda: bot_drafts.check(bot), {"name", "position", "welcome.0.text"}),
        (lambda: command_drafts.check(command, BotApi.V2), {"translations.0.title"}),
    ]

    for check, fields in drafts:
        with pytest.raises(BadPayload) as caught:
            check()
        assert caught.value.errors == dict.fromkeys(fields, "text_unseen")


def test_a_message_may_have_lines_and_a_name_has_one():
    bot = bot_drafts.check(BotDraft(name="a\tb\r\nc", welcome=(Text("en", "a\tb\r\nc"),)))

    assert (bot.name, bot.welcome[0].text) == ("a b c", "a\tb\r\nc")
