"""What an import would do: all of it is told, a little at a time, and nothing else is promised."""

from __future__ import annotations

import base64
import json
import re

import pytest

from b24app.records import Actor, ItemState
from tests.cast import typed_joint
from tests.integration.definitions import (
    changed,
    export,
    furnish,
    multiply_commands,
    offer,
    states,
    upload,
)
from tests.integration.test_bots import picture
from tests.integration.test_chat_apps import SPRITE

ANNA = Actor(1, "Anna Sokolova", is_admin=True)


def commands(bot: str, count: int) -> list[dict[str, object]]:
    """So many commands of a bot, as a file has them."""
    switches = {"common": False, "hidden": False, "extranet": False, "replies": []}
    titles = [{"language": "en", "title": "Late", "params": ""}]
    return [
        {"bot": bot, "name": f"c{number}", "translations": titles, **switches}
        for number in range(count)
    ]


def file_with(**lists: list[dict[str, object]]) -> bytes:
    """A file of a bot and these."""
    return json.dumps(json.loads(changed("portal", "x.example")) | lists).encode()


def shown(text: str) -> list[str]:
    """What the definitions are called that are to be seen."""
    return re.findall(r"<h3[^>]*>([^<]*)</h3>", text)


def test_the_plan_shows_what_would_be_created_changed_and_is_not_possible(settled):
    document = json.loads(export(settled))
    first, second, third = document["chat_apps"]
    first["iframe_width"] = 777
    second["kind"], second["js_method"], second["js_param"] = "command", "PUT", "/orders"
    calls = len(settled.portal.rest_log)
    third["js_param"] = "no slash"
    document["commands"][0] |= {"name": "new"}
    document["bots"][0]["position"] = "Sees it all"

    page = offer(settled, json.dumps(document).encode()).text

    assert "To be created: 1" in page and "/new" in page
    assert "To be changed: 2" in page and "777" in page and "Sees it all" in page
    assert "Not possible: 2" in page and "it was chosen once and for all" in page
    assert "A command such as /help" in page
    assert len(settled.portal.rest_log) == calls


def test_wrong_words_for_an_open_channel_are_told_in_the_plan(settled, work):
    settled.post("/connectors/b24app_mail/lines/2", typed_joint(1))
    document = json.loads(export(settled))
    settled.post("/connectors/b24app_mail/unregistration")
    document["connectors"][0]["joints"][0]["url"] = "javascript:alert(1)"

    page = offer(settled, json.dumps(document).encode()).text

    assert "Not possible: 1" in page and "not a complete web address" in page


@pytest.mark.parametrize(
    "avatar",
    [
        "not base64",
        base64.b64encode(b"text").decode(),
        SPRITE,  # a picture of another size
        picture()[:-400],  # cut off
    ],
)
def test_a_picture_that_is_none_is_told_in_the_plan(anna, avatar):
    anna.install()

    page = offer(anna, changed("bots.0.avatar", avatar)).text

    assert "Not possible: 1" in page and "Avatar: " in page


def test_what_belongs_to_a_bot_that_cannot_come_is_not_promised(installed, store, work):
    bots = json.loads(changed("bots.0.code", "9 bad"))["bots"]
    good = json.loads(changed("bots.0.code", "good"))["bots"]
    some = [*commands("9 bad", 1), *commands("good", 1), *commands("nobody", 1)]

    reply = offer(installed, file_with(bots=[*bots, *good], commands=some))

    assert "To be created: 2" in reply.text and "Not possible: 3" in reply.text
    assert reply.text.count("Its bot is not on the portal.") == 2
    [address] = re.findall(r'hx-post="(/definitions/[0-9]+)/import"', reply.text)
    installed.post(address + "/import")
    work()
    assert states(store, store.runs.all()[0].id) == [ItemState.DONE] * 2


def test_what_is_wrong_with_a_command_is_told_before_its_bot_is_there(installed):
    [command] = commands("helper", 1)

    page = offer(installed, file_with(commands=[command | {"name": "two words"}])).text

    assert "To be created: 1" in page and "Not possible: 1" in page
    assert "Its bot is not on the portal." not in page


def test_a_command_does_not_come_back_without_its_bot(settled, store):
    document = json.loads(export(settled))
    store.bots.unpublish()
    store.commands.unpublish()

    page = offer(settled, json.dumps(document | {"bots": []}).encode()).text
    whole = offer(settled, json.dumps(document).encode()).text

    assert "Not possible: 2" in page and page.count("Its bot is not on the portal.") == 2
    assert "To be put back: 3" in whole and "Not possible" not in whole


def test_of_many_the_first_are_shown_and_the_others_when_they_are_asked_for(installed):
    reply = offer(installed, file_with(commands=commands("helper", 120)))
    seen, text = shown(reply.text), reply.text
    assert (len(seen), seen[0]) == (50, "Helper") and "To be created: 121" in text

    while more := re.search(r'hx-get="(/definitions/[^"]+/rows[^"]+)"', text):
        text = installed.get(more[1].replace("&amp;", "&")).text
        assert "autofocus>" + shown(text)[0] in text and text.count("autofocus") == 1
        seen += shown(text)

    assert seen == ["Helper", *(f"/c{number}" for number in range(120))]


def test_of_those_that_share_a_fate_only_these_are_shown(installed):
    fine, wrong = commands("helper", 60), commands("helper", 60)
    wrong = [one | {"name": f"not {one['name']}"} for one in wrong]
    mixed = [one for pair in zip(fine, wrong, strict=True) for one in pair]
    address = upload(installed, file_with(commands=mixed))

    text = installed.get(f"{address}/rows?act=cannot&after=3").text
    last = installed.get(f"{address}/rows?act=cannot&after=119").text

    assert shown(text) == [f"/not c{number}" for number in range(1, 51)]
    assert shown(last) == ["/not c59"] and "Show more" in text and "Show more" not in last


def test_pictures_are_loaded_when_somebody_looks(boris, installed):
    boris.install()
    furnish(boris)
    page = offer(installed, export(boris)).text
    assert "To be created: 8" in page and "data:image" not in page

    [place] = re.findall(r'Board</h3>.*?hx-get="(/definitions/[0-9]+/[0-9]+)"', page, re.DOTALL)[:1]
    details = installed.get(place).text

    assert SPRITE in details and "What it will be" not in details
    assert boris.get(place).status_code == 404


@pytest.mark.parametrize("path", ["99", "-1", "1x", "²", "rows", "rows?act=no&after=1"])
def test_of_a_definition_that_is_not_in_the_file_nothing_is_shown(installed, path):
    address = upload(installed, file_with(commands=commands("helper", 1)))

    assert installed.get(f"{address}/{path}").status_code == 404
    assert installed.get(f"{address}/1").status_code == 200
    assert installed.get("/definitions/1/1").status_code == 404


def test_what_takes_more_than_one_run_is_put_away_in_the_order_of_the_file(installed, store):
    address = upload(installed, file_with(commands=commands("helper", 1001)))

    page = installed.post(address + "/import").text

    second, first = store.runs.all()
    assert (first.total, second.total) == (1000, 2)
    assert [one.name for one in store.runs.items(first)[:2]] == ["Helper", "/c0"]
    assert [one.name for one in store.runs.items(second)] == ["/c999", "/c1000"]
    assert f"/bulk/{first.id}" in page and f"/bulk/{second.id}" in page


def test_what_a_portal_has_more_than_a_thousand_of_can_come_back(settled, resources):
    multiply_commands(settled, resources, 1001)
    data = export(settled)

    page = offer(settled, data).text

    assert "There is nothing to import" in page and "The same already: 1009" in page
    assert len(page) < 20_000
