"""Counters shared by all processes, for the operator's metrics."""

from __future__ import annotations

from collections.abc import Mapping

import redis

from b24app import keys
from b24app.store.access import Answers, translated


class Counters:
    """Counters shared by all processes, for the operator's metrics."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    @translated
    def add(self, name: str, outcome: str) -> None:
        """Count one more ``name`` that ended with ``outcome``."""
        self._redis.hincrby(keys.counters(), f"{name} {outcome}", 1)

    @translated
    def add_all(self, sums: Mapping[str, float]) -> None:
        """Add to many counters at once, each named ``name outcome``."""
        with self._redis.pipeline(transaction=False) as pipe:
            for name, value in sums.items():
                pipe.hincrbyfloat(keys.counters(), name, value)
            pipe.execute()

    @translated
    def all(self) -> dict[tuple[str, str], float]:
        """All counters by (name, outcome)."""
        values: dict[str, str] = self._redis.hgetall(keys.counters())
        pairs = ((field.partition(" "), value) for field, value in values.items())
        return {(name, outcome): float(value) for (name, _, outcome), value in pairs}
