"""The things of one portal, with their history."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any, Final

import redis

from b24app import keys
from b24app.records import Actor, Bot, Change, ChatApp, Command, Verb
from b24app.store import changes, codecs
from b24app.store.access import Answers, locked, translated
from b24app.store.shelf import Shelf

EDIT_LOCK_SECONDS: Final = 150  # longer than the portal calls it guards


class PortalStore:
    """The things of one portal, a shelf for each kind, with their history."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._edit_lock = keys.edit_lock(member_id)
        self._history = keys.history(member_id)
        self._registrations = keys.registrations(member_id)
        self.bots: Shelf[Bot] = Shelf(client, keys.bots(member_id), self._history, codecs.BOT)
        self.chat_apps: Shelf[ChatApp] = Shelf(
            client, keys.chat_apps(member_id), self._history, codecs.CHAT_APP
        )
        self.commands: Shelf[Command] = Shelf(
            client, keys.commands(member_id), self._history, codecs.COMMAND
        )

    def editing(self) -> AbstractContextManager[None]:
        """Hold while record and portal change together, so that no two edits interleave.

        Raises Busy when another edit does not end within eight seconds.
        """
        return locked(self._redis, self._edit_lock, EDIT_LOCK_SECONDS)

    @translated
    def begin_registration(self, code: str) -> bool:
        """Note that a chat app is about to be registered; False when it may have been before."""
        return bool(self._redis.sadd(self._registrations, code))

    @translated
    def end_registration(self, code: str) -> None:
        """The portal's answer is known."""
        self._redis.srem(self._registrations, code)

    def unpublish(self) -> None:
        """Note that the portal has removed everything of ours; what was typed stays."""
        for shelf in (self.bots, self.chat_apps, self.commands):
            shelf.unpublish()

    @translated
    def note(
        self,
        actor: Actor,
        verb: Verb,
        thing: tuple[str, str],
        before: dict[str, Any],
        after: dict[str, Any],
    ) -> None:
        """Write a history line about something that is on no shelf, as the installation."""
        line = changes.line(actor, verb, thing, before, after)
        self._redis.xadd(self._history, {"change": line}, maxlen=changes.KEPT, approximate=True)

    @translated
    def history(self, count: int = 100) -> list[Change]:
        """The newest changes, newest first."""
        entries = self._redis.xrevrange(self._history, count=count)
        return [changes.read(entry_id, fields["change"]) for entry_id, fields in entries]
