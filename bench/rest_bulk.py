"""Unregistering 1,000 commands in the bulk lane, on a portal with the real bucket (2/s, 50).

Every answer comes 30 ms later, as over a network.
Fresh: nobody has called lately. The bucket lets the 20 batch requests through at once, so the
ideal is the bare HTTP library sending the same 20 one after the other. Both take turns.
Used: bulk work has used its part of the bucket. What is left is the leak: 20 requests at 2 per
second are 10 s. The part kept for people is not counted as allowed: bulk work is to leave it.
"""

from __future__ import annotations

import json
import time
from itertools import islice
from statistics import median
from typing import Any, Final
from urllib.parse import urlencode

import urllib3

from b24app.actions.portal import open_portal
from b24app.bitrix.batch import LIMIT
from b24app.bitrix.rest import Client
from b24app.records import SYSTEM, Lane
from bench.stage import REAL_BUCKET, Home
from bench.table import Row

COMMANDS: Final = 1000
ROUNDS: Final = 5
ROUND_TRIP: Final = 0.03


def measure(home: Home) -> list[Row]:
    """The rows of bulk work."""
    print(f"unregistering {COMMANDS} commands", flush=True)
    rest = open_portal(home.resources, home.member_id, SYSTEM, lane=Lane.BULK).rest
    bot = _register_bot(home, rest)
    ratios, times, requests, refused = [], [], 0, 0
    for _ in range(ROUNDS):
        ours, admitted, denied = _ours(home, rest, _register(home, rest, bot))
        bare = _bare(home, _register(home, rest, bot))
        ratios.append(ours / bare)
        times.append((ours, bare))
        requests, refused = max(requests, admitted), refused + denied
    used, denied = _used(home, rest, _register(home, rest, bot))
    ideal = COMMANDS / LIMIT / REAL_BUCKET[0]
    home.world.faults.rest_delay = 0
    fresh = f"{median(t[0] for t in times):.2f} s, bare {median(t[1] for t in times):.2f} s"
    print(f"  fresh bucket {fresh}; used bucket {used:.2f} s of {ideal:.0f} s", flush=True)
    return [
        Row("rest.bulk1000_vs_ideal", median(ratios), "×", 1.1, "lower", fresh),
        Row(
            "rest.bulk1000_used_vs_ideal",
            used / ideal,
            "×",
            1.1,
            "lower",
            f"{used:.2f} s for {ideal:.0f} s of leak",
        ),
        Row("rest.bulk1000_requests", requests, "count", 20, "lower"),
        Row("rest.bulk1000_refusals", refused + denied, "count", 0, "lower"),
    ]


def _register_bot(home: Home, rest: Client) -> int:
    home.empty_buckets()
    fields = {"code": "bench", "properties": {"name": "Bench"}}
    answer = rest.call("imbot.v2.Bot.register", {"fields": fields})
    return int(answer["bot"]["id"])


def _register(home: Home, rest: Client, bot: int) -> dict[str, str]:
    """Register 1,000 commands with the bucket off; returns what unregisters them."""
    home.limits.bucket, home.world.faults.rest_delay = None, 0
    home.empty_buckets()
    commands = {}
    for number in range(COMMANDS):
        fields = {
            "botId": bot,
            "fields[command]": f"bench{number}",
            "fields[title][en]": f"Command {number}",
        }
        commands[str(number)] = f"imbot.v2.Command.register?{urlencode(fields)}"
    answer = rest.batch(commands)
    home.limits.bucket, home.world.faults.rest_delay = REAL_BUCKET, ROUND_TRIP
    home.empty_buckets()
    return {
        label: "imbot.v2.Command.unregister?"
        + urlencode({"botId": bot, "commandId": made["command"]["id"]})
        for label, made in answer.items()
    }


def _ours(home: Home, rest: Client, commands: dict[str, str]) -> tuple[float, int, int]:
    """Seconds, and the requests the portal let in and refused."""
    began = time.perf_counter()
    answer = rest.batch_all(commands)
    seconds = time.perf_counter() - began
    assert len(answer.results) == COMMANDS, "not every command was unregistered"
    return seconds, len(home.limits.admitted), len(home.limits.refused)


def _used(home: Home, rest: Client, commands: dict[str, str]) -> tuple[float, int]:
    """Seconds of the same work when bulk work begins with its part of the bucket used up."""
    waits = 0.0
    while waits < 0.25:
        began = time.perf_counter()
        rest.call("profile")
        waits = time.perf_counter() - began
    seconds, _, refused = _ours(home, rest, commands)
    return seconds, refused


def _bare(home: Home, commands: dict[str, str]) -> float:
    """Seconds of the bare library for the same batches, one after the other."""
    endpoint = home.resources.installations.get(home.member_id).client_endpoint
    access = home.resources.installations.chains(home.member_id)[0].tokens.access
    rows = iter(commands.items())
    began = time.perf_counter()
    with urllib3.PoolManager() as http:
        while chunk := dict(islice(rows, LIMIT)):
            body = json.dumps({"halt": 0, "cmd": chunk, "auth": access}).encode()
            answer = http.request(
                "POST",
                f"{endpoint}batch.json",
                body=body,
                headers={"Content-Type": "application/json"},
            )
            told: dict[str, Any] = json.loads(answer.data)["result"]
            assert len(told["result"]) == len(chunk)
    return time.perf_counter() - began
