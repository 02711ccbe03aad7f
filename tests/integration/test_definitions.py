"""Export and import: a file that says everything but secrets, and brings it where it is not."""

from __future__ import annotations

import json
import re

from b24app.actions import definition_schema
from b24app.records import Verb
from b24app.store import PortalStore
from sandbox import connectors as channels
from tests.cast import Person, typed_joint
from tests.conftest import CLIENT_SECRET
from tests.integration.definitions import (
    bring_in,
    contents,
    export,
    furnish,
    is_here,
    offer,
    shown_in_chat,
    states,
)
from tests.integration.life import both_profiles, uninstall
from tests.integration.test_bots import picture


def test_the_file_is_as_its_schema_says_and_named_after_the_portal(settled):
    reply = settled.post("/definitions/file")

    document = reply.json()
    assert definition_schema.problems(document) == {}
    assert document["portal"] == settled.portal.host
    assert len(document["bots"]) == 1 and len(document["chat_apps"]) == 3
    assert [one["name"] for one in document["commands"]] == ["help", "time"]
    assert [one["id"] for one in document["connectors"]] == ["b24app_mail"]
    assert [one["chat_app"] for one in document["widgets"]] == ["one"]
    named = settled.portal.host.replace(":", "-")
    assert re.fullmatch(
        rf'attachment; filename="b24app-{named}-\d{{4}}-\d\d-\d\d\.json"',
        reply.headers["Content-Disposition"],
    )


def test_things_name_each_other_by_what_stays_the_same_in_every_portal(settled):
    document = json.loads(export(settled))

    [bot] = document["bots"]
    assert {app["bot"] for app in document["chat_apps"]} == {bot["code"]}
    assert {one["bot"] for one in document["commands"]} == {bot["code"]}
    numbers = {str(one.id) for one in [*settled.bots(), *settled.chat_apps()]}
    numbers |= {str(number) for number in settled.portal.commands}
    assert [number for number in numbers if f": {number}," in json.dumps(document)] == []


def test_nothing_secret_is_in_the_file(settled, resources):
    text = export(settled).decode()

    installation = resources.installations.get(settled.portal.member_id)
    grants = settled.world.grants.values()
    secrets = {installation.application_token, installation.member_id, CLIENT_SECRET}
    secrets |= {installation.client_id, settled.session_token}
    secrets |= {app.hash for app in settled.chat_apps() if app.hash}
    secrets |= {grant.access for grant in grants} | {grant.refresh for grant in grants}
    assert [secret for secret in secrets if secret and secret in text] == []
    assert "hash" not in text and "token" not in text


@both_profiles
def test_what_one_portal_has_is_brought_into_another(settled, boris, borealis, work):
    data = export(settled)

    run = bring_in(boris, data, work)

    assert set(states(borealis, run)) == {"done"}
    assert shown_in_chat(boris) == shown_in_chat(settled)
    assert contents(export(boris)) == contents(data)
    [bot] = boris.bots()
    assert bot.properties["avatar"] == picture()
    assert [one.name for one in boris.portal.connectors.values()] == ["Mail"]
    assert [app.icon_on_portal for app in borealis.chat_apps.all()] == [True] * 3
    assert boris.chat_apps()[0].hash not in {"", settled.chat_apps()[0].hash}
    [widget] = borealis.widgets.all()
    app = next(app for app in borealis.chat_apps.all() if app.code == "one")
    assert (widget.app_id, widget.hash) == (app.id, app.hash)
    assert (widget.bot_id, widget.bot_code) == (bot.id, "helper")
    assert widget.id not in export(settled).decode()


def test_importing_again_changes_nothing(settled, boris, borealis, work):
    data = export(settled)
    bring_in(boris, data, work)
    lines, calls = len(borealis.history(1000)), len(boris.portal.rest_log)

    assert is_here(boris, data)
    assert (len(borealis.history(1000)), len(boris.portal.rest_log)) == (lines, calls)
    page = offer(settled, data).text
    assert "There is nothing to import" in page and "The same already: 8" in page


@both_profiles
def test_only_what_differs_is_sent_and_everything_can_be_taken_back(settled, store, work):
    before = export(settled)
    document = json.loads(before)
    document["chat_apps"][0]["iframe_width"] = 777
    document["connectors"][0]["name"] = "Post"

    run = bring_in(settled, json.dumps(document).encode(), work)

    assert states(store, run) == ["done", "done"]
    assert settled.calls("imbot.app.update")[-1]["FIELDS"] == {"IFRAME_WIDTH": 777}
    assert [one.name for one in settled.portal.connectors.values()] == ["Post"]
    for line in store.history(2):
        assert (line.verb, line.user_name) == (Verb.UPDATE, "Anna Sokolova")
        assert settled.post(f"/history/{line.id}/undo").status_code == 200
    assert contents(export(settled)) == contents(before)


@both_profiles
def test_it_is_the_way_back_after_a_new_installation(settled, store, work):
    data, before = export(settled), shown_in_chat(settled)
    hashes = {app.hash for app in store.chat_apps.all()}
    uninstall(settled, clean=False)
    work()
    settled.install()
    assert settled.chat_apps() == [] and settled.bots() == []
    page = offer(settled, data).text
    assert "To be put back: 8" in page

    bring_in(settled, data, work)

    assert shown_in_chat(settled) == before
    assert {app.hash for app in store.chat_apps.all()} == hashes
    assert "There is nothing to import" in offer(settled, data).text
    assert len(store.bots.all()) == 1 and len(store.chat_apps.all()) == 3
    assert [one.name for one in settled.portal.connectors.values()] == ["Mail"]


def test_it_is_the_way_back_when_everything_was_deleted(settled, resources, work):
    data, before = export(settled), shown_in_chat(settled)
    uninstall(settled, clean=True)
    work()
    settled.install()
    assert "The file is" not in offer(settled, data).text

    bring_in(settled, data, work)

    assert shown_in_chat(settled) == before


def whole_plan(person: Person, data: bytes) -> str:
    """What the import would do, with all that can be unfolded."""
    page = offer(person, data).text
    details = re.findall(r'hx-get="(/definitions/[0-9]+/[0-9]+)"', page)
    return "".join((page, *(person.get(path).text for path in details)))


@both_profiles
def test_in_the_same_portal_connectors_come_back_with_their_open_channels(settled, resources, work):
    settled.post("/connectors/b24app_mail/lines/2", typed_joint(1))
    before = PortalStore(resources.redis, settled.portal.member_id).connectors.all()[0].joints
    data = export(settled)
    uninstall(settled, clean=True)
    work()
    settled.install()
    page = whole_plan(settled, data)
    assert "Mail of Aurora" in page and "Without Open Channels" not in page

    bring_in(settled, data, work)

    assert channels.status_of(settled.portal, "b24app_mail", 2).is_fine
    [again] = PortalStore(resources.redis, settled.portal.member_id).connectors.all()
    assert again.joints == before
    assert is_here(settled, data)


def test_an_open_channel_that_is_gone_by_then_is_told(settled, work):
    settled.post("/connectors/b24app_mail/lines/2", typed_joint(1))
    document = json.loads(export(settled))
    settled.post("/connectors/b24app_mail/unregistration")
    document["connectors"][0]["joints"][0]["line"] = 99

    run = bring_in(settled, json.dumps(document).encode(), work)

    assert "is not there any more" in settled.get(f"/bulk/{run}").text
    assert [one.name for one in settled.portal.connectors.values()] == ["Mail"]


def test_another_portals_connectors_come_without_its_open_channels(anna, store, boris, work):
    boris.install()
    furnish(boris)
    boris.post("/connectors/b24app_mail/lines/2", typed_joint(1))
    data = export(boris)
    page = whole_plan(anna, data)
    assert "Without Open Channels" in page and "Mail of Aurora" not in page

    bring_in(anna, data, work)

    assert store.connectors.get("b24app_mail").joints == ()
    assert not channels.status_of(anna.portal, "b24app_mail", 2).is_fine


def test_a_file_from_before_there_were_open_channels_in_it_is_taken(anna, store, boris):
    boris.install()
    furnish(boris)
    document = json.loads(export(boris))
    del document["portal_mark"], document["connectors"][0]["joints"]

    page = offer(anna, json.dumps(document).encode()).text

    assert "To be created: 8" in page and "Without Open Channels" not in page


@both_profiles
def test_what_the_portal_refuses_is_told_and_holds_up_nothing(boris, anna, store, world, work):
    boris.install()
    furnish(boris)
    data = export(boris)
    world.faults.order("error", "imbot.app.register", code="WRONG_REQUEST")

    run = bring_in(anna, data, work)

    assert sorted(states(store, run)) == ["done"] * 7 + ["failed"]
    page = anna.get(f"/bulk/{run}").text
    assert "Chat app: Board" in page and "WRONG_REQUEST" not in page


def test_a_bot_that_cannot_come_keeps_what_belongs_to_it_away(boris, anna, store, work):
    boris.install()
    furnish(boris)
    document = json.loads(export(boris))
    document["bots"][0]["name"] = ""
    page = offer(anna, json.dumps(document).encode()).text

    assert "Not possible: 6" in page and "Please fill this in." in page
    assert page.count("Its bot is not on the portal.") == 5

    run = bring_in(anna, json.dumps(document).encode(), work)

    assert states(store, run) == ["done"] * 2


@both_profiles
def test_a_bot_that_the_portal_refuses_keeps_what_belongs_to_it_away(
    boris, anna, store, world, work
):
    boris.install()
    furnish(boris)
    data = export(boris)
    world.faults.order("error", "imbot.v2.Bot.register", code="WRONG_REQUEST")

    run = bring_in(anna, data, work)

    assert states(store, run)[:2] == ["failed", "refused"]
    assert "Its bot is not on the portal." in anna.get(f"/bulk/{run}").text


def test_an_id_that_another_application_has_is_never_taken_over(
    settled, boris, borealis, world, work
):
    data = export(settled)
    settled.portal.connectors["b24app_mail"].client_id = next(iter(world.foreign))
    boris.portal.connectors["b24app_mail"] = settled.portal.connectors["b24app_mail"]

    run = bring_in(boris, data, work)

    assert states(borealis, run)[-1] == "refused"
    assert boris.calls("imconnector.register") == []
