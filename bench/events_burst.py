"""Ten thousand events of a hundred portals in one burst: all taken in, each done once."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from b24app.resources import Resources
from bench import events_load, stage
from bench.events_intake import web
from bench.table import Row

EVENTS: Final = 10_000
CONNECTIONS: Final = 32
PATIENCE: Final = 120


def measure(resources: Resources, environ: dict[str, str]) -> list[Row]:
    """How many of the burst were done exactly once, with web and worker as real processes."""
    print(f"a burst of {EVENTS} events over {CONNECTIONS} connections", flush=True)
    for member_id in events_load.MEMBERS:
        resources.inbox.forget(member_id)
    requests = [
        events_load.request("/events", events_load.event(number)) for number in range(EVENTS)
    ]
    with web("app:app", environ) as port, worker(environ):
        began = time.monotonic()
        taken = events_load.Sender().post(port, requests, CONNECTIONS)
        _wait_until_drained(resources)
        seconds = time.monotonic() - began
    note = f"taken in at {taken.rate:.0f}/s, all done after {seconds:.1f} s"
    return [Row("events.burst_done", _done_once(resources), "count", EVENTS, "higher", note)]


@contextmanager
def worker(environ: dict[str, str]) -> Iterator[None]:
    """The product's worker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", "--app", "app", "worker"], env=environ, cwd=stage.ROOT
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _wait_until_drained(resources: Resources) -> None:
    deadline = time.monotonic() + PATIENCE
    while resources.inbox.waiting() or resources.queue.count:
        if time.monotonic() > deadline:
            raise RuntimeError("the queue was not drained")
        time.sleep(0.02)


def _done_once(resources: Resources) -> int:
    """Events of portals of which exactly as many were done as were sent."""
    share = EVENTS // len(events_load.MEMBERS)
    done = [
        sum(count for count, _ in resources.inbox.tally(member_id).values())
        for member_id in events_load.MEMBERS
    ]
    return sum(count for count in done if count == share)
