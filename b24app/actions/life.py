"""The life of an installation: one table, and the one function that goes a step in it.

::

    (gone) ──install──▶ new ──finished──▶ installed ◀──finished── suspended
                         ▲ ◀──unfinished──┘   └───────unpaid──────────▲
                         │                                            │
                         └───────────────────unpaid───────────────────┘
    new, installed, suspended ──leaving──▶ uninstalling ──left──▶ (gone)
    uninstalling ──stayed──▶ the state before      uninstalling ──returned──▶ new

What an installation *is* never depends on its state: who may do what is proven each time. The
state says what the portal said last, so that people can be told and nobody is asked in vain.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from b24app.records import SYSTEM, Actor, Installation, Life, Verb
from b24app.resources import Resources
from b24app.store import PortalStore

DAY: Final = 86400
# Longer than a reminder takes to be paid, shorter than a person's patience.
FIRST_LOOK: Final = 3600

log = logging.getLogger(__name__)


class Sign(StrEnum):
    """What was learned about an installation."""

    INSTALL = "install"
    FINISHED = "finished"
    UNFINISHED = "unfinished"
    UNPAID = "unpaid"
    LEAVING = "leaving"
    STAYED = "stayed"
    RETURNED = "returned"
    LEFT = "left"


@dataclass(frozen=True)
class Step:
    """From which states a sign leads where; ``guard`` is what must have been proven before it
    counts, ``done`` what is done about it."""

    sign: Sign
    before: frozenset[Life]
    after: Life | None
    guard: str
    done: str


def _step(sign: Sign, before: str, after: Life | None, guard: str, done: str) -> Step:
    return Step(sign, frozenset(Life(name) for name in before.split()), after, guard, done)


# The machine. ``after`` None: back to the state before.
STEPS: Final = (
    _step(
        Sign.INSTALL,
        "gone",
        Life.NEW,
        "the authorization server vouches for the token, the portal for the administrator",
        "stored, the chain kept, events bound",
    ),
    _step(
        Sign.FINISHED,
        "new suspended",
        Life.INSTALLED,
        "app.info says that it is installed, and not that its time is over",
        "the portal's own word about itself kept",
    ),
    _step(
        Sign.UNFINISHED,
        "installed suspended",
        Life.NEW,
        "app.info says that it is not installed: after an update, or installed over an old one",
        "the frame offers to finish",
    ),
    _step(
        Sign.UNPAID,
        "new installed",
        Life.SUSPENDED,
        "PAYMENT_REQUIRED from the portal or its authorization server, or PAYMENT_EXPIRED",
        "everything kept; looked at again by itself, and when the frame is opened",
    ),
    _step(
        Sign.LEAVING,
        "new installed suspended",
        Life.UNINSTALLING,
        "an ONAPPUNINSTALL with the application token, which any employee can read",
        "nothing deleted; the authorization server is asked",
    ),
    _step(
        Sign.STAYED,
        "uninstalling",
        None,
        "the authorization server has vouched for us, two minutes after the event too",
        "warned, counted, written down: the event was forged",
    ),
    _step(
        Sign.RETURNED,
        "uninstalling",
        Life.NEW,
        "installed again, proven as an install",
        "the confirmation ends; one that comes late finds nothing to confirm",
    ),
    _step(
        Sign.LEFT,
        "uninstalling",
        Life.GONE,
        "its plain word, or every chain refused; our own refused keys only with other evidence",
        "everything removed with CLEAN=1, else what is secret",
    ),
)
BY_SIGN: Final = {step.sign: step for step in STEPS}


def born(resources: Resources, installation: Installation, actor: Actor) -> None:
    """Write down that a portal nobody knew has installed us; it was saved a moment ago."""
    write_down(resources, installation.member_id, None, Life.NEW, line=(actor, Verb.REGISTER))


def move(
    resources: Resources,
    member_id: str,
    sign: Sign,
    why: str = "",
    *,
    actor: Actor = SYSTEM,
) -> bool:
    """Go the step this sign asks for, with its history line; False when there is none from here.

    ``why`` is a word for the line. For signs between which nothing is to be confirmed: a departure
    begins and ends in ``leaving.py``. Raises StoreUnavailable.
    """
    step = BY_SIGN[sign]
    assert step.after is not None
    departures = resources.installations.departures
    before = departures.move(member_id, step.before, step.after)
    if before is None:
        return False
    line = (actor, Verb.UPDATE)
    write_down(resources, member_id, before, step.after, why or sign.value, line=line)
    if step.after is Life.SUSPENDED:
        departures.look_at(member_id, time.time() + FIRST_LOOK)
    elif step.after is not Life.UNINSTALLING:
        departures.look_no_more(member_id)
    return True


def write_down(
    resources: Resources,
    member_id: str,
    before: Life | None,
    after: Life,
    why: str = "",
    *,
    line: tuple[Actor, Verb] = (SYSTEM, Verb.UPDATE),
) -> None:
    """The history line of one step, by whom and with which verb. Raises StoreUnavailable.

    None for a portal that was removed meanwhile.
    """
    thing, was, now = what_changed(member_id, before, after, why)
    PortalStore(resources.redis, member_id).note(*line, thing, was, now)
    log.info("portal %s: %s, was %s (%s)", member_id, after.value, before or "unknown", why or "-")


def what_changed(
    member_id: str, before: Life | None, after: Life, why: str = ""
) -> tuple[tuple[str, str], dict[str, Any], dict[str, Any]]:
    """What the history line of one step is about: the installation, before and after."""
    was: dict[str, Any] = {"state": before.value} if before else {}
    now = {"state": after.value} | ({"why": why} if why else {})
    return ("installation", member_id), was, now


def renamed(resources: Resources, member_id: str, before: str, after: str) -> None:
    """Write down that the portal has another domain, as was proven. Raises StoreUnavailable."""
    thing = ("installation", member_id)
    store = PortalStore(resources.redis, member_id)
    store.note(SYSTEM, Verb.UPDATE, thing, {"domain": before}, {"domain": after})
    log.info("portal %s: now at %s, was at %s", member_id, after, before)
