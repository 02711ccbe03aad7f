"""A portal's things as they would be: what is saved or deleted here stays in this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeVar

import redis

from b24app import keys
from b24app.errors import Conflict, NotFound
from b24app.records import Actor, Item, Run, Verb
from b24app.store.access import translated
from b24app.store.bulk import Runs
from b24app.store.changes import History
from b24app.store.portal import PortalStore
from b24app.store.shelf import Codec, Mark, Shelf, Versioned

T = TypeVar("T", bound=Versioned)


class RehearsedShelf(Shelf[T]):
    """A shelf that is read from the store, with changes of its own that nobody else sees."""

    def __init__(self, client: redis.Redis, name: str, history: History, codec: Codec[T]) -> None:
        super().__init__(client, name, history, codec)
        self._changed: dict[str, T | None] = {}

    def all(self) -> list[T]:
        known: dict[str, T | None] = {str(thing.id): thing for thing in super().all()}
        there = (thing for thing in (known | self._changed).values() if thing is not None)
        return sorted(there, key=lambda thing: thing.id, reverse=True)

    def get(self, thing_id: int | str) -> T:
        if str(thing_id) not in self._changed:
            return super().get(thing_id)
        thing = self._changed[str(thing_id)]
        if thing is None:
            raise NotFound(str(thing_id))
        return thing

    def save(self, thing: T, *, seen: int, actor: Actor, verb: Verb, before: T | None) -> T:
        current = next((one for one in self.all() if str(one.id) == str(thing.id)), None)
        if (current.version if current else 0) != seen:
            raise Conflict(self.get(thing.id))
        stored: T = replace(thing, version=seen + 1)  # type: ignore[type-var]
        self._changed[str(thing.id)] = stored
        return stored

    def delete(self, thing: T, *, actor: Actor, verb: Verb, mark: Mark | None = None) -> bool:
        self._changed[str(thing.id)] = None
        return True

    def unpublish(self) -> None:
        for thing in self.all():
            self._changed[str(thing.id)] = replace(thing, published=False)  # type: ignore[type-var]


class RehearsedRuns(Runs):
    """Work with many things that no worker sees."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        super().__init__(client, member_id)
        self._all: dict[str, Run] = {}
        self._about: dict[str, dict[int, Item]] = {}

    def create(self, actor: Actor, verb: str, thing: str, things: Sequence[tuple[str, str]]) -> Run:
        items = [Item(number, *known) for number, known in enumerate(things)]
        run = Run(
            id=f"rehearsal-{len(self._all)}",
            at=0,
            user_id=actor.user_id,
            user_name=actor.name,
            verb=verb,
            thing=thing,
            total=len(items),
        )
        self._all[run.id] = run
        self._about[run.id] = {item.number: item for item in items}
        return run

    def get(self, run_id: str) -> Run:
        return self._all[run_id] if run_id in self._all else super().get(run_id)

    def items(self, run: Run) -> list[Item]:
        return list(self._about[run.id].values()) if run.id in self._about else super().items(run)

    def note(self, run: Run, items: Sequence[Item]) -> None:
        self._about[run.id] |= {item.number: item for item in items}

    def enter(self) -> None:
        return


class RehearsalStore(PortalStore):
    """The store of a portal in which nothing is changed and nobody waits."""

    shelf = RehearsedShelf
    runs_of = RehearsedRuns

    def editing(self) -> AbstractContextManager[None]:
        return nullcontext()

    @translated
    def begin_registration(self, code: str) -> bool:
        return not self._redis.sismember(keys.registrations(self._member_id), code)

    def end_registration(self, code: str) -> None:
        return

    def note_addresses(self, addresses: tuple[str, ...]) -> None:
        return

    def note_scope(self, scope: tuple[str, ...]) -> None:
        return

    def note(self, *_: object) -> None:
        return
