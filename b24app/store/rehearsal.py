"""A portal's things as they would be: what is saved or deleted here stays in this process."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeVar

import redis

from b24app.errors import Conflict, NotFound
from b24app.records import Actor, Check, Item, Look, Run, Verb
from b24app.store.bulk import Runs
from b24app.store.changes import History
from b24app.store.drift import Drift
from b24app.store.portal import PortalStore
from b24app.store.shelf import Codec, Mark, Shelf, Versioned

T = TypeVar("T", bound=Versioned)


class RehearsedShelf(Shelf[T]):
    """A shelf that is read from the store, with changes of its own that nobody else sees."""

    def __init__(
        self, client: redis.Redis, name: str, begun: str, history: History, codec: Codec[T]
    ) -> None:
        super().__init__(client, name, begun, history, codec)
        self._things: dict[str, T] | None = None

    @property
    def _known(self) -> dict[str, T]:
        """Read once: a run asks for all of them again and again."""
        if self._things is None:
            self._things = {str(thing.id): thing for thing in super().all()}
        return self._things

    def all(self) -> list[T]:
        return sorted(self._known.values(), key=lambda thing: thing.id, reverse=True)

    def texts(self, field: str) -> set[str]:
        return {str(getattr(thing, field)) for thing in self._known.values()}

    def get(self, thing_id: int | str) -> T:
        if str(thing_id) not in self._known:
            raise NotFound(str(thing_id))
        return self._known[str(thing_id)]

    def save(
        self, thing: T, *, seen: int, actor: Actor, verb: Verb, before: T | None, ends: str = ""
    ) -> T:
        current = self._known.get(str(thing.id))
        if (current.version if current else 0) != seen:
            raise Conflict(current)
        stored: T = replace(thing, version=seen + 1)  # type: ignore[type-var]
        self._known[str(thing.id)] = stored
        return stored

    def delete(
        self, thing: T, *, actor: Actor, verb: Verb, mark: Mark | None = None, ends: str = ""
    ) -> bool:
        return self._known.pop(str(thing.id), None) is not None

    def unpublish(self) -> None:
        for thing in self.all():
            self._known[str(thing.id)] = replace(thing, published=False)  # type: ignore[type-var]


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


class RehearsedDrift(Drift):
    """What was last seen of differences; what is seen in a rehearsal is not kept."""

    def note_look(self, look: Look) -> None:
        return

    def begin_check(self, check: Check) -> None:
        return

    def note_check(self, check: Check) -> bool:
        return True


class RehearsalStore(PortalStore):
    """The store of a portal in which nothing is changed and nobody waits."""

    shelf = RehearsedShelf
    runs_of = RehearsedRuns
    drift_of = RehearsedDrift

    def undoing(self, change_id: str) -> RehearsalStore:
        return self  # no line is written that could tell of it

    def editing(self) -> AbstractContextManager[None]:
        return nullcontext()

    def note_sent(self, code: str, name: str) -> None:
        return

    def begin_registration(self, code: str) -> bool:
        return not self.in_doubt(code)

    def end_registration(self, code: str) -> None:
        return

    def note_addresses(self, addresses: tuple[str, ...]) -> None:
        return

    def note_scope(self, scope: tuple[str, ...]) -> None:
        return

    def note(self, *_: object) -> None:
        return

    def note_taken_back(self, change_id: str) -> None:
        return
