"""Event intake beside a bare Flask view that does one HGETALL, both under the same gunicorn."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median, quantiles
from typing import Final

from b24app.records import Installation
from b24app.resources import Resources
from bench import events_load, stage
from bench.rounds import Contestant, Entry, Result, Taken, compete
from bench.table import Row
from tests.ports import free_port

CONNECTIONS: Final = 8
CALLS: Final = 2000
PATIENCE: Final = 20


def measure(environ: dict[str, str]) -> list[Row]:
    """Ratios of requests per second and of the slowest hundredth; needs a store and portals."""
    print(f"event intake, {CONNECTIONS} connections", flush=True)
    numbers, sender = itertools.count(), events_load.Sender()
    with web("app:app", environ) as ours, web("bench.events_bare:app", environ) as bare:
        done = compete(
            {
                "intake": Entry(_contestant(sender, ours, lambda: _event(next(numbers))), CALLS),
                "bare view": Entry(_contestant(sender, bare, lambda: _bare(next(numbers))), CALLS),
            },
            lambda: sender.connections,
            threads=CONNECTIONS,
        )
    mine, theirs = done["intake"], done["bare view"]
    slow = median(
        _p99(one) / _p99(other) for one, other in zip(mine.rounds, theirs.rounds, strict=True)
    )
    return [
        Row(
            "events.intake_vs_bare",
            mine.against(theirs),
            "×",
            0.5,
            "higher",
            f"{mine.rate:.0f} to {theirs.rate:.0f} requests/s",
        ),
        Row("events.p99_vs_bare", slow, "×", 5, "lower", _slowest(mine, theirs)),
    ]


def know_portals(resources: Resources) -> None:
    """Keep a record of each portal that sends events."""
    for member_id in events_load.MEMBERS:
        resources.installations.save(
            Installation(
                member_id=member_id,
                domain="aurora.bitrix24.com",
                client_endpoint="https://aurora.bitrix24.com/rest/",
                server_endpoint="https://oauth.bitrix.info/rest/",
                scope=("imbot", "im", "placement"),
                status="L",
                application_token=events_load.application_token(member_id),
                installed_by=1,
                installed_at=int(time.time()),
            )
        )


@contextmanager
def web(application: str, environ: dict[str, str]) -> Iterator[int]:
    """An application under gunicorn with the product's settings; yields its port."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--log-level", "error", application],
        env=environ | {"PORT": str(port), "APP_URL": f"http://127.0.0.1:{port}"},
        cwd=stage.ROOT,
    )
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
                return
        except urllib.error.HTTPError:
            return  # it answers, whatever it says
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


def _contestant(sender: events_load.Sender, port: int, make: Callable[[], bytes]) -> Contestant:
    def work(calls: int, threads: int) -> Taken:
        return sender.post(port, [make() for _ in range(calls)], threads)

    return work


def _event(number: int) -> bytes:
    return events_load.request("/events", events_load.event(number))


def _bare(number: int) -> bytes:
    member_id = events_load.MEMBERS[number % len(events_load.MEMBERS)]
    return events_load.request(f"/bare/{member_id}", events_load.event(number))


def _p99(taken: Taken) -> float:
    return quantiles(taken.took, n=100)[98]


def _slowest(mine: Result, theirs: Result) -> str:
    ours, other = (median(map(_p99, result.rounds)) for result in (mine, theirs))
    return f"p99 {ours:.1f} to {other:.1f} ms; p50 {mine.p50:.1f} to {theirs.p50:.1f} ms"
