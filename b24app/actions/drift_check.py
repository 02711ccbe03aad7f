"""Chat apps, which no portal lists, and commands of the older family: each is asked for.

With an update that brings nothing the portal says whether it has the thing and whose it is, and
changes nothing (bitrix-modules: im/classes/general/im_rest.php).
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import Final

from b24app.actions import bulk_steps, drift_listing
from b24app.actions.drift_compare import BACK, BOTH, UNNOTICED, what
from b24app.actions.portal import Portal
from b24app.bitrix.batch import LIMIT
from b24app.errors import B24AppError, StoreUnavailable
from b24app.records import BotApi, ChatApp, Check, Command, Deed, Drifted, Finding

UPDATES: Final = {
    "chat_app": "imbot.app.update?APP_ID=",
    "command": "imbot.command.update?COMMAND_ID=",
}
STUCK_SECONDS: Final = 120  # longer than one request with its tries

Place = tuple[str, int]


def begin(portal: Portal) -> Check:
    """Put away a check of everything; a worker must be called for ``walk``."""
    now = int(time.time())
    total = len(_things(portal))
    check = Check(id=secrets.token_hex(4), at=now, total=total, beat=now)
    portal.store.drift.begin_check(check)
    return check


def is_stuck(check: Check) -> bool:
    """Whether whoever walked has stopped, so that a worker must be called again."""
    return check.running and check.beat + STUCK_SECONDS < time.time()


def walk(portal: Portal) -> None:
    """Go on with the check from where it is to its end, fifty things to a request.

    Two that walk at once do it twice and come to the same. What passes by itself is raised, to
    be tried again; anything else ends the check and is kept with it.
    """
    check = portal.store.drift.check()
    while check and check.running:
        check = _step(portal, check)


def _step(portal: Portal, check: Check) -> Check | None:
    """Ask for the next fifty; None when another check was begun meanwhile."""
    things = _things(portal)
    ahead = sorted(place for place in things if place > check.place)
    some = ahead[:LIMIT]
    try:
        found = _ask(portal, {place: things[place] for place in some})
    except StoreUnavailable:
        raise
    except B24AppError as exc:
        if bulk_steps.passes(exc):
            raise
        return _kept(portal, replace(check, trouble=type(exc).__name__))
    done = check.done + len(some)
    after = replace(
        check,
        done=done,
        total=done + len(ahead) - len(some),
        place=some[-1] if some else check.place,
        beat=int(time.time()),
        findings=(*check.findings, *found),
    )
    return _kept(portal, after)


def _kept(portal: Portal, check: Check) -> Check | None:
    return check if portal.store.drift.note_check(check) else None


def _things(portal: Portal) -> dict[Place, ChatApp | Command]:
    """What is to be asked for."""
    old = {bot.id for bot in portal.store.bots.all() if bot.api is BotApi.V1}
    things: dict[Place, ChatApp | Command] = {
        ("chat_app", app.id): app for app in portal.store.chat_apps.all()
    }
    mine = (command for command in portal.store.commands.all() if command.bot_id in old)
    return things | {("command", command.id): command for command in mine}


def _ask(portal: Portal, things: dict[Place, ChatApp | Command]) -> list[Finding]:
    questions = {f"{kind}{number}": f"{UPDATES[kind]}{number}" for kind, number in things}
    answers = drift_listing.whose(portal, questions) if questions else {}
    found = (
        _judged(portal, kind, thing, answers[f"{kind}{number}"])
        for (kind, number), thing in things.items()
    )
    return [finding for finding in found if finding]


def _judged(
    portal: Portal, kind: str, thing: ChatApp | Command, is_ours: bool | None
) -> Finding | None:
    """Ours, another application's, or (None) nobody's."""
    name = thing.title("en") if isinstance(thing, ChatApp) else f"/{thing.name}"
    about = (kind, str(thing.id), name)
    if isinstance(thing, ChatApp):
        ours = what(portal.store.chat_apps.fields(thing))
    else:
        ours = what(portal.store.commands.fields(thing))
    if is_ours is False:
        return Finding(*about, Drifted.MISSING, ours, {}, (Deed.FORGET,), "not_ours")
    if is_ours is None:
        return Finding(*about, Drifted.MISSING, ours, {}, BACK)
    if not thing.published:
        return Finding(*about, Drifted.DIFFERENT, *UNNOTICED, BOTH)
    return None


def standing(portal: Portal, check: Check) -> tuple[Finding, ...]:
    """What a check has found, without what was mended from another page since.

    A thing that was published again has another number, one that was removed has none; one that
    was only believed to be gone is known to be there.
    """
    shelves: dict[str, dict[str, ChatApp | Command]] = {
        "chat_app": {str(app.id): app for app in portal.store.chat_apps.all()},
        "command": {str(command.id): command for command in portal.store.commands.all()},
    }
    found = ((one, shelves[one.thing].get(one.thing_id)) for one in check.findings)
    return tuple(
        finding
        for finding, thing in found
        if thing and not (finding.how is Drifted.DIFFERENT and thing.published)
    )


def settle(portal: Portal, finding: Finding) -> None:
    """A deed has ended this difference: it is told no more."""
    if check := portal.store.drift.check():
        left = tuple(one for one in check.findings if one != finding)
        portal.store.drift.note_check(replace(check, findings=left))
