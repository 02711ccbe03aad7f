"""Installing, opening and removing the application; what outlives a restart."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from sandbox import messenger, oauth
from sandbox import portal as deeds
from sandbox.__main__ import world_from
from sandbox.saving import Saver
from sandbox.server import serve
from sandbox.world import make_world, restore, snapshot

ENVIRONMENT = {
    "B24_CLIENT_ID": "app.1.1",
    "B24_CLIENT_SECRET": "secret",
    "APP_URL": "http://127.0.0.1:8000/",
}


@pytest.fixture
def people(aurora):
    return aurora.users[1], aurora.users[2]


def test_application_is_not_there_at_first(aurora, people):
    assert deeds.page_url(aurora, people[0]) == ("not-installed", "")


def test_installation_begins_at_the_install_url(world, aurora, people):
    row = deeds.install(world, aurora, people[0])

    assert (row.active, row.installed, len(row.application_token)) == (True, False, 32)
    assert deeds.page_url(aurora, people[0]) == ("install", "http://127.0.0.1:9/install")
    assert deeds.page_url(aurora, people[1]) == ("not-finished", "")


def test_finished_application_opens_at_its_handler(world, aurora, people):
    deeds.install(world, aurora, people[0])

    assert deeds.finish_install(world, aurora, people[0]) is True
    assert deeds.page_url(aurora, people[1]) == ("app", "http://127.0.0.1:9/")


def test_user_kept_out_sees_no_application(world, aurora, people):
    deeds.install(world, aurora, people[0]).access = [99]

    assert deeds.page_url(aurora, people[1]) == ("no-access", "")


@pytest.mark.parametrize("act", [deeds.install, deeds.update_app])
def test_employee_may_not_install_or_update(world, aurora, people, act):
    with pytest.raises(deeds.NotAllowed):
        act(world, aurora, people[1])


def test_installing_twice_keeps_the_application_token(world, aurora, people):
    first = deeds.install(world, aurora, people[0]).application_token

    assert deeds.install(world, aurora, people[0]).application_token == first


def test_reinstalling_makes_a_new_application_token(world, aurora, people):
    first = deeds.install(world, aurora, people[0]).application_token
    deeds.uninstall(world, aurora, people[0], clean=False)

    assert deeds.install(world, aurora, people[0]).application_token != first


def test_options_survive_an_uninstall_that_is_not_clean(world, aurora, people):
    deeds.install(world, aurora, people[0])
    aurora.app_options["colour"] = "blue"

    deeds.uninstall(world, aurora, people[0], clean=False)
    assert aurora.app_options == {"colour": "blue"}

    deeds.install(world, aurora, people[0])
    deeds.uninstall(world, aurora, people[0], clean=True)
    assert aurora.app_options == {}


def test_everything_that_matters_outlives_a_restart(anna, bot_id, world, tmp_path):
    world.path = tmp_path / "state" / "sandbox.json"
    anna.portal.user_options[1] = {"a": 1}
    world.save()

    again = make_world(
        8010, client_id="app.x.1", client_secret="new", app_url="http://a.example", state=world.path
    )

    portal = again.portal("aurora")
    assert portal.host == "127.0.0.2:8010"
    assert portal.bots == anna.portal.bots
    assert portal.installs == anna.portal.installs
    assert portal.user_options == {1: {"a": 1}}
    assert again.grants == world.grants
    assert again.card.client_secret == "new"
    assert again.grant_by_refresh(world.grants[anna.token].refresh)
    assert (world.path.stat().st_mode & 0o077) == 0


def test_every_change_by_rest_is_on_disk_at_once(anna, world, tmp_path):
    world.path = tmp_path / "sandbox.json"

    anna.call("event.bind", {"event": "ONAPPUPDATE", "handler": "http://a.example/"})

    portals = json.loads(world.path.read_text())["portals"]
    assert [row["event"] for row in portals[0]["bindings"]] == ["ONAPPUPDATE"]


def test_a_thousand_changes_are_written_a_few_times_and_the_last_is_not_lost():
    written, state = [], {"changes": 0}
    saver = Saver(lambda: written.append(state["changes"]))

    for number in range(1, 1001):
        state["changes"] = number
        saver.ask()
    saver.flush()

    assert (written[0], written[-1]) == (1, 1000)
    assert len(written) < 20


def test_what_stands_still_is_written_a_moment_later(anna, world, tmp_path):
    world.path = tmp_path / "sandbox.json"
    for number in range(2):
        anna.call("app.option.set", {"options": {"last": number}})

    deadline = time.monotonic() + 10
    while json.loads(world.path.read_text())["portals"][0]["app_options"] != {"last": 1}:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_messengers_connectors_and_widgets_are_in_the_state(anna, bot_id, world, aurora):
    messenger.write(world, aurora, anna.user, str(bot_id), "Hello")
    icon = {"DATA_IMAGE": "data:x"}
    page = "https://app.example/s"
    params = {"ID": "mail", "NAME": "Mail", "ICON": icon, "PLACEMENT_HANDLER": page}
    anna.call("imconnector.register", params)
    anna.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": 1})

    again = restore(json.loads(json.dumps(snapshot(world))), world.card, 8010).portal("aurora")

    names = ("rooms", "messages", "connectors", "statuses", "placements", "lines", "next_message")
    for name in names:
        assert getattr(again, name) == getattr(aurora, name), name
    assert all(event.sent == "" for event in again.events_log)


def test_snapshot_forgets_pairs_that_can_do_nothing(world, aurora, tmp_path):
    world.path = tmp_path / "sandbox.json"
    grant = oauth.mint(world, aurora, 1)
    grant.spent = True

    world.advance(3700)
    world.flush()

    assert world.grants == {}
    assert world.grant_by_refresh(grant.refresh) is None


@pytest.mark.parametrize("text", ["{}", "[]", "no json"])
def test_broken_snapshot_is_refused(tmp_path, text):
    path = tmp_path / "sandbox.json"
    path.write_text(text)

    with pytest.raises(ValueError):
        make_world(8010, client_id="a", client_secret="b", app_url="http://c.example", state=path)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"B24_CLIENT_ID": ""}, "B24_CLIENT_ID"),
        ({"APP_URL": ""}, "APP_URL"),
        ({"SANDBOX_PORT": "many"}, "SANDBOX_PORT"),
        ({"SANDBOX_PROFILE": "wrong"}, "SANDBOX_PROFILE"),
        ({"SANDBOX_BUCKET": "2"}, "SANDBOX_BUCKET"),
        ({"SANDBOX_BUCKET": "2,50,1"}, "SANDBOX_BUCKET"),
        ({"SANDBOX_BUCKET": "two,fifty"}, "SANDBOX_BUCKET"),
        ({"SANDBOX_BUCKET": "0,50"}, "SANDBOX_BUCKET"),
        ({"SANDBOX_BUCKET": "2,nan"}, "SANDBOX_BUCKET"),
    ],
)
def test_start_names_the_wrong_variable(change, named):
    with pytest.raises(ValueError, match=named):
        world_from(ENVIRONMENT | change)


def test_environment_makes_the_world():
    world = world_from(
        ENVIRONMENT | {"SANDBOX_LENIENT_REFRESH": "1", "SANDBOX_PROFILE": "documented"}
    )

    assert world.card.handler_url == "http://127.0.0.1:8000/"
    assert world.card.install_url == "http://127.0.0.1:8000/install"
    assert (world.profile, world.faults.lenient_refresh) == ("documented", True)
    assert world.limits.bucket is None
    assert [portal.license for portal in world.portals] == ["en_ent10000", "de_std"]


def test_environment_sets_limits_and_licence():
    world = world_from(ENVIRONMENT | {"SANDBOX_BUCKET": "2,50", "SANDBOX_LICENSE": "en_selfhosted"})

    assert world.limits.bucket == (2.0, 50.0)
    assert [portal.license for portal in world.portals] == ["en_selfhosted"] * 2


def test_state_from_before_there_were_commands_is_read(world, tmp_path):
    state = snapshot(world)
    for row in state["portals"]:
        for name in ("commands", "rooms", "messages", "connectors", "statuses", "lines"):
            del row[name]

    again = restore(state, world.card, 8010).portal("aurora")
    assert (again.commands, again.messages, len(again.lines)) == ({}, [], 2)


def test_two_worlds_cannot_share_an_address(world, served):
    port = int(world.auth_host.rpartition(":")[2])
    other = make_world(port, client_id="a", client_secret="b", app_url="http://c.example")

    with pytest.raises(OSError):
        serve(other)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_process_stops_cleanly_and_saves(world, http, tmp_path, number):
    state = tmp_path / "sandbox.json"
    port = world.auth_host.rpartition(":")[2]
    extra = {"SANDBOX_PORT": port, "SANDBOX_STATE": str(state)}
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox"],
        env=os.environ | ENVIRONMENT | extra,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        lines = [process.stdout.readline() for _ in range(2)]
        reply = http.get(f"http://127.0.0.2:{port}/rest/profile", timeout=10)
        process.send_signal(number)

        assert process.wait(10) == 0

    assert lines[0] == f"sandbox: Aurora at http://127.0.0.2:{port}/\n"
    assert reply.json()["error"] == "NO_AUTH_FOUND"
    assert state.exists()
