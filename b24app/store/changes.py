"""History: lines of who changed what, written in the same step as the change itself."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import redis

from b24app import keys
from b24app.crypto import CannotOpen, KeyRing
from b24app.errors import NotFound
from b24app.records import Actor, Change, Verb
from b24app.store.access import Answers, translated

# What ``note`` takes for one line.
Line: TypeAlias = tuple[str | int, ...]

KEPT: Final = 1000
MARKED_SECONDS: Final = 90 * 24 * 3600
# How the group of what a republication has put another in the place of begins.
REPUBLICATION: Final = "republication"
WHOLE: Final = "whole"  # the mark of a change of whose undo nothing is left to do

# For scripts that write a line: ``note(first key, first argument)``, where History.keys and
# History.arguments begin. Returns the line's id. A line has a name of its own: one that is sent
# again, because an answer was lost, stands among the newest already.
NOTE: Final = """
local function note(k, a)
  for _, line in ipairs(redis.call('XREVRANGE', KEYS[k], '+', '-', 'COUNT', 3)) do
    if line[2][4] == ARGV[a + 6] then return line[1] end
  end
  local id = redis.call('XADD', KEYS[k], 'MAXLEN', '~', ARGV[a + 1], '*',
    'change', ARGV[a], 'name', ARGV[a + 6])
  redis.call('HSET', KEYS[k + 2], ARGV[a + 2], ARGV[a + 3])
  if ARGV[a + 4] ~= '' then
    redis.call('HSET', KEYS[k + 1], ARGV[a + 4], id)
    redis.call('EXPIRE', KEYS[k + 1], ARGV[a + 5])
  end
  return id
end
"""
# KEYS: undone, installation. ARGV: change, mark, seconds. As below.
SETTLE: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
"""
# KEYS: history, installation. Nothing is left of a portal that was removed meanwhile.
ADD: Final = f"""{NOTE}
if redis.call('EXISTS', KEYS[4]) == 1 then note(1, 1) end
"""


class History:
    """The newest changes of one portal, who made them, and which were taken back."""

    def __init__(
        self,
        client: redis.Redis,
        member_id: str,
        undoes: str = "",
        ring: KeyRing | None = None,
    ) -> None:
        """``undoes`` is the id of the change that everything written here takes back. Without a
        ``ring`` the secrets of what is removed are not kept."""
        self._redis: Answers = client
        self._member_id = member_id
        self._undoes = undoes
        self._ring = ring
        self._group = self._run = ""
        self.keys = (keys.history(member_id), keys.undone(member_id), keys.people(member_id))
        self._installation = keys.installation(member_id)
        self._add = client.register_script(ADD)
        self._settle = client.register_script(SETTLE)

    def arguments(
        self,
        actor: Actor,
        verb: Verb,
        thing: tuple[str, str],
        before: dict[str, Any],
        after: dict[str, Any],
        name: str = "",
        secret: Mapping[str, str] | None = None,
    ) -> Line:
        """What ``note`` needs for one change of ``thing``, a kind and an id.

        Of two versions of the same thing only what differs is kept. ``secret`` are the fields that
        nobody may read, but that are needed when the thing comes back: they are sealed.
        """
        line = {
            "at": int(time.time()),
            "user_id": actor.user_id,
            "user_name": actor.name,
            "thing": thing[0],
            "thing_id": thing[1],
            "verb": verb,
            "name": name,
            "undoes": self._undoes,
            "group": self._group,
            "run": self._run,
            "sealed": self._seal(thing, secret or {}),
            **_difference(before, after),
        }
        undone = (self._undoes, MARKED_SECONDS)
        return json.dumps(line), KEPT, actor.user_id, actor.name, *undone, secrets.token_hex(8)

    @contextmanager
    def together(self, *, group: str = "", run: str = "") -> Iterator[None]:
        """Every line written meanwhile says of what it is a part: of the removal ``group``, of the
        ``run`` of work with many."""
        before = self._group, self._run
        self._group, self._run = group or self._group, run or self._run
        try:
            yield
        finally:
            self._group, self._run = before

    def secrets(self, change: Change) -> dict[str, str]:
        """The secret fields of the thing that the change removed; none that cannot be read."""
        if not (self._ring and change.sealed):
            return {}
        try:
            text = self._ring.open(change.sealed, self._context((change.thing, change.thing_id)))
        except CannotOpen:
            return {}
        found: dict[str, str] = json.loads(text)
        return found

    def _seal(self, thing: tuple[str, str], secret: Mapping[str, str]) -> str:
        if not (self._ring and any(secret.values())):
            return ""
        return self._ring.seal(json.dumps(dict(secret)), self._context(thing))

    def _context(self, thing: tuple[str, str]) -> str:
        return " ".join((self._member_id, "history", *thing))

    @translated
    def add(
        self,
        actor: Actor,
        verb: Verb,
        thing: tuple[str, str],
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        """Write a line that stands alone; none for a portal that is not installed."""
        line = self.arguments(actor, verb, thing, before, after)
        self._add(keys=[*self.keys, self._installation], args=line)

    @translated
    def newest(self, count: int, *, below: str = "", since: int = 0) -> list[Change]:
        """At most ``count`` changes, newest first: older than the id ``below``, not before the
        Unix second ``since``."""
        upper = f"({below}" if below else "+"
        entries = self._redis.xrevrange(self.keys[0], upper, since * 1000, count=count)
        return [_read(entry_id, fields["change"]) for entry_id, fields in entries]

    @translated
    def get(self, change_id: str) -> Change:
        """One change; raises NotFound."""
        entries = self._redis.xrange(self.keys[0], change_id, change_id)
        if not entries:
            raise NotFound(f"change {change_id}")
        return _read(entries[0][0], entries[0][1]["change"])

    @translated
    def undone(self, change_ids: list[str]) -> dict[str, str]:
        """Of these changes the ones that were taken back: with the id of the last change that did,
        or ``WHOLE`` when nothing of that is left to do."""
        if not change_ids:
            return {}
        found = self._redis.hmget(self.keys[1], change_ids)
        return {known: by for known, by in zip(change_ids, found, strict=True) if by}

    @translated
    def settle(self, change_id: str) -> None:
        """Note that a change is taken back and nothing of that is left to do."""
        names = [self.keys[1], self._installation]
        self._settle(keys=names, args=[change_id, WHOLE, MARKED_SECONDS])

    @translated
    def people(self) -> dict[int, str]:
        """Everybody who ever changed something: user id and the latest name."""
        found: dict[str, str] = self._redis.hgetall(self.keys[2])
        return {int(user_id): name for user_id, name in found.items()}


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Both sides; of two versions of the same thing only the fields that differ."""
    if before and after and before.get("id") == after.get("id"):
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side.get(name) for name in changed} for side in (before, after))
    return {"before": before, "after": after}


def readable(written: str, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record as history keeps it: of a secret it only says that it is there."""
    fields: dict[str, Any] = json.loads(written)
    return fields | {name: "set" if fields[name] else "" for name in hidden}


def _read(entry_id: str, text: str) -> Change:
    fields: dict[str, Any] = json.loads(text)
    return Change(id=entry_id, **fields | {"verb": Verb(fields["verb"])})
