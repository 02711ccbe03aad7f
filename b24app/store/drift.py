"""What was last seen of the differences between a portal and our list, and whose turn it is."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from collections.abc import Mapping
from typing import Any, Final

import redis

from b24app import keys
from b24app.records import Check, Deed, Drifted, Finding, Look
from b24app.store.access import Answers, translated

# KEYS: drift, installation. ARGV: field, text. Nothing is left of a portal that was removed.
NOTE: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""

# As NOTE, while the check that is there has this id. ARGV: field, text, id. Returns 1 when noted.
ADVANCE: Final = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
if not current or cjson.decode(current)['id'] ~= ARGV[3] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
"""
DAY: Final = 86400
LOOK: Final = "look"
CHECK: Final = "check"


class Drift:
    """The differences that were last seen of one portal."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._member_id = member_id
        self._name = keys.drift(member_id)
        self._installation = keys.installation(member_id)
        self._registrations = keys.registrations(member_id)

    @translated
    def look(self) -> Look | None:
        """What the last look found; None before the first."""
        fields = _fields(self._redis.hget(self._name, LOOK))
        return Look(**fields) if fields else None

    @translated
    def check(self) -> Check | None:
        """How the last check stands; None before the first."""
        fields = _fields(self._redis.hget(self._name, CHECK))
        return Check(**fields | {"place": tuple(fields["place"])}) if fields else None

    @translated
    def note_look(self, look: Look) -> None:
        """Keep what a look found; the next one by itself is a day later."""
        self._note(LOOK, look)
        self._redis.zadd(keys.drift_due(), {self._member_id: look.tried_at + DAY}, xx=True)

    @translated
    def begin_check(self, check: Check) -> None:
        """Keep a check that begins; one that runs ends with it."""
        self._note(CHECK, check)

    @translated
    def note_check(self, check: Check) -> bool:
        """Keep how the check stands; False, and nothing kept, when another one was begun."""
        advance = self._redis.register_script(ADVANCE)
        return bool(advance(keys=[self._name], args=[CHECK, _text(check), check.id]))

    @translated
    def unanswered(self) -> frozenset[str]:
        """The registrations whose answer may have been lost, as they were begun."""
        return frozenset(self._redis.smembers(self._registrations))

    def _note(self, field: str, thing: Look | Check) -> None:
        note = self._redis.register_script(NOTE)
        note(keys=[self._name, self._installation], args=[field, _text(thing)])


class Turns:
    """When each portal is to be looked at next."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis: Answers = client

    @translated
    def enrol(self, moments: Mapping[str, float]) -> None:
        """Plan a look at these portals; one that is planned stays as it is."""
        if moments:
            self._redis.zadd(keys.drift_due(), dict(moments), nx=True)

    @translated
    def take_due(self, limit: int, until: float, again: float) -> list[str]:
        """At most ``limit`` portals to be looked at by ``until``; each comes again at ``again``.

        Whoever else asks meanwhile gets others.
        """
        due = self._redis.zrangebyscore(keys.drift_due(), "-inf", until, start=0, num=limit)
        return [
            name
            for name in due
            if self._redis.zadd(keys.drift_due(), {name: again}, xx=True, gt=True, ch=True)
        ]

    @translated
    def park(self, member_id: str) -> None:
        """Plan no look at this portal before it is woken, or looked at from its page."""
        self._redis.zadd(keys.drift_due(), {member_id: math.inf}, xx=True)

    @translated
    def wake(self, member_id: str) -> None:
        """Somebody uses the portal again: a look that was put off is due."""
        if self._redis.zscore(keys.drift_due(), member_id) == math.inf:
            self._redis.zadd(keys.drift_due(), {member_id: time.time()}, xx=True)

    @translated
    def forget(self, member_id: str) -> None:
        """The portal is gone."""
        self._redis.zrem(keys.drift_due(), member_id)


def _text(thing: Look | Check) -> str:
    return json.dumps(dataclasses.asdict(thing))


def _fields(text: str | None) -> dict[str, Any]:
    if text is None:
        return {}
    fields: dict[str, Any] = json.loads(text)
    return fields | {"findings": tuple(_finding(found) for found in fields["findings"])}


def _finding(fields: dict[str, Any]) -> Finding:
    how, deeds = Drifted(fields["how"]), tuple(Deed(deed) for deed in fields["deeds"])
    commands = fields.get("commands")
    told = None if commands is None else tuple(commands)
    return Finding(**fields | {"how": how, "deeds": deeds, "commands": told})
