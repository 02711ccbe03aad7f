"""An event as it lies in an inbox: a line of text that ends with what is sealed."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field

from b24app.crypto import CannotOpen, KeyRing


@dataclass(frozen=True)
class Entry:
    """An event as it was put in. ``body`` is its form, None when no key opens it any more."""

    id: str
    tries: int
    at: int
    body: bytes | None = field(repr=False)
    text: str = field(repr=False)


@dataclass(frozen=True)
class DeadLetter:
    """An event that failed its last try, of the inbox ``name``; ``reason`` holds no secret."""

    name: str
    id: str
    tries: int
    at: int
    failed_at: int
    reason: str
    text: str = field(repr=False)


def seal(ring: KeyRing, name: str, body: bytes) -> Entry:
    """A new entry of the inbox ``name``, sealed as no other, not even of the same event.

    Its id is a digest of the whole body: the same event sent twice is the same bytes.
    """
    digest = hashlib.sha256(body).hexdigest()[:32]
    now = int(time.time())
    sealed = ring.seal(body.decode("ascii"), f"{name} event {digest}")
    return Entry(digest, 0, now, body, f"{digest} 0 {now} {sealed}")


def read(ring: KeyRing, name: str, text: str) -> Entry:
    """The entry of the inbox ``name`` that this text is."""
    digest, tries, at, sealed = text.split(" ", 3)
    try:
        body = ring.open(sealed, f"{name} event {digest}").encode()
    except CannotOpen:
        body = None
    return Entry(digest, int(tries), int(at), body, text)


def tried(entry: Entry) -> str:
    """The text of the entry after one more try."""
    _, _, rest = entry.text.split(" ", 2)
    return f"{entry.id} {entry.tries + 1} {rest}"


def letter(entry: Entry, reason: str) -> str:
    """The text of the dead letter an entry becomes now; ``reason`` is a few words."""
    words = "_".join(reason.split())[:200] or "unknown"
    return f"{int(time.time())} {words} {entry.text}"


def read_letter(name: str, text: str) -> DeadLetter:
    """The dead letter of the inbox ``name`` that this text is."""
    failed_at, reason, digest, tries, rest = text.split(" ", 4)
    at, _ = rest.split(" ", 1)
    words = reason.replace("_", " ")
    return DeadLetter(name, digest, int(tries), int(at), int(failed_at), words, text)


def revived(found: DeadLetter) -> str:
    """The text of the entry a dead letter becomes again, as if it had just come."""
    sealed = found.text.rpartition(" ")[2]
    return f"{found.id} 0 {int(time.time())} {sealed}"
