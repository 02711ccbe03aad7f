"""Every kind of store, each started once for all tests that need it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.servers import KINDS, Server


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """Give the store of a kind, started at the first call; all are stopped at the end."""
    known: dict[str, Server] = {}
    with contextlib.ExitStack() as stack:

        def give(kind: str) -> Server:
            if kind not in known:
                folder: Path = tmp_path_factory.mktemp("store")
                known[kind] = stack.enter_context(KINDS[kind](folder))
            return known[kind]

        yield give


@pytest.fixture(params=KINDS)
def server(request: pytest.FixtureRequest, start: Callable[[str], Server]) -> Server:
    """An empty store of each kind in turn."""
    found = start(request.param)
    found.empty()
    return found
