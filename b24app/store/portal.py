"""The things of one portal, with their history."""

from __future__ import annotations

import base64
import dataclasses
import json
import time
from contextlib import AbstractContextManager
from typing import Any, Final

import redis

from b24app import keys
from b24app.errors import Conflict, NotFound
from b24app.records import (
    Actor,
    Bot,
    BotApi,
    Change,
    ChatApp,
    Context,
    JsMethod,
    Kind,
    Translation,
    Verb,
)
from b24app.store.access import Answers, locked, translated

HISTORY_KEPT: Final = 1000
EDIT_LOCK_SECONDS: Final = 150  # longer than the portal calls it guards

# Replaces the record only when it still has the version the editor saw (0: there is none yet),
# and writes the history line in the same step. Returns 1 when saved.
SAVE_CHAT_APP: Final = """
local current = redis.call('HGET', KEYS[1], ARGV[1])
local version = 0
if current then version = cjson.decode(current)['version'] end
if version ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', 'change', ARGV[4])
return 1
"""


class PortalStore:
    """The things of one portal, with their history."""

    def __init__(self, client: redis.Redis, member_id: str) -> None:
        self._redis: Answers = client
        self._bots = keys.bots(member_id)
        self._chat_apps = keys.chat_apps(member_id)
        self._history = keys.history(member_id)
        self._edit_lock = keys.edit_lock(member_id)
        self._registrations = keys.registrations(member_id)
        self._save_chat_app = client.register_script(SAVE_CHAT_APP)

    def editing(self) -> AbstractContextManager[None]:
        """Hold while record and portal change together, so that no two edits interleave.

        Raises Busy when another edit does not end within eight seconds.
        """
        return locked(self._redis, self._edit_lock, EDIT_LOCK_SECONDS)

    @translated
    def bots(self) -> list[Bot]:
        """Bots of ours, oldest id first."""
        found = [_read_bot(text) for text in self._redis.hvals(self._bots)]
        return sorted(found, key=lambda bot: bot.id)

    @translated
    def save_bot(self, bot: Bot) -> None:
        """Remember a bot."""
        self._redis.hset(self._bots, str(bot.id), json.dumps(dataclasses.asdict(bot)))

    @translated
    def delete_bot(self, bot_id: int) -> None:
        """Forget a bot that is gone."""
        self._redis.hdel(self._bots, str(bot_id))

    @translated
    def begin_registration(self, code: str) -> bool:
        """Note that a chat app is about to be registered; False when it may have been before."""
        return bool(self._redis.sadd(self._registrations, code))

    @translated
    def end_registration(self, code: str) -> None:
        """The portal's answer is known."""
        self._redis.srem(self._registrations, code)

    @translated
    def chat_apps(self) -> list[ChatApp]:
        """Chat apps of this portal, newest first."""
        found = [_read_chat_app(text) for text in self._redis.hvals(self._chat_apps)]
        return sorted(found, key=lambda app: app.id, reverse=True)

    @translated
    def chat_app(self, app_id: int) -> ChatApp:
        """One chat app; raises NotFound."""
        text: str | None = self._redis.hget(self._chat_apps, str(app_id))
        if text is None:
            raise NotFound(f"chat app {app_id}")
        return _read_chat_app(text)

    @translated
    def save_chat_app(
        self, app: ChatApp, *, seen: int, actor: Actor, verb: Verb, before: ChatApp | None
    ) -> ChatApp:
        """Store the chat app and its history line in one step; returns it as stored.

        ``seen`` is the version the editor saw, 0 for a new one; a successor goes on counting
        where its predecessor stopped. Raises Conflict with what stands now when somebody saved
        meanwhile.
        """
        stored = dataclasses.replace(
            app,
            version=max(seen, app.version) + 1,
            updated_at=int(time.time()),
            updated_by=actor.name,
        )
        line = _change(actor, verb, stored.id, before, stored)
        saved = self._save_chat_app(
            keys=[self._chat_apps, self._history],
            args=[str(app.id), seen, _write_chat_app(stored), line, HISTORY_KEPT],
        )
        if not saved:
            raise Conflict(self.chat_app(app.id))
        return stored

    @translated
    def delete_chat_app(self, app: ChatApp, *, actor: Actor, verb: Verb) -> None:
        """Forget the chat app and write the history line in one step."""
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.hdel(self._chat_apps, str(app.id))
            line = _change(actor, verb, app.id, app, None)
            pipe.xadd(self._history, {"change": line}, maxlen=HISTORY_KEPT, approximate=True)
            pipe.execute()

    @translated
    def unpublish(self) -> None:
        """Note that the portal has removed everything of ours; what was typed stays."""
        apps = [dataclasses.replace(app, published=False) for app in self.chat_apps()]
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.delete(self._bots)
            for app in apps:
                pipe.hset(self._chat_apps, str(app.id), _write_chat_app(app))
            pipe.execute()

    @translated
    def history(self, count: int = 100) -> list[Change]:
        """The newest changes, newest first."""
        entries = self._redis.xrevrange(self._history, count=count)
        return [Change(id=id_, **_read_change(fields["change"])) for id_, fields in entries]


def _read_bot(text: str) -> Bot:
    fields = json.loads(text)
    return Bot(fields["id"], fields["code"], fields["name"], BotApi(fields["api"]))


def _write_chat_app(app: ChatApp) -> str:
    return json.dumps(dataclasses.asdict(app) | {"icon": base64.b64encode(app.icon).decode()})


def _read_chat_app(text: str) -> ChatApp:
    fields: dict[str, Any] = json.loads(text)
    return ChatApp(
        **fields
        | {
            "kind": Kind(fields["kind"]),
            "context": Context(fields["context"]),
            "js_method": JsMethod(fields["js_method"]) if fields["js_method"] else None,
            "icon": base64.b64decode(fields["icon"]),
            "translations": tuple(Translation(**entry) for entry in fields["translations"]),
        }
    )


def _change(
    actor: Actor, verb: Verb, app_id: int, before: ChatApp | None, after: ChatApp | None
) -> str:
    return json.dumps(
        {
            "at": int(time.time()),
            "user_id": actor.user_id,
            "user_name": actor.name,
            "thing": "chat_app",
            "thing_id": str(app_id),
            "verb": verb,
            **_difference(_readable(before), _readable(after)),
        }
    )


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Both sides; of two versions of the same thing only the fields that differ."""
    if before and after and before["id"] == after["id"]:
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side[name] for name in changed} for side in (before, after))
    return {"before": before, "after": after}


def _readable(app: ChatApp | None) -> dict[str, Any]:
    """The record as history keeps it: the HASH is a shared secret and only said to be there."""
    if app is None:
        return {}
    fields: dict[str, Any] = json.loads(_write_chat_app(app))
    return fields | {"hash": "set" if app.hash else ""}


def _read_change(text: str) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(text)
    return fields | {"verb": Verb(fields["verb"])}
