"""What a portal tells of bots, connectors and lines: asked after, and written down once."""

import pytest

from b24app import jobs
from sandbox import portal as deeds
from tests.integration.life import both_profiles, history, make_things, published, send


@both_profiles
def test_a_bot_deleted_in_the_portal_is_marked_with_all_that_belonged_to_it(
    anna, world, resources, work
):
    anna.install()
    bot = make_things(anna)
    work()
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    assert world.drain()

    work()

    assert not any(published(anna, resources))
    told = [line for line in history(anna, resources) if line.after.get("published") is False]
    assert sorted(line.thing for line in told) == ["bot", "chat_app", "command"]
    assert {line.user_name for line in told} == {"system"}


@both_profiles
def test_a_bot_of_the_first_family_is_marked_too(anna, world, resources, work):
    anna.install()
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    bot = make_things(anna)
    work()
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    assert world.drain()

    work()

    assert not any(published(anna, resources))


@both_profiles
def test_a_bot_we_removed_ourselves_has_no_second_line(anna, world, resources, work):
    anna.install()
    bot = make_things(anna)
    work()
    typed_name = {"confirmation": "Helper of Aurora"}
    assert anna.post(f"/bots/{bot.id}/unregistration", typed_name).status_code == 200
    lines = len(history(anna, resources))
    assert world.drain()

    work()

    assert len(history(anna, resources)) == lines


@both_profiles
@pytest.mark.parametrize("name", ["ONIMBOTDELETE", "ONIMBOTV2DELETE"])
def test_a_forged_deletion_of_a_bot_marks_nothing(anna, world, resources, work, name):
    anna.install()
    bot = make_things(anna)
    work()
    fields = {"BOT_ID": str(bot.id)} if name == "ONIMBOTDELETE" else {"bot][id": str(bot.id)}
    assert send(anna, resources, name, **fields) == 200
    work()
    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)

    work()

    assert all(published(anna, resources))
    assert resources.inbox.dead_letters(anna.portal.member_id) == []


@both_profiles
def test_a_deletion_that_is_told_before_it_is_done_is_asked_about_again(
    anna, world, resources, work
):
    """The event leaves the portal before the bot does."""
    anna.install()
    bot = make_things(anna)
    work()
    send(anna, resources, "ONIMBOTV2DELETE", **{"bot][id": str(bot.id)})
    work()
    world.faults.order_event("drop", "ONIMBOTV2DELETE")
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)

    work()

    assert not any(published(anna, resources))


def register_connector(person, resources) -> None:
    """A connector of ours on the portal, active on line 1."""
    params = {
        "ID": "mail",
        "NAME": "Mail",
        "ICON": {"DATA_IMAGE": "data:image/svg+xml,x"},
        "PLACEMENT_HANDLER": f"{person.app_url}/connectors/setting",
    }
    rest = jobs.open_portal(resources, person.portal.member_id, jobs.SYSTEM).rest
    rest.call("imconnector.register", params)
    rest.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": 1})


@both_profiles
def test_a_connector_taken_off_a_line_is_written_down_once(anna, world, resources, work):
    anna.install()
    register_connector(anna, resources)
    work()
    world.faults.order_event("twice", "ONIMCONNECTORSTATUSDELETE")
    rest = jobs.open_portal(resources, anna.portal.member_id, jobs.SYSTEM).rest
    rest.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": 0})
    assert world.drain()

    work()

    [line] = [line for line in history(anna, resources) if line.thing == "connector"]
    assert (line.thing_id, line.after) == ("mail", {"line": 0, "active": False})


@both_profiles
def test_a_connector_that_is_still_active_is_not_said_to_be_off(anna, world, resources, work):
    anna.install()
    register_connector(anna, resources)
    work()
    send(anna, resources, "ONIMCONNECTORSTATUSDELETE", connector="mail", line="1")

    work()

    assert [line for line in history(anna, resources) if line.thing == "connector"] == []


@both_profiles
def test_a_deleted_line_is_written_down_and_a_forged_one_is_not(anna, world, resources, work):
    anna.install()
    work()
    [first, second, *_] = [line.id for line in anna.portal.lines]
    anna.at_portal("/contact-center/lines/delete", {"line": str(second)})
    assert world.drain()
    send_scalar(anna, resources, first)

    work()

    lines = [line for line in history(anna, resources) if line.thing == "line"]
    assert [line.thing_id for line in lines] == [str(second)]


def send_scalar(person, resources, number) -> None:
    """ONIMCONNECTORLINEDELETE has a bare number for its data."""
    installation = resources.installations.get(person.portal.member_id)
    body = {
        "event": "ONIMCONNECTORLINEDELETE",
        "data": str(number),
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": installation.application_token,
    }
    assert person.browser.post(person.app_url + "/events", data=body, timeout=10).status_code == 200


@both_profiles
def test_a_flood_of_forged_news_does_not_push_out_what_people_did(anna, world, resources, work):
    anna.install()
    work()
    for number in range(1000, 1060):
        send_scalar(anna, resources, number)

    work()

    assert len([line for line in history(anna, resources) if line.thing == "line"]) <= 20
