"""The things of one portal, with their history."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, ClassVar, Final

import redis

from b24app import keys
from b24app.records import Actor, Bot, Change, ChatApp, Command, Connector, Patience, Verb, Widget
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


class PortalStore:
    """The things of one portal, a shelf for each kind, with their history."""

    shelf: ClassVar[type[Shelf[Any]]] = Shelf
    runs_of: ClassVar[type[Runs]] = Runs

    def __init__(
        self,
        client: redis.Redis,
        member_id: str,
        patience: Patience | None = None,
        *,
        undoes: str = "",
    ) -> None:
        """``patience`` is shared with whatever else waits for the same person; ``undoes`` is the
        change that everything done here takes back."""
        self._redis: Answers = client
        self._member_id = member_id
        self._patience = patience
        self._edit_lock = keys.edit_lock(member_id)
        self._registrations = keys.registrations(member_id)
        self.changes = changes = History(client, member_id, undoes)
        self.bots: Shelf[Bot] = self.shelf(client, keys.bots(member_id), changes, codecs.BOT)
        self.chat_apps: Shelf[ChatApp] = self.shelf(
            client, keys.chat_apps(member_id), changes, codecs.CHAT_APP
        )
        self.commands: Shelf[Command] = self.shelf(
            client, keys.commands(member_id), changes, codecs.COMMAND
        )
        self.connectors: Shelf[Connector] = self.shelf(
            client, keys.connectors(member_id), changes, codecs.CONNECTOR
        )
        self.widgets: Shelf[Widget] = self.shelf(
            client, keys.widgets(member_id), changes, codecs.WIDGET
        )
        self.runs = self.runs_of(client, member_id)
        self.drift = Drift(client, member_id)
        self.definitions = Definitions(client, member_id)

    def undoing(self, change_id: str) -> PortalStore:
        """The same store; every history line it writes says that it takes this change back."""
        return PortalStore(self._redis, self._member_id, self._patience, undoes=change_id)

    def editing(self) -> AbstractContextManager[None]:
        """Hold while record and portal change together, so that no two edits interleave.

        Raises Busy when another edit does not end while the patience lasts, eight seconds
        without one.
        """
        return locked(self._redis, self._edit_lock, EDIT_LOCK_SECONDS, self._patience)

    @translated
    def begin_registration(self, code: str) -> bool:
        """Note that something is about to be registered; False when it may have been before."""
        return bool(self._redis.sadd(self._registrations, code))

    @translated
    def end_registration(self, code: str) -> None:
        """The portal's answer is known."""
        self._redis.srem(self._registrations, code)

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

    def history(self, count: int = 100) -> list[Change]:
        """The newest changes, newest first."""
        return self.changes.newest(count)
