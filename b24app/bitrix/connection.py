"""Connections that tell what fails before anything is sent, and that begin and answer in time.

The library's connect timeout is for each address of a name, and for each step of a handshake.
Here it is for all of them together.
Its read timeout is for each silence, so an answer that comes byte by byte would never end. Here
its head has to be complete within one such time, and all of it within two.
It sends a request's head and body one after the other. Here they leave together: one TLS record
and one packet less for each call.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, Final, cast

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util import connection as sockets
from urllib3.util.ssl_match_hostname import CertificateError

LEAST_SECONDS: Final = 1.0  # for one address, while there is time: a lost packet is sent again


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


class Dialling(HTTPConnection):
    """Tries the addresses of a name, all of them within the connect timeout."""

    response_class = Response
    _held: bytearray | None = None  # what is said of a request until it is whole

    def request(self, *args: Any, **options: Any) -> None:
        """As the library's, but everything is sent at once."""
        self._held = bytearray()
        try:
            super().request(*args, **options)
            whole = bytes(self._held)
        finally:
            self._held = None
        self.send(whole)

    def send(self, data: Any) -> None:
        """As the library's; a part of a request waits for the rest."""
        if self._held is None:
            super().send(data)
        else:
            self._held += data

    def addresses(self) -> list[str]:
        """Where the name leads, in the order of preference; raises OSError, UnicodeError."""
        found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
        return list(dict.fromkeys(str(row[4][0]) for row in found))

    def _new_conn(self) -> socket.socket:
        try:
            addresses = self.addresses()
        except (OSError, UnicodeError) as exc:
            raise NewConnectionError(self, "the name is not known") from exc
        seconds = cast(float, self.timeout)
        end = time.monotonic() + seconds
        failure = NewConnectionError(self, "the address is not allowed")
        for number, address in enumerate(addresses):
            left = end - time.monotonic()
            if left <= 0:
                break
            share = max(left / (len(addresses) - number), min(left, LEAST_SECONDS))
            try:
                return self._dial(address, share, end)
            except OSError as exc:
                failure = NewConnectionError(self, type(exc).__name__)
        raise failure

    def _dial(self, address: str, seconds: float, end: float) -> socket.socket:
        """A connection to one address; what is left until ``end`` is for the handshake."""
        line = sockets.create_connection(
            (address, self.port),
            seconds,
            source_address=self.source_address,
            socket_options=self.socket_options,
        )
        line.settimeout(max(end - time.monotonic(), 0.001))
        return line

    @contextmanager
    def _beginning(self) -> Iterator[None]:
        """Until the connection stands nothing is sent; then a request has all the time again."""
        try:
            yield
        except (OSError, http.client.HTTPException, CertificateError) as exc:
            raise NewConnectionError(self, type(exc).__name__) from exc
        self.sock.settimeout(cast(float, self.timeout))


class Plain(Dialling):
    """Without TLS: at the sandbox, and to a proxy."""

    def connect(self) -> None:
        with self._beginning():
            super().connect()


class Secure(Dialling, HTTPSConnection):
    """With TLS; a handshake that fails is told as a connection that never was."""

    def connect(self) -> None:
        with self._beginning():
            super().connect()


class PlainPool(HTTPConnectionPool):
    ConnectionCls = Plain


class SecurePool(HTTPSConnectionPool):
    ConnectionCls = Secure
