"""Events that lie for long, as the token keys see them: set aside, or dead letters.

An event that only waits for its turn is left alone: it is done in a moment, and a reader may
have it in hand.
"""

from __future__ import annotations

from typing import Final

import redis

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing
from b24app.store.access import Answers, translated

# Replaces one entry where it stands. KEYS: set aside, dead letters. ARGV: the entry, its
# successor. Returns 1 when it still stood there.
REPLACE: Final = """
local due = redis.call('ZSCORE', KEYS[1], ARGV[1])
if due then
  redis.call('ZREM', KEYS[1], ARGV[1])
  redis.call('ZADD', KEYS[1], due, ARGV[2])
  return 1
end
local at = redis.call('LPOS', KEYS[2], ARGV[1])
if not at then return 0 end
redis.call('LSET', KEYS[2], at, ARGV[2])
return 1
"""


class SealedEvents:
    """The sealed events of all inboxes, each inbox reached by its name."""

    def __init__(self, client: redis.Redis, ring: KeyRing) -> None:
        self._redis: Answers = client
        self._ring = ring
        self._replace = client.register_script(REPLACE)

    @translated
    def names(self) -> list[str]:
        """Every inbox that may hold something, or has dead letters."""
        waiting = self._redis.smembers(keys.inboxes())
        return sorted(waiting | self._redis.smembers(keys.dead_letter_inboxes()))

    @translated
    def reseal(self, name: str) -> int:
        """Seal what was set aside and the dead letters with the newest key; how many were not."""
        done = 0
        for text in self._lying(name):
            body, context = self._opened(name, text)
            if body is not None and not self._ring.is_newest(_sealed(text)):
                successor = text.removesuffix(_sealed(text)) + self._ring.seal(body, context)
                names = [keys.inbox_later(name), keys.dead_letters(name)]
                done += self._replace(keys=names, args=[text, successor])
        return done

    @translated
    def unreadable(self, name: str) -> list[str]:
        """Of all events of the inbox those no key opens, as ``event <id>``."""
        found = [*self._waiting(name), *self._lying(name)]
        return [f"event {_digest(t)}" for t in found if self._opened(name, t)[0] is None]

    @translated
    def outdated(self, name: str) -> int:
        """How many events that wait for their turn an older key sealed."""
        return sum(not self._ring.is_newest(_sealed(text)) for text in self._waiting(name))

    def _waiting(self, name: str) -> list[str]:
        found: list[str] = self._redis.lrange(keys.inbox(name), 0, -1)
        return found

    def _lying(self, name: str) -> list[str]:
        later: list[str] = self._redis.zrange(keys.inbox_later(name), 0, -1)
        return later + list(self._redis.lrange(keys.dead_letters(name), 0, -1))

    def _opened(self, name: str, text: str) -> tuple[str | None, str]:
        context = f"{name} event {_digest(text)}"
        try:
            return self._ring.open(_sealed(text), context), context
        except CannotOpen:
            return None, context


def _sealed(text: str) -> str:
    """An entry ends with its id, tries, moment and what is sealed; a dead letter has more first."""
    return text.rpartition(" ")[2]


def _digest(text: str) -> str:
    return text.split(" ")[-4]
