"""Many callers meet one expired token; the authorization server takes a refresh token once.

Fifty threads of one process, then four processes of twelve threads. A renewal takes 200 ms. Every
round is another portal: in half of the rounds all begin at the same moment, in the others within
half a second. The renewal of a round lasts from its first question to its first answer; what
anybody waits longer than that is ours.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median, quantiles
from typing import Final

from bench import peers, stage, tokens_stage
from bench.authority import token
from bench.table import Row
from bench.told import Told

ROUNDS: Final = 200
RENEWAL: Final = 0.2
SPREAD: Final = 0.5
HEAD_START: Final = 0.05
THREADS: Final = 50
PROCESSES: Final = 4
PROCESS_THREADS: Final = 12
PEERS: Final = ("b24pysdk", "authlib", "slack_sdk")

Answers = list[tuple[str, float, float]]


def measure(var: Path, server: Told) -> list[Row]:
    """The rows of the storm; needs a store under ``var``."""
    server.ask(f"delay {RENEWAL}")
    environ = stage.environment(**tokens_stage.environment(server), VAR=str(var))
    with ExitStack() as stack:
        known = stack.enter_context(stage.product(environ, var))
        askers = [
            stack.enter_context(Told("-m", "bench.tokens_asker", environ=environ))
            for _ in range(PROCESSES)
        ]

        def storm(many: list[Told], threads: int, number: int) -> Answers:
            member_id = tokens_stage.member(number)
            tokens_stage.know(known, member_id, server.first["origin"])
            order = {
                "member_id": member_id,
                "threads": threads,
                "at": time.time() + HEAD_START,
                "spread": SPREAD * (number % 2),
            }
            for asker in many:
                asker.tell(json.dumps(order))
            return [answer for asker in many for answer in asker.answer()]

        rows = [
            *_rows("", server, lambda n: storm(askers[:1], THREADS, n)),
            *_rows("_processes", server, lambda n: storm(askers, PROCESS_THREADS, n)),
        ]
    _show_peers(server)
    server.ask("delay 0")
    return rows


def _rows(kind: str, server: Told, storm: Callable[[int], Answers]) -> list[Row]:
    server.ask("reset")
    storm(ROUNDS)  # everybody warm
    server.ask("reset")
    failed, added, renewals = 0, list[float](), list[float]()
    for number in range(ROUNDS):
        fresh = token(tokens_stage.member(number), 1)
        answers = storm(number)
        failed += sum(answer != fresh for answer, _, _ in answers)
        renewal = min(ended for _, _, ended in answers) - min(began for _, began, _ in answers)
        renewals.append(renewal * 1000)
        added += [(ended - began - renewal) * 1000 for _, began, ended in answers]
    counts = server.ask("counts")
    asked = counts["renewals"] + counts["refused"]
    p99 = quantiles(added, n=100)[98]
    note = f"{ROUNDS} rounds, {counts['refused']} refused"
    print(f"  {len(added)} calls, {failed} failed; {note}; p99 {p99:.0f} ms more", flush=True)
    return [
        Row(f"tokens.storm{kind}_renewals", asked / ROUNDS, "a round", 1, "lower", note),
        Row(f"tokens.storm{kind}_failed", failed, "count", 0, "lower", f"of {len(added)} calls"),
        Row(
            f"tokens.waiter{kind}_added_ms_p99",
            p99,
            "ms",
            50,
            "lower",
            f"beyond the renewal, which took {median(renewals):.0f} ms",
        ),
    ]


def _show_peers(server: Told) -> None:
    """The same for the peers: fifty threads, one process, as their documentation has it."""
    print(f"  {THREADS} callers, one expired token      renewals  refused  calls that came through")
    for name in PEERS:
        server.ask("reset")
        passed = peers.storm(name, server.first["origin"], server.first["certificate"], THREADS)
        counts = server.ask("counts")
        print(
            f"  {name:33} {counts['renewals']:9} {counts['refused']:8} {passed:5} of {THREADS}",
            flush=True,
        )
