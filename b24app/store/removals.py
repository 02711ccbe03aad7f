"""A portal that is gone: what is stored of it goes in one step, then what names it elsewhere."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from typing import Final

import redis

from b24app import keys
from b24app.store import installation_scripts as scripts
from b24app.store.access import Answers, translated
from b24app.store.chains import Ledger
from b24app.store.changes import Line
from b24app.store.drift import Turns

REMOVED_SECONDS: Final = 30  # longer than a connection is tried again


class Removals:
    """Removes portals."""

    def __init__(self, client: redis.Redis, ledger: Ledger, turns: Turns) -> None:
        self._redis: Answers = client
        self._ledger = ledger
        self._turns = turns
        self._remove = client.register_script(scripts.REMOVE)

    def everything(self, member_id: str, departure: str) -> bool:
        """Delete all there is; False, and nothing deleted, when the departure has ended."""
        return self._forget(member_id, keys.of_portal(member_id), departure)

    def secrets(self, member_id: str, departure: str, line: Line) -> bool:
        """Delete installation, chains, events and runs; write the line of history if there is one.

        False, and nothing done, when the departure has ended.
        """
        names = [keys.installation, keys.chains, keys.renewing, keys.spoken]
        names += [keys.bulk_runs, keys.bulk_items, keys.bulk_worker]
        ended = (*(name(member_id) for name in names), *keys.inbox_of(member_id))
        return self._forget(member_id, ended, departure, line)

    @translated
    def _forget(
        self, member_id: str, names: tuple[str, ...], departure: str, line: Line = ()
    ) -> bool:
        """Delete these keys in one step, then what names the portal in the indexes."""
        users = self._ledger.users(member_id)
        first = (keys.departure, keys.removed, keys.history, keys.undone, keys.people)
        where = [*(name(member_id) for name in first), *names]
        args = [departure, secrets.token_hex(8), REMOVED_SECONDS, *line]
        if not self._remove(keys=where, args=args):
            return False
        self.strike_out(member_id, users)
        return True

    @translated
    def strike_out(self, member_id: str, users: Collection[int] | None = None) -> None:
        """Take a portal that was removed off every index; one that is installed again stays.

        Safe to repeat. ``users`` are those whose chains were due; without them, after a removal
        that was cut off, all that is due is looked through.
        """
        self._redis.delete(keys.removed(member_id))
        self._turns.forget(member_id)
        due = self._ledger.due.users(member_id) if users is None else users
        self._ledger.forget_all_due(member_id, due)
        for index, name in _indexes(member_id):
            self._redis.srem(index, member_id)
            if self._redis.exists(name):  # installed again in this very moment
                self._redis.sadd(index, member_id)


def _indexes(member_id: str) -> tuple[tuple[str, str], ...]:
    """The sets that name a portal, each with the key that it is there for."""
    return (
        (keys.portals(), keys.installation(member_id)),
        (keys.inboxes(), keys.inbox(member_id)),
        (keys.dead_letter_inboxes(), keys.dead_letters(member_id)),
        (keys.bulks(), keys.bulk_items(member_id)),
    )
