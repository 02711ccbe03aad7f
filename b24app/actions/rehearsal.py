"""What an action would ask of the portal, without doing it.

The action itself is run. What it only wants to know is really asked; what would change the portal
is noted and answered as the portal would, and the records it saves stay in this process.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, Final
from urllib.parse import parse_qsl

from b24app.actions.portal import Portal
from b24app.bitrix.batch import LIMIT, BatchResult, chunks
from b24app.bitrix.calls import Rest
from b24app.resources import Resources
from b24app.store.rehearsal import RehearsalStore

# Methods that only tell something, by their last word.
ASKING: Final = frozenset({"get", "list", "status", "profile", "info", "scope", "events"})
# What an update names a thing by; all else that it brings is there to be changed.
IDS: Final = frozenset({"BOT_ID", "APP_ID", "COMMAND_ID", "botId", "commandId"})
NEW_NUMBERS: Final = 10**15  # no portal has come that far
NUMBERED: Final = frozenset({"imbot.register", "imbot.app.register", "imbot.command.register"})
NUMBERED_WITHIN: Final = {"imbot.v2.Bot.register": "bot", "imbot.v2.Command.register": "command"}


@dataclass(frozen=True)
class PlannedCall:
    """One REST call. ``asked``: it changes nothing and was made, to know what comes after it.

    ``within`` are the calls of a batch.
    """

    method: str
    params: Mapping[str, Any]
    asked: bool = False
    within: tuple[PlannedCall, ...] = ()


class Rehearsing:
    """Stands in for the portal's client: asks, and notes what would be changed."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._numbers = count(NEW_NUMBERS)
        self._known: dict[str, Any] = {}
        self._calls: list[PlannedCall] = []

    @property
    def calls(self) -> list[PlannedCall]:
        """The calls in their order, up to the last that changes something."""
        changing = [at for at, call in enumerate(self._calls) if not call.asked]
        return self._calls[: changing[-1] + 1] if changing else []

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, repeatable: bool = False
    ) -> Any:
        """As ``Client.call``, of what changes nothing; else as if it was done."""
        params = params or {}
        if not is_asking(method, params):
            self._calls.append(PlannedCall(method, params))
            return self._answer(method)
        key = json.dumps([method, params], sort_keys=True)
        if key not in self._known:
            self._calls.append(PlannedCall(method, params, asked=True))
            if any(map(is_new_number, params.values())):  # of that only we know
                self._known[key] = self._answer(method)
            else:
                self._known[key] = self._rest.call(method, params, repeatable=repeatable)
        return self._known[key]

    def pages(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """As ``Client.pages``."""
        self._calls.append(PlannedCall(method, params or {}, asked=True))
        return self._rest.pages(method, params)

    def batch(
        self, commands: Mapping[str, str], *, known: Collection[str] = (), repeatable: bool = False
    ) -> dict[str, Any]:
        """As ``Client.batch``; one with anything that would change the portal is only noted."""
        if self._only_asks(commands):
            return self._rest.batch(commands, known=known, repeatable=repeatable)
        return self.batch_all(commands).results

    def batch_all(
        self, commands: Mapping[str, str], *, halt: bool = False, repeatable: bool = False
    ) -> BatchResult:
        """As ``batch``; what is only asked in it is answered by the portal."""
        if self._only_asks(commands):
            return self._rest.batch_all(commands, halt=halt, repeatable=repeatable)
        for chunk in chunks(commands):
            within = tuple(_planned(command) for command in chunk.values())
            self._calls.append(PlannedCall("batch", {"halt": int(halt)}, within=within))
        asked = {label: one for label, one in commands.items() if _planned(one).asked}
        said = self._rest.batch_all(asked, repeatable=True) if asked else BatchResult()
        done = {
            label: self._answer(command.partition("?")[0])
            for label, command in commands.items()
            if label not in asked
        }
        return BatchResult(results=done | dict(said.results), errors=said.errors)

    def _only_asks(self, commands: Mapping[str, str]) -> bool:
        within = tuple(_planned(command) for command in commands.values())
        if not all(call.asked for call in within):
            return False
        if len(within) <= LIMIT:
            self._calls.append(PlannedCall("batch", {}, asked=True, within=within))
        return True

    def _answer(self, method: str) -> object:
        if method in NUMBERED:
            return next(self._numbers)
        if part := NUMBERED_WITHIN.get(method):
            return {part: {"id": next(self._numbers)}}
        return {"count": 2} if method == "placement.unbind" else True


def is_asking(method: str, params: Mapping[str, Any]) -> bool:
    """Whether the call only tells something; so does an update that brings nothing, by which a
    portal is asked whose a thing is."""
    word = method.rpartition(".")[2].lower()
    brought = (value for name, value in params.items() if name not in IDS)
    return word in ASKING or (word == "update" and not any(brought))


def is_new_number(value: object) -> bool:
    """Whether this stands for a number that the portal has not given yet."""
    return type(value) is int and value >= NEW_NUMBERS


def rehearse(resources: Resources, portal: Portal) -> tuple[Portal, Rehearsing]:
    """The portal with nothing in it that can be changed, and what will have noted the calls."""
    rest = Rehearsing(portal.rest)
    store = RehearsalStore(resources.redis, portal.installation.member_id)
    return replace(portal, rest=rest, store=store), rest


def _planned(command: str) -> PlannedCall:
    method, _, query = command.partition("?")
    params = dict(parse_qsl(query, keep_blank_values=True))
    return PlannedCall(method, params, asked=is_asking(method, params))
