"""What a worker has done to portals and people after it was killed, held up, or told to stop."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from b24app import jobs, keys
from b24app.records import RunState
from b24app.resources import open_resources
from b24app.settings import Settings
from b24app.store import PortalStore, RateBudget
from sandbox import messenger
from tests import events
from tests.cast import Person, typed, typed_bot, typed_command
from tests.conftest import _person, environment
from tests.integration.life import keys_of, send, uninstall
from tests.integration.test_worker import ROOT, WorkerProcess, wait_until
from tests.integration.toll import Toll

ANSWER = "imbot.v2.command.answer"


@pytest.fixture
def start(world, app, store_url, app_port) -> Iterator[Callable[..., WorkerProcess]]:
    """Start workers; whatever is left of them is killed in the end."""
    started: list[WorkerProcess] = []

    def run(url: str = store_url) -> WorkerProcess:
        started.append(WorkerProcess(environment(world, url, app_port)))
        return started[-1]

    yield run
    for worker in started:
        worker.kill()


def test_a_blocked_method_of_one_portal_does_not_hold_up_the_others(anna, boris, resources, start):
    """Aurora's removals must wait for five minutes; Borealis' event does not, with one worker."""
    anna.install()
    boris.install()
    for number in range(2):
        anna.post("/chat-apps", typed(code=f"c{number}"))
    aurora = anna.portal.member_id
    for method in ("batch", "imbot.app.unregister"):
        RateBudget(resources.redis, aurora).block(method, time.time() + 300)
    ids = [str(app.id) for app in anna.chat_apps()]
    anna.post("/bulk", {"verb": "unregister", "thing": "chat_app", "id": ids})
    store = PortalStore(resources.redis, aurora)
    start()
    wait_until(lambda: is_worked_at(resources, aurora))

    assert send(boris, resources, "ONSOMETHING") == 200
    wait_until(lambda: "ONSOMETHING" in events.done(resources, boris.portal.member_id))

    wait_until(lambda: store.runs.all()[0].reason == "MethodBlocked")
    assert store.runs.all()[0].state is RunState.RUNNING
    assert 200 < resources.redis.ttl(keys.bulk_worker(aurora)) <= 301
    assert len(anna.chat_apps()) == 2


def is_worked_at(resources, member_id: str) -> bool:
    """Whether a worker has the portal's runs in hand, or has had them."""
    holder = resources.redis.get(keys.bulk_worker(member_id))
    return holder is not None and not holder.startswith("called")


def answers(person) -> Counter[str]:
    """How often the portal was asked to answer each message."""
    return Counter(
        str(call.params["messageId"])
        for call in list(person.portal.rest_log)
        if call.method == ANSWER
    )


def kill_amid_an_answer(person, world, worker) -> None:
    """Killed without warning while the portal is at work on an answer."""
    world.faults.rest_delay = 1.0
    before = answers(person).total()
    wait_until(lambda: answers(person).total() > before)
    worker.kill()
    world.faults.rest_delay = 0.0


def test_killed_amid_500_commands_a_bot_answers_each_once(
    anna, egor, world, resources, start, work
):
    anna.portal.license = "en_selfhosted"  # no limits, so that the answers follow one another
    anna.install()
    anna.post("/bots", typed_bot(welcome=["", ""]))
    [bot] = anna.bots()
    anna.post("/commands", typed_command(bot.id))
    work()
    asked = [
        messenger.write(world, anna.portal, egor.user, str(bot.id), "/help") for _ in range(500)
    ]
    assert world.drain()

    for mark in (100, 300):
        worker = start()
        wait_until(lambda mark=mark: answers(anna).total() >= mark)
        kill_amid_an_answer(anna, world, worker)
    assert answers(anna).total() < 500
    start()
    wait_until(lambda: resources.inbox.waiting() == [])

    assert answers(anna) == Counter(str(message.id) for message in asked)
    assert len([one for one in anna.portal.messages if one.author == bot.id]) == 500
    assert events.done(resources, anna.portal.member_id)["ONIMBOTV2COMMANDADD"] == 500
    assert resources.inbox.dead_letter_inboxes() == []


@pytest.mark.parametrize("moment", ["}:history", "jobs.look("])
def test_killed_between_an_uninstall_and_the_first_look_at_it_the_portal_still_goes(
    anna, app, resources, start, work, settings, tmp_path, moment
):
    """Before its history line, and before the look was called for: a look is planned already."""
    anna.install()
    work()
    uninstall(anna)
    member_id, road = anna.portal.member_id, tmp_path / "road"
    with Toll(Path(settings.redis_url.removeprefix("unix://")), road) as toll:
        toll.order(moment, "stop")
        worker = start(f"unix://{road}")
        assert toll.arrived.wait(20)
        worker.kill()
    assert resources.installations.departures.read(member_id)

    resources.redis.delete(keys.inbox_reader(member_id))  # its lease runs out
    resources.redis.zincrby(keys.looks(), -3600, member_id)
    jobs.look_around(resources)
    with app.app_context():
        jobs.look_at_departures()
    work()

    assert resources.installations.member_ids() == []
    assert keys_of(anna, resources) == []


@contextmanager
def serving(folder: Path, environ: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The product as ``make serve`` starts it, on a store of its own, in this folder."""
    for name in ("app.py", "Procfile", "gunicorn.conf.py"):
        shutil.copy(ROOT / name, folder / name)
    for name in ("b24app", "templates", "static", "translations"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    command = [sys.executable, "-m", "b24app.launch", "serve"]
    known = {"PATH": os.environ["PATH"], **environ}
    process = subprocess.Popen(
        command, cwd=folder, env=known, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert "Open " in process.stdout.readline()
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=90)


@pytest.fixture
def alone(world, settings) -> Iterator[Person]:
    """Anna, while no application is running."""
    yield from _person(world, "aurora", 1, settings)


def test_a_job_under_way_is_finished_when_everything_is_told_to_stop(
    world, alone, settings, tmp_path
):
    """Also when it takes longer than the five seconds honcho gives it. Its store waits too."""
    environ = environment(world, "", settings.port)
    del environ["REDIS_URL"]
    with serving(tmp_path, environ) as process:
        alone.install()
        alone.portal.bindings.clear()
        asked, world.faults.rest_delay = len(alone.portal.rest_log), 7.0
        call_worker(Settings.from_env(environ, tmp_path / "var"), alone.portal.member_id)
        wait_until(lambda: len(alone.portal.rest_log) > asked)

        process.terminate()
        world.faults.rest_delay = 0.0

        assert process.wait(60) == 0
    log = (tmp_path / "var" / "log" / "run.log").read_text()
    assert "SIGKILL" not in log and "raised an exception" not in log
    assert {"ONAPPUNINSTALL", "ONAPPUPDATE"} <= {one.event for one in alone.portal.bindings}


def call_worker(settings: Settings, member_id: str) -> None:
    """Have the worker of this store bind the portal's events."""
    known = open_resources(settings)
    known.enqueue(jobs.resubscribe, member_id)
    known.redis.close()
    known.queue.connection.close()
