"""The road to the token endpoint: an answer comes whole within so many seconds, or there is none.

The library's own timeouts are for each silence; a server that drips would hold us for ever.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import HTTPError

# Together with what a holder may have waited before, less than a lease lasts.
WHOLE_SECONDS: Final = 15.0
MOST_BYTES: Final = 64 * 1024
CHUNK: Final = 8 * 1024


class Bounded(HTTPAdapter):
    """Sends requests; raises the library's ReadTimeout or ConnectionError for what has no end."""

    def __init__(
        self, *, threads: int, whole: float = WHOLE_SECONDS, most: int = MOST_BYTES
    ) -> None:
        """``whole`` seconds and ``most`` bytes are what one answer may take."""
        self.whole = whole
        self.most = most
        super().__init__(pool_maxsize=threads)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """As the library's, with connections that end in time."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self.whole)

    def proxy_manager_for(self, *args: Any, **options: Any) -> Any:
        """As the library's, with connections that end in time."""
        manager = super().proxy_manager_for(*args, **options)
        manager.pool_classes_by_scheme = _pools(self.whole)
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
        """As the library's; the answer is read here, to its end."""
        deadline = time.monotonic() + self.whole
        response = super().send(request, True, timeout, verify, cert, proxies)
        try:
            # Where the library looks for a body that was read already.
            response._content = self._receive(response.raw, deadline)
        except HTTPError as exc:
            raise requests.ConnectionError(exc, request=request) from exc
        finally:
            response.raw.release_conn()
        response._content_consumed = True  # type: ignore[attr-defined]
        return response

    def _receive(self, raw: urllib3.HTTPResponse, deadline: float) -> bytes:
        body = bytearray()
        while chunk := raw.read1(CHUNK, decode_content=True):
            body += chunk
            if len(body) > self.most or time.monotonic() > deadline:
                raw.close()
                raise requests.ReadTimeout("the answer is too long")
        return bytes(body)


def _pools(whole: float) -> dict[str, type[HTTPConnectionPool]]:
    """Pools whose connections give a server so many seconds to begin its answer in full."""

    class Plain(HTTPConnection):
        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            with _cut_off(self, whole):
                return super().getresponse()

    class Secure(HTTPSConnection):
        def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]
            with _cut_off(self, whole):
                return super().getresponse()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


@contextmanager
def _cut_off(connection: HTTPConnection, seconds: float) -> Iterator[None]:
    """End the connection after so many seconds, whoever still reads from it."""
    line: socket.socket | None = connection.sock

    def cut() -> None:
        with suppress(OSError):  # it has ended by itself
            if line:
                line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
