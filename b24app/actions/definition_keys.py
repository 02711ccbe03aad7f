"""What no two definitions of a kind have in common, and what is known by it in a portal."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Final, TypeVar

from b24app.actions import chat_apps
from b24app.records import Bot, ChatApp, Command, Connector, Widget

Fields = dict[str, Any]
Key = tuple[str, ...]
T = TypeVar("T", Bot, ChatApp, Command, Connector, Widget)

KEYS: Final[Mapping[str, Callable[[Fields], Key]]] = {
    "bots": lambda entry: (entry["code"].strip(),),
    "chat_apps": lambda entry: (entry["code"].strip(),),
    "commands": lambda entry: (entry["bot"].strip(), entry["name"].strip().removeprefix("/")),
    "widgets": lambda entry: (entry["code"].strip(), entry["iframe_url"], *sorted(entry["places"])),
    "connectors": lambda entry: (entry["id"].strip(),),
}


def best_last(things: list[T]) -> list[T]:
    """The oldest first; of two that share a key the one on the portal is the later."""
    oldest_first = things[::-1]
    return sorted(oldest_first, key=lambda thing: thing.published)


class Successors:
    """Chat apps by their codes, and by what the codes of an app and of its successors begin with.

    ``apps`` come with the best of several last.
    """

    def __init__(self, apps: Iterable[ChatApp]) -> None:
        self._by_code: dict[str, ChatApp] = {}
        self._by_stem: dict[str, list[ChatApp]] = defaultdict(list)
        for app in apps:
            self._by_code[app.code] = app
            self._by_stem[chat_apps.stem(app.code)].append(app)

    def found(self, code: str, others: Collection[Key]) -> ChatApp | None:
        """The one of this code, or one that a republication has put in its place or it in its.

        ``others`` are the keys that other definitions mean.
        """
        if code in self._by_code:
            return self._by_code[code]
        alike = self._by_stem.get(chat_apps.stem(code), [])
        later = chat_apps.is_successor(code)
        best = (
            app
            for app in reversed(alike)
            if (later or chat_apps.is_successor(app.code)) and (app.code,) not in others
        )
        return next(best, None)
