"""What the answers of a portal and of its authorization server mean: a line for each question.

Pure functions, as in ``findings.py``; an answer that did not come is an answer, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from b24app.actions.findings import Health, Line, Mend
from b24app.actions.reasons import DEAD_CHAIN, GONE, UNPAID
from b24app.actions.subscriptions import Subscriptions
from b24app.actions.subscriptions import granted as granted_of
from b24app.bitrix.answers import as_map
from b24app.bitrix.oauth import AppInfo
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    B24AppError,
    Busy,
    PortalError,
    PortalUnreachable,
    Unproven,
)
from b24app.records import Installation, Life

SLOW_SECONDS: Final = 3.0
CLOCK_SECONDS: Final = 30
CLOCK_WRONG_SECONDS: Final = 300
# Reasons of lost access that are the authorization server's own word about it.
REFUSALS: Final = frozenset({*DEAD_CHAIN, *GONE, UNPAID, "spent"})
# And those that are ours: there was nothing to ask it with.
NOTHING: Final = frozenset({"no_chain", "unreadable"})


@dataclass(frozen=True)
class Answers:
    """What the portal and the authorization server said, or the error that came instead.

    ``server`` is None when it was not asked by itself: a renewal came first. ``asked_at``, Unix
    time, and ``seconds``: when the portal was asked, and how long that took.
    """

    portal: Mapping[str, Any] | B24AppError
    server: AppInfo | B24AppError | None
    asked_at: float
    seconds: float
    server_seconds: float = 0.0


def stored(known: Installation) -> Line | None:
    """What the store says of the installation that is no good news; None: the portal must say."""
    facts = {"at": known.installed_at}
    if known.state is Life.SUSPENDED:
        return Line("installation", "suspended", Health.RED, Mend.CHECK, facts)
    if known.state is Life.UNINSTALLING:
        return Line("installation", "leaving", Health.AMBER, Mend.CHECK, facts)
    return None


def installation(known: Installation, answers: Answers) -> Line:
    """Whether the portal has been told that the installation is complete, and is paid for.

    Until then it delivers no event and shows no widget (b24restdocs: installation-finish.md).
    """
    facts = {"at": known.installed_at}
    about = as_map(answers.portal.get("info")) if isinstance(answers.portal, dict) else {}
    said = [answers.server.installed] if isinstance(answers.server, AppInfo) else []
    said += [about["INSTALLED"] not in (False, "N")] if "INSTALLED" in about else []
    if not all(said):
        return Line("installation", "unfinished", Health.RED, Mend.FINISH, facts)
    if about.get("PAYMENT_EXPIRED") == "Y" or _is_unpaid(answers):
        return Line("installation", "suspended", Health.RED, Mend.CHECK, facts)
    if known.state is Life.UNINSTALLING or not said:
        unsure = Line("installation", "unknown", Health.AMBER, Mend.CHECK, facts)
        return stored(known) or unsure
    return Line("installation", "finished", Health.GREEN, None, facts)


def _is_unpaid(answers: Answers) -> bool:
    """Whether one of them has refused for want of payment."""
    words = (getattr(answers.portal, "reason", ""), getattr(answers.server, "code", ""))
    return UNPAID in words


def server(known: Installation, answers: Answers) -> Line:
    """Whether the authorization server answers, and vouches for the access we have."""
    facts = {
        "server": host(known.server_endpoint),
        "milliseconds": round(answers.server_seconds * 1000),
    }
    said = answers.server
    if said is None and not isinstance(answers.portal, B24AppError):
        return Line("server", "renewed", Health.GREEN, None, facts)
    failure = said if said is not None else answers.portal
    if isinstance(failure, AppInfo):
        return Line("server", "confirmed", Health.GREEN, None, facts)
    if isinstance(failure, AuthServerUnreachable):
        return Line("server", "silent", Health.AMBER, Mend.CHECK, facts)
    if isinstance(failure, Unproven):
        return Line("server", "unlisted", Health.RED, None, facts)
    if isinstance(failure, AuthServerRefused) and said is None:
        return Line("server", "keys", Health.RED, None, facts)
    if isinstance(failure, AuthServerRefused) or getattr(failure, "reason", "") in REFUSALS:
        return Line("server", "refused", Health.RED, Mend.RECONNECT, facts)
    return Line("server", "unknown", Health.AMBER, Mend.CHECK, facts)


def portal(known: Installation, answers: Answers) -> Line:
    """Whether the portal answers us, and how fast."""
    failure = answers.portal
    facts = {"domain": known.domain}
    if not isinstance(failure, B24AppError):
        return speed(known.domain, answers.seconds)
    if isinstance(failure, PortalUnreachable):
        return Line("portal", "silent", Health.RED, Mend.CHECK, facts)
    if isinstance(failure, AuthorizationLost) and failure.reason == "portal_deleted":
        return Line("portal", "deleted", Health.RED, None, facts)
    if answers.server is None and getattr(failure, "reason", "") in {*REFUSALS, *NOTHING}:
        return Line("portal", "unasked", Health.AMBER, Mend.CHECK, facts)
    if isinstance(failure, AuthorizationLost):
        return Line("portal", "shut", Health.RED, Mend.RECONNECT, facts)
    if isinstance(failure, Busy) or (isinstance(failure, PortalError) and not failure.permanent):
        return Line("portal", "busy", Health.AMBER, Mend.CHECK, facts)
    if isinstance(failure, PortalError):
        return Line("portal", "refused", Health.RED, Mend.CHECK, facts | {"code": failure.code})
    return Line("portal", "unknown", Health.AMBER, Mend.CHECK, facts)


def subscriptions(found: Subscriptions | None) -> Line:
    """Whether the portal tells us what happens there, at our present address and no other."""
    if found is None:
        return Line("subscriptions", "unknown", Health.AMBER, Mend.CHECK)
    stale = tuple(sorted({handler for _, handler in found.stale}))
    facts = {"missing": found.missing, "stale": stale, "address": found.handler}
    if found.missing:
        return Line("subscriptions", "missing", Health.RED, Mend.BIND, facts)
    if stale:
        return Line("subscriptions", "stale", Health.AMBER, Mend.BIND, facts)
    return Line("subscriptions", "complete", Health.GREEN, None, facts)


def granted(answers: Answers) -> tuple[str, ...]:
    """The scopes the portal names; none when it did not answer."""
    if not isinstance(answers.portal, dict):
        return ()
    return granted_of(answers.portal.get("scope"))


def clock(answers: Answers) -> Line:
    """How far our clock is from the portal's; ``server.time`` is ISO 8601 with an offset."""
    ours = answers.asked_at + answers.seconds / 2
    said = answers.portal.get("time") if isinstance(answers.portal, dict) else ""
    try:
        off = round(abs(datetime.fromisoformat(str(said)).timestamp() - ours))
    except ValueError:
        return Line("clock", "unknown", Health.AMBER, Mend.CHECK)
    facts = {"seconds": off}
    if off > CLOCK_WRONG_SECONDS:
        return Line("clock", "wrong", Health.RED, Mend.CHECK, facts)
    if off > CLOCK_SECONDS:
        return Line("clock", "off", Health.AMBER, Mend.CHECK, facts)
    return Line("clock", "right", Health.GREEN, None, facts)


def speed(domain: str, seconds: float) -> Line:
    """A portal that has answered."""
    facts = {"domain": domain, "milliseconds": round(seconds * 1000)}
    if seconds > SLOW_SECONDS:
        return Line("portal", "slow", Health.AMBER, Mend.CHECK, facts)
    return Line("portal", "fast", Health.GREEN, None, facts)


def host(endpoint: str) -> str:
    """The host of an address, for people to read."""
    return urlsplit(endpoint).netloc
