"""What a valid token costs, with few portals stored and with very many; and what a portal takes.

Three stores stand beside each other, with 10, 10,000 and 200,000 portals; `access_token` takes
turns on them, for portals picked at random. Those asked for, a thousand at most, are made by the
product's own road; the others are copies of one of them under names of their own, which take as
much room and do not open. The sweep finds 50 portals due among all.
"""

from __future__ import annotations

import base64
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import redis
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from b24app import keys
from b24app.actions import tokens
from b24app.actions.keep_alive import sweep
from b24app.records import Installation
from b24app.resources import Resources
from b24app.settings import embedded_url
from b24app.store.due import DAY
from bench import stage, tokens_stage
from bench.rounds import Entry, compete, in_threads
from bench.table import Row
from bench.told import Told

SIZES: Final = (10, 10_000, 200_000)
ASKED: Final = 1000
CALLS: Final = 500
ROUNDS: Final = 40
CHUNK: Final = 2000
DUE: Final = 50
SWEEPS: Final = 5
RENEWAL: Final = 0.02
LONG_AGO: Final = 170 * DAY
SEALED, ISSUED = 4, 5  # where a chain's text has them
NONCE: Final = 12


@dataclass(frozen=True)
class Many:
    """A store with so many portals, those that are asked for, and the bytes of one portal."""

    known: Resources
    asked: list[Installation]
    bytes: float


def measure(_: Path, server: Told) -> list[Row]:
    """The rows of cost, memory and the sweep."""
    with ExitStack() as stack:
        stores = {size: stack.enter_context(_store(size, server)) for size in SIZES}
        few, some, many = stores.values()
        note = f"{many.bytes:.0f} bytes with one chain, indexes and keys in it"
        memory = Row("tokens.bytes_per_portal", many.bytes, "bytes", 2048, "lower", note)
        return [*_cost(stores), _hot(few), memory, _sweep(some, many, server)]


@contextmanager
def _store(size: int, server: Told) -> Iterator[Many]:
    """An embedded store of its own."""
    with tempfile.TemporaryDirectory(prefix="b24app-bench-") as name, stage.store(Path(name)):
        environ = stage.environment(**tokens_stage.environment(server))
        with (
            stage.product(environ, Path(name)) as known,
            redis.Redis.from_url(embedded_url(Path(name))) as raw,
        ):
            known.installations.ledger.access("nobody")
            empty = _used(raw)
            origin, first = server.first["origin"], size * 10**6
            names = [tokens_stage.member(first + number) for number in range(size)]
            asked = [tokens_stage.know(known, name, origin, good=True) for name in names[:ASKED]]
            _copy(raw, names[0], names[ASKED:])
            yield Many(known, asked, (_used(raw) - empty) / size)


def _used(raw: redis.Redis) -> int:
    told = raw.info("memory")
    assert isinstance(told, dict)
    return int(told["used_memory"])


def _copy(raw: redis.Redis, pattern: str, names: list[str]) -> None:
    """Every key of the pattern's under each of the names, and each name in the indexes."""
    parts = (keys.installation, keys.chains)
    dumps = [raw.dump(part(pattern)) for part in parts]
    score = raw.zscore(keys.due(), f"{pattern} 1") or 0.0
    for start in range(0, len(names), CHUNK):
        chunk = names[start : start + CHUNK]
        with raw.pipeline(transaction=False) as pipe:
            for name in chunk:
                for part, dump in zip(parts, dumps, strict=True):
                    pipe.restore(part(name), 0, dump)
            pipe.sadd(keys.portals(), *chunk)
            pipe.zadd(keys.due(), {f"{name} 1": score for name in chunk})
            pipe.execute()


def _cost(stores: dict[int, Many]) -> list[Row]:
    print("a valid token, with few and with many portals stored", flush=True)
    entries = {
        f"{size:,}": Entry(in_threads(_asking(store)), CALLS) for size, store in stores.items()
    }
    few, some, many = compete(entries, lambda: 0, rounds=ROUNDS).values()
    note = f"p50 {few.p50:.3f}, {some.p50:.3f} and {many.p50:.3f} ms"
    return [
        Row("tokens.cost_10k_vs_10", few.against(some), "×", 1.1, "lower"),
        Row("tokens.cost_200k_vs_10", few.against(many), "×", 1.1, "lower", note),
    ]


def _asking(store: Many) -> Callable[[], str]:
    return lambda: tokens.access_token(store.known, random.choice(store.asked))


def _hot(store: Many) -> Row:
    """Beside one HGETALL and one decryption of bytes that lie ready."""
    print("the same beside a bare HGETALL and a decryption", flush=True)
    client, key = store.known.redis, AESGCM(store.known.settings.token_keys[0])
    ready = [_ready(store.known, portal.member_id) for portal in store.asked]

    def bare() -> bytes:
        name, nonce, sealed, context = random.choice(ready)
        client.hgetall(name)
        return key.decrypt(nonce, sealed, context)

    entries = {
        "ours": Entry(in_threads(_asking(store)), CALLS),
        "bare": Entry(in_threads(bare), CALLS),
    }
    done = compete(entries, lambda: 0, rounds=ROUNDS)
    ours, other = done["ours"], done["bare"]
    note = f"p50 {ours.p50:.3f} to {other.p50:.3f} ms"
    return Row("tokens.hot_path_vs_bare", ours.against(other), "×", 0.7, "higher", note)


def _ready(known: Resources, member_id: str) -> tuple[str, bytes, bytes, bytes]:
    name = keys.chains(member_id)
    text = str(known.redis.hget(name, "1")).split("|")[SEALED]
    raw = base64.urlsafe_b64decode(text.rpartition(".")[2])
    return name, raw[:NONCE], raw[NONCE:], f"{member_id} chain 1".encode()


def _sweep(some: Many, many: Many, server: Told) -> Row:
    server.ask(f"delay {RENEWAL}")
    taken: dict[int, list[float]] = {id(some): [], id(many): []}
    for number in range(SWEEPS):
        for store in (some, many):
            _let_be_due(store, number)
            began = time.perf_counter()
            if sweep(store.known, 2 * DUE) != DUE:
                raise RuntimeError("not everything that was due was renewed")
            taken[id(store)].append(time.perf_counter() - began)
    server.ask("delay 0")
    fewer, all_ = (median(seconds) for seconds in taken.values())
    note = f"{DUE} renewals of {RENEWAL * 1000:.0f} ms; {fewer:.2f} s with {SIZES[1]:,} portals"
    print(f"the sweep: {all_:.2f} s; {note}", flush=True)
    return Row("tokens.sweep_200k_s", all_, "s", 1.1 * fewer, "lower", note)


def _let_be_due(store: Many, number: int) -> None:
    """So many portals had their last renewal long ago."""
    client, now = store.known.redis, time.time()
    for portal in store.asked[number * DUE : (number + 1) * DUE]:
        name = keys.chains(portal.member_id)
        parts = str(client.hget(name, "1")).split("|")
        parts[ISSUED] = str(int(now - LONG_AGO))
        client.hset(name, "1", "|".join(parts))
        client.zadd(keys.due(), {f"{portal.member_id} 1": now - 1})
