"""A write of which there is no other copy: offered again and again while the store refuses it."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from b24app.store.access import FAILURES

LATER: Final = "a pair saved later"
LATER_SECONDS: Final = 120
ENDING_SECONDS: Final = 10
PAUSE: Final = 0.1

_under_way: set[threading.Thread] = set()


def insist(write: Callable[[], bool], patience: float) -> bool:
    """Do it, again and again while no server takes it: one that is away, one that refuses.

    A primary without its replicas, one whose disk is full or whose memory is, may take it in the
    next moment. Raises the last refusal after so many seconds of ``patience``; then a thread goes
    on for two minutes.
    """
    try:
        return _repeat(write, patience)
    except FAILURES:
        # The caller has waited enough; the write is not given up while this process lives.
        thread = threading.Thread(target=_in_the_end, args=(write,), name=LATER, daemon=True)
        _under_way.add(thread)
        thread.start()
        raise


def settle(seconds: float = ENDING_SECONDS) -> None:
    """Return when nothing is left to be written, or after so many seconds.

    A process that ends by itself does so in any case; one that ends with ``os._exit`` must ask.
    """
    deadline = time.monotonic() + seconds
    for thread in tuple(_under_way):
        thread.join(max(0.0, deadline - time.monotonic()))


def _repeat(write: Callable[[], bool], seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            return write()
        except FAILURES:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def _in_the_end(write: Callable[[], bool]) -> None:
    try:
        with suppress(*FAILURES):  # then the chain is found spent
            _repeat(write, LATER_SECONDS)
    finally:
        _under_way.discard(threading.current_thread())


atexit.register(settle)
