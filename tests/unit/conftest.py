"""Pauses that take no time, servers that misbehave as told, and connections that trust them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from b24app.bitrix.outbound import Outbound
from tests.store.certificates import Certificates, make_certificates
from tests.unit.wire_servers import Deed, Server


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Pauses are written down instead of waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What a server speaks TLS with, and who vouches for it."""
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def http(files: Certificates) -> Iterator[Outbound]:
    """Connections that trust those certificates."""
    with Outbound(
        guard=None, threads=2, ca_bundle=str(files.authority), proxy="", no_proxy=""
    ) as pool:
        yield pool


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    """Start a server that does its deed on each connection."""
    servers: list[Server] = []

    def start(deed: Deed, files: Certificates | None = None) -> Server:
        servers.append(Server(deed, files))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()
