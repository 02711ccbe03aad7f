"""What the portals' queue has sent, kept until it is done: sealed, in order, each event once.

An *inbox* belongs to one portal; the one named ``claims`` takes events that are not proven yet.
One reader at a time, under a lease; an event leaves only after it was done, so a killed reader
loses nothing. Every script touches keys of one hash tag, so an inbox may live in a cluster, and is
safe to be sent again.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import redis

from b24app import keys
from b24app.crypto import KeyRing, token_digest
from b24app.store import inbox_entries as entries
from b24app.store import inbox_scripts as scripts
from b24app.store.access import Answers, translated
from b24app.store.inbox_entries import DeadLetter, Entry
from b24app.store.inbox_keys import SealedEvents
from b24app.store.inbox_scripts import Script

CLAIMS: Final = "claims"
DAY: Final = 86400
CALLED_SECONDS: Final = 60
LEASE_SECONDS: Final = 4
MOST_WAITING: Final = 20_000
MOST_BYTES: Final = 64 * 1024 * 1024
MOST_SEEN: Final = 100_000
MOST_CLAIMS: Final = 1_000
MOST_CLAIMS_OF_ONE: Final = 3
MOST_DEAD: Final = 1_000
MOST_NAMES: Final = 200


class Taken(StrEnum):
    """What became of an event; ``CALL``: kept, and a reader must be called."""

    KEPT = "kept"
    KNOWN = "known"
    FULL = "full"
    UNPROVEN = "unproven"
    CALL = "call"


class Inbox:
    """The inboxes of all portals, each reached by its name."""

    def __init__(self, client: redis.Redis, ring: KeyRing) -> None:
        self._redis: Answers = client
        self._ring = ring
        self.sealed = SealedEvents(client, ring)
        self._put = Script(client, scripts.PUT)
        self._put_claim = Script(client, scripts.PUT_CLAIM)
        self._call = Script(client, scripts.CALL)
        self._open = Script(client, scripts.OPEN)
        self._extend = Script(client, scripts.EXTEND)
        self._close = Script(client, scripts.CLOSE)
        self._begin = Script(client, scripts.BEGIN)
        self._end = Script(client, scripts.END)
        self._revive = Script(client, scripts.REVIVE)

    @translated
    def put(self, member_id: str, application_token: str, body: bytes) -> Taken:
        """Keep an event whose application token is the portal's; the same bytes once a day.

        One command, that proves and puts away. After ``CALL`` the caller enqueues a reader.
        """
        entry, now = entries.seal(self._ring, member_id, body), time.time()
        names = (
            keys.installation(member_id),
            keys.inbox(member_id),
            keys.inbox_seen(member_id),
            keys.inbox_state(member_id),
            keys.inbox_reader(member_id),
        )
        # No token is no proof, not even where none is known.
        proof = token_digest(member_id, application_token) or "none"
        limits = (MOST_WAITING, MOST_BYTES, MOST_SEEN, CALLED_SECONDS)
        when = (_moment(now), int(now) - DAY)
        taken = self._put(names, proof, entry.id, entry.text, *when, *limits)
        return self._taken(member_id, taken)

    @translated
    def put_claim(self, member_id: str, body: bytes) -> tuple[Taken, Entry | None]:
        """Keep an event that is not proven yet, in the inbox ``claims``; otherwise as ``put``.

        Only a few of one portal wait. One more puts the oldest out, which is returned: whoever
        comes first with made-up ones must not keep the true one away.
        """
        entry = entries.seal(self._ring, CLAIMS, body)
        names = (keys.inbox(CLAIMS), keys.inbox_later(CLAIMS), keys.inbox_state(CLAIMS))
        taken, out = self._put_claim(
            (*names, keys.inbox_reader(CLAIMS)),
            *(entry.id, entry.text, member_id, _moment(time.time())),
            *(MOST_CLAIMS, MOST_CLAIMS_OF_ONE, CALLED_SECONDS),
        )
        return self._taken(CLAIMS, taken), entries.read(self._ring, CLAIMS, out) if out else None

    def _taken(self, name: str, answer: str) -> Taken:
        if answer == Taken.CALL:
            # Another slot, so not in the script. Killed in between, the hourly look finds it.
            self._redis.sadd(keys.inboxes(), name)
        return Taken(answer)

    @translated
    def open(self, name: str, owner: str) -> bool:
        """Become the one reader; False when somebody else is.

        Events that are due for another try stand at the end again.
        """
        names = (keys.inbox_reader(name), keys.inbox(name), keys.inbox_later(name))
        return bool(self._open(names, owner, LEASE_SECONDS * 1000, int(time.time())))

    @translated
    def extend(self, name: str, owner: str) -> bool:
        """Stay the reader; False when somebody else is by now."""
        return bool(self._extend((keys.inbox_reader(name),), owner, LEASE_SECONDS * 1000))

    @translated
    def first(self, name: str, count: int) -> list[Entry]:
        """The oldest ``count`` events."""
        found: list[str] = self._redis.lrange(keys.inbox(name), 0, count - 1)
        return [entries.read(self._ring, name, text) for text in found]

    @translated
    def begin(self, name: str, owner: str, entry: Entry) -> int:
        """How often this event was begun, this time included; 0: it is not ours to do."""
        names = (keys.inbox_reader(name), keys.inbox(name), keys.inbox_state(name))
        this = (entry.text, entry.id, secrets.token_hex(4))
        return int(self._begin(names, owner, LEASE_SECONDS * 1000, *this))

    def done(self, name: str, entry: Entry, event: str) -> bool:
        """Take it out and count it; False when it was out before."""
        return self._finish(name, entry, "done", event, int(time.time()), MOST_NAMES)

    def drop(self, name: str, entry: Entry) -> bool:
        """Take it out as if it had never come."""
        return self._finish(name, entry, "drop")

    def set_aside(self, name: str, entry: Entry, pause: int) -> bool:
        """It failed: try it again after ``pause`` seconds, and let the next ones pass."""
        due = int(time.time()) + pause
        return self._finish(name, entry, "later", entries.tried(entry), due)

    @translated
    def bury(self, name: str, entry: Entry, reason: str) -> bool:
        """It failed for the last time: keep it for an operator, with a reason of a few words."""
        # In the index first: a name too many there is nothing, a letter nobody sees is lost.
        self._redis.sadd(keys.dead_letter_inboxes(), name)
        return self._finish(name, entry, "dead", entries.letter(entry, reason), MOST_DEAD)

    @translated
    def _finish(self, name: str, entry: Entry, end: str, *arguments: str | int) -> bool:
        names = (keys.inbox(name), keys.inbox_state(name), keys.events(name))
        more = (keys.inbox_later(name), keys.dead_letters(name))
        return bool(self._end((*names, *more), entry.text, entry.id, end, *arguments))

    @translated
    def close(self, name: str, owner: str) -> bool:
        """End the turn; True when something waits still, and a reader must be called."""
        names = (keys.inbox_reader(name), keys.inbox(name))
        if self._close(names, owner, CALLED_SECONDS):
            return True
        if not self._holds_anything(name):
            self._redis.srem(keys.inboxes(), name)
            if self._holds_anything(name):  # put in meanwhile
                self._redis.sadd(keys.inboxes(), name)
        return False

    def _holds_anything(self, name: str) -> bool:
        return bool(self._redis.exists(keys.inbox(name), keys.inbox_later(name)))

    @translated
    def call(self, names: Sequence[str]) -> list[str]:
        """Which of these inboxes must be read: something waits or is due, and nobody reads.

        The caller must call a reader for each of them.
        """
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(keys.inbox(name))
                pipe.zcount(keys.inbox_later(name), "-inf", int(time.time()))
                pipe.exists(keys.inbox_reader(name))
            answers = pipe.execute()
        thirds = zip(names, answers[::3], answers[1::3], answers[2::3], strict=True)
        found = [name for name, waits, due, read in thirds if (waits or due) and not read]
        return [name for name in found if self._announce(name)]

    def _announce(self, name: str) -> bool:
        return bool(self._call((keys.inbox_reader(name),), _moment(time.time()), CALLED_SECONDS))

    @translated
    def hurry(self, name: str) -> int:
        """What was set aside is due at once; returns how many."""
        found: list[str] = self._redis.zrange(keys.inbox_later(name), 0, -1)
        if found:
            self._redis.zadd(keys.inbox_later(name), dict.fromkeys(found, 0), xx=True)
        return len(found)

    @translated
    def waiting(self) -> list[str]:
        """Names of the inboxes that may hold something; costs what there are of them."""
        return sorted(self._redis.smembers(keys.inboxes()))

    @translated
    def missed(self, names: list[str]) -> list[str]:
        """Which of these inboxes hold something and are not in the index; now they are."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.exists(keys.inbox(name))
                pipe.sismember(keys.inboxes(), name)
            answers = pipe.execute()
        pairs = zip(names, answers[::2], answers[1::2], strict=True)
        found = [name for name, holds, known in pairs if holds and not known]
        if found:
            self._redis.sadd(keys.inboxes(), *found)
        return found

    @translated
    def brought_at(self, member_id: str) -> int:
        """The ``ts`` of the newest event that has brought an application token; 0 for none."""
        return int(self._redis.hget(keys.inbox_state(member_id), "brought") or 0)

    @translated
    def note_brought(self, member_id: str, moment: int) -> None:
        """A proven event of this ``ts`` has brought an application token."""
        self._redis.hset(keys.inbox_state(member_id), "brought", min(moment, int(time.time())))

    @translated
    def tally(self, name: str) -> dict[str, tuple[int, int]]:
        """For each event name how many were done, and the Unix second of the last."""
        fields: dict[str, str] = self._redis.hgetall(keys.events(name))
        return {
            event: (int(count), int(fields[f"{event} at"]))
            for event, count in fields.items()
            if not event.endswith(" at")
        }

    @translated
    def dead_letters(self, name: str) -> list[DeadLetter]:
        """The events of one inbox that failed their last try, oldest first."""
        found: list[str] = self._redis.lrange(keys.dead_letters(name), 0, -1)
        return [entries.read_letter(name, text) for text in found]

    @translated
    def dead_letter_inboxes(self) -> list[str]:
        """Names of the inboxes that have dead letters."""
        names = sorted(self._redis.smembers(keys.dead_letter_inboxes()))
        empty = [name for name in names if not self._redis.exists(keys.dead_letters(name))]
        if empty:
            self._redis.srem(keys.dead_letter_inboxes(), *empty)
        return [name for name in names if name not in empty]

    @translated
    def revive(self, letter: DeadLetter) -> bool:
        """Put a dead letter back as if it had just come; True: a reader must be called."""
        name = letter.name
        names = (keys.dead_letters(name), keys.inbox(name), keys.inbox_state(name))
        this = (letter.text, entries.revived(letter), CALLED_SECONDS)
        answer = self._revive((*names, keys.inbox_reader(name)), *this)
        if answer:
            self._redis.sadd(keys.inboxes(), name)
        return bool(answer == 2)

    @translated
    def forget(self, name: str) -> None:
        """Delete the inbox and all that was noted of it."""
        self._redis.delete(*keys.inbox_of(name))
        self._redis.srem(keys.inboxes(), name)
        self._redis.srem(keys.dead_letter_inboxes(), name)


def _moment(now: float) -> str:
    """To the microsecond, so that it names one question."""
    return f"{now:.6f}"
