"""What may go wrong on the wire, from a server that does it."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import urllib3
from urllib3.exceptions import SSLError

from b24app.bitrix import wire

Deed = Callable[[socket.socket], None]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(body: bytes, head: bytes = HEAD) -> Deed:
    return lambda peer: peer.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def half(peer: socket.socket) -> None:
    peer.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"result": ')


def drip(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(200):
            peer.sendall(b" ")
            time.sleep(0.02)


def flood(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 1073741824\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(1024):
            peer.sendall(b" " * (1024 * 1024))


class Server:
    """Reads one request on each connection, then does its deed."""

    def __init__(self, deed: Deed) -> None:
        self.deed = deed
        self.requests = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/rest/profile.json"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                if peer.recv(65536):
                    self.requests += 1
                with contextlib.suppress(OSError):
                    self.deed(peer)


@pytest.fixture
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager() as pool:
        yield pool


@pytest.fixture
def serve() -> Iterator[Callable[[Deed], Server]]:
    servers: list[Server] = []

    def start(deed: Deed) -> Server:
        servers.append(Server(deed))
        return servers[-1]

    yield start
    for server in servers:
        server.listener.close()


def test_a_json_object_is_an_answer(serve, http):
    server = serve(answer(b'{"result": {"ID": "1"}}'))

    assert wire.post(http, server.url, {}).body == {"result": {"ID": "1"}}


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>502</html>", b'{"result": ', b"[1]", b"null", b"\xff\xfe", b"[" * 100_000],
)
def test_anything_else_is_no_answer(serve, http, body):
    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(answer(body)).url, {})

    assert silent.value.sent


def test_the_content_type_does_not_matter(serve, http):
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"

    assert wire.post(http, serve(answer(b'{"a": 1}', head)).url, {}).body == {"a": 1}


@pytest.mark.parametrize("deed", [reset, half, lambda peer: None], ids=["reset", "half", "closed"])
def test_a_connection_that_ends_early_may_have_acted(serve, http, deed):
    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(deed).url, {}, seconds=1)

    assert silent.value.sent


def test_nobody_there_means_nothing_was_sent(http):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]

    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, f"http://127.0.0.1:{port}/rest/profile.json", {})

    assert not silent.value.sent


def test_silence_ends(serve, http):
    server = serve(lambda peer: time.sleep(1))

    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, server.url, {}, seconds=0.2)

    assert silent.value.sent


def test_a_dripping_answer_ends(serve, http):
    started = time.monotonic()

    with pytest.raises(wire.NoAnswer):
        wire.post(http, serve(drip).url, {}, seconds=0.3)

    assert time.monotonic() - started < 2


def test_an_answer_may_take_no_longer_than_is_left_in_all(serve, http):
    started = time.monotonic()

    with pytest.raises(wire.NoAnswer):
        wire.post(http, serve(drip).url, {}, seconds=3, whole=0.3)

    assert time.monotonic() - started < 2


def test_an_endless_answer_is_not_read_to_its_end(serve, http):
    with pytest.raises(wire.NoAnswer, match="too long"):
        wire.post(http, serve(flood).url, {})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_told_and_never_followed(serve, http, status):
    server = serve(reset)
    server.deed = answer(
        b"", b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n" % (status, server.url.encode())
    )

    with pytest.raises(wire.Moved):
        wire.post(http, server.url, {})

    assert server.requests == 1


def test_a_fault_of_tls_may_have_come_after_the_request_and_counts_as_sent(serve):
    """Only a refused certificate is known to come before it; so nothing is registered twice."""
    server = serve(lambda peer: peer.sendall(b"HTTP/1.1 400 Bad\r\n\r\n"))

    with urllib3.PoolManager() as pool, pytest.raises(wire.NoAnswer) as refused:
        wire.post(pool, server.url.replace("http:", "https:"), {"auth": "a secret"})

    assert refused.value.sent
    assert isinstance(refused.value.__cause__, SSLError)
