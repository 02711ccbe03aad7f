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
                peer.settimeout(5)
                peer.shutdown(socket.SHUT_WR)
                while peer.recv(65536):  # closing with something unread would be a reset
                    pass

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


ODD = {
    "a list": b"[]",
    "a word": b'"pair"',
    "nothing": b"null",
    "a number": b"123",
    "no fields": b"{}",
    "no text": b"\xff\xfe",
    "an end that is no moment": json.dumps({**PAIR, "expires_at": {}}).encode(),
    "a life that is a word": json.dumps({**PAIR, "expires_in": "long"}).encode(),
    "endless": json.dumps(PAIR).encode()[:-1] + b', "expires_in": 1e999}',
    "a token of two lines": json.dumps({**PAIR, "access_token": "a\nb"}).encode(),
    "a refresh token of two lines": json.dumps({**PAIR, "refresh_token": "a\r\nb"}).encode(),
    "an endpoint that is none": json.dumps({**PAIR, "client_endpoint": "https://[x/"}).encode(),
    "fields that are lists": json.dumps({name: [] for name in PAIR}).encode(),
}


@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_an_answer_that_is_no_pair_is_no_answer_and_the_token_may_be_spent(serve, oauth, body):
    server = serve(chunked(body))

    with pytest.raises(AuthServerUnreachable) as odd:
        oauth.refresh(server, "a refresh token")

    assert odd.value.sent


@pytest.mark.parametrize("expires_in", [None, 3600.0, 10**17, -5])
def test_however_odd_the_life_of_a_token_its_pair_is_taken(serve, oauth, expires_in):
    server = serve(chunked(json.dumps({**PAIR, "expires_in": expires_in}).encode()))

    tokens = oauth.refresh(server, "a refresh token").tokens

    assert 3000 < tokens.expires_at - time.time() <= 24 * 3600


def test_a_second_secret_is_tried_in_the_time_one_answer_has(serve):
    """The first is refused when most of it is over; then the server falls silent."""
    refused, asked = json.dumps({"error": "invalid_client"}).encode(), []

    def deed(peer: socket.socket) -> None:
        asked.append(time.monotonic())
        if len(asked) == 1:
            time.sleep(0.75 * whole)
            chunked(refused)(peer)
        else:
            drip(b" " * 1000)(peer)

    whole, server = 4.0, serve(deed)
    adapter = Bounded(threads=2, whole=whole)
    with urllib3.PoolManager() as http, contextlib.closing(adapter):
        known = OAuth(http, adapter, client_id="app.1", client_secrets=("new", "old"), servers=())
        with pytest.raises(AuthServerUnreachable):
            known.refresh(server, "a refresh token")

    assert len(asked) == 2
    assert time.monotonic() - asked[0] < 1.5 * whole


def test_a_connection_that_served_in_time_is_not_cut_off_later(serve):
    """It is kept for the next question, and that has all its time again."""
    whole, body, connections = 1.0, json.dumps(PAIR).encode(), []
    answer = HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def deed(peer: socket.socket) -> None:
        connections.append(peer)
        hear(peer)
        peer.sendall(answer)
        peer.recv(1)
        hear(peer)
        time.sleep(whole / 2)
        peer.sendall(answer)

    server, adapter = serve(deed), Bounded(threads=2, whole=whole)
    with urllib3.PoolManager() as http, contextlib.closing(adapter):
        known = OAuth(
            http,
            adapter,
            client_id="app.1",
            client_secrets=("secret",),
            servers=(),
            plain_http=True,
        )
        known.refresh(server, "a refresh token")
        time.sleep(0.75 * whole)

        assert known.refresh(server, "another").tokens.refresh == "next"
    assert len(connections) == 1


def hear(peer: socket.socket) -> None:
    """The rest of a question, in however many pieces it comes."""
    peer.settimeout(0.1)
    with contextlib.suppress(TimeoutError):
        while peer.recv(65536):
            pass
    peer.settimeout(None)


def test_a_packed_answer_counts_by_what_it_unpacks_to(serve, oauth):
    bomb = gzip.compress(b" " * 10_000_000)
    server = serve(send(b"Content-Encoding: gzip\r\n", bomb))

    with pytest.raises(AuthServerUnreachable):
        oauth.refresh(server, "a refresh token")
