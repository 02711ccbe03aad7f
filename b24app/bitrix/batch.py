"""Batches of any length: split into requests, and references between the requests filled in.

The portal fills in references within one request. So that a split batch behaves as one, those
to an earlier request are filled in here, in the portal's way
(b24restdocs: settings/how-to-call-rest-api/batch.md; bitrix-modules:
rest/classes/general/rest_util.php).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from b24app.bitrix.answers import as_map, error_code, error_of
from b24app.errors import AuthorizationLost, B24AppError, PortalUnreachable

LIMIT: Final = 50
EXPIRED: Final = "expired_token"
# As the portal looks for them: whatever stands before the next blank belongs to the reference.
REFERENCE: Final = re.compile(r"\$(result|error|total|next|time)(\S*)", re.ASCII)
STEP: Final = re.compile(r"\[([^\]]+)\]")
# A reference's word, and the part of a batch answer it looks into.
PARTS: Final = {
    "result": "result",
    "error": "result_error",
    "total": "result_total",
    "next": "result_next",
    "time": "result_time",
}


@dataclass
class BatchResult:
    """Results and errors by label; a label after a halt is in neither."""

    results: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, B24AppError] = field(default_factory=dict)


def method_of(command: str) -> str:
    """The method of a ``method?query`` command."""
    return command.partition("?")[0]


def chunks(commands: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The commands in their order, as many at a time as one request may hold."""
    items = iter(commands.items())
    while chunk := dict(islice(items, LIMIT)):
        yield chunk


class Past:
    """What the earlier requests of a batch answered, for the references of the later ones."""

    def __init__(self) -> None:
        self._labels: set[str] = set()
        self._parts: dict[str, dict[str, Any]] = {word: {} for word in PARTS}

    def add(self, chunk: Mapping[str, str], answer: Mapping[str, Any]) -> None:
        """These commands are answered, by the raw maps of an answer."""
        self._labels.update(chunk)
        for word, part in PARTS.items():
            found = as_map(answer.get(part))
            self._parts[word].update((label, found[label]) for label in chunk if label in found)

    def fill(self, chunk: Mapping[str, str]) -> dict[str, str]:
        """The commands with their references to earlier requests replaced by what came of them.

        References within ``chunk`` are left to the portal. A value that is one reference becomes
        what it names, a list or map as well; within other text only a text or number can stand,
        anything else leaves the reference as it is. A path that ends early names what is there,
        and a label without an answer, as after an error, names nothing: the value is empty.
        A text filled in that looks like a reference itself is one to the portal.
        """
        if not self._labels:
            return dict(chunk)
        return {label: self._fill(command) for label, command in chunk.items()}

    def _fill(self, command: str) -> str:
        method, mark, query = command.partition("?")
        if "$" not in unquote_plus(query):
            return command
        pairs = [self._pair(pair) for pair in query.split("&")]
        return method + mark + "&".join(pair for pair in pairs if pair)

    def _pair(self, pair: str) -> str:
        name, mark, raw = pair.partition("=")
        text = unquote_plus(raw)
        value = self._value(text)
        if value is text:
            return pair
        return "&".join(f"{key}{mark}{quote(leaf, safe='')}" for key, leaf in _flat(name, value))

    def _value(self, text: str) -> Any:
        """``text`` itself when nothing in it concerns the earlier requests."""
        value = text
        for found in REFERENCE.finditer(text):
            steps = STEP.findall(found[2])
            if not steps or steps[0] not in self._labels:
                continue
            named = _follow(self._parts[found[1]], steps)
            if found[0] == text:
                return named
            if isinstance(named, str | int | float) and not isinstance(named, bool):
                value = value.replace(found[0], str(named))
        return value


class Batch:
    """A batch of any length as it goes: what was asked, and what came of it so far."""

    def __init__(self, commands: Mapping[str, str], member_id: str, *, halt: bool) -> None:
        self.done = BatchResult()
        self.methods = frozenset(map(method_of, commands.values()))
        self._commands = commands
        self._member_id = member_id
        self._halt = halt
        self._past = Past()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to run."""
        return self._halt and bool(self.done.errors)

    def params(self, chunk: Mapping[str, str]) -> dict[str, Any]:
        """What the request for these commands carries."""
        return {"halt": int(self._halt), "cmd": self._past.fill(chunk)}

    def take_in(self, chunk: Mapping[str, str], answer: Mapping[str, Any]) -> dict[str, str]:
        """Sort the answer of one request; returns the commands that came after the token's end.

        Those have not run and may be sent once more; until then they count as failed. An item
        without an answer has failed too, but for those after a halt. Raises PortalUnreachable
        when no item has any.
        """
        results, failures = as_map(answer.get("result")), as_map(answer.get("result_error"))
        if not any(label in results or label in failures for label in chunk):
            raise PortalUnreachable(self._member_id, "batch", sent=True)
        late: dict[str, str] = {}
        for label, command in chunk.items():
            said = label in results or label in failures
            if self._halt and late and not said:
                late[label] = command
            elif said or not self.is_over:
                error = self._sort(label, method_of(command), results, failures)
                if isinstance(error, AuthorizationLost) and error.reason == EXPIRED:
                    late[label] = command
        self._past.add({label: chunk[label] for label in chunk if label not in late}, answer)
        return late

    def _sort(
        self,
        label: str,
        method: str,
        results: Mapping[str, Any],
        failures: Mapping[str, Any],
    ) -> B24AppError | None:
        """Put one item where it belongs; returns its error."""
        if label in failures:
            code = error_code(as_map(failures[label])) or "UNKNOWN"
        elif label in results:
            code = error_code({"result": results[label]})
        else:
            self.done.errors[label] = PortalUnreachable(self._member_id, method, sent=True)
            return self.done.errors[label]
        if not code:
            self.done.results[label] = results[label]
            return None
        self.done.errors[label] = error_of(method, code, 200, self._member_id)
        return self.done.errors[label]

    def reopen(self, late: Mapping[str, str]) -> None:
        """What came after the token's end is being sent once more."""
        for label in late:
            self.done.errors.pop(label, None)

    def close(self, labels: Iterable[str], error: B24AppError) -> None:
        """These are not to be had any more; after a halt the first of them is enough."""
        for label in labels:
            if self.is_over:
                break
            self.done.errors[label] = error

    def unanswered(self) -> list[str]:
        """The labels of which nothing is known yet, in their order."""
        known = self.done.results.keys() | self.done.errors.keys()
        return [label for label in self._commands if label not in known]

    def give_up(self, late: Mapping[str, str]) -> None:
        """No more is sent of what came after the token's end; references to it name nothing."""
        self._past.add(late, {})


def _follow(part: Mapping[str, Any], steps: list[str]) -> Any:
    here: Any = part.get(steps[0])
    for step in steps[1:]:
        inner = as_map(here)
        if inner.get(step) is None:
            break
        here = inner[step]
    return here


def _flat(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """A value as PHP's brackets spell it; an empty list has no spelling and vanishes."""
    if isinstance(value, dict | list):
        for key, inner in as_map(value).items():
            yield from _flat(f"{name}[{quote(key, safe='')}]", inner)
    elif isinstance(value, bool):
        yield name, str(int(value))
    else:
        yield name, "" if value is None else str(value)
