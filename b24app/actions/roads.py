"""The roads back: for each kind of thing the verbs by which a change of it is undone.

They speak of things as history does, as fields ready for JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, TypeVar

from b24app.actions import (
    bot_drafts,
    bots,
    chat_apps,
    command_drafts,
    commands,
    connector_drafts,
    connectors,
    drafts,
    widget_drafts,
    widgets,
)
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, NotFound
from b24app.records import Bot, ChatApp, Command, Connector, Widget
from b24app.store.changes import KEPT
from b24app.store.shelf import Shelf

T = TypeVar("T", Bot, ChatApp, Command, Connector, Widget)
Fields = dict[str, Any]


@dataclass(frozen=True)
class Arrival:
    """What stands after a road was taken: the thing's id, and what there is to know about it."""

    thing_id: str
    notes: tuple[str, ...] = ()


class Road(Protocol):
    """How the changes of one kind of thing are undone, in one portal."""

    def standing(self, thing_id: str) -> Fields | None:
        """The thing as it is now; None when it is not on our list."""

    def twin(self, was: Fields) -> Fields | None:
        """What stands on the portal under the same key as a thing that was removed."""

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        """Update the thing to the wanted fields."""

    def register(self, was: Fields, secret: str = "") -> Arrival:
        """Register it again as it was; ``secret`` is the HASH it had, if that is known."""

    def republish(self, now: Fields) -> Arrival:
        """Put it on the portal again, which has lost it while it stayed on our list."""

    def unregister(self, now: Fields) -> Arrival:
        """Remove it."""


class ChatApps:
    """A chat app's key is its code."""

    def __init__(self, portal: Portal, _typed_name: str) -> None:
        self._portal = portal
        self._shelf = portal.store.chat_apps

    def standing(self, thing_id: str) -> Fields | None:
        return _standing(self._shelf, thing_id)

    def twin(self, was: Fields) -> Fields | None:
        same = (app for app in self._shelf.all() if app.code == was["code"])
        return next((self._shelf.fields(app) for app in same), None)

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        app = self._shelf.record(wanted)
        draft = drafts.of_chat_app(app)
        notes: tuple[str, ...] = ()
        if now["icon"] != wanted["icon"]:
            draft = replace(draft, icon=wanted["icon"])
            notes = ("icon_republish",) if wanted["icon"] else ("picture_stays",)
        chat_apps.update(self._portal, app.id, draft)
        return Arrival(str(app.id), notes)

    def register(self, was: Fields, secret: str = "") -> Arrival:
        app = self._shelf.record(was)
        bot_id = _bot_now(self._portal, app.bot_id)
        draft = replace(
            drafts.of_chat_app(app), version=0, icon=was["icon"], bot_id=str(bot_id or app.bot_id)
        )
        known = secret or self._secret_of_successor(app.id)
        again = chat_apps.register(self._portal, draft, known, app.id)
        notes: tuple[str, ...] = ("new_hash",) if again.hash != known else ()
        if again.bot_id not in (app.bot_id, bot_id):
            notes += ("other_bot",)
        return Arrival(str(again.id), notes)

    def _secret_of_successor(self, app_id: int) -> str:
        """The HASH of the widget that was made of the chat app: the page behind both is one."""
        every = self._portal.store.widgets.all()
        made = (widget.hash for widget in every if widget.app_id == app_id)
        return next(made, "") if app_id else ""  # an import has no number for it

    def republish(self, now: Fields) -> Arrival:
        done = chat_apps.republish(self._portal, now["id"], now["version"])
        return Arrival(str(done.successor.id))

    def unregister(self, now: Fields) -> Arrival:
        was_there = chat_apps.unregister(self._portal, now["id"])
        return Arrival(str(now["id"]), () if was_there else ("was_gone",))


class Bots:
    """A bot's key is its code. To delete one its name must be typed."""

    def __init__(self, portal: Portal, typed_name: str) -> None:
        self._portal = portal
        self._typed_name = typed_name
        self._shelf = portal.store.bots

    def standing(self, thing_id: str) -> Fields | None:
        return _standing(self._shelf, thing_id)

    def twin(self, was: Fields) -> Fields | None:
        same = (bot for bot in self._shelf.all() if bot.code == was["code"])
        return next((self._shelf.fields(bot) for bot in same), None)

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        bot = self._shelf.record(wanted)
        draft = bot_drafts.of_bot(bot)
        notes: tuple[str, ...] = ()
        if now["avatar"] != wanted["avatar"]:
            draft = replace(draft, avatar=wanted["avatar"])
            notes = () if wanted["avatar"] else ("picture_stays",)
        bots.update(self._portal, bot.id, draft)
        return Arrival(str(bot.id), notes)

    def register(self, was: Fields, secret: str = "") -> Arrival:
        bot = self._shelf.record(was)
        draft = replace(bot_drafts.of_bot(bot), version=0, avatar=was["avatar"])
        return Arrival(str(bots.register(self._portal, draft).id), ("chats_lost",))

    def republish(self, now: Fields) -> Arrival:
        return Arrival(str(bots.republish(self._portal, now["id"], now["version"]).id))

    def unregister(self, now: Fields) -> Arrival:
        was_there = bots.unregister(self._portal, now["id"], self._typed_name)
        return Arrival(str(now["id"]), () if was_there else ("was_gone",))


class Commands:
    """A command's key is its bot and its name."""

    def __init__(self, portal: Portal, _typed_name: str) -> None:
        self._portal = portal
        self._shelf = portal.store.commands

    def standing(self, thing_id: str) -> Fields | None:
        return _standing(self._shelf, thing_id)

    def twin(self, was: Fields) -> Fields | None:
        key = (_bot_now(self._portal, was["bot_id"]) or was["bot_id"], was["name"])
        same = (one for one in self._shelf.all() if (one.bot_id, one.name) == key)
        return next((self._shelf.fields(one) for one in same), None)

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        command = self._shelf.record(wanted)
        commands.update(self._portal, command.id, command_drafts.of_command(command))
        return Arrival(str(command.id))

    def register(self, was: Fields, secret: str = "") -> Arrival:
        command = self._shelf.record(was)
        bot_id = _bot_now(self._portal, command.bot_id)
        if not bot_id:
            raise BadPayload("change", "undo_bot_first")
        draft = replace(command_drafts.of_command(command), version=0, bot_id=str(bot_id))
        return Arrival(str(commands.register(self._portal, draft).id))

    def republish(self, now: Fields) -> Arrival:
        return Arrival(str(commands.republish(self._portal, now["id"], now["version"]).id))

    def unregister(self, now: Fields) -> Arrival:
        was_there = commands.unregister(self._portal, now["id"])
        return Arrival(str(now["id"]), () if was_there else ("was_gone",))


class Connectors:
    """A connector's key is its id, which it keeps. Its lines come and go one by one."""

    def __init__(self, portal: Portal, _typed_name: str) -> None:
        self._portal = portal
        self._shelf = portal.store.connectors

    def standing(self, thing_id: str) -> Fields | None:
        return _standing(self._shelf, thing_id)

    def twin(self, was: Fields) -> Fields | None:
        return self.standing(str(was["id"]))

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        after = self._shelf.record(wanted)
        draft = replace(connector_drafts.of_connector(after), svg=after.svg)
        current = connectors.update(self._portal, after.id, draft, after.joints)
        return self._arrived(current, after)

    def register(self, was: Fields, secret: str = "") -> Arrival:
        record = self._shelf.record(was)
        draft = replace(connector_drafts.of_connector(record), version=0, svg=record.svg)
        return self._arrived(connectors.register(self._portal, draft, record.joints), record)

    def republish(self, now: Fields) -> Arrival:
        return Arrival(connectors.republish(self._portal, now["id"], now["version"]).id)

    def unregister(self, now: Fields) -> Arrival:
        was_there = connectors.unregister(self._portal, now["id"])
        return Arrival(now["id"], () if was_there else ("was_gone",))

    def _arrived(self, current: Connector, wanted: Connector) -> Arrival:
        """Whether it is connected to all its lines; one that was deleted meanwhile is told."""
        gone = any(current.joint(joint.line) is None for joint in wanted.joints)
        return Arrival(current.id, ("line_gone",) if gone else ())


class Widgets:
    """A widget's key is its id, which it keeps."""

    def __init__(self, portal: Portal, _typed_name: str) -> None:
        self._portal = portal
        self._shelf = portal.store.widgets

    def standing(self, thing_id: str) -> Fields | None:
        return _standing(self._shelf, thing_id)

    def twin(self, was: Fields) -> Fields | None:
        return self.standing(str(was["id"]))

    def restore(self, now: Fields, wanted: Fields) -> Arrival:
        widget = self._shelf.record(wanted)
        widgets.update(self._portal, widget.id, widget_drafts.of_widget(widget))
        return Arrival(widget.id)

    def register(self, was: Fields, secret: str = "") -> Arrival:
        widget = replace(self._shelf.record(was), hash=secret)
        again = widgets.put_back(self._portal, widget)
        known = again.hash == secret or widgets.classic(self._portal, again)
        return Arrival(again.id, () if known else ("new_hash",))

    def republish(self, now: Fields) -> Arrival:
        return Arrival(widgets.republish(self._portal, now["id"], now["version"]).id)

    def unregister(self, now: Fields) -> Arrival:
        was_there = widgets.unregister(self._portal, now["id"])
        return Arrival(now["id"], () if was_there else ("was_gone",))


def _standing(shelf: Shelf[T], thing_id: str) -> Fields | None:
    try:
        return shelf.fields(shelf.get(thing_id))
    except NotFound:  # an answer here, as good as any other
        return None


def _bot_now(portal: Portal, bot_id: int) -> int:
    """The number a bot has now: its own, or a new one if it came back; 0 when it is not there.

    One that came back is known by its code, which only history still has for the old number.
    """
    living = {bot.code: bot.id for bot in bots.living(portal)}
    if bot_id in living.values():
        return bot_id
    known = (change.before for change in portal.store.history(KEPT) if change.thing == "bot")
    codes = (was["code"] for was in known if was.get("id") == bot_id and "code" in was)
    return living.get(next(codes, ""), 0)


ROADS: Final[Mapping[str, Callable[[Portal, str], Road]]] = {
    "bot": Bots,
    "chat_app": ChatApps,
    "command": Commands,
    "connector": Connectors,
    "widget": Widgets,
}
