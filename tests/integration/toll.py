"""A small road to the store with a barrier: it stops what is said when a certain word comes by.

It stands between one process and the store, on a socket of its own, so that a test can stop that
process between two steps, or lose an answer, without touching its code.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType

CHUNK = 65536


class Toll:
    """Passes everything on until a request holds the word of an order; use it in a `with`."""

    def __init__(self, store: Path, road: Path) -> None:
        self.arrived = threading.Event()
        self._store = store
        self._closed = False
        self._orders: dict[bytes, str] = {}
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(road))
        self._listening.listen(64)
        self._open: list[socket.socket] = []

    def order(self, word: str, kind: str) -> None:
        """The next request with `word`: "stop" it, "mute" its answer, or "cut" after its answer.

        What is stopped or muted stays so; "cut" does the work and ends the connection unanswered.
        """
        self.arrived.clear()
        self._orders[word.encode()] = kind

    def close_road(self) -> None:
        """Nobody comes through any more; who is on the way is turned out."""
        self._closed = True
        for one in self._open:
            one.close()

    def open_road(self) -> None:
        """Whoever comes now gets through."""
        self._closed = False

    def __enter__(self) -> Toll:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self._closed:
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._store))
            self._open += [near, far]
            lane = _Lane(self, near, far)
            threading.Thread(target=lane.there, daemon=True).start()
            threading.Thread(target=lane.back, daemon=True).start()

    def take(self, request: bytes) -> str:
        """What is ordered for this request, once."""
        for word in list(self._orders):
            if word in request:
                return self._orders.pop(word)
        return ""


class _Lane:
    """One connection, both ways."""

    def __init__(self, toll: Toll, near: socket.socket, far: socket.socket) -> None:
        self._toll, self._near, self._far = toll, near, far
        self._order = ""

    def there(self) -> None:
        try:
            while request := self._near.recv(CHUNK):
                self._order = self._order or self._toll.take(request)
                if self._order == "stop":
                    self._toll.arrived.set()
                    return
                self._far.sendall(request)
            self._far.close()
        except OSError:
            return

    def back(self) -> None:
        try:
            while answer := self._far.recv(CHUNK):
                if self._order:
                    self._toll.arrived.set()
                    if self._order == "cut":
                        self._near.shutdown(socket.SHUT_RDWR)
                    return
                self._near.sendall(answer)
        except OSError:
            return
