"""The worker as a process of its own: killed, stopped, and with a queue that goes away."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import DEVNULL

import pytest
import redis

from b24app import create_app, jobs, keys
from b24app.embedded import store_command
from b24app.records import SYSTEM
from b24app.resources import Resources
from b24app.settings import Settings, embedded_url
from b24app.store import PortalStore
from tests import events
from tests.conftest import environment

ROOT = Path(__file__).parent.parent.parent
PATIENCE = 40


class WorkerProcess:
    """``flask --app app worker`` in a session of its own, so that all of it can be found."""

    def __init__(self, environ: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "worker"],
            env=os.environ | environ | {"LOG_LEVEL": "ERROR"},
            cwd=ROOT,
            start_new_session=True,
        )

    def kill(self) -> None:
        """Kill it and its children at once, as a machine that loses power does."""
        for pid in self._members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def stop(self) -> int:
        """Ask it to stop; returns its exit status."""
        self._process.terminate()
        return self._process.wait(PATIENCE)

    def _members(self) -> list[int]:
        """Everybody of its session: RQ gives each job a process group of its own."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[3]) == self._process.pid:
                    found.append(int(stat.parent.name))
        return found


@pytest.fixture
def start(world, app, store_url, app_port) -> Iterator[Callable[[], WorkerProcess]]:
    """Start workers; whatever is left of them is killed in the end."""
    started: list[WorkerProcess] = []

    def run() -> WorkerProcess:
        started.append(WorkerProcess(environment(world, store_url, app_port)))
        return started[-1]

    yield run
    for worker in started:
        worker.kill()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def send(app, member_id: str, count: int, name: str = "ONSOMETHING") -> None:
    web = app.test_client()
    for number in range(count):
        reply = web.post(
            "/events",
            data=events.body(member_id, number, f"{name}{number % 10}"),
            content_type=events.TYPE,
        )
        assert reply.status_code == 200


def total(resources, *portals: str) -> int:
    return sum(sum(events.done(resources, portal).values()) for portal in portals)


def test_killed_in_the_middle_of_500_events_all_are_done_once(app, resources, start):
    """Twice killed without warning, with everything it had started; nothing waits for a person."""
    aurora, borealis = events.know(resources, 1), events.know(resources, 2)
    send(app, aurora, 300)
    send(app, borealis, 200)

    for mark in (60, 220):
        worker = start()
        wait_until(lambda mark=mark: total(resources, aurora, borealis) > mark)
        worker.kill()
        assert total(resources, aurora, borealis) < 500
    start()
    wait_until(lambda: resources.inbox.waiting() == [])

    assert set(events.done(resources, aurora).values()) == {30}
    assert set(events.done(resources, borealis).values()) == {20}
    assert resources.inbox.dead_letter_inboxes() == []


def test_told_to_stop_it_finishes_what_it_has_and_loses_nothing(app, resources, start):
    aurora = events.know(resources, 1)
    send(app, aurora, 300)
    worker = start()
    wait_until(lambda: total(resources, aurora) > 20)

    status = worker.stop()

    assert status == 0
    finished = total(resources, aurora)
    assert finished + len(resources.inbox.first(aurora, 500)) == 300
    start()
    wait_until(lambda: resources.inbox.waiting() == [])
    assert total(resources, aurora) == 300


def test_told_to_stop_while_it_has_nothing_to_do_it_ends_too(resources, start):
    worker = start()
    wait_until(lambda: resources.queue.scheduled_job_registry.count > 0)

    assert worker.stop() == 0


@pytest.fixture
def own_store(tmp_path) -> Iterator[Callable[[], None]]:
    """A store of this test's own; each call kills it and starts it again on the same data."""
    running: list[subprocess.Popen[bytes]] = []

    def restart() -> None:
        for process in running:
            process.kill()
            process.wait(10)
        running[:] = [subprocess.Popen(shlex.split(store_command(tmp_path)), stdout=DEVNULL)]
        with redis.Redis.from_url(embedded_url(tmp_path)) as client:
            wait_until(lambda: answers(client))

    restart()
    yield restart
    running[0].terminate()
    running[0].wait(10)


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_it_outlives_a_store_that_goes_away_and_comes_back(world, tmp_path, app_port, own_store):
    environ = environment(world, embedded_url(tmp_path), app_port)
    app = create_app(Settings.from_env(environ, tmp_path))
    known: Resources = app.extensions["b24app"]
    aurora, worker = events.know(known, 1), WorkerProcess(environ)
    try:
        send(app, aurora, 5)
        wait_until(lambda: total(known, aurora) == 5)
        own_store()
        send(app, aurora, 5, "ONLATER")
        wait_until(lambda: total(known, aurora) == 10)
        assert worker.stop() == 0
    finally:
        worker.kill()
        known.redis.close()
        known.queue.connection.close()


def test_two_workers_share_the_work_and_the_schedule(app, resources, start):
    portals = [events.know(resources, number) for number in range(1, 9)]
    start()
    start()
    for portal in portals:
        send(app, portal, 60)

    wait_until(lambda: total(resources, *portals) == 480)

    assert all(set(events.done(resources, portal).values()) == {6} for portal in portals)
    schedule = resources.queue.scheduled_job_registry
    once = sorted(job.__name__ for job in jobs.PERIODIC)
    wait_until(lambda: sorted(name.rpartition("-")[0] for name in schedule.get_job_ids()) == once)


def test_after_a_stop_an_inbox_that_waits_for_its_reader_calls_no_second_one(app, resources):
    """A worker that is away for an hour must not find sixty readers for each portal."""
    portals = [events.know(resources, number) for number in range(1, 4)]
    for portal in portals:
        send(app, portal, 2)
    minutes_pass(resources, portals)

    jobs.look_around(resources)

    assert sorted(job.args for job in resources.queue.jobs) == [(portal,) for portal in portals]


def test_an_inbox_whose_call_was_lost_with_the_queue_is_called_again(app, resources):
    aurora = events.know(resources, 1)
    send(app, aurora, 2)
    resources.queue.empty()
    minutes_pass(resources, [aurora])

    jobs.look_around(resources)

    assert [job.args for job in resources.queue.jobs] == [(aurora,)]


def test_work_with_many_things_that_waits_for_its_worker_calls_no_second_one(app, resources):
    aurora = events.know(resources, 1)
    runs = PortalStore(resources.redis, aurora).runs
    runs.create(SYSTEM, "unregister", "command", [("1", "/help")])
    for _ in range(3):
        resources.redis.delete(keys.bulk_worker(aurora))  # who was called has not come
        jobs.look_around(resources)

    assert [job.args for job in resources.queue.jobs] == [(aurora,)]


def minutes_pass(resources: Resources, portals: list[str]) -> None:
    """Nobody reads, and that a reader was called is forgotten."""
    resources.redis.delete(*map(keys.inbox_reader, portals))


def trip() -> None:
    """A periodic job that fails."""
    raise RuntimeError("a fault of ours")


def test_a_periodic_run_that_fails_waits_for_nobody_and_the_next_one_comes(resources, work):
    resources.enqueue_every(trip, 60)
    [planned] = resources.queue.scheduled_job_registry.get_job_ids()
    resources.queue.enqueue_job(resources.queue.fetch_job(planned))

    work()

    assert resources.queue.failed_job_registry.get_job_ids() == []
    assert [key for key in resources.queue.connection.keys("rq:*") if b"trip" in key] == []
    resources.queue.scheduled_job_registry.remove(planned)
    resources.enqueue_every(trip, 60)
    assert len(resources.queue.scheduled_job_registry.get_job_ids()) == 1


def test_what_a_job_counts_reaches_the_operators_metrics(app, resources, start):
    aurora = events.know(resources, 1)
    send(app, aurora, 5)
    start()

    wait_until(lambda: resources.counters.all().get(("events_done", "ok"), 0) >= 5)
    assert resources.counters.all()["events_done", "ok"] == 5


def test_no_secret_is_in_the_queue(anna, world, resources, start):
    """Events bring tokens; jobs carry ids only, in what is queued, planned and failed."""
    anna.install()
    anna.at_portal("/apps/update", {})
    assert world.drain()
    grants = [*world.grants.values()]
    token = resources.installations.get(anna.portal.member_id).application_token
    secrets = {token, *(grant.access for grant in grants), *(grant.refresh for grant in grants)}

    carried = [job.args for job in resources.queue.jobs]

    assert carried and all(
        isinstance(argument, str | int) and str(argument) not in secrets
        for arguments in carried
        for argument in arguments
    )
