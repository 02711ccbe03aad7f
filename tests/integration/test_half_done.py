"""The portal has a change and our record has not: the next try makes both the same again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from b24app import keys
from b24app.store import PortalStore, shelf
from tests.cast import typed, typed_bot, typed_command, typed_connector, typed_joint
from tests.conftest import environment
from tests.integration.toll import Toll

MAIL = "/connectors/b24app_mail"
SAVING = hashlib.sha1(shelf.SAVE.encode()).hexdigest()


@pytest.fixture
def installed(anna):
    """Anna's portal with a bot of ours, whose chat app and commands are to come."""
    anna.install()
    anna.post("/bots", typed_bot())
    return anna


@pytest.fixture
def bot(installed):
    return installed.bots()[0]


@pytest.fixture
def store(installed, resources):
    return PortalStore(resources.redis, installed.portal.member_id)


@pytest.fixture
def noted(installed, resources):
    """The changes whose end nobody knows."""
    return lambda: resources.redis.smembers(keys.registrations(installed.portal.member_id))


@pytest.fixture
def toll(store_url, tmp_path) -> Iterator[Toll]:
    with Toll(Path(store_url.removeprefix("unix://").partition("?")[0]), tmp_path / "r") as toll:
        yield toll


@pytest.fixture
def post_until_the_save(installed, toll, tmp_path, world, app_port, var):
    """Send a form to a process of its own, which stands still where it would save."""
    started: list[subprocess.Popen[str]] = []

    def post(path: str, form: dict[str, object]) -> subprocess.Popen[str]:
        toll.order(SAVING, "stop")
        order = {"path": path, "form": form, "headers": installed._headers()}
        environ = environment(world, f"unix://{tmp_path / 'r'}", app_port) | {"VAR": str(var)}
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "tests.integration.editor", json.dumps(order)],
                env={**os.environ, **environ},
                stdout=subprocess.PIPE,
                text=True,
            )
        )
        assert toll.arrived.wait(30)
        return started[-1]

    yield post
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def post_and_die(post_until_the_save, wait_for_the_lock):
    """As before, and the process is killed there."""

    def post(path: str, form: dict[str, object]) -> None:
        process = post_until_the_save(path, form)
        process.kill()
        process.wait()
        wait_for_the_lock()

    return post


@pytest.fixture
def wait_for_the_lock(installed, resources):
    """The seconds of an edit lock go by that nobody prolongs any more."""
    return lambda: resources.redis.delete(keys.edit_lock(installed.portal.member_id))


def test_a_chat_app_that_was_registered_and_not_recorded_is_brought_up_to_date(
    installed, store, post_and_die, noted
):
    post_and_die("/chat-apps", typed(code="board"))
    assert len(installed.chat_apps()) == 1 and store.chat_apps.all() == []

    form = typed(code="board", iframe_url="https://other.example/", title=["Other", "Andere"])
    reply = installed.post("/chat-apps", form)

    assert reply.status_code == 200
    [there], [ours] = installed.chat_apps(), store.chat_apps.all()
    assert (there.id, there.hash) == (ours.id, ours.hash)
    assert there.iframe.startswith("https://other.example/")
    assert {row["TITLE"] for row in there.lang} == {"Other", "Andere"}
    assert noted() == set()


def test_a_republication_that_was_not_recorded_leaves_one_chat_app(
    installed, store, post_and_die, noted
):
    installed.post("/chat-apps", typed(code="board"))
    [old] = installed.chat_apps()
    post_and_die(f"/chat-apps/{old.id}/republication", {"version": "1"})
    assert len(installed.chat_apps()) == 2

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    [there], [ours] = installed.chat_apps(), store.chat_apps.all()
    assert there.id == ours.id != old.id
    assert noted() == set()


def test_a_command_that_was_registered_and_not_recorded_is_brought_up_to_date(
    installed, bot, store, post_and_die, noted
):
    post_and_die("/commands", typed_command(bot.id))
    assert len(installed.portal.commands) == 1 and store.commands.all() == []

    reply = installed.post("/commands", typed_command(bot.id, hidden="1"))

    assert reply.status_code == 200
    [there], [ours] = installed.portal.commands.values(), store.commands.all()
    assert there.id == ours.id
    assert there.hidden and ours.hidden
    assert noted() == set()


def test_a_connector_that_was_registered_and_not_recorded_is_ours(
    installed, store, post_and_die, noted
):
    post_and_die("/connectors", typed_connector())
    assert "b24app_mail" in installed.portal.connectors and store.connectors.all() == []

    reply = installed.post("/connectors", typed_connector(name="Letters"))

    assert reply.status_code == 200
    assert installed.portal.connectors["b24app_mail"].name == "Letters"
    assert [one.name for one in store.connectors.all()] == ["Letters"]
    assert noted() == set()


def test_a_connectors_new_name_that_was_not_recorded_does_not_make_it_a_strangers(
    installed, store, post_and_die, noted
):
    installed.post("/connectors", typed_connector())
    post_and_die(MAIL, typed_connector(version="1", name="Letters"))
    assert installed.portal.connectors["b24app_mail"].name == "Letters"
    assert store.connectors.get("b24app_mail").name == "Mail"

    forgotten = installed.post(f"{MAIL}/removal")
    joined = installed.post(f"{MAIL}/lines/1", typed_joint(1))
    renamed = installed.post(MAIL, typed_connector(version="2", name="Letters"))

    assert (forgotten.status_code, joined.status_code, renamed.status_code) == (400, 200, 200)
    assert store.connectors.get("b24app_mail").name == "Letters"
    assert noted() == set()


def test_a_connector_that_goes_takes_what_is_not_known_of_it_along(
    installed, store, post_and_die, noted
):
    """Whoever registers the same id later is not taken for us."""
    installed.post("/connectors", typed_connector())
    post_and_die(MAIL, typed_connector(version="1", name="Letters"))
    assert noted() == {"connector:b24app_mail"}

    assert installed.post(f"{MAIL}/unregistration").status_code == 200

    assert installed.portal.connectors == {}
    assert noted() == set()


def test_a_store_that_fails_at_the_save_is_told_and_the_same_form_goes_through_later(
    installed, store, post_until_the_save, wait_for_the_lock, toll, noted
):
    process = post_until_the_save("/connectors", typed_connector())
    toll.close_road()
    said, _ = process.communicate(timeout=60)
    assert said == "503\n"
    assert noted() == {"connector:b24app_mail"}
    wait_for_the_lock()

    reply = installed.post("/connectors", typed_connector())

    assert reply.status_code == 200
    assert [one.id for one in store.connectors.all()] == ["b24app_mail"]
    assert noted() == set()


@pytest.mark.parametrize(
    ("code", "status"), [("INTERNAL_SERVER_ERROR", 500), ("ACCESS_DENIED", 403)]
)
@pytest.mark.parametrize("kind", ["chat_app", "command"])
def test_a_refusal_after_a_lost_answer_says_nothing_of_the_first_try(
    installed, bot, store, world, noted, kind, code, status
):
    path, method, form = {
        "chat_app": ("/chat-apps", "imbot.app.register", typed(code="board")),
        "command": ("/commands", "imbot.v2.Command.register", typed_command(bot.id)),
    }[kind]
    world.faults.order("lost", method)
    world.faults.order("error", method, code=code, status=status, times=9)
    assert installed.post(path, form).status_code >= 400
    world.faults.rest.clear()
    assert len(noted()) == 1

    reply = installed.post(path, form | {"hidden": "1"})

    assert reply.status_code == 200
    if kind == "chat_app":
        [there], [ours] = installed.chat_apps(), store.chat_apps.all()
        assert there.hash == ours.hash
    else:
        [there], [ours] = installed.portal.commands.values(), store.commands.all()
    assert there.id == ours.id
    assert there.hidden and ours.hidden
    assert noted() == set()


def test_a_plain_no_leaves_nothing_in_doubt(installed, world, noted):
    world.faults.order("error", "imbot.app.register", code="ACCESS_DENIED", status=403)

    assert installed.post("/chat-apps", typed(code="board")).status_code >= 400

    assert noted() == set()
