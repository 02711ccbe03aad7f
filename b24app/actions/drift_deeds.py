"""What is done about a difference, by the verbs that every page uses.

Restore sends the record to the portal. Adopt changes only our record. Forget takes a thing off the
side that alone has it: off our list, or, where only the portal has it, off the portal.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from b24app.actions import (
    bots,
    bulk,
    chat_apps,
    command_drafts,
    commands,
    connectors,
    subscriptions,
    widgets,
)
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, NotConfirmed
from b24app.records import (
    Bot,
    BotApi,
    BotType,
    ChatApp,
    Command,
    Connector,
    Deed,
    Drifted,
    Finding,
    Hint,
    Place,
    Run,
    Translation,
    Verb,
    Widget,
    WidgetContext,
)
from b24app.store.shelf import Shelf

Thing = Bot | ChatApp | Command | Connector | Widget
T = TypeVar("T", Bot, ChatApp, Command, Connector, Widget)


@dataclass(frozen=True)
class Done:
    """What a deed came to: the thing's id now; runs that were put away for what belongs to it,
    for which a worker must be called. ``stale``: it was not so any more, and nothing was done."""

    thing_id: str
    runs: tuple[Run, ...] = ()
    stale: bool = False


def do(portal: Portal, deed: Deed, finding: Finding, typed_name: str = "") -> Done:
    """Do one of the deeds the finding allows.

    ``typed_name`` is needed where a bot would be deleted on the portal: its full name, else
    NotConfirmed is raised. Raises BadPayload for a deed the finding does not allow, else what the
    verbs raise.
    """
    if deed not in finding.deeds:
        raise BadPayload("deed", "unknown_choice")
    if deed is Deed.RESTORE:
        return RESTORE[finding.thing](portal, finding)
    if deed is Deed.ADOPT:
        return Done(str(ADOPT[finding.thing](portal, finding).id))
    if finding.how is Drifted.UNKNOWN:
        return _remove(portal, finding, typed_name)
    FORGET[finding.thing](portal, finding.thing_id)
    return Done(finding.thing_id)


def _restore_bot(portal: Portal, finding: Finding) -> Done:
    """One that was gone took commands and chat apps with it: they follow as work with many.

    Where that is cut short, the next look finds each of them by itself.
    """
    number = int(finding.thing_id)
    lost = bots.belongings(portal, number)
    again = bots.republish(portal, number, portal.store.bots.get(number).version)
    if again.id == number:
        return Done(finding.thing_id)
    things: dict[str, Sequence[Command | ChatApp]] = {"command": lost[0], "chat_app": lost[1]}
    runs = tuple(
        bulk.start(portal, Verb.REPUBLISH, thing, [str(one.id) for one in some[: bulk.MOST]])
        for thing, some in things.items()
        if some
    )
    return Done(str(again.id), runs)


def _restore_command(portal: Portal, finding: Finding) -> Done:
    """One that got another name there is renamed, for a name is what it is registered by."""
    number = int(finding.thing_id)
    command = portal.store.commands.get(number)
    if "name" in finding.theirs and finding.how is Drifted.DIFFERENT:
        adopted = _adopt_command(portal, finding)
        draft = replace(command_drafts.of_command(command), version=adopted.version)
        return Done(str(commands.update(portal, number, draft).id))
    return Done(str(commands.republish(portal, number, command.version).id))


def _restore_connector(portal: Portal, finding: Finding) -> Done:
    version = portal.store.connectors.get(finding.thing_id).version
    return Done(connectors.republish(portal, finding.thing_id, version).id)


def _restore_widget(portal: Portal, finding: Finding) -> Done:
    version = portal.store.widgets.get(finding.thing_id).version
    return Done(widgets.republish(portal, finding.thing_id, version).id)


def _restore_chat_app(portal: Portal, finding: Finding) -> Done:
    number = int(finding.thing_id)
    version = portal.store.chat_apps.get(number).version
    return Done(str(chat_apps.republish(portal, number, version).successor.id))


def _restore_subscriptions(portal: Portal, finding: Finding) -> Done:
    subscriptions.reconcile(portal)
    return Done(finding.thing_id)


def _adopt_bot(portal: Portal, finding: Finding) -> Bot:
    said = finding.theirs
    changed = said | ({"type": BotType(said["type"])} if "type" in said else {})
    with portal.store.editing():
        if finding.how is Drifted.DIFFERENT:
            current = portal.store.bots.get(int(finding.thing_id))
            return _save(portal, portal.store.bots, current, replace(current, **changed))
        api = BotApi.V1 if "type" not in said else BotApi.V2  # the older list does not tell it
        fields = changed | {"name": said.get("name") or said["code"]}
        new = Bot(id=int(finding.thing_id), api=api, **fields)
        return _save(portal, portal.store.bots, None, new)


def _adopt_command(portal: Portal, finding: Finding) -> Command:
    said, shelf = dict(finding.theirs), portal.store.commands
    hints = tuple(Hint(**entry) for entry in said.pop("translations", ()))
    with portal.store.editing():
        if finding.how is Drifted.UNKNOWN:
            new = Command(id=int(finding.thing_id), translations=hints, **said)
            return _save(portal, shelf, None, new)
        current = shelf.get(int(finding.thing_id))
        replaced = {entry.language: entry for entry in (*current.translations, *hints)}
        wanted = replace(current, translations=tuple(replaced.values()), **said)
        return _save(portal, shelf, current, wanted)


def _adopt_widget(portal: Portal, finding: Finding) -> Widget:
    said, shelf = dict(finding.theirs), portal.store.widgets
    with portal.store.editing():
        current = shelf.get(finding.thing_id)
        if "places" in said:
            said["places"] = tuple(Place(place) for place in said["places"])
        if "contexts" in said:
            known = set(WidgetContext)
            said["contexts"] = tuple(WidgetContext(one) for one in said["contexts"] if one in known)
        if "translations" in said:
            said["translations"] = _translations(current, said["translations"])
        return _save(portal, shelf, current, replace(current, **said))


def _translations(widget: Widget, entries: list[dict[str, str]]) -> tuple[Translation, ...]:
    """As the portal has them; of the copyright it knows nothing."""
    ours = {entry.language: entry.copyright for entry in widget.translations}
    return tuple(
        replace(Translation(**entry), copyright=ours.get(entry["language"], ""))
        for entry in entries
    )


def _adopt_published(portal: Portal, finding: Finding) -> ChatApp | Connector:
    """That it is there is all that could be learnt of it."""
    with portal.store.editing():
        if finding.thing == "chat_app":
            app = portal.store.chat_apps.get(int(finding.thing_id))
            return _save(portal, portal.store.chat_apps, app, replace(app, published=True))
        connector = portal.store.connectors.get(finding.thing_id)
        wanted = replace(connector, published=True)
        return _save(portal, portal.store.connectors, connector, wanted)


def _save(portal: Portal, shelf: Shelf[T], current: T | None, wanted: T) -> T:
    verb, seen = (Verb.UPDATE, current.version) if current else (Verb.ADOPT, 0)
    return shelf.save(wanted, seen=seen, actor=portal.actor, verb=verb, before=current)


def _remove(portal: Portal, finding: Finding, typed_name: str) -> Done:
    """Remove from the portal what is on no list of ours: it comes onto the list first, so that
    history knows what it was and can bring it back."""
    if finding.thing == "bot" and " ".join(typed_name.split()) != " ".join(finding.name.split()):
        raise NotConfirmed(f"bot {finding.thing_id}")
    if finding.thing == "subscription":
        subscriptions.reconcile(portal)
    elif finding.thing == "widget":
        widgets.unregister(portal, finding.thing_id)
    elif finding.thing == "bot":
        bot = _adopt_bot(portal, finding)
        for said in finding.commands or ():
            _adopt_doomed(portal, said)
        bots.unregister(portal, bot.id, bot.full_name)
    else:
        said = finding.theirs | {"id": int(finding.thing_id)}
        commands.unregister(portal, _adopt_doomed(portal, said).id)
    return Done(finding.thing_id)


def _adopt_doomed(portal: Portal, said: dict[str, Any]) -> Command:
    """A command on our list, so that it can come back once it was removed: without a title no
    portal would take it, so where none was told its name stands in
    (b24restdocs: chat-bots-v2/imbot.v2/commands/command-register.md)."""
    shelf = portal.store.commands
    stand_in = [{"language": portal.installation.language, "title": said["name"], "params": ""}]
    fields = said | {"translations": said["translations"] or stand_in}
    hints = tuple(Hint(**entry) for entry in fields.pop("translations"))
    with portal.store.editing():
        for known in shelf.all():
            if known.id == said["id"]:
                return known
        return _save(portal, shelf, None, Command(translations=hints, **fields))


RESTORE: Final[Mapping[str, Callable[[Portal, Finding], Done]]] = {
    "bot": _restore_bot,
    "command": _restore_command,
    "connector": _restore_connector,
    "widget": _restore_widget,
    "chat_app": _restore_chat_app,
    "subscription": _restore_subscriptions,
}
ADOPT: Final[Mapping[str, Callable[[Portal, Finding], Thing]]] = {
    "bot": _adopt_bot,
    "command": _adopt_command,
    "connector": _adopt_published,
    "widget": _adopt_widget,
    "chat_app": _adopt_published,
}
FORGET: Final[Mapping[str, Callable[[Portal, str], None]]] = {
    "bot": lambda portal, number: bots.forget(portal, int(number)),
    "command": lambda portal, number: commands.forget(portal, int(number)),
    "connector": connectors.forget,
    "widget": widgets.forget,
    "chat_app": lambda portal, number: chat_apps.forget(portal, int(number)),
}
