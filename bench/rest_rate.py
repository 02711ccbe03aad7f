"""How fast calls are: ours, the bare HTTP library and b24pysdk against the same stub portal.

Ours is the product's whole road: the client as an action gets it, with its token source, its
budget in the store and its metrics. The bare library is a urllib3 pool with the same JSON in and
out. The portal is a self-hosted one, which has no limits, so that nobody waits; if somebody did,
the run fails. At such a portal our budget takes several requests at a time. So there is one more
contestant, "asking": the same client with a budget that asks the store for every single request,
as it does at a cloud portal. It has no bar: what is asked of a call there is its part of a real
round trip, and that is measured at 30 ms.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import urllib3

from b24app import keys
from b24app.actions import tokens
from b24app.actions.portal import open_portal
from b24app.bitrix.rest import Client
from b24app.records import SYSTEM
from b24app.resources import Resources
from b24app.store import RateBudget
from bench import peers, rest_budget_cost, stage
from bench.rounds import Contestant, Entry, Taken, compete, in_threads
from bench.table import Row

THREADS: Final = 16
ROUND_TRIP: Final = 30
HEADERS: Final = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Field:
    """The three contestants and the portal they meet."""

    stub: stage.Stub
    resources: Resources
    ours: Contestant
    asking: Contestant
    bare: Contestant
    b24pysdk: Contestant

    def entries(self, calls: int, peer_calls: int) -> dict[str, Entry]:
        """Everybody, with so many calls in a round."""
        return {
            "b24app": Entry(self.ours, calls),
            "asking": Entry(self.asking, calls),
            "urllib3": Entry(self.bare, calls),
            "b24pysdk": Entry(self.b24pysdk, peer_calls),
        }


def measure(var: Path) -> list[Row]:
    """All rows about the rate of calls; needs a running store under ``var``."""
    with field(var) as known:
        rows = [*sequential(known), *threads(known), *round_trip(known)]
        if waited := _waited(known.resources):
            raise RuntimeError(f"the budget let calls wait for {waited} s")
    return rows


def sequential(known: Field) -> list[Row]:
    """One call after the other: ratios of calls per second, and our connections."""
    print("one call after the other", flush=True)
    done = compete(known.entries(1000, 200), known.stub.connections)
    ours, asking = done["b24app"], done["asking"]
    bare, peer = done["urllib3"], done["b24pysdk"]
    calls = f"{ours.rate:.0f} to {peer.rate:.0f} calls/s"
    rates = (
        f"{ours.rate:.0f} to {bare.rate:.0f} calls/s; asking the store for each call "
        f"{asking.against(bare):.3f} ×, {asking.rate:.0f} calls/s"
    )
    return [
        Row("rest.sequential_vs_b24pysdk", ours.against(peer), "×", 4, "higher", calls),
        Row(
            "rest.sequential_connections",
            ours.connections,
            "count",
            1,
            "lower",
            f"b24pysdk: {peer.connections} for {7 * 200 + 2} calls",
        ),
        Row("rest.sequential_vs_bare", ours.against(bare), "×", 0.75, "higher", rates),
    ]


def threads(known: Field) -> list[Row]:
    """Sixteen threads of one process."""
    print(f"{THREADS} threads", flush=True)
    done = compete(known.entries(1600, 320), known.stub.connections, threads=THREADS)
    ours, peer = done["b24app"], done["b24pysdk"]
    note = f"{ours.rate:.0f} to {peer.rate:.0f} calls/s; urllib3 {done['urllib3'].rate:.0f}"
    return [Row("rest.threads16_vs_b24pysdk", ours.against(peer), "×", 3, "higher", note)]


def round_trip(known: Field) -> list[Row]:
    """The median call when the portal's answer takes 30 ms, as a multiple of these 30 ms."""
    print(f"at {ROUND_TRIP} ms round trip", flush=True)
    known.stub.delay(ROUND_TRIP)
    done = compete(known.entries(30, 30), known.stub.connections, rounds=5)
    known.stub.delay(0)
    ours = done["b24app"]
    value = median(taken.p50 / ROUND_TRIP for taken in ours.rounds)
    note = (
        f"p50 {ours.p50:.1f} ms; asking the store for each call {done['asking'].p50:.1f} ms, "
        f"urllib3 {done['urllib3'].p50:.1f} ms, "
        f"b24pysdk {done['b24pysdk'].p50:.1f} ms"
    )
    return [Row("rest.rtt30_overhead", value, "×", 1.1, "lower", note)]


@contextmanager
def field(var: Path) -> Iterator[Field]:
    """Stub portal and contestants, ready."""
    stub = stage.Stub(var)
    environ = stage.environment(REQUESTS_CA_BUNDLE=str(stub.certificate))
    try:
        with (
            stage.product(environ, var) as resources,
            peers.B24PySDK(stub.host, stub.certificate, stage.ACCESS) as peer,
            urllib3.PoolManager(maxsize=THREADS, ca_certs=str(stub.certificate)) as http,
        ):
            stage.know_stub(resources, stub)
            client = open_portal(resources, stage.STUB_MEMBER, SYSTEM).rest
            bare = in_threads(lambda: _bare_call(http, f"https://{stub.host}/rest/profile.json"))
            asking = _asking(resources)
            yield Field(
                stub,
                resources,
                ours=_rested(resources, client),
                asking=_rested(resources, asking),
                bare=bare,
                b24pysdk=peer,
            )
    finally:
        stub.close()


def _asking(resources: Resources) -> Client:
    """The client as `open_portal` builds it, but for its budget's rate."""
    installation = resources.installations.get(stage.STUB_MEMBER)
    return Client(
        resources.http,
        installation.client_endpoint,
        member_id=stage.STUB_MEMBER,
        token=tokens.source(resources, installation),
        budget=RateBudget(resources.redis, stage.STUB_MEMBER, rest_budget_cost.ASKING),
        observe=resources.meter.record,
    )


def _rested(resources: Resources, client: Client) -> Contestant:
    work = in_threads(lambda: client.call("profile"))

    def rested(calls: int, threads: int) -> Taken:
        resources.redis.delete(keys.rate(stage.STUB_MEMBER))
        return work(calls, threads)

    return rested


def _bare_call(http: urllib3.PoolManager, url: str) -> Mapping[str, object]:
    answer = http.request(
        "POST",
        url,
        body=json.dumps({"auth": stage.ACCESS}).encode(),
        headers=HEADERS,
        redirect=False,
        retries=False,
    )
    result: Mapping[str, object] = json.loads(answer.data)["result"]
    return result


def _waited(resources: Resources) -> float:
    resources.meter.flush()
    return resources.counters.all()["portal_call_waited_seconds", "profile"]
