"""An authorization server that drips, floods or falls silent holds nobody for long."""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import urllib3

from b24app.bitrix.bounded import Bounded
from b24app.bitrix.oauth import OAuth
from b24app.errors import AuthServerRefused, AuthServerUnreachable

Deed = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
PAIR = {
    "access_token": "new",
    "refresh_token": "next",
    "member_id": "c" * 32,
    "client_endpoint": "http://portal.example/rest/",
}
WHOLE = 0.4


def drip(text: bytes) -> Deed:
    """A byte now and then, each before anybody's patience is over."""

    def deed(peer: socket.socket) -> None:
        with contextlib.suppress(OSError):
            for byte in text * 10:
                peer.sendall(bytes([byte]))
                time.sleep(0.02)

    return deed


def send(head: bytes, body: bytes) -> Deed:
    return lambda peer: peer.sendall(HEAD + head + b"Connection: close\r\n\r\n" + body)


def chunked(body: bytes) -> Deed:
    return send(b"Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))


def drip_body(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 60000\r\n\r\n")
    drip(b" " * 100)(peer)


def flood(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(1024):
            peer.sendall(b" " * (1024 * 1024))


@pytest.fixture
def serve() -> Iterator[Callable[[Deed], str]]:
    """Start a server that does its deed on each connection; its origin."""
    listeners = []

    def start(deed: Deed) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=work, args=(listener, deed), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    def work(listener: socket.socket, deed: Deed) -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            with peer, contextlib.suppress(OSError):
                peer.recv(65536)
                deed(peer)

    yield start
    for listener in listeners:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.fixture
def oauth() -> Iterator[OAuth]:
    adapter = Bounded(threads=2, whole=WHOLE)
    with urllib3.PoolManager() as http, contextlib.closing(adapter):
        yield OAuth(
            http,
            adapter,
            client_id="app.1",
            client_secrets=("secret",),
            servers=(),
            plain_http=True,
        )


@pytest.mark.parametrize("deed", [drip(HEAD), drip_body, flood], ids=["head", "body", "flood"])
def test_a_renewal_that_has_no_end_is_given_up_and_may_have_been_done(serve, oauth, deed):
    server, started = serve(deed), time.monotonic()

    with pytest.raises(AuthServerUnreachable) as silent:
        oauth.refresh(server, "a refresh token")

    assert silent.value.sent
    assert time.monotonic() - started < 4 * WHOLE


@pytest.mark.parametrize("deed", [drip_body, flood], ids=["body", "flood"])
def test_a_question_about_a_token_that_has_no_end_is_given_up(serve, oauth, deed):
    server, started = serve(deed), time.monotonic()

    with pytest.raises(AuthServerUnreachable):
        oauth.app_info(server, "an access token")

    assert time.monotonic() - started < 4 * WHOLE


@pytest.mark.parametrize("refusal", [True, False], ids=["error", "pair"])
@pytest.mark.parametrize(
    "way",
    [
        lambda body: send(b"Content-Length: %d\r\n" % len(body), body),
        lambda body: send(b"", body),
        lambda body: send(b"Content-Encoding: gzip\r\n", gzip.compress(body)),
        chunked,
    ],
    ids=["length", "to the end", "gzip", "chunked"],
)
def test_an_answer_that_ends_is_read_however_it_comes(serve, oauth, way, refusal):
    body = {"error": "invalid_grant"} if refusal else PAIR
    server = serve(way(json.dumps(body).encode()))

    if refusal:
        with pytest.raises(AuthServerRefused):
            oauth.refresh(server, "a refresh token")
    else:
        assert oauth.refresh(server, "a refresh token").tokens.refresh == "next"


def test_a_packed_answer_counts_by_what_it_unpacks_to(serve, oauth):
    bomb = gzip.compress(b" " * 10_000_000)
    server = serve(send(b"Content-Encoding: gzip\r\n", bomb))

    with pytest.raises(AuthServerUnreachable):
        oauth.refresh(server, "a refresh token")
