"""What a portal lists of ours, in our words: one request, as a rule, and one more for the commands
of bots that are not on our list.

The newer family of methods lists the bots of an application; the older one those of everybody,
so there each bot that is not on our list is asked whose it is, with an update that brings nothing.
Commands are listed by the newer family alone, chat apps by none
(b24restdocs: chat-bots-v2/imbot.v2/bots/bot-list.md, commands/command-list.md;
bitrix-modules: im/classes/general/im_rest.php).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlencode

from b24app.actions import bot_drafts, subscriptions, widget_calls
from b24app.actions.bot_calls import PAGE, PAGES
from b24app.actions.portal import Portal
from b24app.actions.subscriptions import Subscriptions
from b24app.actions.widget_calls import Binding
from b24app.bitrix.answers import as_map
from b24app.bitrix.batch import LIMIT, BatchResult
from b24app.errors import AlreadyGone, AuthorizationLost, MethodGone, NotOurs, PortalError
from b24app.records import BotApi, BotType

Fields = dict[str, Any]

BOTS: Final = "imbot.v2.Bot.list"
# What is asked, by the kind of thing that the answer lists.
QUESTIONS: Final = {
    "bot": f"{BOTS}?{urlencode({'limit': PAGE, 'offset': 0})}",
    "old_bot": "imbot.bot.list",
    "connector": "imconnector.list",
    "widget": "placement.get",
    "subscription": "event.get",
    "scope": "scope",
    "events": "events",
}
OLD_COMMANDS: Final = "ONIMCOMMANDADD"
NOT_LISTED: Final = "not_listed"
# Refusals of an update that brings nothing, made only after the portal has seen whose it is.
NOTHING_TO_DO: Final = frozenset({"WRONG_REQUEST", "FETCH_NOT_SUPPORTED"})
HUMP: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass
class Listing:
    """What the portal lists of ours; ``unseen`` are the kinds it did not, and why.

    Of bots and commands the fields that a list tells, by their number and under our names; a bot
    of which only the whole name is known has it as ``full_name``. Of connectors the names,
    whoever registered them.
    """

    family: BotApi = BotApi.V2
    bots: dict[int, Fields] = field(default_factory=dict)
    commands: dict[int, Fields] = field(default_factory=dict)
    connectors: dict[str, str] = field(default_factory=dict)
    widgets: dict[str, list[Binding]] = field(default_factory=dict)
    subscriptions: Subscriptions | None = None
    unseen: dict[str, str] = field(default_factory=dict)


def read(portal: Portal) -> Listing:
    """Ask for all lists. Raises PortalError, PortalUnreachable, AuthorizationLost."""
    known = {bot.id for bot in portal.store.bots.all()}
    answer = portal.rest.batch_all(QUESTIONS | _of_each(known), repeatable=True)
    for error in answer.errors.values():
        if isinstance(error, AuthorizationLost):
            raise error
    found = Listing(unseen=_unseen(answer, ("connector", "widget", "subscription")))
    _read_bots(portal, found, answer, known)
    _read_commands(portal, found, answer, known)
    names = as_map(answer.results.get("connector"))
    found.connectors = {str(number): str(name) for number, name in names.items()}
    found.widgets = widget_calls.read(answer.results.get("widget"))
    if "subscription" not in found.unseen:
        found.subscriptions = _subscriptions(portal, answer)
    return found


def whose(portal: Portal, questions: Mapping[str, str]) -> dict[str, bool | None]:
    """By label: whether what an empty update names is ours, or None where there is no such thing.

    Raises what keeps the portal from saying so.
    """
    answer = portal.rest.batch_all(questions, repeatable=True)
    return {label: _judged(answer, label) for label in questions}


def _judged(answer: BatchResult, label: str) -> bool | None:
    error = answer.errors.get(label)
    if error is None or (isinstance(error, PortalError) and error.code in NOTHING_TO_DO):
        return True
    if isinstance(error, AlreadyGone):
        return None
    if isinstance(error, NotOurs):
        return False
    raise error


def _unseen(answer: BatchResult, kinds: Iterable[str]) -> dict[str, str]:
    return {kind: type(answer.errors[kind]).__name__ for kind in kinds if kind in answer.errors}


def _read_bots(portal: Portal, found: Listing, answer: BatchResult, known: set[int]) -> None:
    if isinstance(answer.errors.get("bot"), MethodGone):
        found.family = BotApi.V1
        if "old_bot" in answer.errors:
            found.unseen["bot"] = type(answer.errors["old_bot"]).__name__
        found.bots = _old_bots(portal, answer.results.get("old_bot"), known)
        return
    found.unseen |= _unseen(answer, ("bot",))
    page = as_map(answer.results.get("bot"))
    for number in range(1, PAGES + 1):
        people = {_number(user.get("id")): user for user in _rows(page.get("users"))}
        for row in _rows(page.get("bots")):
            bot_id = _number(row.get("id"))
            found.bots[bot_id] = _bot(row, people.get(bot_id, {}))
        if not page.get("hasNextPage") or number == PAGES:
            return
        params = {"limit": PAGE, "offset": number * PAGE}
        page = as_map(portal.rest.call(BOTS, params, repeatable=True))


def _bot(row: Fields, person: Fields) -> Fields:
    """Its avatar is not told; nor is whether a gender was ever chosen, so only F says something."""
    fields: Fields = {"code": str(row.get("code", ""))}
    if row.get("type") in set(BotType):
        fields["type"] = row["type"]
    for name, flag in (("hidden", "isHidden"), ("reactions", "isReactionsEnabled")):
        if flag in row:
            fields[name] = _is_on(row[flag])
    if "firstName" in person:
        fields["name"] = str(person["firstName"] or "")
        fields["last_name"] = str(person.get("lastName") or "")
    elif person.get("name"):
        fields["full_name"] = str(person["name"])
    if "workPosition" in person:
        fields["position"] = str(person["workPosition"] or "")
    color = HUMP.sub("_", str(person.get("color", ""))).upper()
    if color in bot_drafts.COLORS:  # else it is written as the browser draws it
        fields["color"] = color
    return fields


def _old_bots(portal: Portal, answer: object, known: set[int]) -> dict[int, Fields]:
    """Those on our list, and of the others, of the newest fifty, those that are ours too."""
    rows = {_number(row.get("ID")): row for row in _rows(answer)}
    others = sorted(rows.keys() - known, reverse=True)[:LIMIT]
    asked = {str(number): f"imbot.update?BOT_ID={number}" for number in others}
    ours = {label for label, is_ours in whose(portal, asked).items() if is_ours} if asked else set()
    return {
        number: {"code": str(row.get("CODE", "")), "full_name": str(row.get("NAME", ""))}
        for number, row in rows.items()
        if number in known or str(number) in ours
    }


def _of_each(bots: Iterable[int]) -> dict[str, str]:
    """The questions for the commands of these bots."""
    return {f"of{number}": f"imbot.v2.Command.list?botId={number}" for number in bots}


def _read_commands(portal: Portal, found: Listing, answer: BatchResult, known: set[int]) -> None:
    """Of the bots on our list, and of those that alone the portal has; a bot that is gone has
    none."""
    if found.family is BotApi.V1 or "bot" in found.unseen:
        found.unseen["command"] = found.unseen.get("bot", NOT_LISTED)
        return
    _take_commands(found, answer, known)
    if others := found.bots.keys() - known:
        _take_commands(found, portal.rest.batch_all(_of_each(others), repeatable=True), others)


def _take_commands(found: Listing, answer: BatchResult, bots: Iterable[int]) -> None:
    for bot_id in bots:
        error = answer.errors.get(f"of{bot_id}")
        if error and not isinstance(error, AlreadyGone | NotOurs):
            found.unseen["command"] = type(error).__name__
        for row in _rows(as_map(answer.results.get(f"of{bot_id}")).get("commands")):
            if _number(row.get("botId")) == bot_id:  # every portal's own commands come along
                found.commands[_number(row.get("id"))] = _command(row)


def _command(row: Fields) -> Fields:
    """Title and hint are told in one language, whichever the portal chose."""
    fields: Fields = {
        "bot_id": _number(row.get("botId")),
        "name": str(row.get("command", "")).removeprefix("/"),
        "title": str(row.get("title") or ""),
        "params": str(row.get("params") or ""),
    }
    pairs = (
        ("common", "common"),
        ("hidden", "hidden"),
        ("extranet", "extranet"),
        ("extranetSupport", "extranet"),
    )
    return fields | {ours: _is_on(row[theirs]) for theirs, ours in pairs if theirs in row}


def _subscriptions(portal: Portal, answer: BatchResult) -> Subscriptions:
    """An event that this portal does not have is not waited for; nor that of the first family's
    commands while there is none, for the portal binds it with the first of them."""
    said = {"bound": answer.results.get("subscription"), "scope": answer.results.get("scope")}
    named = {str(name).upper() for name in as_map(answer.results.get("events")).values()}
    wanted = subscriptions.compare(portal, said).wanted
    lacking = [event for event in wanted if named and event not in named]
    old = {bot.id for bot in portal.store.bots.all() if bot.api is BotApi.V1}
    if not any(one.bot_id in old and one.published for one in portal.store.commands.all()):
        lacking.append(OLD_COMMANDS)
    return subscriptions.compare(portal, said, lacking)


def _rows(answer: object) -> list[Fields]:
    return [as_map(row) for row in as_map(answer).values()]


def _number(value: object) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else 0


def _is_on(value: object) -> bool:
    return value in (True, "Y", "1", "true")  # 1 equals True
