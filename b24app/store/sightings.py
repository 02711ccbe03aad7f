"""The last events of one portal and what became of each, for whoever looks after it.

Those that were refused are counted apart, so that a flood of forged ones hides no true one.
"""

from __future__ import annotations

import time
from typing import Final

import redis

from b24app import keys
from b24app.records import EventFacts, Outcome, Sighting
from b24app.store.access import Answers, translated
from b24app.store.inbox import CLAIMS
from b24app.store.inbox_scripts import Script

SEEN_KEPT: Final = 30
REFUSED_KEPT: Final = 10
# One that was tried has been away meanwhile, for no longer than this.
AWAY_SECONDS: Final = 1800

# KEYS: list, installation. ARGV: line, how many are kept. A stranger's member id leaves nothing,
# nor does an event that ends after its portal was removed, nor a line that is sent again.
NOTE: Final = """
if redis.call('EXISTS', KEYS[2]) == 0 then return end
if redis.call('LINDEX', KEYS[1], 0) == ARGV[1] then return end
redis.call('LPUSH', KEYS[1], ARGV[1])
redis.call('LTRIM', KEYS[1], 0, ARGV[2] - 1)
"""


class Sightings:
    """The last events of one portal."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._seen = keys.events_seen(member_id)
        self._refused = keys.events_refused(member_id)
        self._installation = keys.installation(member_id)
        self._note = Script(client, NOTE)
        self._member_id = member_id

    @translated
    def note(self, name: str, outcome: Outcome) -> None:
        """An event of this name came to this end now; nothing for a portal we do not know."""
        refused = outcome is Outcome.REFUSED
        where, kept = (self._refused, REFUSED_KEPT) if refused else (self._seen, SEEN_KEPT)
        line = f"{time.time():.6f} {outcome.value} {name}"
        self._note((where, self._installation), line, kept)

    @translated
    def look(self) -> EventFacts:
        """What is remembered, and what of the portal's inbox, or its claims, is not done."""
        m = self._member_id
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(self._seen, 0, -1)
            pipe.lrange(self._refused, 0, -1)
            pipe.llen(keys.dead_letters(m))
            pipe.llen(keys.inbox(m))
            pipe.lindex(keys.inbox(m), 0)
            pipe.get(keys.inbox_reader(m))
            pipe.zcard(keys.inbox_later(m))
            pipe.zrange(keys.inbox_later(m), 0, 0, withscores=True)
            seen, refused, dead, waiting, head, reader, later, next_one = pipe.execute()
        found = sorted(map(_read, (*seen, *refused)), key=lambda one: one.at, reverse=True)
        due = [int(score) for _, score in next_one]
        since = [] if _reads(reader) else [*([_since(head)] if head else []), *due]
        claims, claims_due, claims_since = self._claims()
        due, since = due + claims_due, [*filter(None, since + claims_since)]
        return EventFacts(
            sightings=tuple(found),
            waiting=waiting + claims - len(claims_due),
            dead=dead,
            since=min(since, default=0),
            later=later + len(claims_due),
            due=min(due, default=0),
        )

    def _claims(self) -> tuple[int, list[int], list[int]]:
        """How many events of this portal are not proven yet, when those that were set aside are
        due, and since when each of them could be done; as ``look`` has it."""
        state = keys.inbox_state(CLAIMS)
        ids = (self._redis.hget(state, f"of {self._member_id}") or "").split()
        if not ids:
            return 0, [], []
        lines = self._redis.hmget(state, [f"id {one}" for one in ids])
        texts = [line.partition(" ")[2] for line in lines if line]
        scores = [self._redis.zscore(keys.inbox_later(CLAIMS), text) for text in texts]
        due = [int(score) for score in scores if score is not None]
        if _reads(self._redis.get(keys.inbox_reader(CLAIMS))):
            return len(texts), due, []
        pairs = zip(texts, scores, strict=True)
        return len(texts), due, [_since(t) if s is None else int(s) for t, s in pairs]


def _reads(reader: str | None) -> bool:
    """Whether somebody reads at this moment, and is not only called."""
    return bool(reader) and not str(reader).startswith("called")


def _since(entry: str) -> int:
    """Since when an entry of an inbox could be done, or a little later."""
    _, tries, at, _ = entry.split(" ", 3)
    return int(at) + (AWAY_SECONDS if tries != "0" else 0)


def _read(text: str) -> Sighting:
    at, outcome, name = text.split(" ", 2)
    return Sighting(name, int(float(at)), Outcome(outcome))
