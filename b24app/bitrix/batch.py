"""Batches of any length: split into requests, and references between the requests filled in.

The portal fills in references within one request. So that a split batch behaves as one, those
to an earlier request are filled in here, in the portal's way
(b24restdocs: settings/how-to-call-rest-api/batch.md; bitrix-modules:
rest/classes/general/rest_util.php).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Final
from urllib.parse import quote, unquote_plus

from b24app.bitrix.answers import as_map, error_code, error_of
from b24app.errors import AuthorizationLost, B24AppError, PortalUnreachable, may_have_acted

LIMIT: Final = 50
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

    def add(self, labels: Collection[str], answer: Mapping[str, Any]) -> None:
        """These commands are answered, by the raw maps of an answer."""
        self._labels.update(labels)
        for word, part in PARTS.items():
            found = as_map(answer.get(part))
            self._parts[word].update((label, found[label]) for label in labels if label in found)

    def forget(self, labels: Collection[str]) -> None:
        """These commands are not answered after all."""
        self._labels.difference_update(labels)
        for part in self._parts.values():
            for label in labels:
                part.pop(label, None)

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
        self.methods = sorted({command.partition("?")[0] for command in commands.values()})
        self._member_id = member_id
        self._halt = halt
        self._past = Past()

    @property
    def is_begun(self) -> bool:
        """Whether anything is known of any item."""
        return bool(self.done.results or self.done.errors)

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to run, after an error."""
        return self._halt and bool(self.done.errors)

    def params(self, chunk: Mapping[str, str]) -> dict[str, Any]:
        """What the request for these commands carries."""
        return {"halt": int(self._halt), "cmd": self._past.fill(chunk)}

    def take_in(self, chunk: Mapping[str, str], answer: Mapping[str, Any]) -> dict[str, str]:
        """Sort the answer of one request; returns the commands that came after the token's end.

        Those have not run, and count as failed. An item without an answer has failed too, but
        for those after a halt. Raises PortalUnreachable when no item has an answer.
        """
        results, failures = as_map(answer.get("result")), as_map(answer.get("result_error"))
        if not any(label in results or label in failures for label in chunk):
            raise PortalUnreachable(self._member_id, "batch", sent=True)
        late: dict[str, str] = {}
        for label, command in chunk.items():
            if label not in results and label not in failures and self.is_over:
                if late:
                    late[label] = command
                continue
            error = self._error(label, command.partition("?")[0], results, failures)
            if error is None:
                self.done.results[label] = results[label]
                continue
            self.done.errors[label] = error
            if isinstance(error, AuthorizationLost) and error.reason == "expired_token":
                late[label] = command
        self._past.add(chunk, answer)
        return late

    def _error(
        self, label: str, method: str, results: Mapping[str, Any], failures: Mapping[str, Any]
    ) -> B24AppError | None:
        if label in failures:
            said = as_map(failures[label])
            code = error_code(said) or "UNKNOWN"
        elif label in results:
            said = {"result": results[label]}
            code = error_code(said)
        else:
            return PortalUnreachable(self._member_id, method, sent=True)
        return error_of(method, code, 200, self._member_id, said) if code else None

    def reopen(self, late: Collection[str]) -> None:
        """These are about to be sent once more."""
        for label in late:
            self.done.errors.pop(label, None)
        self._past.forget(late)

    def cut_off(self, chunk: Iterable[str], commands: Iterable[str], error: B24AppError) -> None:
        """The request for ``chunk`` came to this error, and nothing more is sent.

        The portal may have begun with that request, but not with what was to come after it.
        """
        self.close(chunk, error)
        if may_have_acted(error):
            error = PortalUnreachable(self._member_id, "batch", sent=False)
        self.close(commands, error)

    def close(self, labels: Iterable[str], error: B24AppError) -> None:
        """Those of these that have no answer will get none; after a halt one of them fails."""
        for label in labels:
            if label in self.done.results or label in self.done.errors or self.is_over:
                continue
            self.done.errors[label] = error
            self._past.add((label,), {})


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
