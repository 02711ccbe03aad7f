"""TLS in front of a server that does not speak it: what a proxy or a managed store does."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.store.certificates import HOST, Certificates


@contextmanager
def terminated(port: int, certificates: Certificates) -> Iterator[int]:
    """Take TLS at the port that is yielded and hand what comes on to ``port``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.public, certificates.private)
    with socket.create_server((HOST, 0)) as listening:
        accepting = threading.Thread(target=_accept, args=(listening, context, port), daemon=True)
        accepting.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        accepting.join()


def _accept(listening: socket.socket, context: ssl.SSLContext, port: int) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return  # told to stop
        threading.Thread(target=_converse, args=(connection, context, port), daemon=True).start()


def _converse(connection: socket.socket, context: ssl.SSLContext, port: int) -> None:
    with (
        contextlib.suppress(OSError),
        connection,
        context.wrap_socket(connection, server_side=True) as outside,
        socket.create_connection((HOST, port)) as inside,
    ):
        back = threading.Thread(target=_pump, args=(inside, outside), daemon=True)
        back.start()
        _pump(outside, inside)
        back.join()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_RDWR)
