"""Our list against the portal's: pure comparison, one function for each kind of thing.

What a list does not tell is not compared: no list tells a picture, or all the languages of a
command.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from b24app.actions import drift_widgets
from b24app.actions.drift_listing import Fields, Listing
from b24app.actions.portal import Portal
from b24app.records import Bot, Command, Deed, Drifted, Finding, Installation

BOTH: Final = (Deed.RESTORE, Deed.ADOPT)
BACK: Final = (Deed.RESTORE, Deed.FORGET)
TAKEN: Final = (Deed.ADOPT, Deed.FORGET)
# It is there although our record says that it is not.
UNNOTICED: Final[tuple[Fields, Fields]] = ({"published": False}, {"published": True})
# Pictures are long and no list tells them; the rest is the record's own.
LEFT_OUT: Final = frozenset(
    {"avatar", "icon", "svg", "hash", "api", "version", "updated_at", "updated_by"}
)


def everything(portal: Portal, listing: Listing) -> list[Finding]:
    """Every difference between our list and what could be listed."""
    found: list[Finding] = []
    if "bot" not in listing.unseen:
        found += bots(portal, listing)
        found += chat_apps(portal, listing)
    if "command" not in listing.unseen:
        found += commands(portal, listing)
    if "connector" not in listing.unseen:
        found += connectors(portal, listing)
    if "widget" not in listing.unseen:
        found += drift_widgets.compare(portal, listing.widgets)
    return found + list(subscriptions(listing))


def bots(portal: Portal, listing: Listing) -> Iterator[Finding]:
    """One that was deleted and made again under its code is missing, not unknown: it comes back."""
    shelf = portal.store.bots
    known = {bot.id: bot for bot in shelf.all()}
    missing = set()
    for bot in known.values():
        row = listing.bots.get(bot.id)
        if row is None:
            missing.add(bot.code)
            ours = what(shelf.fields(bot))
            yield Finding("bot", str(bot.id), bot.full_name, Drifted.MISSING, ours, {}, BACK)
        elif theirs := _bot_said(bot, row):
            ours = {name: shelf.fields(bot)[name] for name in theirs}
            deeds, why = _bot_deeds(theirs)
            how = Drifted.DIFFERENT
            yield Finding("bot", str(bot.id), bot.full_name, how, ours, theirs, deeds, why)
    for number, row in listing.bots.items():
        if number not in known and row["code"] not in missing:
            about = ("bot", str(number), _full_name(row), Drifted.UNKNOWN)
            owned = _owned(portal, listing, number)
            yield Finding(*about, {}, named(row), TAKEN, commands=owned)


def _bot_deeds(theirs: Fields) -> tuple[tuple[Deed, ...], str]:
    """No update of a bot takes a code or a type
    (b24restdocs: chat-bots-v2/imbot.v2/bots/bot-update.md)."""
    if "code" in theirs:
        return (Deed.ADOPT,), "code_changed"
    return ((Deed.ADOPT,), "type_changed") if "type" in theirs else (BOTH, "")


def _owned(portal: Portal, listing: Listing, bot_id: int) -> tuple[Fields, ...] | None:
    """The commands of a bot that is on no list of ours; None where the portal does not tell."""
    if "command" in listing.unseen:
        return None
    return tuple(
        command_fields(portal.installation, row) | {"id": number}
        for number, row in listing.commands.items()
        if row["bot_id"] == bot_id
    )


def _bot_said(bot: Bot, row: Fields) -> Fields:
    """What the portal says otherwise."""
    said = {} if row.get("full_name") == bot.full_name else named(row)
    said |= {name: value for name, value in row.items() if name != "full_name"}
    if not bot.color:
        said.pop("color", None)  # then the portal has chosen one
    said |= {"published": True}
    return {name: value for name, value in said.items() if getattr(bot, name) != value}


def named(row: Fields) -> Fields:
    """A bot's fields, with a name also where only the whole of it is known."""
    fields = {name: value for name, value in row.items() if name != "full_name"}
    if "full_name" in row:
        fields |= {"name": row["full_name"], "last_name": ""}
    return fields


def _full_name(row: Fields) -> str:
    fields = named(row)
    whole = f"{fields.get('name', '')} {fields.get('last_name', '')}".strip()
    return whole or str(row["code"])


def commands(portal: Portal, listing: Listing) -> Iterator[Finding]:
    """Of the bots on our list; those of an unknown bot are seen once it is known."""
    shelf = portal.store.commands
    known = {command.id: command for command in shelf.all()}
    for command in known.values():
        row, name = listing.commands.get(command.id), f"/{command.name}"
        if row is None:
            has_bot = command.bot_id in listing.bots
            deeds, why = (BACK, "") if has_bot else ((Deed.FORGET,), "bot_first")
            ours = what(shelf.fields(command))
            how = Drifted.MISSING
            yield Finding("command", str(command.id), name, how, ours, {}, deeds, why)
        elif theirs := _command_said(portal, command, row):
            ours = {field: shelf.fields(command)[field] for field in theirs}
            if "translations" in theirs:
                ours["translations"] = _same_language(ours, theirs)
            how = Drifted.DIFFERENT
            yield Finding("command", str(command.id), name, how, ours, theirs, BOTH)
    bots = {bot.id for bot in portal.store.bots.all()}
    for number, row in listing.commands.items():
        if number not in known and row["bot_id"] in bots:
            theirs = command_fields(portal.installation, row)
            name, how, why = f"/{row['name']}", Drifted.UNKNOWN, "one_language"
            yield Finding("command", str(number), name, how, {}, theirs, TAKEN, why)


def _command_said(portal: Portal, command: Command, row: Fields) -> Fields:
    """What the portal says otherwise; a title of any language of ours may be the one it tells."""
    said = command_fields(portal.installation, row, command) | {"published": True}
    titles = {(entry.title, entry.params) for entry in command.translations}
    if not row["title"] or (row["title"], row["params"]) in titles:
        said.pop("translations")
    differs = {name: value for name, value in said.items() if name != "translations"}
    differs = {name: value for name, value in differs.items() if getattr(command, name) != value}
    return differs | {name: said[name] for name in ("translations",) if name in said}


def command_fields(
    installation: Installation, row: Fields, command: Command | None = None
) -> Fields:
    """A listed command as fields of ours.

    Which language its title is in is not told: taken to be the portal's, or the first that
    ``command`` has where it has not that one.
    """
    languages = [entry.language for entry in command.translations] if command else []
    language = installation.language
    if languages and language not in languages:
        language = languages[0]
    words = {"language": language, "title": row["title"], "params": row["params"]}
    fields = {name: value for name, value in row.items() if name not in ("title", "params")}
    return fields | {"translations": [words] if row["title"] else []}


def _same_language(ours: Fields, theirs: Fields) -> list[dict[str, Any]]:
    languages = {entry["language"] for entry in theirs["translations"]}
    return [entry for entry in ours["translations"] if entry["language"] in languages]


def chat_apps(portal: Portal, listing: Listing) -> Iterator[Finding]:
    """Those that our own record says are not there; no portal lists any, see ``drift_check.py``."""
    shelf, language = portal.store.chat_apps, portal.installation.language
    lost_bots = {bot.id for bot in portal.store.bots.all()} - listing.bots.keys()
    for app in shelf.all():
        if not app.published:
            deeds, why = ((Deed.FORGET,), "bot_first") if app.bot_id in lost_bots else (BACK, "")
            about = ("chat_app", str(app.id), app.title(language, "en"))
            yield Finding(*about, Drifted.MISSING, what(shelf.fields(app)), {}, deeds, why)


def connectors(portal: Portal, listing: Listing) -> Iterator[Finding]:
    """The platform never says whose a connector is: another name may mean that it was taken over.

    One that we do not know is a finding only if we began to register it and the answer was lost
    (bitrix-modules: imconnector/lib/rest/customconnectors.php).
    """
    shelf, unanswered = portal.store.connectors, portal.store.drift.unanswered()
    known = {connector.id: connector for connector in shelf.all()}
    for connector in known.values():
        about = ("connector", connector.id, connector.name)
        name = listing.connectors.get(connector.id)
        if name is None:
            yield Finding(*about, Drifted.MISSING, what(shelf.fields(connector)), {}, BACK)
        elif name != connector.name:
            unsure = f"connector:{connector.id}" in unanswered
            deeds, why = ((Deed.RESTORE,), "unsure") if unsure else ((Deed.FORGET,), "taken_over")
            ours, theirs = {"name": connector.name}, {"name": name}
            yield Finding(*about, Drifted.DIFFERENT, ours, theirs, deeds, why)
        elif not connector.published:
            yield Finding(*about, Drifted.DIFFERENT, *UNNOTICED, BOTH)
    for number, name in strangers(portal, listing).items():
        if f"connector:{number}" in unanswered:
            theirs = {"id": number, "name": name}
            yield Finding("connector", number, name, Drifted.UNKNOWN, {}, theirs, (), "lost_answer")


def strangers(portal: Portal, listing: Listing) -> dict[str, str]:
    """The portal's connectors that are not on our list, id to name."""
    known = {connector.id for connector in portal.store.connectors.all()}
    return {number: name for number, name in listing.connectors.items() if number not in known}


def subscriptions(listing: Listing) -> Iterator[Finding]:
    """The events that are not sent to us, and those that are sent to an earlier address of ours."""
    found = listing.subscriptions
    if found and found.missing:
        ours = {"events": list(found.missing), "address": found.handler}
        deeds = (Deed.RESTORE,)
        yield Finding("subscription", "missing", "", Drifted.MISSING, ours, {}, deeds)
    if found and found.stale:
        events = [event for event, _ in found.stale]
        theirs = {"events": events, "address": " ".join({address for _, address in found.stale})}
        deeds = (Deed.FORGET,)
        yield Finding("subscription", "stale", "", Drifted.UNKNOWN, {}, theirs, deeds)


def what(fields: Fields) -> Fields:
    """A thing's fields as far as they are worth telling of one that is not there."""
    return {name: value for name, value in fields.items() if name not in LEFT_OUT}
