"""Every documented answer to a removal: what becomes of our record, what the person reads.

b24restdocs: chat-bots/outdated/bots/imbot-unregister.md, commands/imbot-command-unregister.md;
chat-bots-v2/imbot.v2/bots/bot-unregister.md, commands/command-unregister.md.
"""

import json

import pytest

from tests.cast import typed_bot, typed_command

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

BOT = {"old": "imbot.unregister", "new": "imbot.v2.Bot.unregister"}
COMMAND = {"old": "imbot.command.unregister", "new": "imbot.v2.Command.unregister"}

DONE = {"bot": "The bot is deleted.", "command": "The command is unregistered."}
GONE = "The portal had removed it already. It is off this list now."
FOREIGN = "The portal says that another application registered this."
NO = "Your portal did not accept the change, so nothing was saved."
DENIED = "A permission is missing, so nothing was saved."

# What is removed, by which family, the portal's code ("" is success) and status, what is read.
TABLE = [
    ("bot", "old", "", 200, DONE["bot"]),
    ("bot", "old", "BOT_ID_ERROR", 400, GONE),
    ("bot", "old", "APP_ID_ERROR", 400, FOREIGN),
    ("bot", "old", "WRONG_REQUEST", 400, NO),
    ("bot", "old", "WRONG_AUTH_TYPE", 403, DENIED),
    ("bot", "old", "ACCESS_DENIED", 403, DENIED),
    ("bot", "new", "", 200, DONE["bot"]),
    ("bot", "new", "BOT_NOT_FOUND", 400, GONE),
    ("bot", "new", "BOT_OWNERSHIP_ERROR", 403, FOREIGN),
    ("bot", "new", "BOT_UNREGISTER_FAILED", 400, NO),
    ("bot", "new", "BOT_ID_REQUIRED", 400, NO),
    ("bot", "new", "BOT_TOKEN_NOT_SPECIFIED", 403, NO),
    ("command", "old", "", 200, DONE["command"]),
    ("command", "old", "COMMAND_ID_ERROR", 400, GONE),
    ("command", "old", "APP_ID_ERROR", 400, FOREIGN),
    ("command", "old", "WRONG_REQUEST", 400, NO),
    ("command", "old", "WRONG_AUTH_TYPE", 403, DENIED),
    ("command", "old", "ACCESS_DENIED", 403, DENIED),
    ("command", "new", "", 200, DONE["command"]),
    ("command", "new", "COMMAND_NOT_FOUND", 400, GONE),
    ("command", "new", "BOT_NOT_FOUND", 400, GONE),
    ("command", "new", "BOT_OWNERSHIP_ERROR", 403, FOREIGN),
    ("command", "new", "BOT_ID_REQUIRED", 400, NO),
    ("command", "new", "BOT_TOKEN_NOT_SPECIFIED", 403, NO),
]


@pytest.mark.parametrize("family", ["old", "new"])
@pytest.mark.parametrize("thing", ["bot", "command"])
def test_each_answer_to_a_removal(anna, world, thing, family):
    anna.install()
    answers = [row[2:] for row in TABLE if row[:2] == (thing, family)]
    for number, (code, status, sentence) in enumerate(answers):
        url = placed(anna, world, thing, family, number)
        if code:
            method = (BOT if thing == "bot" else COMMAND)[family]
            world.faults.order("error", method, code=code, status=status)

        reply = anna.post(f"{url}/unregistration", {"confirmation": "Helper of Aurora"})

        message = json.loads(reply.headers.get("HX-Trigger", "{}")).get("message", {})
        assert sentence in (message.get("text") or reply.text), code
        assert not code or code not in reply.text
        kept = sentence not in (*DONE.values(), GONE)
        assert anna.get(url).status_code == (200 if kept else 404), code
        assert reply.status_code == (200 if not kept else 409 if sentence == FOREIGN else 502)


def placed(anna, world, thing: str, family: str, number: int) -> str:
    """The address of a bot or command that was registered with this family of methods.

    The portal has one bot of the application at a time: an old one takes no more than five.
    """
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    for bot in anna.bots():
        anna.post(f"/bots/{bot.id}/unregistration", {"confirmation": "Helper of Aurora"})
        if bot in anna.portal.bots:  # off our list already
            anna.portal.bots.remove(bot)
    anna.post("/bots", typed_bot(code=f"helper-{number}"))
    [bot] = anna.bots()
    if thing == "bot":
        return f"/bots/{bot.id}"
    anna.post("/commands", typed_command(bot.id))
    command = list(anna.portal.commands.values())[-1]
    return f"/commands/{command.id}"
