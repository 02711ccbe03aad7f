"""Which portals still send their events to an earlier address, looked through slice by slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import redis

from b24app import keys
from b24app.store.access import Answers, translated

SLICE: Final = 50


@dataclass(frozen=True)
class Pass:
    """How far all portals are looked through for those that are not bound at ``origin``.

    ``cursor`` "0" before the first slice; ``found`` so many up to here. ``since``: the Unix second
    before which there is nothing to look for, 0 for at once, -1 once a whole pass has found none.
    """

    origin: str
    cursor: str = "0"
    found: int = 0
    since: int = 0


class Moves:
    """The pass through all portals, one for all processes."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    @translated
    def read(self, origin: str) -> Pass:
        """The pass for this address; a new one when the last was for another."""
        fields: dict[str, str] = self._redis.hgetall(keys.moves())
        if fields.get("origin") != origin:
            return Pass(origin)
        return Pass(origin, fields["cursor"], int(fields["found"]), int(fields["since"]))

    @translated
    def keep(self, known: Pass) -> None:
        """So far it is."""
        self._redis.hset(
            keys.moves(),
            mapping={
                "origin": known.origin,
                "cursor": known.cursor,
                "found": known.found,
                "since": known.since,
            },
        )

    @translated
    def lacking(self, known: Pass) -> tuple[str, list[str]]:
        """The next cursor, "0" after the last slice, and the portals of this slice whose events
        are not bound at the origin."""
        cursor, names = self._redis.sscan(keys.portals(), int(known.cursor), count=SLICE)
        with self._redis.pipeline(transaction=False) as pipe:
            for member_id in names:
                pipe.hmget(keys.installation(member_id), "domain", "addresses")
            answers = pipe.execute()
        rows = zip(names, answers, strict=True)
        return str(cursor), [
            member_id
            for member_id, (domain, addresses) in rows
            if domain and known.origin not in (addresses or "").split()
        ]
