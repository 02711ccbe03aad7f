"""Servers and a proxy that do what may go wrong on the wire."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable

from tests.store.certificates import Certificates

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
        self.pieces: list[int] = []
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
            pieces = read(peer)
            if pieces:
                self.requests += 1
                self.pieces.append(len(pieces))
            self.deed(peer)


def read(peer: socket.socket) -> list[bytes]:
    """A whole request, as what is left unread resets the connection; or a greeting of TLS.

    In the pieces it came in; over TLS these are its records.
    """
    pieces: list[bytes] = []
    while chunk := peer.recv(65536):
        pieces.append(chunk)
        data = b"".join(pieces)
        head, end, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        if data[0] == GREETING or (end and length and len(body) >= int(length[1])):
            break
    return pieces


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


def no_tls(peer: socket.socket) -> None:
    peer.sendall(b"HTTP/1.1 400 Bad\r\n\r\n")
