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
from b24app.store.inbox_scripts import Script

SEEN_KEPT: Final = 30
REFUSED_KEPT: Final = 10

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
        self._inbox = keys.inbox(member_id)
        self._dead_letters = keys.dead_letters(member_id)

    @translated
    def note(self, name: str, outcome: Outcome) -> None:
        """An event of this name came to this end now; nothing for a portal we do not know."""
        refused = outcome is Outcome.REFUSED
        where, kept = (self._refused, REFUSED_KEPT) if refused else (self._seen, SEEN_KEPT)
        line = f"{time.time():.6f} {outcome.value} {name}"
        self._note((where, self._installation), line, kept)

    @translated
    def look(self) -> EventFacts:
        """What is remembered, and what of the portal's inbox is not done."""
        with self._redis.pipeline(transaction=False) as pipe:
            pipe.lrange(self._seen, 0, -1)
            pipe.lrange(self._refused, 0, -1)
            pipe.llen(self._inbox)
            pipe.llen(self._dead_letters)
            seen, refused, waiting, dead = pipe.execute()
        found = sorted(map(_read, (*seen, *refused)), key=lambda one: one.at, reverse=True)
        return EventFacts(tuple(found), waiting, dead)


def _read(text: str) -> Sighting:
    at, outcome, name = text.split(" ", 2)
    return Sighting(name, int(float(at)), Outcome(outcome))
