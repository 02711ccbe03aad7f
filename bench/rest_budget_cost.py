"""What the budget itself costs: one question to the store, beside the barest question there is.

`RateBudget.take` and `PING` take turns on the same client. The rate is wide enough never to wait
and narrow enough that every request asks the store, as at a cloud portal. That it is one round
trip is counted where commands leave this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Final

from redis.connection import AbstractConnection

from b24app.records import Lane, Rate
from b24app.resources import Resources
from b24app.store import RateBudget
from bench import stage
from bench.rounds import ROUNDS
from bench.table import Row

CALLS: Final = 500
ASKING: Final = Rate(leak=1_000_000, size=999)


def measure(var: Path) -> list[Row]:
    """The rows of the budget's own cost; needs a running store under ``var``."""
    print("the budget's own cost", flush=True)
    with stage.product(stage.environment(), var) as resources:
        budget = RateBudget(resources.redis, "c05d" * 8, ASKING)

        def take() -> None:
            assert budget.take("profile", Lane.INTERACTIVE, 8).wait == 0

        sent = _round_trips(take)
        takes, pings = _in_turns(take, resources)
    more = median(a - b for a, b in zip(takes, pings, strict=True))
    note = f"take {median(takes):.3f} ms, PING {median(pings):.3f} ms"
    print(f"  {note}", flush=True)
    return [
        Row("rest.budget_cost_vs_roundtrip", more, "ms more", 0.3, "lower", note),
        Row("rest.budget_cost", median(takes), "ms", 0.3, "lower", "the whole question"),
        Row("rest.budget_round_trips", sent, "per call", 1, "lower"),
    ]


def _in_turns(take: Callable[[], None], resources: Resources) -> tuple[list[float], list[float]]:
    """The medians, in milliseconds, of each round of both."""
    takes, pings = [], []
    for _ in range(ROUNDS):
        takes.append(_median_of(take))
        pings.append(_median_of(resources.redis.ping))
    return takes, pings


def _median_of(work: Callable[[], object]) -> float:
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        work()
        took.append((time.perf_counter() - began) * 1000)
    return median(took)


def _round_trips(take: Callable[[], None]) -> float:
    """How many times something is sent to the store for one question, once it is warm."""
    take()
    with _counting() as sent:
        for _ in range(100):
            take()
    return len(sent) / 100


@contextmanager
def _counting() -> Iterator[list[None]]:
    sent: list[None] = []
    original = AbstractConnection.send_packed_command

    def counted(self: AbstractConnection, *args: object, **options: object) -> None:
        sent.append(None)
        original(self, *args, **options)  # type: ignore[no-untyped-call]

    AbstractConnection.send_packed_command = counted  # type: ignore[method-assign]
    try:
        yield sent
    finally:
        AbstractConnection.send_packed_command = original  # type: ignore[method-assign]
