"""A portal that answers every REST call at once, over TLS: `python -m bench.stub FOLDER`.

It stands still where clients differ: HTTP/1.1, connections kept, TLS 1.3, a small success
envelope. Its certificate is made at the start and left in FOLDER. One thread for each connection,
and per call one read or two and one write, so that it is faster than every client.

It is told by lines on standard input and answers each with one line of JSON: `delay 30` answers
after 30 ms from now on (a new connection waits twice as long first: TCP and TLS have a round trip
each), `counts` says how many connections and calls there were. It ends with its input.
"""

from __future__ import annotations

import datetime
import ipaddress
import json
import re
import socket
import ssl
import sys
import threading
import time
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

HOST: Final = "127.0.0.1"
LENGTH: Final = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ENVELOPE: Final = {
    "result": {"ID": "1", "ADMIN": True, "NAME": "Anna", "LAST_NAME": "Sokolova"},
    "time": {
        "start": 1772105363,
        "finish": 1772105363.56206,
        "duration": 0.0021,
        "processing": 0,
        "date_start": "2026-02-26T14:29:23+01:00",
        "date_finish": "2026-02-26T14:29:23+01:00",
        "operating_reset_at": 1772105963,
        "operating": 0,
    },
}
BODY: Final = json.dumps(ENVELOPE).encode()
ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
    + str(len(BODY)).encode()
    + b"\r\n\r\n"
    + BODY
)


class Stub:
    """The listening portal and what it counts."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self.delay = 0.0
        self.connections = 0
        self.calls = 0
        self._lock = threading.Lock()
        self._context = context
        self._listening = socket.create_server((HOST, 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]

    def accept(self) -> None:
        """Give every caller a thread, for ever."""
        while True:
            connection, _ = self._listening.accept()
            self.connections += 1
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._converse, args=(connection,), daemon=True).start()

    def _converse(self, connection: socket.socket) -> None:
        time.sleep(2 * self.delay)
        try:
            with self._context.wrap_socket(connection, server_side=True) as line:
                pending = b""
                while chunk := line.recv(65536):
                    whole, pending = _complete(pending + chunk)
                    for _ in range(whole):
                        if self.delay:
                            time.sleep(self.delay)
                        with self._lock:
                            self.calls += 1
                        line.sendall(ANSWER)
        except OSError:
            pass  # the caller hung up


def _complete(received: bytes) -> tuple[int, bytes]:
    """How many requests have come whole, and what has come of the next one."""
    whole = 0
    while (end := received.find(b"\r\n\r\n")) >= 0:
        length = LENGTH.search(received, 0, end + 2)
        needed = end + 4 + (int(length[1]) if length else 0)
        if len(received) < needed:
            break
        whole, received = whole + 1, received[needed:]
    return whole, received


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine and its key, in files of their own: who reads the one to
    trust it shall not pay for the other."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(HOST))]), False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    files = folder / "stub.pem", folder / "stub.key"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(private)
    return files


def main(folder: Path) -> None:
    """Listen, say where, and do as told until the input ends."""
    public, private = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    stub = Stub(context)
    threading.Thread(target=stub.accept, daemon=True).start()
    print(json.dumps({"port": stub.port, "certificate": str(public)}), flush=True)
    for order in sys.stdin:
        word, _, value = order.strip().partition(" ")
        if word == "delay":
            stub.delay = float(value) / 1000
        print(json.dumps({"connections": stub.connections, "calls": stub.calls}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
