"""The road to the token endpoint: an answer comes whole within so many seconds, or there is none.

The library's own timeouts are for each silence; a server that drips would hold us for ever.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

from b24app.bitrix import connection

# Together with what a holder may have waited before, less than a lease lasts.
WHOLE_SECONDS: Final = 15.0
MOST_BYTES: Final = 64 * 1024
CHUNK: Final = 8 * 1024


class Cut:
    """Ends a connection after so many seconds, whoever still reads from it, unless called off."""

    def __init__(self, line: socket.socket, seconds: float) -> None:
        self._line = line
        self._lock = threading.Lock()
        self._timer = threading.Timer(max(0.0, seconds), self._do)
        self._timer.daemon = True
        self._timer.start()

    def _do(self) -> None:
        with self._lock, suppress(OSError):  # it may have ended by itself
            if not self._timer.finished.is_set():
                self._line.shutdown(socket.SHUT_RDWR)

    def call_off(self) -> None:
        """The connection may serve others now."""
        with self._lock:
            self._timer.cancel()


class Watch(threading.local):
    """Until when this thread waits for an answer, by the monotonic clock, and what ends it."""

    until = 0.0
    cut: Cut | None = None

    def begin(self, line: socket.socket | None) -> None:
        """The question was sent on this line."""
        self.end()
        if line:
            self.cut = Cut(line, self.until - time.monotonic())

    def end(self) -> None:
        """The answer is there, or none will be."""
        if self.cut:
            self.cut.call_off()
            self.cut = None


class Bounded(HTTPAdapter):
    """Sends requests; raises the library's ReadTimeout or ConnectionError for what has no end."""

    def __init__(
        self, *, threads: int, whole: float = WHOLE_SECONDS, most: int = MOST_BYTES
    ) -> None:
        """``whole`` seconds and ``most`` bytes are what one answer may take."""
        self.whole = whole
        self.most = most
        self._watch = Watch()
        super().__init__(pool_maxsize=threads)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As the library's, with connections that end in time."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._watch)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """As the library's, with connections that end in time."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _pools(self._watch)
        return manager

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: bool | str = True,
        cert: Any = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """As the library's; the answer is read here, to its end.

        ``timeout`` is how many seconds a connection, a silence, and all of it may take.
        """
        connect, silence, whole = timeout
        self._watch.until = time.monotonic() + whole
        try:
            limits = (min(connect, whole), min(silence, whole))
            response = super().send(request, True, limits, verify, cert, proxies)
            try:
                # Where the library looks for a body that was read already.
                response._content = self._receive(request, response.raw)
            finally:
                self._watch.end()  # before others have the connection
                response.raw.release_conn()
        finally:
            self._watch.end()
        response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def _receive(self, request: requests.PreparedRequest, raw: urllib3.HTTPResponse) -> bytes:
        body = bytearray()
        try:
            while chunk := raw.read1(CHUNK, decode_content=True):
                body += chunk
                if len(body) > self.most or self._is_over():
                    break
        except HTTPError as exc:
            raw.close()
            raise requests.ConnectionError(exc, request=request) from exc
        if len(body) > self.most or self._is_over():
            raw.close()
            raise requests.ReadTimeout("the answer is too long")
        return bytes(body)

    def _is_over(self) -> bool:
        return time.monotonic() > self._watch.until


def _pools(watch: Watch) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections end when the thread that asked waits no longer."""

    class Plain(connection.Plain):
        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            watch.begin(self.sock)
            return super().getresponse()

    class Secure(connection.Secure):
        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            watch.begin(self.sock)
            return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
