"""All portals at a glance, for the operator: a few hundred to a question, whatever their number."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Final

import redis

from b24app import keys
from b24app.records import Life, PortalRow
from b24app.store.access import Answers, translated
from b24app.store.chain_text import standing_of

AT_ONCE: Final = 500
FIELDS: Final = ("domain", "installed_at", "state")


class Overview:
    """All portals at a glance."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    def rows(self) -> Iterator[PortalRow]:
        """Every portal that has installed us, in no order; one may come twice.

        Raises StoreUnavailable.
        """
        names = self._redis.sscan_iter(keys.portals(), count=AT_ONCE)
        while some := self._take(names):
            yield from self._read(some)

    @translated
    def _take(self, names: Iterator[str]) -> list[str]:
        return list(islice(names, AT_ONCE))

    @translated
    def _read(self, member_ids: list[str]) -> list[PortalRow]:
        with self._redis.pipeline(transaction=False) as pipe:
            for member_id in member_ids:
                pipe.hmget(keys.installation(member_id), FIELDS)
                pipe.hgetall(keys.chains(member_id))
            answers = pipe.execute()
        pairs = zip(member_ids, answers[::2], answers[1::2], strict=True)
        return [
            PortalRow(
                member_id,
                domain,
                int(installed_at or 0),
                Life(state or Life.NEW),
                standing_of(chains),
            )
            for member_id, (domain, installed_at, state), chains in pairs
            if domain  # one that was removed a moment ago has none
        ]

    def find(self, domain: str) -> list[str]:
        """Member ids of the portals at this domain; looks at all. Raises StoreUnavailable."""
        return sorted({row.member_id for row in self.rows() if row.domain == domain})
