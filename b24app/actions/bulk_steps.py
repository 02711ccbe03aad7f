"""The steps of work with many things: what is done next in a run, for each verb.

An item is noted as sent before the portal is asked, so that after a crash *already gone* is known
to be our own doing; its record goes, its history line comes and it is noted as done in one step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from b24app.actions import chat_apps, command_calls, history, imports, republications
from b24app.actions.portal import Portal
from b24app.actions.roads import ROADS
from b24app.bitrix.batch import LIMIT
from b24app.errors import (
    AccessDenied,
    AlreadyGone,
    ApplicationBlocked,
    AuthorizationLost,
    AuthServerUnreachable,
    B24AppError,
    BadPayload,
    Busy,
    ConfirmationNeeded,
    MethodGone,
    NotFound,
    NotOurs,
    PortalError,
    PortalUnreachable,
    Refused,
    StoreUnavailable,
    may_have_acted,
)
from b24app.records import (
    Bot,
    ChatApp,
    Command,
    Connector,
    Item,
    ItemState,
    Run,
    Verb,
    Widget,
)

UNDO: Final = "undo"
ABOUT_LISTED: Final = frozenset({Verb.UNREGISTER, Verb.REPUBLISH})
TOGETHER: Final = frozenset({"chat_app", "command"})  # fifty of them are removed in one request
# Said of one thing, true of all: a run stops there, and goes on once somebody has mended it.
SHUT: Final = (AccessDenied, ApplicationBlocked, AuthorizationLost, ConfirmationNeeded)
REQUESTS: Final = 4  # of nearly every step that does one thing

Batched = ChatApp | Command
Thing = Batched | Bot | Connector | Widget
Step = Callable[[Portal, Run, list[Item]], None]


def requests(run: Run) -> int:
    """About how many requests a step of this run makes."""
    together = run.verb == Verb.UNREGISTER and run.thing in TOGETHER
    return 1 if together else REQUESTS


def passes(error: B24AppError) -> bool:
    """Whether it is gone by itself after a while."""
    if isinstance(error, PortalError):
        return not error.permanent
    return isinstance(error, PortalUnreachable | AuthServerUnreachable | Busy)


def name(thing: Thing) -> str:
    """What history calls it."""
    if isinstance(thing, Bot):
        return thing.full_name
    if isinstance(thing, Connector):
        return thing.name
    return f"/{thing.name}" if isinstance(thing, Command) else thing.title("en")


def _unregister(portal: Portal, run: Run, items: list[Item]) -> None:
    """Many in one request, or one by one what each takes several."""
    do = _unregister_together if run.thing in TOGETHER else _each(_unregister_one)
    do(portal, run, items)


def _unregister_one(portal: Portal, run: Run, item: Item) -> Item:
    """One that was gone since an earlier try of ours: that try was it."""
    thing = SHELVES[run.thing](portal).get(item.thing_id)
    was_there = False
    if thing:
        road = ROADS[run.thing](portal, name(thing))
        now = road.standing(item.thing_id)
        was_there = now is not None and "was_gone" not in road.unregister(now).notes
    ours = was_there or item.state is ItemState.SENT
    return replace(item, state=ItemState.DONE if ours else ItemState.GONE)


def _unregister_together(portal: Portal, run: Run, items: list[Item]) -> None:
    """As many as one request takes. Raises what keeps all of them from being done."""
    things, bots = SHELVES[run.thing](portal), {bot.id: bot for bot in portal.store.bots.all()}
    found: dict[Item, Batched] = {}
    for item in items[:LIMIT]:
        thing = things.get(item.thing_id)
        if isinstance(thing, ChatApp) or (isinstance(thing, Command) and thing.bot_id in bots):
            found[item] = thing
        else:
            _clear(portal, run, item, thing if isinstance(thing, Command) else None)
    if not found:
        return
    portal.store.runs.note(run, [replace(item, state=ItemState.SENT) for item in found])
    calls = {f"i{item.number}": _removal(bots, thing) for item, thing in found.items()}
    try:
        answer = portal.rest.batch_all(calls)
    except B24AppError as exc:
        _not_begun(portal, run, list(found), exc)
        raise
    stopping: B24AppError | None = None
    for item, thing in found.items():
        error = answer.errors.get(f"i{item.number}")
        stopping = _unregistered(portal, run, item, thing, error) or stopping
    if stopping:
        raise stopping


def _not_begun(portal: Portal, run: Run, items: list[Item], error: B24AppError) -> None:
    """Note the items as they were, unless the portal may have done something about them."""
    if not (may_have_acted(error) or isinstance(error, StoreUnavailable)):
        portal.store.runs.note(run, items)


def _clear(portal: Portal, run: Run, item: Item, thing: Batched | None) -> None:
    """One that is on no list any more, or only on ours: a command went with its bot."""
    gone = replace(item, state=ItemState.GONE)
    if thing:
        _delete(portal, thing, run, gone)
    else:
        portal.store.runs.note(run, [gone])


def _unregistered(
    portal: Portal, run: Run, item: Item, thing: Batched, error: B24AppError | None
) -> B24AppError | None:
    """Note what the portal said of one; returns an error that keeps all from being done now."""
    if error is None or isinstance(error, AlreadyGone):
        # Gone since an earlier try of ours: that try was it.
        ours = error is None or item.state is ItemState.SENT
        done = replace(item, state=ItemState.DONE if ours else ItemState.GONE)
        _delete(portal, thing, run, done)
        return None
    if passes(error) or isinstance(error, SHUT):
        acted = may_have_acted(error)
        portal.store.runs.note(run, [replace(item, state=ItemState.SENT) if acted else item])
        return error
    portal.store.runs.note(run, [_ended(run, item, error)])
    return None


def _delete(portal: Portal, thing: Batched, run: Run, done: Item) -> None:
    mark = portal.store.runs.mark(run, done)
    if isinstance(thing, ChatApp):
        store = portal.store.chat_apps
        store.delete(thing, actor=portal.actor, verb=Verb.UNREGISTER, mark=mark)
    else:
        portal.store.commands.delete(thing, actor=portal.actor, verb=Verb.UNREGISTER, mark=mark)


def _each(do: Callable[[Portal, Run, Item], Item]) -> Step:
    """A step that does one item, for verbs that need several calls."""

    def step(portal: Portal, run: Run, items: list[Item]) -> None:
        item = items[0]
        portal.store.runs.note(run, [replace(item, state=ItemState.SENT)])
        try:
            ended = do(portal, run, item)
        except B24AppError as exc:
            stops = passes(exc) or isinstance(exc, (*SHUT, MethodGone))
            if stops or not isinstance(exc, Refused | PortalError):
                _not_begun(portal, run, [item], exc)
                raise
            ended = _ended(run, item, exc)
        portal.store.runs.note(run, [ended])

    return step


def _republish(portal: Portal, run: Run, item: Item) -> Item:
    """Publish again; after a crash only what was left of it."""
    if item.state is ItemState.SENT:
        arrived = republications.finish(portal, run.thing, item.thing_id, run.at)
        if arrived:
            return replace(item, state=ItemState.DONE, arrived=arrived)
    if run.thing == "chat_app":
        app = portal.store.chat_apps.get(int(item.thing_id))
        done = chat_apps.republish(portal, app.id, app.version)
        reason = "old_left" if done.old_left else ""
        return replace(item, state=ItemState.DONE, arrived=str(done.successor.id), reason=reason)
    road = ROADS[run.thing](portal, "")
    now = road.standing(item.thing_id)
    if now is None:
        raise NotFound(f"{run.thing} {item.thing_id}")
    return replace(item, state=ItemState.DONE, arrived=road.republish(now).thing_id)


def _undo(portal: Portal, run: Run, item: Item) -> Item:
    undone = history.undo(portal, item.thing_id)
    ours = not undone.already or item.state is ItemState.SENT
    state = ItemState.DONE if ours else ItemState.GONE
    reason = imports.worth_telling(undone.notes)
    return replace(item, state=state, arrived=undone.thing_id, reason=reason)


def _ended(run: Run, item: Item, error: B24AppError) -> Item:
    """The item with what the portal, or a rule of ours, has against it."""
    off_our_list = isinstance(error, NotFound) and run.verb in ABOUT_LISTED
    if off_our_list or (isinstance(error, AlreadyGone) and run.verb == Verb.UNREGISTER):
        return replace(item, state=ItemState.GONE)
    if isinstance(error, BadPayload):
        return replace(item, state=ItemState.REFUSED, reason=next(iter(error.errors.values())))
    refused = isinstance(error, NotOurs | Refused)
    state = ItemState.REFUSED if refused else ItemState.FAILED
    return replace(item, state=state, reason=type(error).__name__)


def _removal(bots: Mapping[int, Bot], thing: Batched) -> str:
    if isinstance(thing, ChatApp):
        method, params = chat_apps.removal(thing)
    else:
        method, params = command_calls.removal(bots[thing.bot_id], thing)
    return f"{method}?{urlencode(params)}"


SHELVES: Final[Mapping[str, Callable[[Portal], Mapping[str, Thing]]]] = {
    "chat_app": lambda portal: {str(app.id): app for app in portal.store.chat_apps.all()},
    "command": lambda portal: {str(one.id): one for one in portal.store.commands.all()},
    "bot": lambda portal: {str(bot.id): bot for bot in portal.store.bots.all()},
    "connector": lambda portal: {one.id: one for one in portal.store.connectors.all()},
    "widget": lambda portal: {one.id: one for one in portal.store.widgets.all()},
}
STEPS: Final[Mapping[str, Step]] = {
    Verb.UNREGISTER: _unregister,
    Verb.REPUBLISH: _each(_republish),
    UNDO: _each(_undo),
    imports.VERB: _each(imports.apply),
}
