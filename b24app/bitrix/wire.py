"""One POST over the wire: JSON in, a bounded JSON object out."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import urllib3
from urllib3.exceptions import (
    ConnectTimeoutError,
    HTTPError,
    LocationValueError,
    NewConnectionError,
    ProxyError,
    SSLError,
)

MAX_ANSWER: Final = 16 * 1024 * 1024
CHUNK: Final = 64 * 1024
CONNECT_SECONDS: Final = 3
READ_SECONDS: Final = 30
HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "b24app"}
UNCONNECTED: Final = (NewConnectionError, ConnectTimeoutError, LocationValueError)


def was_sent(error: object) -> bool:
    """Whether the other side may have acted: not when there never was a connection to it.

    A certificate is refused before anything is sent; any other fault of TLS may come later.
    With a proxy between, the library calls whatever ends a connection a fault of the proxy, also
    where the request had gone through.
    """
    if isinstance(error, ProxyError):
        return was_sent(error.original_error)
    if isinstance(error, SSLError):
        return not (error.args and isinstance(error.args[0], ssl.SSLCertVerificationError))
    return not isinstance(error, UNCONNECTED)


class NoAnswer(Exception):
    """No usable answer; ``sent`` is True when the other side may have acted all the same."""

    def __init__(self, what: str, *, sent: bool) -> None:
        self.sent = sent
        super().__init__(what)


class Moved(Exception):
    """The address answers with a redirect; it is not followed."""


@dataclass(frozen=True)
class Answer:
    """A status and the JSON object that came with it."""

    status: int
    body: dict[str, Any]


def post(
    http: urllib3.PoolManager,
    url: str,
    params: Mapping[str, Any],
    *,
    seconds: float = READ_SECONDS,
    whole: float | None = None,
    most: int = MAX_ANSWER,
) -> Answer:
    """POST ``params`` as JSON; raises NoAnswer when there is no JSON object to read, or Moved.

    ``seconds`` is the longest silence, ``whole`` the longest it may take in all, else twice the
    silence, ``most`` the most bytes of an answer. Redirects are not followed and nothing is
    repeated here.
    """
    whole = whole or 2 * seconds
    deadline = time.monotonic() + whole
    try:
        response = http.urlopen(
            "POST",
            url,
            body=json.dumps(params).encode(),
            headers=HEADERS,
            timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=seconds, total=whole),
            redirect=False,
            retries=False,
            preload_content=False,
        )
    except HTTPError as exc:
        raise NoAnswer(type(exc).__name__, sent=was_sent(exc)) from exc
    if 300 <= response.status < 400:
        response.close()  # whatever it goes on to say
        raise Moved(response.headers.get("Location", ""))
    return Answer(response.status, _read(response, deadline, most))


def _read(response: urllib3.BaseHTTPResponse, deadline: float, most: int) -> dict[str, Any]:
    try:
        raw = _receive(response, deadline, most)
    except HTTPError as exc:
        raise NoAnswer(type(exc).__name__, sent=True) from exc
    finally:
        response.release_conn()
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as exc:
        raise NoAnswer(f"status {response.status} without JSON", sent=True) from exc
    if not isinstance(body, dict):
        raise NoAnswer(f"status {response.status} without a JSON object", sent=True)
    return body


def _receive(response: urllib3.BaseHTTPResponse, deadline: float, most: int) -> bytes:
    """The whole body, as long as it is neither endless nor dripping."""
    raw = bytearray()
    while chunk := response.read1(CHUNK):
        raw += chunk
        if response.length_remaining == 0 and len(raw) <= most and not _is_packed(response):
            break
        if len(raw) > most or time.monotonic() > deadline:
            response.close()
            raise NoAnswer("the answer is too long", sent=True)
    return bytes(raw)


def _is_packed(response: urllib3.BaseHTTPResponse) -> bool:
    """Whether more may come out of it than is left on the line; nobody asked for that."""
    return "Content-Encoding" in response.headers
