"""Connections that tell what fails before anything is sent, and whose answers begin in time.

The library's read timeout is for each silence, so an answer that comes byte by byte would never
end. Here its head has to be complete within one such time, and all of it within two.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from contextlib import suppress
from typing import Any, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError


class Incoming(io.RawIOBase):
    """What arrives at a socket: the head within its timeout, everything within twice that."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = cast(io.RawIOBase, sock.makefile("rb", buffering=0))
        self._silence = sock.gettimeout()
        self._end = time.monotonic() + (self._silence or 0)
        self._reads = 0

    def makefile(self, mode: str = "rb") -> io.BufferedReader:
        """As of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._reads and self._silence:
            left = self._end - time.monotonic()
            if left <= 0:
                raise TimeoutError("the answer does not end")
            self._sock.settimeout(min(left, self._silence))
        self._reads += 1
        return self._raw.readinto(buffer)

    def settle(self) -> None:
        """The head is complete; the body has as long again."""
        self._end += self._silence or 0

    def close(self) -> None:
        """The answer is read; whoever sends on the connection next has all the time again."""
        with suppress(OSError):  # it may be closed already
            if self._reads > 1:
                self._sock.settimeout(self._silence)
        self._raw.close()
        super().close()


class Response(http.client.HTTPResponse):
    """An answer whose head is complete in time."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        self._incoming = Incoming(sock)
        super().__init__(cast(socket.socket, self._incoming), *args, **options)

    def begin(self) -> None:
        super().begin()
        self._incoming.settle()


class Plain(HTTPConnection):
    """Without TLS: at the sandbox, and to a proxy."""

    response_class = Response


class Secure(HTTPSConnection):
    """With TLS; a handshake that fails is told as a connection that never was."""

    response_class = Response

    def connect(self) -> None:
        try:
            super().connect()
        except OSError as exc:
            raise NewConnectionError(self, type(exc).__name__) from exc


class PlainPool(HTTPConnectionPool):
    ConnectionCls = Plain


class SecurePool(HTTPSConnectionPool):
    ConnectionCls = Secure
