"""Uninstalls: announced by an event anybody could have sent, confirmed before anything goes.

The authorization server is asked in a series of looks with growing pauses, kept in the store, so
that a restart loses none. See ``life.py`` for the states.
"""

from __future__ import annotations

import logging
import time
from typing import Final

from b24app.actions import installs, life
from b24app.actions.portal import open_portal
from b24app.actions.presence import Presence, presence
from b24app.actions.renewal import fingerprint
from b24app.errors import (
    AuthorizationLost,
    Busy,
    NotInstalled,
    PortalError,
    PortalUnreachable,
    Unproven,
)
from b24app.records import SYSTEM, Actor, Departure, Installation, Lane, Life, Patience, Verb
from b24app.resources import Resources
from b24app.store import PortalStore

# The uninstall event leaves before the authorization server has revoked the tokens, and one look
# may meet an outage: so a few looks within two minutes, then more and more seldom.
PAUSES: Final = (2, 5, 15, 30, 15, 45, 300, 900, 3600, 10800, 21600, 43200, 86400)
# A portal that is let in so long after the event has not uninstalled us.
SETTLED_SECONDS: Final = 100
DAY: Final = 86400
WEEK: Final = 7 * DAY
# When a removal that was cut off is brought to its end.
FINISH_SECONDS: Final = 60
# Seconds a look may wait for its portal, also for each answer: others' work waits behind it.
LOOK_PATIENCE: Final = 8.0
# How long a word must have stood to confirm. A plain one counts at once. Chains refused without
# one: asked twice, for one odd answer ends nothing. Where our own side may be to blame: a day.
CONFIRMED: Final = {
    Presence.GONE: 0,
    Presence.SILENT: 60,
    Presence.SPENT: DAY,
    Presence.WRONG_KEYS: DAY,
}

log = logging.getLogger(__name__)


def announce(resources: Resources, installation: Installation, *, clean: bool) -> bool:
    """An uninstall event came: from now on the portal is looked at, and nothing is deleted yet.

    ``clean`` is what its CLEAN asks for. False when one is being confirmed already, as in a flood
    of forged ones; when True the caller should have somebody ``look`` soon.
    """
    member_id, departures = installation.member_id, resources.installations.departures
    # Planned first: whatever is lost or killed after this, somebody looks.
    departures.look_soon(member_id, time.time() + PAUSES[0])
    if not departures.begin(member_id, clean=clean):
        return False
    departures.look_at(member_id, time.time() + PAUSES[0])
    if not _often_refuted(installation):
        life.write_down(resources, member_id, installation.state, Life.UNINSTALLING, "leaving")
    return True


def look(resources: Resources, member_id: str) -> None:
    """See what became of a portal that is uninstalling or suspended; the next look is planned.

    One that is gone is struck out everywhere: its removal may have been cut off. Safe to repeat,
    also side by side. Raises StoreUnavailable.
    """
    departures = resources.installations.departures
    try:
        installation = resources.installations.get(member_id)
    except NotInstalled:
        resources.installations.strike_out(member_id)
        _finish(resources, member_id)
        return
    departure = departures.read(member_id)
    if departure:
        _confirm(resources, installation, departure)
    elif installation.state is Life.SUSPENDED:
        _ask_whether_paid(resources, installation)
    else:
        departures.look_no_more(member_id)


def _confirm(resources: Resources, installation: Installation, departure: Departure) -> None:
    member_id, departures = installation.member_id, resources.installations.departures
    try:
        word = presence(resources, installation, departure.began)
    except Unproven:  # its authorization server is not on the operator's list any more
        word = Presence.UNREACHABLE
    heard = departures.hear(member_id, departure, word.value)
    if heard is None:
        return
    if _is_confirmed(resources, installation, heard, word):
        _leave(resources, installation, heard)
    elif word is Presence.INSTALLED and time.time() >= heard.began + SETTLED_SECONDS:
        _refute(resources, installation, heard)
    else:
        pause = PAUSES[min(heard.looks, len(PAUSES)) - 1]
        departures.look_at(member_id, time.time() + pause)


def _leave(resources: Resources, installation: Installation, departure: Departure) -> None:
    try:
        if forget(resources, installation, clean=departure.clean, departure=departure.id):
            resources.counters.add("uninstalls", "confirmed")
    except Busy:  # that edit comes to nothing, or to its end; nothing is removed under it
        again = time.time() + PAUSES[0]
        resources.installations.departures.look_at(installation.member_id, again)


def _is_confirmed(
    resources: Resources, installation: Installation, heard: Departure, word: Presence
) -> bool:
    """Whether this word, heard for so long, proves that the portal has uninstalled us.

    Refused keys may be our own fault; not when another portal was renewed with them meanwhile.
    """
    if word not in CONFIRMED:
        return False
    if time.time() >= heard.word_since + CONFIRMED[word]:
        return True
    if word is not Presence.WRONG_KEYS:
        return False
    proven = resources.installations.keys_proven_at(fingerprint(resources), installation.member_id)
    return proven >= heard.began


def _refute(resources: Resources, installation: Installation, departure: Departure) -> None:
    """The event was forged: back to where it was, and everybody who looks after it is told."""
    member_id, departures = installation.member_id, resources.installations.departures
    before = departure.before
    leaving = frozenset({Life.UNINSTALLING})
    if not departures.move(member_id, leaving, before, departure=departure.id, refuted=True):
        return
    resources.counters.add("uninstalls", "unconfirmed")
    log.warning("portal %s: an uninstall event was forged, nothing removed", member_id)
    if not _often_refuted(installation):
        life.write_down(resources, member_id, Life.UNINSTALLING, before, "stayed")
    if before is Life.SUSPENDED:
        departures.look_at(member_id, time.time() + life.FIRST_LOOK)
    else:
        departures.look_no_more(member_id)


def _often_refuted(installation: Installation) -> bool:
    """A flood of forged events must not push what people did out of the history."""
    return installation.refuted_at > time.time() - DAY


def _ask_whether_paid(resources: Resources, installation: Installation) -> None:
    """Every hour, then each time it has waited twice as long, at last every week."""
    member_id = installation.member_id
    waited = time.time() - installation.since
    pause = min(max(waited, life.FIRST_LOOK), WEEK)
    resources.installations.departures.look_at(member_id, time.time() + pause)
    try:
        patience = Patience(LOOK_PATIENCE)
        portal = open_portal(
            resources,
            member_id,
            SYSTEM,
            lane=Lane.BULK,
            patience=patience,
            longest=LOOK_PATIENCE,
        )
        installs.learn(resources, installation, installs.inquire(portal.rest))
    except (AuthorizationLost, PortalError, PortalUnreachable, Busy) as exc:
        log.info("portal %s: still suspended (%s)", member_id, type(exc).__name__)


def forget(
    resources: Resources,
    installation: Installation,
    *,
    clean: bool,
    departure: str = "",
    actor: Actor = SYSTEM,
) -> bool:
    """Remove a portal that is gone: everything when ``clean``, else only what is secret.

    What stays is noted as not on the portal any more: an uninstall removes bots and chat apps
    there (bitrix-modules: rest/lib/appTable.php, im/lib/bot.php). Its jobs leave the queue. With
    the id of a ``departure`` only while that one stands; False when it does not. Waits some
    seconds for an edit that is under way, so that it writes nothing afterwards. Whoever is killed
    in here, or loses store or queue, has a ``look`` bring it to its end.
    Raises Busy, with nothing removed, when that edit does not end; StoreUnavailable.
    """
    member_id, known = installation.member_id, resources.installations
    known.departures.look_at(member_id, time.time() + FINISH_SECONDS)
    with PortalStore(resources.redis, member_id).editing():
        if clean:
            done = known.remove(member_id, departure)
        else:
            done = _remove_secrets(resources, installation, departure, actor)
    if done:
        _finish(resources, member_id)
    return done


def _remove_secrets(
    resources: Resources, installation: Installation, departure: str, actor: Actor
) -> bool:
    """What was typed is unpublished before: afterwards nobody would know that it has to be."""
    member_id, known = installation.member_id, resources.installations
    store, stands = PortalStore(resources.redis, member_id), known.departures.read(member_id)
    if departure and (stands is None or stands.id != departure):
        return False
    store.unpublish()
    told = life.what_changed(member_id, installation.state, Life.GONE)
    line = store.changes.arguments(actor, Verb.UNREGISTER, *told)
    return known.remove_secrets(member_id, departure, line)


def _finish(resources: Resources, member_id: str) -> None:
    """The last steps of a removal; what must not be lost is planned until they are done."""
    if _is_back(resources, member_id):
        return
    resources.forget_jobs(member_id)
    resources.installations.departures.look_no_more(member_id)
    log.info("portal %s: gone", member_id)


def _is_back(resources: Resources, member_id: str) -> bool:
    """Whether it was installed again while it was removed: its jobs may be those of the new one."""
    try:
        resources.installations.get(member_id)
    except NotInstalled:
        return False
    return True
