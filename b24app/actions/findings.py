"""What the facts about one portal's connection mean: a line for each, green, amber or red.

Pure functions: facts in, a ``Line`` out. Who asks for the facts is in ``doctor.py``; the words
are in the doors, one wording for administrators and one for operators.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from urllib.parse import urlsplit

from b24app.records import BudgetFacts, EventFacts, Installation, Outcome, Standing

FULL: Final = 0.8
MANY_WAITING: Final = 50
STUCK_SECONDS: Final = 120  # a reader that was killed is replaced in a tenth of it
DAY: Final = 86400
WEEK: Final = 7 * DAY
# What is lost without a scope (b24restdocs: scopes; bitrix-modules: imconnector is registered
# under imopenlines).
SCOPES: Final = ("imbot", "imopenlines", "placement")
NEEDED: Final = "imbot"
# Troubles of a whole portal that a renewal met, by what can be done about them.
TROUBLES: Final = {
    "payment_required": "unpaid",
    "not_installed": "removed",
    "error_oauth": "removed",
    "application_not_found": "removed",
    "portal_deleted": "deleted",
    "wrong_keys": "keys",
    "unreachable": "away",
    "odd_answer": "away",
}


class Health(StrEnum):
    """How a line stands; ``PENDING``: the portal has not been asked yet."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"
    PENDING = "pending"


class Mend(StrEnum):
    """What an administrator can do about a line."""

    CHECK = "check"
    BIND = "bind"
    RECONNECT = "reconnect"
    FINISH = "finish"
    RETRY = "retry"


@dataclass(frozen=True)
class Line:
    """One line of the report: what was looked at, how it stands, and what mends it."""

    topic: str
    state: str
    health: Health
    mend: Mend | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def verdict(lines: Iterable[Line]) -> Health:
    """The worst of the lines; ``PENDING`` when nothing is wrong so far and something is unknown."""
    found = {line.health for line in lines}
    order = (Health.RED, Health.AMBER, Health.PENDING, Health.GREEN)
    return next((health for health in order if health in found), Health.GREEN)


def access(standing: Standing) -> Line:
    """Whether the application can get into the portal, and whose access it uses."""
    living = [chain for chain in standing.chains if chain.living]
    facts = {
        "chains": standing.chains,
        "name": living[0].name if living else "",
        "spares": max(0, len(living) - 1),
    }
    if standing.trouble:
        state = TROUBLES.get(standing.trouble.reason, "refused")
        facts |= {"since": standing.trouble.since, "reason": standing.trouble.reason}
        health = Health.AMBER if state == "away" else Health.RED
        return Line("access", state, health, Mend.CHECK, facts)
    if not living:
        return Line("access", "waiting", Health.RED, Mend.RECONNECT, facts)
    return Line("access", "alive", Health.GREEN, None, facts)


def application_token(installation: Installation) -> Line:
    """Whether events of this portal can be believed."""
    if installation.application_token:
        return Line("token", "known", Health.GREEN)
    return Line("token", "unknown", Health.AMBER, Mend.RECONNECT)


def scopes(granted: Sequence[str]) -> Line:
    """What the portal allows, and what each missing permission takes away."""
    missing = [scope for scope in SCOPES if scope not in granted]
    facts = {"granted": tuple(granted), "missing": tuple(missing)}
    if not missing:
        return Line("scopes", "complete", Health.GREEN, None, facts)
    health = Health.RED if NEEDED in missing else Health.AMBER
    return Line("scopes", "missing", health, Mend.CHECK, facts)


def address(app_url: str, opened_at: str, *, plain_http: bool) -> Line:
    """Whether the portal takes our address, and whether it is the one this page came from.

    The portal refuses a handler whose host has no dot after its first character
    (bitrix-modules: rest/lib/handlerhelper.php). ``opened_at`` is empty when nobody has it open.
    """
    parts = urlsplit(app_url)
    facts = {"address": app_url, "opened_at": opened_at}
    if parts.scheme != "https" and not plain_http:
        return Line("address", "plain", Health.RED, None, facts)
    if (parts.hostname or "").find(".") < 1:
        return Line("address", "dotless", Health.RED, None, facts)
    if opened_at and opened_at != f"{parts.scheme}://{parts.netloc}":
        return Line("address", "elsewhere", Health.RED, None, facts)
    return Line("address", "good", Health.GREEN, None, facts)


def budget(facts: BudgetFacts) -> Line:
    """How much may be sent to the portal now, and which methods it has paused."""
    shown = {"level": facts.level, "width": facts.width, "blocked": facts.blocked}
    if facts.blocked:
        return Line("budget", "blocked", Health.AMBER, Mend.CHECK, shown)
    if facts.width < 1:
        return Line("budget", "narrowed", Health.AMBER, Mend.CHECK, shown)
    if facts.level > FULL:
        return Line("budget", "full", Health.AMBER, Mend.CHECK, shown)
    return Line("budget", "free", Health.GREEN, None, shown)


def events(facts: EventFacts, refuted_at: int, now: float) -> Line:
    """What the portal has sent lately, and whether anything of it is stuck.

    ``refuted_at``: when an uninstall event was last found untrue; ``now``: both Unix time.
    """
    good = [seen for seen in facts.sightings if seen.outcome is not Outcome.REFUSED]
    forged = [seen for seen in facts.sightings if seen not in good and seen.at > now - DAY]
    shown = {
        "sightings": facts.sightings,
        "waiting": facts.waiting,
        "dead": facts.dead,
        "refused": len(forged),
        "last": good[0].at if good else 0,
        "name": good[0].name if good else "",
        "later": facts.later,
        "due": max(facts.due, int(now)),
    }
    if facts.waiting > MANY_WAITING or 0 < facts.since < now - STUCK_SECONDS:
        everything = shown | {"waiting": facts.waiting + facts.later}
        return Line("events", "stuck", Health.RED, Mend.CHECK, everything)
    if facts.dead:
        return Line("events", "failed", Health.AMBER, Mend.RETRY, shown)
    if facts.later:
        return Line("events", "postponed", Health.AMBER, Mend.CHECK, shown)
    if refuted_at > now - WEEK:
        told = shown | {"since": refuted_at}
        return Line("events", "refuted", Health.AMBER, Mend.CHECK, told)
    if forged:
        return Line("events", "refused", Health.AMBER, Mend.CHECK, shown)
    if not good:
        if facts.waiting:
            return Line("events", "waiting", Health.GREEN, None, shown)
        return Line("events", "none", Health.AMBER, Mend.CHECK, shown)
    return Line("events", "seen", Health.GREEN, None, shown)
