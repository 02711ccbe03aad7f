"""What may go wrong on the wire, from a server that does it."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from queue import Queue

import pytest

from b24app.bitrix import wire
from b24app.bitrix.connection import Plain, Response
from tests.unit.wire_servers import (
    HEAD,
    answer,
    continue_for_ever,
    drip,
    drip_the_head,
    drip_the_length_of_a_chunk,
    flood,
    half,
    half_and_reset,
    reset,
)


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


PACKED = HEAD + b"Content-Encoding: gzip\r\n"


@pytest.mark.parametrize("length", [10, 300_000])
def test_an_answer_that_comes_packed_although_nobody_asked_is_an_answer(serve, http, length):
    body = gzip.compress(b'{"result": "%s"}' % (b"x" * length))

    assert wire.post(http, serve(answer(body, PACKED)).url, {}).body == {"result": "x" * length}


def test_a_packed_answer_is_not_unpacked_without_end(serve, http):
    body = gzip.compress(b" " * (64 * 1024 * 1024), 1)

    with pytest.raises(wire.NoAnswer, match="too long"):
        wire.post(http, serve(answer(body, PACKED)).url, {})


@pytest.mark.parametrize(
    "deed",
    [reset, half, half_and_reset, lambda peer: None],
    ids=["reset", "half", "half and reset", "closed"],
)
def test_a_connection_that_ends_early_may_have_acted(serve, http, deed):
    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(deed).url, {}, seconds=1)

    assert silent.value.sent


def test_a_connection_that_is_reset_after_the_answer_costs_nothing(serve, http):
    read, gone = threading.Semaphore(0), threading.Semaphore(0)

    def whole_and_reset(peer: socket.socket) -> None:
        answer(b'{"result": 1}')(peer)
        read.acquire(timeout=5)
        reset(peer)
        gone.release()

    server = serve(whole_and_reset)

    for _ in range(3):
        assert wire.post(http, server.url, {}).body == {"result": 1}
        read.release()
        assert gone.acquire(timeout=5)
    assert server.requests == 3


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


@pytest.mark.parametrize(
    "deed", [drip_the_head, continue_for_ever, drip_the_length_of_a_chunk, drip]
)
@pytest.mark.parametrize("secure", [False, True], ids=["plain", "tls"])
def test_an_answer_that_drips_ends_wherever_it_does(serve, http, files, deed, secure):
    started = time.monotonic()

    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(deed, files if secure else None).url, {}, seconds=0.3)

    assert silent.value.sent
    assert time.monotonic() - started < 2


def test_an_answer_that_comes_in_parts_in_time_is_an_answer(serve, http):
    def slowly(peer: socket.socket) -> None:
        for part in (HEAD, b"Content-Length: 13\r\n", b"\r\n", b'{"result"', b": 1}"):
            peer.sendall(part)
            time.sleep(0.05)

    assert wire.post(http, serve(slowly).url, {}, seconds=2).body == {"result": 1}


def test_an_answer_in_parts_leaves_the_connection_as_it_was():
    """What is sent on it next must not have to hurry because this answer took its time."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.settimeout(5)
        response = Response(ours)
        theirs.sendall(b"HTTP/1.1 200 OK\r\n")
        rest = threading.Timer(0.05, theirs.sendall, [b"Content-Length: 3\r\n\r\nabc"])
        rest.start()
        response.begin()
        rest.join()
        assert 0 < ours.gettimeout() < 5
        assert response.read() == b"abc"
        response.close()

        assert ours.gettimeout() == 5


def test_a_connection_that_was_slow_to_begin_has_all_the_time_to_send_and_no_delay(serve):
    server = serve(lambda peer: peer.recv(1))
    connection = Plain("127.0.0.1", int(server.endpoint.split(":")[2].split("/")[0]), timeout=5)
    connection.connect()
    with contextlib.closing(connection):
        assert connection.sock.gettimeout() == 5
        assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_an_answer_may_take_no_longer_than_is_left_in_all(serve, http):
    started = time.monotonic()

    with pytest.raises(wire.NoAnswer):
        wire.post(http, serve(drip).url, {}, seconds=3, whole=0.3)

    assert time.monotonic() - started < 2


def test_an_endless_answer_is_not_read_to_its_end(serve, http):
    read: Queue[int] = Queue()

    with pytest.raises(wire.NoAnswer, match="too long"):
        wire.post(http, serve(lambda peer: read.put(flood(peer))).url, {})

    assert read.get(timeout=5) < 64


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_told_and_never_followed(serve, http, status):
    server = serve(reset)
    server.deed = answer(
        b"", b"HTTP/1.1 %d Moved\r\nLocation: %s\r\n" % (status, server.url.encode())
    )

    with pytest.raises(wire.Moved):
        wire.post(http, server.url, {})

    assert server.requests == 1


def test_a_redirect_is_not_read_to_its_end(serve, http):
    head, read = b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n", Queue()

    with pytest.raises(wire.Moved):
        wire.post(http, serve(lambda peer: read.put(flood(peer, head))).url, {}, seconds=1)

    assert read.get(timeout=5) < 16
