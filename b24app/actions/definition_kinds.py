"""What each kind of thing is in a file of definitions, and which thing of a portal it means.

They speak of things as history does, as fields ready for JSON. In a file nothing has a number:
a thing is known by what is the same in every portal.
"""

from __future__ import annotations

import base64
import binascii
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Final, Protocol

from b24app.actions import (
    bot_drafts,
    command_drafts,
    connector_drafts,
    drafts,
    widget_drafts,
)
from b24app.actions.avatars import SIDE
from b24app.actions.definition_keys import KEYS, Fields, Key, Successors, best_last
from b24app.actions.definition_schema import LISTS
from b24app.actions.icons import SPRITE
from b24app.actions.portal import Portal
from b24app.errors import BadPayload
from b24app.records import BotApi, Widget

PNG_SIDES: Final = slice(16, 24)  # of the file: width and height, four bytes each


class Kind(Protocol):
    """One kind of thing of one portal, as it was when this was made."""

    def entries(self) -> list[Fields]:
        """All of them as a file has them, the oldest first."""

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        """The thing that the entry means; ``others`` are the keys that other entries mean."""

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        """What the entry makes of the thing as it is ``now``, or of nothing.

        ``coming`` are the codes of bots that will be on the portal before it; their number is 0.
        Raises BadPayload with a reason for each field that does not fit.
        """


class Bots:
    """A bot is known by its code."""

    def __init__(self, portal: Portal) -> None:
        self._shelf = portal.store.bots
        self._all = best_last(self._shelf.all())
        self._by_code = {bot.code: bot for bot in self._all}

    def entries(self) -> list[Fields]:
        return [_entry("bots", self._shelf.fields(bot)) for bot in self._all]

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        [code] = KEYS["bots"](entry)
        bot = self._by_code.get(code)
        return self._shelf.fields(bot) if bot else None

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        _keeps(entry, now, "type")
        base = now or {"id": 0, "api": BotApi.V2}
        bot = self._shelf.record(base | entry | {"avatar": ""})
        current = self._shelf.record(now) if now else None
        avatar = _picture(entry, now, "avatar", (SIDE, SIDE))
        draft = replace(bot_drafts.of_bot(bot), avatar=avatar)
        return self._shelf.fields(bot_drafts.check(draft, current))


class ChatApps:
    """A chat app is known by its code, whichever number a republication has put behind it."""

    def __init__(self, portal: Portal) -> None:
        self._shelf = portal.store.chat_apps
        self._all = best_last(self._shelf.all())
        self._known = Successors(self._all)
        self._codes = {bot.id: bot.code for bot in portal.store.bots.all()}
        self._numbers = _numbers(portal)

    def entries(self) -> list[Fields]:
        return [
            _entry("chat_apps", fields | {"js_method": fields["js_method"] or "", "bot": bot})
            for fields, bot in (
                (self._shelf.fields(app), self._codes.get(app.bot_id, "")) for app in self._all
            )
        ]

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        [code] = KEYS["chat_apps"](entry)
        app = self._known.found(code, others)
        return self._shelf.fields(app) if app else None

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        _keeps(entry, now, "kind")
        bot_id = self._bot(entry, now, coming)
        base = (now or {"id": 0}) | entry | {"icon": "", "bot_id": bot_id}
        del base["bot"]
        current = self._shelf.record(now) if now else None
        icon = _picture(entry, now, "icon", SPRITE)
        draft = replace(drafts.of_chat_app(self._shelf.record(base)), icon=icon)
        checked = drafts.check(draft, current)
        return self._shelf.fields(replace(checked, bot_id=bot_id))

    def _bot(self, entry: Fields, now: Fields | None, coming: Collection[str]) -> int:
        """The number of its bot; the portal cannot give a chat app to another bot."""
        code = entry["bot"].strip()
        if now:
            if code and self._codes.get(now["bot_id"], code) != code:
                raise BadPayload("bot_id", "fixed")
            return int(now["bot_id"])
        return _bot(self._numbers, code, coming) if code else 0


class Commands:
    """A command is known by its bot and its name."""

    def __init__(self, portal: Portal) -> None:
        self._shelf = portal.store.commands
        self._all = best_last(self._shelf.all())
        self._bots = {bot.id: bot for bot in portal.store.bots.all()}
        self._by_key = {(self._code(one.bot_id), one.name): one for one in self._all}
        self._numbers = _numbers(portal)

    def entries(self) -> list[Fields]:
        return [
            _entry("commands", self._shelf.fields(one) | {"bot": self._bots[one.bot_id].code})
            for one in self._all
            if one.bot_id in self._bots
        ]

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        code, name = KEYS["commands"](entry)
        one = self._by_key.get((code, name))
        return self._shelf.fields(one) if one else None

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        bot_id = self._bot(entry, now, coming)
        base = (now or {"id": 0}) | entry | {"bot_id": bot_id}
        del base["bot"]
        current = self._shelf.record(now) if now else None
        draft = command_drafts.of_command(self._shelf.record(base))
        api = self._bots[bot_id].api if bot_id in self._bots else BotApi.V2
        checked = command_drafts.check(draft, api, current)
        return self._shelf.fields(replace(checked, bot_id=bot_id))

    def _bot(self, entry: Fields, now: Fields | None, coming: Collection[str]) -> int:
        """The number of its bot, without which it can neither come nor come back."""
        if now and now["published"]:
            return int(now["bot_id"])
        number = _bot(self._numbers, entry["bot"].strip(), coming)
        return int(now["bot_id"]) if now else number

    def _code(self, bot_id: int) -> str | None:
        """Its bot's code; None when that is on no list of ours."""
        return self._bots[bot_id].code if bot_id in self._bots else None


class Connectors:
    """A connector is known by its id. Of one that is there the open lines stay as they are."""

    def __init__(self, portal: Portal) -> None:
        self._shelf = portal.store.connectors
        self._all = self._shelf.all()
        self._by_id = {one.id: one for one in self._all}

    def entries(self) -> list[Fields]:
        return [_entry("connectors", self._shelf.fields(one)) for one in self._all]

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        [number] = KEYS["connectors"](entry)
        one = self._by_id.get(number)
        return self._shelf.fields(one) if one else None

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        record = self._shelf.record((now or {"joints": []}) | entry)
        current = self._shelf.record(now) if now else None
        same = current is not None and current.svg == record.svg
        draft = replace(connector_drafts.of_connector(record), svg="" if same else record.svg)
        return self._shelf.fields(connector_drafts.check(draft, current, record.joints))


class Widgets:
    """A widget is known by its code; of two with the same, by its page and its places.

    Its key is made anew in each portal, when it is uploaded.
    """

    def __init__(self, portal: Portal) -> None:
        self._shelf = portal.store.widgets
        self._all = best_last(self._shelf.all())
        self._by_key = {(one.code, one.iframe_url, *sorted(one.places)): one for one in self._all}
        self._by_code: dict[str, list[tuple[Key, Widget]]] = defaultdict(list)
        for key, one in self._by_key.items():
            self._by_code[key[0]].append((key, one))
        self._apps = {app.id: app.code for app in portal.store.chat_apps.all()}
        self._chat_apps = ChatApps(portal)
        self._numbers = _numbers(portal)
        self._plain_http = portal.app_url.startswith("http://")  # as ``widgets`` has it

    def entries(self) -> list[Fields]:
        return [
            _entry(
                "widgets",
                self._shelf.fields(one)
                | {"bot": one.bot_code, "chat_app": self._apps.get(one.app_id, "")},
            )
            for one in self._all
        ]

    def found(self, entry: Fields, others: Collection[Key]) -> Fields | None:
        code, *_ = wanted = KEYS["widgets"](entry)
        same = [self._by_key[wanted]] if wanted in self._by_key else []
        best = same or [one for key, one in self._by_code.get(code, ()) if key not in others]
        return self._shelf.fields(best[-1]) if best else None

    def wanted(self, entry: Fields, now: Fields | None, coming: Collection[str] = ()) -> Fields:
        app = self._chat_apps.found({"code": entry["chat_app"]}, ())
        made = {
            "app_id": app["id"] if app else 0,
            "bot_id": self._numbers.get(entry["bot"].strip(), 0),
            "bot_code": entry["bot"].strip(),
        }
        kept = {name: now[name] for name in ("id", *made)} if now else made
        base = (now or {}) | entry | kept
        del base["bot"], base["chat_app"]
        current = self._shelf.record(now) if now else None
        draft = widget_drafts.of_widget(self._shelf.record(base))
        checked = widget_drafts.check(draft, current, plain_http=self._plain_http)
        return self._shelf.fields(checked) | kept


def _entry(listed: str, fields: Fields) -> Fields:
    return {name: fields[name] for name in LISTS[listed]["properties"]}


def _keeps(entry: Fields, now: Fields | None, name: str) -> None:
    """What is chosen once can only be what it is."""
    if now and entry[name] != now[name]:
        raise BadPayload(name, "fixed")


def _numbers(portal: Portal) -> dict[str, int]:
    """Code to number of the bots on the portal."""
    return {bot.code: bot.id for bot in portal.store.bots.all() if bot.published}


def _bot(numbers: Mapping[str, int], code: str, coming: Collection[str]) -> int:
    if code not in numbers and code not in coming:
        raise BadPayload("bot_id", "bot_missing")
    return numbers.get(code, 0)


def _picture(entry: Fields, now: Fields | None, name: str, size: tuple[int, int]) -> str:
    """The picture as a form would send it back, "" for the one there is.

    Only a finished one has this size; another is not unpacked to see what is in it.
    """
    text: str = entry[name]
    if not text or (now and now[name] == text):
        return ""
    try:
        sides = base64.b64decode(text, validate=True)[PNG_SIDES]
    except (binascii.Error, ValueError) as exc:
        raise BadPayload(name, "picture_broken") from exc
    if sides != b"".join(side.to_bytes(4, "big") for side in size):
        raise BadPayload(name, "picture_type")
    return text


KINDS: Final[Mapping[str, Callable[[Portal], Kind]]] = {
    "bots": Bots,
    "chat_apps": ChatApps,
    "commands": Commands,
    "widgets": Widgets,
    "connectors": Connectors,
}
# What history calls one of the list.
THINGS: Final = {
    "bots": "bot",
    "chat_apps": "chat_app",
    "commands": "command",
    "widgets": "widget",
    "connectors": "connector",
}
