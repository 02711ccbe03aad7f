"""The things of one portal, with their history."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

import redis

from b24app import keys
from b24app.crypto import KeyRing
from b24app.records import (
    Actor,
    Bot,
    Change,
    ChatApp,
    Command,
    Connector,
    Lane,
    Patience,
    Verb,
    Widget,
)
from b24app.store import codecs
from b24app.store.access import Answers, locked, translated
from b24app.store.bulk import Runs
from b24app.store.changes import History
from b24app.store.definitions import Definitions
from b24app.store.drift import Drift
from b24app.store.shelf import Shelf

EDIT_LOCK_SECONDS: Final = 150  # longer than the portal calls it guards

# KEYS: installation. ARGV: field, text. Nothing is left of a portal that was removed meanwhile.
NOTE: Final = """
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""

# The same of what is about to be registered. KEYS: sent names, installation. ARGV: code, names.
SENT: Final = """
if redis.call('EXISTS', KEYS[2]) == 1 then redis.call('HSET', KEYS[1], ARGV[1], ARGV[2]) end
"""


class PortalStore:
    """The things of one portal, a shelf for each kind, with their history."""

    shelf: ClassVar[type[Shelf[Any]]] = Shelf
    runs_of: ClassVar[type[Runs]] = Runs
    drift_of: ClassVar[type[Drift]] = Drift

    def __init__(
        self,
        client: redis.Redis,
        member_id: str,
        patience: Patience | None = None,
        *,
        lane: Lane = Lane.INTERACTIVE,
        undoes: str = "",
        ring: KeyRing | None = None,
    ) -> None:
        """``patience`` is shared with whatever else waits for the same person; in the bulk
        ``lane`` people go first. ``undoes`` is the change that everything done here takes back. The
        ``ring`` seals what is secret of a thing that is removed; without it that is lost."""
        self._redis: Answers = client
        self._member_id = member_id
        self._patience = patience
        self._lane = lane
        self._ring = ring
        self._edit_lock = keys.edit_lock(member_id)
        self._waiting = keys.edit_waiting(member_id)
        self._registrations = begun = keys.registrations(member_id)
        self._sent = keys.sent_names(member_id)
        self.changes = changes = History(client, member_id, undoes, ring)
        self.bots: Shelf[Bot] = self.shelf(client, keys.bots(member_id), begun, changes, codecs.BOT)
        self.chat_apps: Shelf[ChatApp] = self.shelf(
            client, keys.chat_apps(member_id), begun, changes, codecs.CHAT_APP
        )
        self.commands: Shelf[Command] = self.shelf(
            client, keys.commands(member_id), begun, changes, codecs.COMMAND
        )
        self.connectors: Shelf[Connector] = self.shelf(
            client, keys.connectors(member_id), begun, changes, codecs.CONNECTOR
        )
        self.widgets: Shelf[Widget] = self.shelf(
            client, keys.widgets(member_id), begun, changes, codecs.WIDGET
        )
        self.runs = self.runs_of(client, member_id)
        self.drift = self.drift_of(client, member_id)
        self.definitions = Definitions(client, member_id)

    def undoing(self, change_id: str) -> PortalStore:
        """The same store; every history line it writes says that it takes this change back."""
        return PortalStore(
            self._redis,
            self._member_id,
            self._patience,
            lane=self._lane,
            undoes=change_id,
            ring=self._ring,
        )

    def editing(self) -> AbstractContextManager[None]:
        """Hold while record and portal change together, so that no two edits interleave.

        Bulk work does not begin while a person waits. Raises Busy when another edit does not end
        while the patience lasts, eight seconds without one.
        """
        return locked(
            self._redis,
            self._edit_lock,
            self._waiting,
            EDIT_LOCK_SECONDS,
            self._patience,
            gives_way=self._lane is Lane.BULK,
        )

    @translated
    def in_doubt(self, code: str) -> bool:
        """Whether the portal may have a change of this thing that our record does not know."""
        return bool(self._redis.sismember(self._registrations, code))

    def begin_registration(self, code: str) -> bool:
        """Note that something is about to be registered; False when it may have been before.

        To be called in an edit. The save or deletion that is told of the ``code`` ends it.
        """
        if self.in_doubt(code):  # asked apart: adding it says so too where it was sent twice
            return False
        self._note_begun(code)
        return True

    @translated
    def _note_begun(self, code: str) -> None:
        self._redis.sadd(self._registrations, code)

    @translated
    def end_registration(self, code: str) -> None:
        """The portal has not done what was begun."""
        self._redis.srem(self._registrations, code)

    @translated
    def note_sent(self, code: str, name: str) -> None:
        """Keep what a thing is called that is about to be registered, until its end is known.

        To be called in an edit, before ``begin_registration``.
        """
        names = self.sent(code) | {name} if self.in_doubt(code) else {name}
        write = self._redis.register_script(SENT)
        where = [self._sent, keys.installation(self._member_id)]
        write(keys=where, args=[code, json.dumps(sorted(names))])

    @translated
    def sent(self, code: str) -> frozenset[str]:
        """What the portal may call a thing that is in doubt; nothing for one that is not."""
        if not self.in_doubt(code):
            return frozenset()
        return frozenset(json.loads(self._redis.hget(self._sent, code) or "[]"))

    @translated
    def note_addresses(self, addresses: tuple[str, ...]) -> None:
        """Keep at which origins of ours the portal's events are bound."""
        self._note("addresses", " ".join(addresses))

    @translated
    def note_scope(self, scope: tuple[str, ...]) -> None:
        """Keep what the portal grants now."""
        self._note("scope", " ".join(scope))

    def _note(self, field: str, text: str) -> None:
        write = self._redis.register_script(NOTE)
        write(keys=[keys.installation(self._member_id)], args=[field, text])

    def unpublish(self) -> None:
        """Note that the portal has removed everything of ours; what was typed stays."""
        for shelf in (self.bots, self.chat_apps, self.commands, self.connectors, self.widgets):
            shelf.unpublish()

    def note(
        self,
        actor: Actor,
        verb: Verb,
        thing: tuple[str, str],
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        """Write a history line about something that is on no shelf, as the installation."""
        self.changes.add(actor, verb, thing, before, after)

    def note_taken_back(self, change_id: str) -> None:
        """Note that a change is taken back and nothing of that is left to do."""
        self.changes.settle(change_id)

    def history(self, count: int = 100) -> list[Change]:
        """The newest changes, newest first."""
        return self.changes.newest(count)
