"""Free addresses on this machine for the servers of a test."""

import os
import socket
from itertools import cycle

ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5")
# Below what the system hands out by itself; a range for each of the processes that run tests
# side by side, so that none takes what another has just found free.
FIRST, EACH = 12_000, 1_000
_place = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_ports = cycle(range(FIRST + _place * EACH, FIRST + (_place + 1) * EACH))


def free_port() -> int:
    """A port nobody listens at on any of the addresses."""
    return next(port for port in _ports if all(_is_free(address, port) for address in ADDRESSES))


def _is_free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError:
            return False
    return True
