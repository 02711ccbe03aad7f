"""Keeping the state on disk without writing it a thousand times for a thousand changes."""

import threading
import time
from collections.abc import Callable

# Seconds between two writings; what is lost by a killed process is younger than that.
PAUSE = 0.3


class Saver:
    """Calls `write` when asked: at once after a quiet time, else when the pause is over."""

    def __init__(self, write: Callable[[], None]) -> None:
        self._write = write
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last = float("-inf")

    def ask(self) -> None:
        """Have the state written soon: within PAUSE seconds."""
        with self._lock:
            if self._timer is not None:
                return
            due = self._last + PAUSE - time.monotonic()
            if due > 0:
                self._timer = threading.Timer(due, self.flush)
                self._timer.daemon = True
                self._timer.start()
                return
            self._last = time.monotonic()
        self._write()

    def flush(self) -> None:
        """Write now, and forget what was asked for later."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = None
            self._last = time.monotonic()
        self._write()
