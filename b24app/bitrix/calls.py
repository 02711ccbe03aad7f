"""What an action may ask of a portal: the client's side that is not about how."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Protocol

from b24app.bitrix.batch import BatchResult


class Rest(Protocol):
    """What an action asks of a portal; as ``Client``, which does it."""

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, repeatable: bool = False
    ) -> Any: ...

    def pages(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]: ...

    def batch(
        self, commands: Mapping[str, str], *, known: Collection[str] = (), repeatable: bool = False
    ) -> dict[str, Any]: ...

    def batch_all(
        self, commands: Mapping[str, str], *, halt: bool = False, repeatable: bool = False
    ) -> BatchResult: ...
