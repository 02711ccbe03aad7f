"""Four processes working one portal for a minute, and an administrator who clicks meanwhile.

Each of the four opens the portal in the bulk lane and calls as fast as it may. A fifth opens it
as a web request does, every one to two seconds, and calls once in the interactive lane. The
sandbox portal has the real bucket (2/s, 50) and counts. Allowed in a minute are the whole bucket
and what leaks: 50 + 2 × 60 requests; afterwards, the bucket once full, 2 per second.
"""

from __future__ import annotations

import multiprocessing
import random
import time
from multiprocessing.synchronize import Event
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from b24app.actions.portal import open_portal
from b24app.records import SYSTEM, Lane
from bench import stage
from bench.stage import REAL_BUCKET, Home
from bench.table import Row

PROCESSES: Final = 4
SECONDS: Final = 60
BURST_SECONDS: Final = 10  # until the bucket is full for certain
PAUSE: Final = (1.0, 2.0)


def measure(home: Home) -> list[Row]:
    """The rows of the shared budget."""
    print(f"{PROCESSES} processes and a person share a portal for {SECONDS} s", flush=True)
    home.empty_buckets()
    clicks = _run(home)
    began = home.limits.admitted[0]
    moments = [moment - began for moment in home.limits.admitted if moment <= began + SECONDS]
    leak, size = REAL_BUCKET
    allowed = size + leak * SECONDS
    steady = sum(moment > BURST_SECONDS for moment in moments)
    steady_allowed = leak * (SECONDS - BURST_SECONDS)
    half, worst = median(clicks), quantiles(clicks, n=100, method="inclusive")[98]
    print(
        f"  {len(moments)} of {allowed:.0f} requests, {len(home.limits.refused)} refused; "
        f"{len(clicks)} clicks, median {half:.3f} s, longest {max(clicks):.3f} s",
        flush=True,
    )
    return [
        Row(
            "rest.budget_used",
            len(moments) / allowed,
            "of 1",
            0.95,
            "higher",
            f"{len(moments)} of {allowed:.0f} requests in {SECONDS} s",
        ),
        Row(
            "rest.budget_used_steady",
            steady / steady_allowed,
            "of 1",
            0.95,
            "higher",
            f"{steady} of {steady_allowed:.0f} after the burst",
        ),
        Row("rest.budget_refusals", len(home.limits.refused), "count", 0, "lower"),
        Row("rest.click_during_bulk_median", half, "s", 1, "lower", f"{len(clicks)} clicks"),
        Row("rest.click_during_bulk_p99", worst, "s", 3, "lower", f"longest {max(clicks):.3f} s"),
    ]


def _run(home: Home) -> list[float]:
    """Let everybody work for the time; returns the seconds of each click."""
    context = multiprocessing.get_context("spawn")
    start, answers = context.Event(), context.SimpleQueue()
    known = (home.environ, home.var, home.member_id, start)
    ready = [context.Event() for _ in range(PROCESSES + 1)]
    processes = [context.Process(target=_work, args=(*known, event)) for event in ready[1:]]
    processes.append(context.Process(target=_click, args=(*known, ready[0], answers)))
    try:
        for process in processes:
            process.start()
        if not all(event.wait(60) for event in ready):
            raise RuntimeError("a process did not come up")
        start.set()
        clicks: list[float] = answers.get()
        for process in processes:
            process.join(30)
        if any(process.exitcode for process in processes):
            raise RuntimeError("a process failed, or did not end")
    finally:
        for process in processes:
            process.kill()
    return clicks


def _work(environ: dict[str, str], var: Path, member_id: str, start: Event, ready: Event) -> None:
    """Bulk work: call as fast as the budget lets us."""
    with stage.product(environ, var) as resources:
        rest = open_portal(resources, member_id, SYSTEM, lane=Lane.BULK).rest
        ready.set()
        start.wait()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            rest.call("profile")


def _click(
    environ: dict[str, str],
    var: Path,
    member_id: str,
    start: Event,
    ready: Event,
    answers: multiprocessing.SimpleQueue[list[float]],
) -> None:
    """A person: opens the portal and calls, then reads for a moment."""
    took: list[float] = []
    with stage.product(environ, var) as resources:
        open_portal(resources, member_id, SYSTEM)
        ready.set()
        start.wait()
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            time.sleep(random.uniform(*PAUSE))
            began = time.perf_counter()
            open_portal(resources, member_id, SYSTEM).rest.call("profile")
            took.append(time.perf_counter() - began)
    answers.put(took)
