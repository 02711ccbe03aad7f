"""The holder of a renewal is killed with SIGKILL, and somebody else calls at that moment.

At four places: before the call, during it, after the authorization server has done its work,
before the save. Two portals are killed at once: one has a second administrator's chain as a
spare, the other has one chain. Where the token was spent the latter waits for its administrator,
who opens the application then. Measured is how long it takes until a call gets its token.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from b24app.actions import tokens
from b24app.errors import AuthorizationLost
from b24app.records import Installation
from b24app.resources import Resources
from b24app.settings import socket_path
from b24app.store import chain_scripts
from bench import stage, tokens_stage
from bench.authority import token
from bench.table import Row
from bench.told import Told
from tests.integration.toll import Toll

ROUNDS: Final = 3
BAR: Final = 5.0
# What the authorization server is told, or which script stops on its way to the store.
AT_SERVER: Final = {"during the call": "hold", "after the work": "stall"}
AT_STORE: Final = {
    "before the call": (chain_scripts.BEGIN, "mute"),
    "before the save": (chain_scripts.SAVE, "stop"),
}
PLACES: Final = ("before the call", *AT_SERVER, "before the save")
# Two portals a round that nobody else of the family uses: the pair they begin with is known as
# spent wherever it was renewed once, and is not taken a second time.
FIRST: Final = 10_000


def measure(var: Path, server: Told) -> list[Row]:
    """The rows of killed holders; needs a store under ``var``."""
    print(f"holders killed at {len(PLACES)} places, {ROUNDS} times each", flush=True)
    took: dict[str, float] = {}
    failed = healed = 0
    environ = stage.environment(**tokens_stage.environment(server))
    with stage.product(environ, var) as known:
        for number, place in enumerate(PLACES * ROUNDS):
            seconds, with_spare, alone = _round(known, var, server, place, number)
            took[place] = max(took.get(place, 0), seconds)
            failed += not with_spare
            healed += alone
    print("  " + ", ".join(f"{place} {most:.2f} s" for place, most in took.items()), flush=True)
    note = "longest of each place: " + ", ".join(f"{most:.2f}" for most in took.values())
    count = ROUNDS * len(PLACES)
    return [
        Row("tokens.killed_back_s", max(took.values()), "s", BAR, "lower", note),
        Row("tokens.killed_failed_with_spare", failed, "portals", 0, "lower", f"of {count}"),
        Row(
            "tokens.killed_unhealed_alone",
            count - healed,
            "portals",
            0,
            "lower",
            "after the administrator's next opening",
        ),
    ]


def _round(
    known: Resources, var: Path, server: Told, place: str, number: int
) -> tuple[float, bool, bool]:
    """Kill; seconds until the call after it, whether the spare served, whether both are well."""
    server.ask("reset")
    origin = server.first["origin"]
    first, second = (tokens_stage.member(FIRST + 2 * number + extra) for extra in (0, 1))
    known.installations.save(tokens_stage.installation(first, origin))
    tokens_stage.keep(known, first, token(first, 1, user_id=2), user_id=2, good=True)
    portals = [tokens_stage.know(known, name, origin) for name in (first, second)]
    with ExitStack() as stack:
        holders = [
            stack.enter_context(_stopped(place, portal.member_id, var, server))
            for portal in portals
        ]
        for holder in holders:
            holder.kill()
        began = time.monotonic()
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda portal: _call(known, portal), portals))
        seconds = time.monotonic() - began
    server.ask("release")
    if not answers[1]:  # the administrator opens the application
        tokens_stage.keep(known, second, server.ask(f"open {second}.1")["token"], good=True)
    return seconds, bool(answers[0]), bool(_call(known, portals[1]))


def _call(known: Resources, portal: Installation) -> str:
    """The token; empty when only the administrator can help."""
    try:
        return tokens.access_token(known, portal)
    except AuthorizationLost:
        return ""


@contextmanager
def _stopped(place: str, member_id: str, var: Path, server: Told) -> Iterator[Told]:
    """A process that renews this portal's tokens and was stopped at the place."""
    road = var / f"road-{member_id[-4:]}"
    environ = stage.environment(
        **tokens_stage.environment(server), REDIS_URL=f"unix://{road}", VAR=str(var)
    )
    with (
        Toll(socket_path(var), road) as toll,
        Told("-m", "bench.tokens_asker", environ=environ) as asker,
    ):
        if place in AT_SERVER:
            server.ask(AT_SERVER[place])
        else:
            script, kind = AT_STORE[place]
            toll.order(hashlib.sha1(script.encode()).hexdigest(), kind)
        asker.tell(json.dumps({"member_id": member_id, "threads": 1, "at": 0, "spread": 0}))
        if not (server.ask("arrived")["arrived"] if place in AT_SERVER else toll.arrived.wait(30)):
            raise RuntimeError(f"the process did not come to the place {place}")
        yield asker
    road.unlink()
