"""One kind of thing of one portal: a list that is also the record, each with its history.

A save names the version its editor saw and writes the history line in the same step, so that
two editors never overwrite each other unseen.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import redis

from b24app.errors import Conflict, NotFound
from b24app.records import Actor, Verb
from b24app.store import changes
from b24app.store.access import Answers, translated

# Replaces the record only when it still has the version the editor saw (0: there is none yet),
# and writes the history line in the same step. Returns 1 when saved.
SAVE: Final = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if current then version = cjson.decode(current)['version'] end
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'change', ARGV[4])
return 1
"""


class Versioned(Protocol):
    """What every thing on a shelf has."""

    @property
    def id(self) -> int | str: ...
    @property
    def version(self) -> int: ...
    @property
    def published(self) -> bool: ...


T = TypeVar("T", bound=Versioned)


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How a kind of thing is written; ``thing`` is its name in history, ``hidden`` its secrets."""

    thing: str
    write: Callable[[T], str]
    read: Callable[[str], T]
    hidden: tuple[str, ...] = ()


class Shelf(Generic[T]):
    """The things of one kind of one portal."""

    def __init__(self, client: redis.Redis, name: str, history: str, codec: Codec[T]) -> None:
        self._redis: Answers = client
        self._name = name
        self._history = history
        self._codec = codec
        self._save = client.register_script(SAVE)

    @translated
    def all(self) -> list[T]:
        """Everything on it, newest first."""
        found = [self._codec.read(text) for text in self._redis.hvals(self._name)]
        return sorted(found, key=lambda thing: thing.id, reverse=True)

    @translated
    def get(self, thing_id: int | str) -> T:
        """One thing; raises NotFound."""
        text: str | None = self._redis.hget(self._name, str(thing_id))
        if text is None:
            raise NotFound(f"{self._codec.thing} {thing_id}")
        return self._codec.read(text)

    @translated
    def save(self, thing: T, *, seen: int, actor: Actor, verb: Verb, before: T | None) -> T:
        """Store the thing and its history line in one step; returns it as stored.

        ``seen`` is the version the editor saw, 0 for a new one; a successor goes on counting
        where its predecessor stopped. Raises Conflict with what stands now when somebody saved
        meanwhile.
        """
        stored: T = dataclasses.replace(
            thing,  # type: ignore[type-var]  # every record is a dataclass
            version=max(seen, thing.version) + 1,
            updated_at=int(time.time()),
            updated_by=actor.name,
        )
        line = self._line(actor, verb, before, stored)
        saved = self._save(
            keys=[self._name, self._history],
            args=[str(thing.id), seen, self._codec.write(stored), line, changes.KEPT],
        )
        if not saved:
            raise Conflict(self.get(thing.id))
        return stored

    @translated
    def delete(self, thing: T, *, actor: Actor, verb: Verb) -> None:
        """Forget the thing and write the history line in one step."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._name, str(thing.id))
            line = self._line(actor, verb, thing, None)
            pipe.xadd(self._history, {"change": line}, maxlen=changes.KEPT, approximate=True)
            pipe.execute()

    @translated
    def unpublish(self) -> None:
        """Note that the portal has removed all of them; what was typed stays."""
        for thing in self.all():
            gone = dataclasses.replace(thing, published=False)  # type: ignore[type-var]
            self._redis.hset(self._name, str(thing.id), self._codec.write(gone))

    def _line(self, actor: Actor, verb: Verb, before: T | None, after: T | None) -> str:
        thing = after or before
        assert thing is not None
        return changes.line(
            actor,
            verb,
            (self._codec.thing, str(thing.id)),
            self._readable(before),
            self._readable(after),
        )

    def _readable(self, thing: T | None) -> dict[str, Any]:
        """The record as history keeps it: of a secret it only says that it is there."""
        if thing is None:
            return {}
        return changes.readable(self._codec.write(thing), self._codec.hidden)
