"""More commands than one request may hold: split, and still one batch."""

from urllib.parse import urlencode

import pytest

from b24app.actions.portal import open_portal
from b24app.errors import PortalError
from b24app.records import SYSTEM

COUNT = 120


@pytest.fixture
def rest(anna, resources):
    anna.install()
    return open_portal(resources, anna.portal.member_id, SYSTEM).rest


def command(number, bot="$result[bot][bot][id]"):
    fields = {"botId": bot, "fields[command]": f"go{number}", "fields[title][en]": f"Go {number}"}
    return f"imbot.v2.Command.register?{urlencode(fields)}"


BOT = "imbot.v2.Bot.register?" + urlencode(
    {"fields[code]": "guide", "fields[properties][name]": "Guide & Co"}
)


def test_a_bot_and_all_its_commands_are_registered_in_one_batch(rest, anna):
    commands = {"bot": BOT} | {f"c{number}": command(number) for number in range(COUNT)}

    answer = rest.batch_all(commands)

    assert not answer.errors
    assert list(answer.results) == list(commands)
    bot = answer.results["bot"]["bot"]["id"]
    assert {answer.results[f"c{n}"]["command"]["botId"] for n in range(COUNT)} == {bot}
    assert len(anna.calls("batch")) == 1 + 3  # one was the installation's


def test_the_later_requests_reach_what_the_earlier_ones_registered(rest, anna):
    commands = {"bot": BOT} | {f"c{number}": command(number) for number in range(COUNT)}
    commands |= {
        f"gone{number}": "imbot.v2.Command.unregister?"
        + urlencode(
            {
                "botId": "$result[bot][bot][id]",
                "commandId": f"$result[c{number}][command][id]",
            }
        )
        for number in range(COUNT)
    }

    answer = rest.batch_all(commands)

    assert not answer.errors
    assert all(answer.results[f"gone{number}"] for number in range(COUNT))


def test_a_reference_to_what_failed_earlier_fails_for_itself(rest):
    commands = {"bot": "imbot.app.unregister?APP_ID=404"}
    commands |= {f"p{number}": "profile" for number in range(60)}
    commands |= {"late": command(1)}

    answer = rest.batch_all(commands)

    assert list(answer.errors) == ["bot", "late"]
    assert isinstance(answer.errors["late"], PortalError)
    assert len(answer.results) == 60


def test_a_halt_ends_the_batch_wherever_it_is_split(rest, anna):
    commands = {f"p{number}": "profile" for number in range(COUNT)}
    commands["p70"] = "no.such.method"

    answer = rest.batch_all(commands, halt=True)

    assert list(answer.results) == [f"p{number}" for number in range(70)]
    assert list(answer.errors) == ["p70"]
    assert len(anna.calls("batch")) == 1 + 2
