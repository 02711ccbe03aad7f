"""Work with many things at once: what is to be done to each, and how far it has come.

A *run* has its items; they wait in the store, so a worker that is killed loses nothing. One
worker at a time works for a portal, under a lease that it prolongs.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import redis

from b24app import keys
from b24app.errors import NotFound, NotInstalled, StoreUnavailable
from b24app.records import Actor, Item, ItemState, Run, RunState
from b24app.store.access import FAILURES, Answers, translated
from b24app.store.shelf import Mark

CALLED_SECONDS: Final = 60
LEASE_SECONDS: Final = 4
PROLONG_SECONDS: Final = 1.0
RUNS_KEPT: Final = 20
CALLED: Final = "called"
LEFT: Final = "left"  # among the items: how often the portal was taken off the index
OFF_THE_INDEX: Final = 2  # an answer of PUT

# Takes the lease unless a worker has it. ARGV: owner, seconds. Returns 1 when taken.
TAKE: Final = f"""
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and string.sub(holder, 1, {len(CALLED)}) ~= '{CALLED}' then
  return 0
end
redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
return 1
"""
# Says that a worker is on its way. ARGV: this call's name, seconds. Returns 1 when the caller must
# call it; also when a broken connection has the question asked again.
CALL: Final = """
redis.call('SET', KEYS[1], ARGV[1], 'NX', 'EX', ARGV[2])
return redis.call('GET', KEYS[1]) == ARGV[1] and 1 or 0
"""
# ARGV: owner, seconds; 0 lets go. Returns 1 when the lease was still the owner's.
PROLONG: Final = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
"""

# Keeps items. KEYS: items, installation. ARGV: their fields and values. Nothing is left of a portal
# that was removed meanwhile.
KEEP: Final = """
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
for i = 1, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
return 1
"""
# Keeps a run and its items, once. KEYS: items, installation, runs. ARGV: run id, run, how often the
# index had been left when the portal was put on it, then as above. Returns 1 when kept, 0 for a
# portal that was removed, 2 when the portal may be off the index again.
PUT: Final = f"""
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
if redis.call('HEXISTS', KEYS[3], ARGV[1]) == 1 then return 1 end
if (redis.call('HGET', KEYS[1], '{LEFT}') or '') ~= ARGV[3] then return 2 end
for i = 4, #ARGV, 2 do redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
return 1
"""
# Counts that the index was left. KEYS: items, installation.
COUNT_LEFT: Final = f"""
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HINCRBY', KEYS[1], '{LEFT}', 1) end
"""
# Replaces a run that is in the expected state. ARGV: run id, state, run. Returns 1 when replaced.
SETTLE: Final = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current or cjson.decode(current)['state'] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1
"""


class Runs:
    """The runs of one portal."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._member_id = member_id
        self._runs = keys.bulk_runs(member_id)
        self._items = keys.bulk_items(member_id)
        self._worker = keys.bulk_worker(member_id)
        self._call = client.register_script(CALL)
        self._take = client.register_script(TAKE)
        self._prolong = client.register_script(PROLONG)
        self._settle = client.register_script(SETTLE)
        self._keep_items = client.register_script(KEEP)
        self._put_away = client.register_script(PUT)
        self._count_left = client.register_script(COUNT_LEFT)
        self._installation = keys.installation(member_id)

    @translated
    def create(self, actor: Actor, verb: str, thing: str, things: Sequence[tuple[str, str]]) -> Run:
        """Put a new run away, with an item for each of ``things``, an id and a name.

        Raises NotInstalled, with nothing put away, where the portal was removed. Killed on the
        way, it leaves either no run or one that is found by the index.
        """
        run = Run(
            id=f"{time.time_ns() // 1000:016d}",
            at=int(time.time()),
            user_id=actor.user_id,
            user_name=actor.name,
            verb=verb,
            thing=thing,
            total=len(things),
        )
        texts = _texts(run, [Item(number, *known) for number, known in enumerate(things)])
        self._drop_old()
        while True:  # a worker may find nothing meanwhile and take the portal off the index
            left = self._redis.hget(self._items, LEFT) or ""
            self.enter()
            names = [self._items, self._installation, self._runs]
            answer = self._put_away(keys=names, args=[run.id, _written(run), left, *texts])
            if answer != OFF_THE_INDEX:
                break
        if not answer:
            raise NotInstalled(self._member_id)
        self.enter()  # one that was killed may not have counted that it left
        return run

    def _drop_old(self) -> None:
        """Room for a new one; where that fails the next one makes it."""
        with suppress(StoreUnavailable):
            self._drop_surplus()

    @translated
    def _drop_surplus(self) -> None:
        surplus = [run for run in self.all() if run.state is not RunState.RUNNING][RUNS_KEPT:]
        for run in surplus:
            fields = [f"{run.id}:{number}" for number in range(run.total)]
            with self._redis.pipeline(transaction=True) as pipe:
                pipe.hdel(self._items, *fields)
                pipe.hdel(self._runs, run.id)
                pipe.execute()

    @translated
    def all(self) -> list[Run]:
        """The runs that are kept, newest first."""
        found = [_run(text) for text in self._redis.hvals(self._runs)]
        return sorted(found, key=lambda run: run.id, reverse=True)

    @translated
    def get(self, run_id: str) -> Run:
        """One run; raises NotFound."""
        text = self._redis.hget(self._runs, run_id)
        if text is None:
            raise NotFound(f"run {run_id}")
        return _run(text)

    @translated
    def items(self, run: Run) -> list[Item]:
        """What the run is about, in its order."""
        fields = [f"{run.id}:{number}" for number in range(run.total)]
        texts = self._redis.hmget(self._items, fields) if fields else []
        return [_item(text) for text in texts if text]

    @translated
    def settle(self, run: Run, *, was: RunState = RunState.RUNNING) -> bool:
        """Note how the run stands, unless it does not stand as it ``was`` any more."""
        return bool(self._settle(keys=[self._runs], args=[run.id, was, _written(run)]))

    @translated
    def note(self, run: Run, items: Sequence[Item]) -> None:
        """Note how these items stand."""
        if items:
            self._keep_items(keys=[self._items, self._installation], args=_texts(run, items))

    def mark(self, run: Run, item: Item) -> Mark:
        """How an item stands, to be noted in the step that does it."""
        return Mark(self._items, _field(run, item), _written(item))

    def next(self) -> Run | None:
        """The oldest run that is not at its end."""
        waiting = [run for run in self.all() if run.state is RunState.RUNNING]
        return waiting[-1] if waiting else None

    @translated
    def call(self) -> bool:
        """Whether a worker is to be called: none has the work or is on its way, and no pause."""
        name = f"{CALLED} {secrets.token_hex(8)}"
        return bool(self._call(keys=[self._worker], args=[name, CALLED_SECONDS]))

    @translated
    def enter(self) -> None:
        """Put the portal on the index of those with work."""
        self._redis.sadd(keys.bulks(), self._member_id)

    @translated
    def leave(self) -> bool:
        """Take the portal off the index of those with work; False when there is some again."""
        self._redis.srem(keys.bulks(), self._member_id)
        self._count_left(keys=[self._items, self._installation])
        if self.next() is None:
            return True
        self.enter()
        return False

    @contextmanager
    def working(self) -> Iterator[bool]:
        """Hold the lease while the work lasts; gives False when another worker has it."""
        owner = secrets.token_hex(8)
        if not self._try_take(owner):
            yield False
            return
        done = threading.Event()
        threading.Thread(target=self._keep, args=(owner, done), daemon=True).start()
        try:
            yield True
        finally:
            done.set()
            self._extend(owner, 0)

    @translated
    def _try_take(self, owner: str) -> bool:
        return bool(self._take(keys=[self._worker], args=[owner, LEASE_SECONDS]))

    def _keep(self, owner: str, done: threading.Event) -> None:
        while not done.wait(PROLONG_SECONDS):
            self._extend(owner, LEASE_SECONDS)

    def _extend(self, owner: str, seconds: int) -> None:
        try:
            self._prolong(keys=[self._worker], args=[owner, seconds])
        except FAILURES:
            return  # it may answer again before the lease runs out

    @translated
    def pause(self, seconds: int) -> None:
        """Call no worker for so long; to be called when the lease was let go."""
        self._redis.set(self._worker, "pause", ex=max(1, seconds))


@translated
def waiting(client: redis.Redis) -> list[str]:
    """Member ids of the portals that may have runs to work at; costs what there are of them."""
    known: Answers = client
    return sorted(known.smembers(keys.bulks()))


def _texts(run: Run, items: Sequence[Item]) -> list[str]:
    """Fields and values of these items, one after the other."""
    return [text for item in items for text in (_field(run, item), _written(item))]


def _field(run: Run, item: Item) -> str:
    return f"{run.id}:{item.number}"


def _written(thing: Run | Item) -> str:
    return json.dumps(dataclasses.asdict(thing))


def _run(text: str) -> Run:
    fields = json.loads(text)
    return Run(**fields | {"state": RunState(fields["state"])})


def _item(text: str) -> Item:
    fields = json.loads(text)
    return Item(**fields | {"state": ItemState(fields["state"])})
