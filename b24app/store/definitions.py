"""Definitions that were uploaded, waiting to be looked at and imported."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from typing import Final

import redis

from b24app import keys
from b24app.errors import NotFound
from b24app.store.access import Answers, translated

SECONDS: Final = 3 * 24 * 3600
UPLOADS_KEPT: Final = 3


class Definitions:
    """The uploads of one portal: of each a head and entries, all JSON."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._key = keys.definitions(member_id)

    @translated
    def put(self, head: str, entries: Sequence[str], in_use: Collection[str]) -> str:
        """Keep an upload for three days; returns its id.

        Of the others the newest stay, and those ``in_use``.
        """
        upload = f"{time.time_ns() // 1000:016d}"
        surplus = self._surplus(in_use)
        with self._redis.pipeline(transaction=True) as pipe:
            if surplus:
                pipe.hdel(self._key, *surplus)
            pipe.hset(self._key, upload, head)
            for place, entry in enumerate(entries):
                pipe.hset(self._key, f"{upload}:{place}", entry)
            pipe.expire(self._key, SECONDS)
            pipe.execute()
        return upload

    @translated
    def prolong(self) -> None:
        """Keep them for three days from now."""
        self._redis.expire(self._key, SECONDS)

    @translated
    def head(self, upload: str) -> str:
        """An upload's head; raises NotFound."""
        return self._get(upload)

    @translated
    def entry(self, upload: str, place: int) -> str:
        """One entry of it; raises NotFound."""
        return self._get(f"{upload}:{place}")

    @translated
    def entries(self, upload: str, places: Iterable[int]) -> list[str]:
        """Its entries at these places; raises NotFound when one is not there any more."""
        fields = [f"{upload}:{place}" for place in places]
        found = self._redis.hmget(self._key, fields) if fields else []
        if None in found:
            raise NotFound(f"upload {upload}")
        return list(found)

    def _get(self, field: str) -> str:
        text: str | None = self._redis.hget(self._key, field)
        if text is None:
            raise NotFound(f"upload {field}")
        return text

    def _surplus(self, in_use: Collection[str]) -> list[str]:
        fields: list[str] = self._redis.hkeys(self._key)
        uploads = sorted({field.partition(":")[0] for field in fields}, reverse=True)
        kept = {*uploads[: UPLOADS_KEPT - 1], *in_use}
        return [field for field in fields if field.partition(":")[0] not in kept]
