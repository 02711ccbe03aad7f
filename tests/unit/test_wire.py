"""What may go wrong on the wire, from a server that does it."""

from __future__ import annotations

import contextlib
import gzip
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from queue import Queue

import pytest
from urllib3.exceptions import SSLError

from b24app.bitrix import wire
from b24app.bitrix.bounded import Bounded
from b24app.bitrix.connection import Plain, Response
from b24app.bitrix.oauth import OAuth
from b24app.bitrix.outbound import Outbound
from b24app.bitrix.rest import Client
from b24app.errors import AuthServerUnreachable, PortalUnreachable
from tests.store.certificates import Certificates, make_certificates

Deed = Callable[[socket.socket], object]
GREETING = 0x16  # the first byte of a handshake
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def answer(body: bytes, head: bytes = HEAD) -> Deed:
    return lambda peer: peer.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)


def reset(peer: socket.socket) -> None:
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def half(peer: socket.socket) -> None:
    peer.sendall(HEAD + b'Content-Length: 100\r\n\r\n{"result": ')


def half_and_reset(peer: socket.socket) -> None:
    half(peer)
    reset(peer)


def bad_record(peer: socket.socket) -> None:
    """What nobody can decrypt, below the TLS of the connection."""
    with socket.socket(fileno=os.dup(peer.fileno())) as line:
        line.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))


def half_and_bad_record(peer: socket.socket) -> None:
    half(peer)
    bad_record(peer)


def drip(peer: socket.socket) -> None:
    peer.sendall(HEAD + b"Content-Length: 1000\r\n\r\n")
    with contextlib.suppress(OSError):
        for _ in range(200):
            peer.sendall(b" ")
            time.sleep(0.02)


def drip_the_head(peer: socket.socket) -> None:
    with contextlib.suppress(OSError):
        peer.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(200):
            peer.sendall(b"x")
            time.sleep(0.02)


def drip_the_length_of_a_chunk(peer: socket.socket) -> None:
    with contextlib.suppress(OSError):
        peer.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\n1;")
        for _ in range(200):
            peer.sendall(b"x")
            time.sleep(0.02)


def continue_for_ever(peer: socket.socket) -> None:
    with contextlib.suppress(OSError):
        for _ in range(200):
            peer.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.02)


def flood(peer: socket.socket, head: bytes = HEAD) -> int:
    """Returns how many of its 1,024 megabytes it got rid of."""
    peer.sendall(head + b"Content-Length: 1073741824\r\n\r\n")
    for number in range(1024):
        try:
            peer.sendall(b" " * (1024 * 1024))
        except OSError:
            return number
    return 1024


class Server:
    """Reads one request on each connection, then does its deed; with files over TLS."""

    def __init__(self, deed: Deed, files: Certificates | None = None) -> None:
        self.deed = deed
        self.requests = 0
        self.connections = 0
        self.context = None
        if files:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(files.public, files.private)
        self.listener = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if files else "http"
        self.endpoint = f"{scheme}://127.0.0.1:{self.listener.getsockname()[1]}/rest/"
        self.url = f"{self.endpoint}profile.json"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            with contextlib.suppress(OSError):
                self.meet(peer)

    def meet(self, peer: socket.socket) -> None:
        if self.context:
            peer = self.context.wrap_socket(peer, server_side=True)
        with peer:
            if read(peer):
                self.requests += 1
            self.deed(peer)


def read(peer: socket.socket) -> bytes:
    """A whole request, as what is left unread resets the connection; or a greeting of TLS."""
    data = b""
    while chunk := peer.recv(65536):
        data += chunk
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if data[0] == GREETING or (end and length and len(body) >= int(length[1])):
            break
    return data


class Proxy:
    """Makes tunnels, or answers every wish for one with ``refusal``; the first bytes it is sent."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.refusal = refusal
        self.wishes: list[bytes] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.meet, args=(peer,), daemon=True).start()

    def meet(self, peer: socket.socket) -> None:
        with peer:
            self.wishes.append(peer.recv(65536))
            if self.refusal:
                peer.sendall(self.refusal)
                return
            host, _, port = self.wishes[-1].split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as far:
                peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                there = threading.Thread(target=self.pump, args=(peer, far), daemon=True)
                there.start()
                self.pump(far, peer)
                there.join()

    def pump(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def http(files: Certificates) -> Iterator[Outbound]:
    with Outbound(
        guard=None, threads=2, ca_bundle=str(files.authority), proxy="", no_proxy=""
    ) as pool:
        yield pool


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(deed: Deed, files: Certificates | None = None) -> Server:
        servers.append(Server(deed, files))
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


@pytest.mark.parametrize("deed", [bad_record, half_and_bad_record, half, reset])
def test_a_fault_of_tls_after_the_request_counts_as_sent(serve, http, files, deed):
    server = serve(deed, files)

    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, server.url, {"auth": "a secret"}, seconds=1)

    assert silent.value.sent
    assert server.requests == 1


def test_a_bad_record_is_told_as_the_fault_of_tls_it_is(serve, http, files):
    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(bad_record, files).url, {}, seconds=1)

    assert isinstance(silent.value.__cause__, SSLError)


def test_after_a_bad_record_only_what_is_repeatable_is_sent_again(serve, http, files, monkeypatch):
    server = serve(bad_record, files)
    rest = Client(http, server.endpoint, member_id="m", token=lambda stale=None: "token")
    monkeypatch.setattr("b24app.bitrix.retry.SHORT", 0.01)

    with pytest.raises(PortalUnreachable) as told:
        rest.call("imbot.register")
    assert told.value.sent
    assert server.requests == 1

    with pytest.raises(PortalUnreachable):
        rest.call("profile", repeatable=True)
    assert server.requests == 1 + 4


def no_tls(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")


@pytest.mark.parametrize("deed", [no_tls, reset, lambda peer: None, lambda peer: time.sleep(1)])
def test_a_handshake_that_fails_means_that_nothing_was_sent(serve, http, deed, monkeypatch):
    monkeypatch.setattr("b24app.bitrix.wire.CONNECT_SECONDS", 0.3)
    url = serve(deed).url.replace("http:", "https:")

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, url, {"auth": "a secret"})

    assert not refused.value.sent


def test_a_certificate_nobody_vouches_for_means_that_nothing_was_sent(serve, files):
    server = serve(reset, files)

    with (
        Outbound(guard=None, threads=2, ca_bundle="", proxy="", no_proxy="") as strict,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(strict, server.url, {"auth": "a secret"})

    assert not refused.value.sent
    assert server.requests == 0


@pytest.fixture
def proxied(files: Certificates) -> Iterator[Callable[..., tuple[Proxy, Outbound]]]:
    """Starts a proxy, with a client that takes every connection through it."""
    with contextlib.ExitStack() as stack:

        def start(refusal: bytes = b"") -> tuple[Proxy, Outbound]:
            proxy = Proxy(refusal)
            stack.callback(proxy.listener.close)
            ca_bundle = str(files.authority)
            pool = Outbound(
                guard=None, threads=2, ca_bundle=ca_bundle, proxy=proxy.url, no_proxy=""
            )
            return proxy, stack.enter_context(pool)

        yield start


def test_an_answer_comes_through_a_proxy(serve, files, proxied):
    proxy, http = proxied()
    server = serve(answer(b'{"result": 1}'), files)

    assert wire.post(http, server.url, {}).body == {"result": 1}
    assert proxy.wishes[0].startswith(b"CONNECT 127.0.0.1:")


@pytest.mark.parametrize(
    "deed",
    [reset, lambda peer: None, half, half_and_reset, bad_record, half_and_bad_record],
    ids=["reset", "closed", "half", "half and reset", "bad record", "half and bad record"],
)
def test_an_answer_lost_behind_a_proxy_may_have_acted(serve, files, proxied, deed, monkeypatch):
    """The library takes it for a fault of the proxy; only what is repeatable is sent again."""
    monkeypatch.setattr("b24app.bitrix.retry.SHORT", 0.01)
    server = serve(deed, files)
    _, http = proxied()
    rest = Client(http, server.endpoint, member_id="m", token=lambda stale=None: "token")

    with pytest.raises(PortalUnreachable) as told:
        rest.call("im.message.add")
    assert told.value.sent
    assert server.requests == 1

    with pytest.raises(PortalUnreachable):
        rest.call("profile", repeatable=True)
    assert server.requests == 1 + 4


def test_a_request_without_tls_lost_behind_a_proxy_may_have_acted():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: reset_after_reading(listener), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Outbound(guard=None, threads=1, ca_bundle="", proxy=url, no_proxy="") as http,
            pytest.raises(wire.NoAnswer) as silent,
        ):
            wire.post(http, "http://portal.example/rest/im.message.add.json", {}, seconds=2)

    assert silent.value.sent


def reset_after_reading(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    peer.recv(65536)
    reset(peer)


@pytest.mark.parametrize(
    "refusal",
    [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n", b"?\n"],
)
def test_a_tunnel_that_is_refused_means_that_nothing_was_sent(serve, files, proxied, refusal):
    server = serve(reset, files)
    _, http = proxied(refusal)

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, server.url, {"auth": "a secret"}, seconds=2)

    assert not refused.value.sent
    assert server.requests == 0


@pytest.mark.parametrize("deed", [no_tls, reset, lambda peer: None])
def test_a_handshake_that_fails_behind_a_proxy_means_that_nothing_was_sent(serve, proxied, deed):
    _, http = proxied()
    url = serve(deed).url.replace("http:", "https:")

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, url, {"auth": "a secret"}, seconds=2)

    assert not refused.value.sent


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        proxy = f"http://127.0.0.1:{gone.getsockname()[1]}"

    with (
        Outbound(guard=None, threads=1, ca_bundle="", proxy=proxy, no_proxy="") as http,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(http, "https://portal.example/rest/profile.json", {}, seconds=2)

    assert not refused.value.sent


@pytest.mark.parametrize("deed", [reset, lambda peer: None], ids=["reset", "closed"])
def test_a_refresh_token_lost_behind_a_proxy_may_have_been_spent(
    serve, files, proxied, deed, monkeypatch
):
    server, (proxy, http) = serve(deed, files), proxied()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    with pytest.raises(AuthServerUnreachable) as told:
        refresh(http, server, files)
    assert told.value.sent
    assert server.requests == 1


def test_a_refresh_token_is_not_spent_by_a_proxy_that_makes_no_tunnel(
    serve, files, proxied, monkeypatch
):
    server, (proxy, http) = serve(reset, files), proxied(b"HTTP/1.1 503 No\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    with pytest.raises(AuthServerUnreachable) as told:
        refresh(http, server, files)
    assert not told.value.sent


def refresh(http: Outbound, server: Server, files: Certificates) -> None:
    origin = server.endpoint.removesuffix("/rest/")
    bundle = str(files.authority)
    oauth = OAuth(
        http,
        Bounded(threads=1),
        client_id="app",
        client_secrets=("secret",),
        servers=(origin,),
        ca_bundle=bundle,
    )
    oauth.refresh(origin, "a refresh token")
