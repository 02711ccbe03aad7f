"""Contestants in turns: whatever slows the machine down slows all of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Final

ROUNDS: Final = 7


@dataclass(frozen=True)
class Taken:
    """One round of one contestant: seconds in all, and each call's milliseconds."""

    seconds: float
    took: tuple[float, ...]

    @property
    def rate(self) -> float:
        """Calls per second."""
        return len(self.took) / self.seconds

    @property
    def p50(self) -> float:
        """The median call in milliseconds."""
        return median(self.took)


# Does so many calls over so many threads.
Contestant = Callable[[int, int], Taken]


@dataclass(frozen=True)
class Entry:
    """A contestant, and how many calls a round of it has: the slow ones need fewer."""

    work: Contestant
    calls: int


@dataclass(frozen=True)
class Result:
    """All rounds of one contestant, and how many connections it opened, the warm-up included."""

    rounds: tuple[Taken, ...]
    connections: int

    @property
    def rate(self) -> float:
        """The median round's calls per second."""
        return median(taken.rate for taken in self.rounds)

    @property
    def p50(self) -> float:
        """The median round's median call in milliseconds."""
        return median(taken.p50 for taken in self.rounds)

    def against(self, other: Result) -> float:
        """How many times the other's rate: the median of the rounds' ratios."""
        pairs = zip(self.rounds, other.rounds, strict=True)
        return median(mine.rate / theirs.rate for mine, theirs in pairs)


def compete(
    entries: Mapping[str, Entry],
    count: Callable[[], int],
    *,
    threads: int = 1,
    rounds: int = ROUNDS,
) -> dict[str, Result]:
    """Warm everybody up, then let them take turns; ``count`` says how many connections there were.

    Prints one line for each contestant.
    """
    taken: dict[str, list[Taken]] = {name: [] for name in entries}
    connections = dict.fromkeys(entries, 0)
    for number in range(rounds + 1):
        for name, entry in entries.items():
            before = count()
            result = entry.work(entry.calls if number else 2 * threads, threads)
            connections[name] += count() - before
            if number:
                taken[name].append(result)
    results = {name: Result(tuple(taken[name]), connections[name]) for name in entries}
    for name, done in results.items():
        calls = rounds * entries[name].calls
        print(
            f"  {name:9} {done.rate:7.0f} calls/s, p50 {done.p50:6.2f} ms, "
            f"{calls} calls over {done.connections} connections",
            flush=True,
        )
    return results


def in_threads(call: Callable[[], object]) -> Contestant:
    """A contestant of this process that does ``call``."""

    def several(calls: int) -> list[float]:
        took = []
        for _ in range(calls):
            began = time.perf_counter()
            call()
            took.append((time.perf_counter() - began) * 1000)
        return took

    def work(calls: int, threads: int) -> Taken:
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            took = list(pool.map(several, [calls // threads] * threads))
        return Taken(time.perf_counter() - began, tuple(chain.from_iterable(took)))

    return work
