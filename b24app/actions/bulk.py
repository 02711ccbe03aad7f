"""Work with many things at once: unregister, publish again, take back.

A run is put away by a page and worked at by jobs, a slice at a time, with a portal that is opened
as the person who started it. What is done in it stands in ``bulk_steps.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from b24app.actions import bulk_steps, imports, past
from b24app.actions.bulk_steps import SHELVES, STEPS, UNDO
from b24app.actions.portal import Portal, open_portal
from b24app.errors import (
    B24AppError,
    BadPayload,
    Busy,
    MethodBlocked,
    RateLimited,
    StoreUnavailable,
)
from b24app.records import (
    Actor,
    BudgetFacts,
    Change,
    Installation,
    Item,
    Lane,
    Patience,
    Rate,
    Run,
    RunState,
    Verb,
)
from b24app.resources import Resources
from b24app.store import RateBudget
from b24app.store import bulk as store
from b24app.store.budget import SHARE, rate_of
from b24app.store.bulk import Runs
from b24app.store.changes import KEPT

MOST: Final = 1000
SLICE_SECONDS: Final = 10
# What one step may wait for its portal; past that the run pauses and others have their turn.
STEP_SECONDS: Final = 5.0
# What it may wait for room before that.
ROOM_SECONDS: Final = 5.0
MOST_TRIES: Final = 8
FIRST_PAUSE: Final = 2
LONGEST_PAUSE: Final = 300
# The portal is well and only asks for time: a run waits for that however often.
NOT_NOW: Final = (MethodBlocked, RateLimited, Busy)


def start(portal: Portal, verb: str, thing: str, ids: Sequence[str], typed: str = "") -> Run:
    """Put away a run that does ``verb`` to these things of one kind; a worker must be called.

    Ids that are on no list are passed over. Bots go only when ``typed`` is how many of them.
    Raises BadPayload for a kind or verb that is not done to many, for none and for too many, and
    for another number.
    """
    if thing not in SHELVES or verb not in (Verb.UNREGISTER, Verb.REPUBLISH):
        raise BadPayload("verb", "unknown_choice")
    wanted = chosen(portal, thing, ids)
    if (thing, verb) == ("bot", Verb.UNREGISTER) and wanted and typed.strip() != str(len(wanted)):
        raise BadPayload("confirmation", "bulk_number")
    return _start(portal, verb, thing, wanted)


def chosen(portal: Portal, thing: str, ids: Sequence[str]) -> list[tuple[str, str]]:
    """Those of the ids that are on our list of this kind, each once, with their names."""
    names = SHELVES[thing](portal) if thing in SHELVES else {}
    return [
        (known, bulk_steps.name(names[known])) for known in dict.fromkeys(ids) if known in names
    ]


def start_import(portal: Portal, upload: str) -> tuple[Run, ...]:
    """Put away what imports what waits under ``upload``, without what is there already.

    More than one run takes are several, one after the other, in the order of the file. Raises
    NotFound when it waits no more; else as ``start``.
    """
    steps = (step for step in imports.steps(portal, upload) if step.does_something)
    wanted = imports.things(upload, steps)
    portal.store.definitions.prolong()
    return _start_all(portal, imports.VERB, imports.THING, wanted)


def start_undo(portal: Portal, changes: Sequence[Change]) -> tuple[Run, ...]:
    """Put away what takes these changes back, in the order given; as ``start``.

    More than one run takes are several, one after the other.
    """
    thing = changes[0].thing if changes else ""
    wanted = [(change.id, change.name) for change in changes]
    return _start_all(portal, UNDO, thing, wanted)


def _start_all(
    portal: Portal, verb: str, thing: str, wanted: list[tuple[str, str]]
) -> tuple[Run, ...]:
    slices = [wanted[start : start + MOST] for start in range(0, len(wanted), MOST)]
    return tuple(_start(portal, verb, thing, some) for some in slices or [[]])


def _start(portal: Portal, verb: str, thing: str, wanted: list[tuple[str, str]]) -> Run:
    if not 0 < len(wanted) <= MOST:
        raise BadPayload("id", "bulk_too_many" if wanted else "bulk_none")
    return portal.store.runs.create(portal.actor, verb, thing, wanted)


def run_through(portal: Portal, run: Run, enough: Callable[[], bool]) -> int:
    """Do a run here and now, step by step until it is ``enough``; returns how many are left.

    For a rehearsal, which changes nothing and asks little.
    """
    while items := [item for item in portal.store.runs.items(run) if item.open]:
        if enough():
            return len(items)
        _step(portal, run, items)
    return 0


def _step(portal: Portal, run: Run, items: list[Item]) -> None:
    with portal.store.changes.together(run=run.id):
        STEPS[run.verb](portal, run, items)


def cancel(portal: Portal, run_id: str) -> Run:
    """End a run; what is under way at this moment is still done. Raises NotFound."""
    runs = portal.store.runs
    for part in _parts(runs, runs.get(run_id)):
        runs.settle(replace(part, state=RunState.CANCELLED))
    return runs.get(run_id)


def resume(portal: Portal, run_id: str) -> Run:
    """Go on with a run that was stopped or cancelled; a worker must be called. Raises NotFound."""
    runs = portal.store.runs
    for part in _parts(runs, runs.get(run_id)):
        if part.state in (RunState.STOPPED, RunState.CANCELLED):
            again = replace(part, state=RunState.RUNNING, reason="", tries=0)
            runs.settle(again, was=part.state)
            runs.enter()
    return runs.get(run_id)


def _parts(runs: Runs, run: Run) -> list[Run]:
    """The runs that one upload takes, oldest first: what is later in it needs what is earlier."""
    if run.verb != imports.VERB:
        return [run]
    upload = _upload(runs, run)
    others = [one for one in runs.all() if one.verb == imports.VERB]
    return [one for one in reversed(others) if _upload(runs, one) == upload]


def _upload(runs: Runs, run: Run) -> str:
    first, *_ = (*runs.items(run), None)
    return imports.upload_of(first) if first else ""


def removed(portal: Portal, run: Run) -> list[Change]:
    """What a run has unregistered and nobody has put back yet, oldest first.

    After a bot come the commands and chat apps that went with it.
    """
    found = [
        change
        for change in portal.store.changes.newest(KEPT, since=run.at)
        if (change.run, change.thing, change.verb) == (run.id, run.thing, Verb.UNREGISTER)
    ]
    undone = portal.store.changes.undone([change.id for change in found])
    first = [change for change in reversed(found) if change.id not in undone]
    known = past.read(portal) if any(change.thing == "bot" for change in first) else None
    return [one for change in first for one in (change, *past.companions(portal, change, known))]


def waiting(resources: Resources) -> list[str]:
    """Member ids of the portals that may have runs to work at. Raises StoreUnavailable."""
    return store.waiting(resources.redis)


def call(resources: Resources, member_id: str) -> bool:
    """Whether a worker is to be called for the portal's runs; from now on it is."""
    return Runs(resources.redis, member_id).call()


def work(resources: Resources, member_id: str) -> bool:
    """Work at the portal's runs for a while; True when a worker is to be called again at once.

    Only one at a time does; safe to repeat. What passes by itself is tried again after a pause.
    """
    runs = Runs(resources.redis, member_id)
    with runs.working() as mine:
        if not mine:
            return False
        pause = _work(resources, runs, member_id)
    if pause:
        runs.pause(pause)
        return False
    return not runs.leave() and runs.call()


def _work(resources: Resources, runs: Runs, member_id: str) -> int:
    """Returns the seconds to pause when the portal cannot go on now, else 0."""
    end = time.monotonic() + SLICE_SECONDS
    while (run := runs.next()) and time.monotonic() < end:
        try:
            actor = Actor(run.user_id, run.user_name, is_admin=True)
            portal = _open(resources, member_id, actor)
            _wait_for_room(resources, portal.installation, bulk_steps.requests(run))
            _advance(portal, run)
        except StoreUnavailable:
            raise  # nothing can be noted; the queue tries again
        except B24AppError as exc:  # noted with the run, for the person who looks at it
            if pause := _stop(runs, run, exc):
                return pause
        except Exception:  # a run that trips over a mistake of ours must not do so for ever
            runs.settle(replace(run, state=RunState.STOPPED, reason="Unexpected"))
            raise
    return 0


def _open(resources: Resources, member_id: str, actor: Actor) -> Portal:
    """The portal for one step, that waits for little: other portals' work waits behind it."""
    patience = Patience(STEP_SECONDS)
    return open_portal(resources, member_id, actor, lane=Lane.BULK, patience=patience)


def _wait_for_room(resources: Resources, installation: Installation, requests: int) -> None:
    """Wait until the portal's budget has room for so many requests of bulk work.

    Nothing is taken of it; but what a step would wait for later, it would wait for while it keeps
    people from editing. Raises RateLimited when that takes too long.
    """
    rate = rate_of(installation.license)
    budget = RateBudget(resources.redis, installation.member_id, rate)
    end = time.monotonic() + ROOM_SECONDS
    while (wait := _seconds_to_room(budget.look(), rate, requests)) > 0:
        if time.monotonic() + wait > end:
            raise RateLimited("batch", "BUDGET", 503, installation.member_id)
        time.sleep(wait)


def _seconds_to_room(facts: BudgetFacts, rate: Rate, requests: int) -> float:
    room = rate.size * (SHARE[Lane.BULK] - facts.level)
    return (requests - room) / (rate.leak * facts.width)


def _stop(runs: Runs, run: Run, error: B24AppError) -> int:
    """Note why it does not go on; returns the seconds after which it may, 0 for never."""
    tries = run.tries + 1
    if isinstance(error, NOT_NOW):
        tries = min(tries, MOST_TRIES)
    if not bulk_steps.passes(error) or tries > MOST_TRIES:
        for part in _parts(runs, run):
            runs.settle(replace(part, state=RunState.STOPPED, reason=type(error).__name__))
        return 0
    runs.settle(replace(run, tries=tries, reason=type(error).__name__))
    if isinstance(error, MethodBlocked) and error.reset_at > time.time():
        return int(error.reset_at - time.time()) + 1
    return int(min(FIRST_PAUSE * 2 ** (tries - 1), LONGEST_PAUSE))


def _advance(portal: Portal, run: Run) -> None:
    """Do the next step of the run, or note that it is at its end."""
    items = [item for item in portal.store.runs.items(run) if item.open]
    if items:
        _step(portal, run, items)
    end = run if items else replace(run, state=RunState.DONE)
    if not items or run.tries:
        portal.store.runs.settle(replace(end, tries=0, reason=""))
