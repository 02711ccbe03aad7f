"""The primary is killed with SIGKILL in the middle of a storm of renewals over 200 portals.

Three sentinels, one replica, `down-after-milliseconds` 1000. Sixteen threads renew portal after
portal as fast as they may; the authorization server takes a refresh token once and 20 ms for it.
Half of the portals have a second administrator's chain. Afterwards it is counted whose stored
token is not the last one that was given out, and every portal is renewed once more; the
administrators of those that wait open the application, and these are renewed again.
"""

from __future__ import annotations

import itertools
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Final

from b24app.actions import tokens
from b24app.errors import AuthorizationLost, B24AppError
from b24app.records import Installation
from b24app.resources import Resources
from bench import stage, tokens_stage
from bench.authority import token
from bench.table import Row
from bench.told import Told
from tests.store.servers import Server, watched

PORTALS: Final = 200
THREADS: Final = 16
RENEWAL: Final = 0.02
BEFORE: Final = 2.0
AFTER: Final = 12.0  # longer than a save is tried and a lease lasts
ROUNDS: Final = 3


def measure(_: Path, server: Told) -> list[Row]:
    """The rows of the failover, all rounds together."""
    print(f"the primary killed during renewals over {PORTALS} portals, {ROUNDS} times", flush=True)
    seen: Counter[str] = Counter()
    longest = 0.0
    for _number in range(ROUNDS):
        server.ask("reset")
        server.ask(f"delay {RENEWAL}")
        longest = max(longest, _round(server, seen))
        seen["renewals"] += server.ask("counts")["renewals"]
    server.ask("delay 0")
    told = ", ".join(f"{count} {what}" for what, count in sorted(seen.items()))
    print(f"  {told}; no token for {longest:.1f} s at most", flush=True)
    half = ROUNDS * PORTALS // 2
    return [
        Row("tokens.failover_lost", seen["lost"], "portals", 0, "lower", f"of {2 * half}"),
        Row(
            "tokens.failover_waiting",
            seen["waiting, 1 chains"],
            "portals",
            half // 50,
            "lower",
            f"of {half} with one chain; healed by the administrator's next opening",
        ),
        Row(
            "tokens.failover_waiting_with_spare",
            seen["waiting, 2 chains"],
            "portals",
            0,
            "lower",
            f"of {half}",
        ),
        Row(
            "tokens.failover_unsaved",
            seen["unsaved"],
            "pairs",
            half // 50,
            "lower",
            f"spent and not in the store afterwards; of {seen['renewals']} renewals",
        ),
        Row("tokens.failover_gap_s", longest, "s", 10, "lower", "without any renewal"),
    ]


@contextmanager
def _stage(server: Told) -> Iterator[tuple[Server, Resources]]:
    with (
        tempfile.TemporaryDirectory(prefix="b24app-bench-") as name,
        watched(Path(name), sentinels=3) as store,
    ):
        environ = stage.environment(**tokens_stage.environment(server), REDIS_URL=store.url)
        with stage.product(environ, Path(name)) as known:
            yield store, known


def _round(server: Told, seen: Counter[str]) -> float:
    """One failover; counts what became of the portals, returns the longest time without a token."""
    over, moments, origin = threading.Event(), list[float](), server.first["origin"]
    with _stage(server) as (store, known):
        portals = [_know(known, number, origin) for number in range(PORTALS)]
        turn = itertools.cycle(portals)
        with ThreadPoolExecutor(THREADS) as pool:
            works = [
                pool.submit(_renew_on, known, turn, over, moments, seen) for _ in range(THREADS)
            ]
            time.sleep(BEFORE)
            store.processes[0].send_signal(signal.SIGKILL)
            time.sleep(AFTER)
            over.set()
            for work in works:
                work.result()
        seen["unsaved"] += sum(_unsaved(known, portal, server) for portal in portals)
        for portal in portals:
            _judge(known, portal, server, seen)
    return max(later - earlier for earlier, later in pairwise(sorted(moments)))


def _know(known: Resources, number: int, origin: str) -> Installation:
    """Every other portal has a spare."""
    member_id = tokens_stage.member(number)
    known.installations.save(tokens_stage.installation(member_id, origin))
    if number % 2:
        tokens_stage.keep(known, member_id, token(member_id, 0, user_id=2), user_id=2)
    return tokens_stage.know(known, member_id, origin)


def _renew_on(
    known: Resources,
    turn: Iterator[Installation],
    over: threading.Event,
    moments: list[float],
    seen: Counter[str],
) -> None:
    while not over.is_set():
        try:
            _renew(known, next(turn))
            moments.append(time.monotonic())
        except B24AppError as exc:
            seen[f"calls ended with {type(exc).__name__}"] += 1


def _renew(known: Resources, portal: Installation) -> str:
    """Whatever is stored, it counts as ended."""
    stale = known.installations.ledger.access(portal.member_id)
    return tokens.access_token(known, portal, stale)


def _unsaved(known: Resources, portal: Installation, server: Told) -> int:
    """How many chains have a token in the store that was spent for one that is not there."""
    member_id, ledger = portal.member_id, known.installations.ledger
    stored = {
        facts.user_id: ledger.open(member_id, facts) for facts in ledger.read(member_id).chains
    }
    return sum(
        pair is None or pair.refresh != server.ask(f"last {member_id}.{user_id}")["token"]
        for user_id, pair in stored.items()
    )


def _judge(known: Resources, portal: Installation, server: Told, seen: Counter[str]) -> None:
    """Whether it still renews; if it does not, whether an opening heals it."""
    chains = known.installations.ledger.read(portal.member_id).chains
    try:
        _renew(known, portal)
        seen["on the spare" if chains[0].user_id == 2 else "well"] += 1
        return
    except AuthorizationLost:
        seen[f"waiting, {len(chains)} chains"] += 1
    opened = server.ask(f"open {portal.member_id}.1")["token"]
    tokens_stage.keep(known, portal.member_id, opened)
    try:
        _renew(known, portal)
    except B24AppError:
        seen["lost"] += 1
