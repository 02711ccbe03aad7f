"""One kind of thing of one portal: a list that is also the record, each with its history.

A save names the version its editor saw and writes the history line in the same step, so that
two editors never overwrite each other unseen.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import redis

from b24app.errors import Conflict, NotFound
from b24app.records import Actor, Verb
from b24app.store.access import Answers, translated
from b24app.store.changes import NOTE, History, readable

# Replaces the record only when it still has the version the editor saw (0: there is none yet),
# writes the history line and ends what was begun in the same step. Returns 1 when saved: now, or
# already, because a lost answer has it sent again.
# KEYS: shelf, history, registrations. ARGV: id, version seen, record, registration, line.
SAVE: Final = f"""{NOTE}
local current = redis.call('HGET', KEYS[1], ARGV[1])
if current == ARGV[3] then return 1 end
local version = 0
if current then version = cjson.decode(current)['version'] end
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('SREM', KEYS[5], ARGV[4])
note(2, 5)
return 1
"""

# Removes the record, writes the history line and ends what was begun in the same step, once; and
# notes the mark of an item of work with many, if there is one. Returns 1 when the record was still
# there. KEYS: shelf, history, registrations, hash of marks. ARGV: id, field of the mark, mark,
# registration, line.
REMOVE: Final = f"""{NOTE}
if #KEYS == 6 and redis.call('HEXISTS', KEYS[6], ARGV[2]) == 1 then
  redis.call('HSET', KEYS[6], ARGV[2], ARGV[3])
end
redis.call('SREM', KEYS[5], ARGV[4])
if redis.call('HDEL', KEYS[1], ARGV[1]) == 0 then return 0 end
note(2, 5)
return 1
"""

# One text of each record; the rest stays here. A quote inside of a text is escaped, so that the
# name in quotes is nowhere but where it is the field's. KEYS: shelf. ARGV: field.
TEXTS: Final = r"""
local found = {}
for i, record in ipairs(redis.call('HVALS', KEYS[1])) do
  local text = string.match(record, '"' .. ARGV[1] .. '": "([^"\\]*)"')
  found[i] = text or cjson.decode(record)[ARGV[1]]
end
return found
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


def _nameless(thing: object) -> str:
    return ""


@dataclass(frozen=True)
class Codec(Generic[T]):
    """How a kind of thing is written.

    ``thing`` is the kind's name in history, ``name`` what one of them is called there, ``hidden``
    the fields that are secret.
    """

    thing: str
    write: Callable[[T], str]
    read: Callable[[str], T]
    hidden: tuple[str, ...] = ()
    name: Callable[[T], str] = _nameless


@dataclass(frozen=True)
class Mark:
    """What is noted of an item in the step that does it: a field of a hash and its value."""

    key: str
    field: str
    value: str


class Shelf(Generic[T]):
    """The things of one kind of one portal."""

    def __init__(
        self, client: redis.Redis, name: str, begun: str, history: History, codec: Codec[T]
    ) -> None:
        """``name`` is the key of the shelf, ``begun`` that of the portal's registrations."""
        self._redis: Answers = client
        self._name = name
        self._begun = begun
        self._history = history
        self._codec = codec
        self._save = client.register_script(SAVE)
        self._remove = client.register_script(REMOVE)
        self._texts = client.register_script(TEXTS)

    @translated
    def all(self) -> list[T]:
        """Everything on it, newest first."""
        found = [self._codec.read(text) for text in self._redis.hvals(self._name)]
        return sorted(found, key=lambda thing: thing.id, reverse=True)

    @translated
    def texts(self, field: str) -> set[str]:
        """What a field of plain text says in all of them; it is no field of what is within them."""
        return set(self._texts(keys=[self._name], args=[field]))

    @translated
    def get(self, thing_id: int | str) -> T:
        """One thing; raises NotFound."""
        text: str | None = self._redis.hget(self._name, str(thing_id))
        if text is None:
            raise NotFound(f"{self._codec.thing} {thing_id}")
        return self._codec.read(text)

    @translated
    def save(
        self, thing: T, *, seen: int, actor: Actor, verb: Verb, before: T | None, ends: str = ""
    ) -> T:
        """Store the thing and its history line in one step; returns it as stored.

        ``seen`` is the version the editor saw, 0 for a new one; a successor goes on counting
        where its predecessor stopped. ``ends`` is the registration that is known now. Raises
        Conflict with what stands now when somebody saved meanwhile.
        """
        stored: T = dataclasses.replace(
            thing,  # type: ignore[type-var]  # every record is a dataclass
            version=max(seen, thing.version) + 1,
            updated_at=int(time.time()),
            updated_by=actor.name,
        )
        line = self._line(actor, verb, before, stored)
        saved = self._save(
            keys=[self._name, *self._history.keys, self._begun],
            args=[str(thing.id), seen, self._codec.write(stored), ends, *line],
        )
        if not saved:
            raise Conflict(self.get(thing.id))
        return stored

    @translated
    def delete(
        self, thing: T, *, actor: Actor, verb: Verb, mark: Mark | None = None, ends: str = ""
    ) -> bool:
        """Forget the thing and write the history line in one step; with it goes the ``mark``.

        ``ends`` as in ``save``. False when somebody else was faster: then there is no second line.
        """
        names = [self._name, *self._history.keys, self._begun]
        field, value = (mark.field, mark.value) if mark else ("", "")
        if mark:
            names.append(mark.key)
        line = self._line(actor, verb, thing, None)
        return bool(self._remove(keys=names, args=[str(thing.id), field, value, ends, *line]))

    @translated
    def unpublish(self) -> None:
        """Note that the portal has removed all of them; what was typed stays."""
        for thing in self.all():
            gone = dataclasses.replace(thing, published=False)  # type: ignore[type-var]
            self._redis.hset(self._name, str(thing.id), self._codec.write(gone))

    def fields(self, thing: T) -> dict[str, Any]:
        """The record as history keeps it: of a secret it only says that it is there."""
        return readable(self._codec.write(thing), self._codec.hidden)

    def record(self, fields: dict[str, Any]) -> T:
        """The record that ``fields`` made these of, without its secrets."""
        shown = {name: value for name, value in fields.items() if name not in self._codec.hidden}
        return self._codec.read(json.dumps(shown))

    def _line(
        self, actor: Actor, verb: Verb, before: T | None, after: T | None
    ) -> tuple[str | int, ...]:
        thing = after or before
        assert thing is not None
        return self._history.arguments(
            actor,
            verb,
            (self._codec.thing, str(thing.id)),
            self.fields(before) if before else {},
            self.fields(after) if after else {},
            self._codec.name(thing),
            {} if after else {name: getattr(thing, name) for name in self._codec.hidden},
        )
