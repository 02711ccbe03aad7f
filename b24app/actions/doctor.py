"""What is wrong with a portal's connection, why, and what mends it; mends nothing by itself.

``look`` tells what the store knows, at once. ``examine`` also asks the portal, with one batch,
and its authorization server, with one call at the same time.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from b24app.actions import findings, subscriptions, symptoms
from b24app.actions.findings import Health, Line
from b24app.actions.portal import Portal, open_portal
from b24app.actions.subscriptions import Subscriptions
from b24app.actions.symptoms import Answers
from b24app.bitrix.oauth import AppInfo
from b24app.errors import B24AppError, StoreUnavailable
from b24app.records import SYSTEM, Installation, Patience
from b24app.resources import Resources
from b24app.store import RateBudget
from b24app.store.budget import rate_of
from b24app.store.sightings import Sightings

PATIENCE: Final = 6.0
LONGEST: Final = 15.0  # a person is looking at the page
QUESTIONS: Final = {
    "info": "app.info",
    "scope": "scope",
    "bound": "event.get",
    "time": "server.time",
}
# In the order they are shown.
TOPICS: Final = (
    *("installation", "access", "server", "token", "scopes"),
    *("portal", "clock", "budget"),
    *("address", "subscriptions", "events"),
)
ASKED: Final = ("installation", "server", "portal", "clock", "subscriptions")


def look(resources: Resources, installation: Installation, opened_at: str = "") -> list[Line]:
    """What the store knows; lines that need the portal are pending. Raises StoreUnavailable.

    ``opened_at`` is the origin of the page somebody has open, empty for nobody.
    """
    pending = [Line(topic, "pending", Health.PENDING) for topic in ASKED]
    stored = [line] if (line := symptoms.stored(installation)) else []
    return _ordered([*pending, *stored, *_known(resources, installation, opened_at)])


def examine(resources: Resources, installation: Installation, opened_at: str = "") -> list[Line]:
    """The whole report, with what the portal and the authorization server say now.

    One batch and one call of the authorization server at most, side by side; what cannot be
    asked becomes a line that says so. Raises StoreUnavailable.
    """
    patience = Patience(PATIENCE)
    portal = open_portal(
        resources, installation.member_id, SYSTEM, patience=patience, longest=LONGEST
    )
    answers = _ask(resources, portal)
    lines = [
        symptoms.installation(installation, answers),
        symptoms.server(installation, answers),
        symptoms.portal(installation, answers),
        symptoms.clock(answers),
        symptoms.subscriptions(_subscriptions(portal, answers)),
    ]
    if granted := symptoms.granted(answers):
        lines.append(findings.scopes(granted))
    return _ordered([*_known(resources, installation, opened_at), *lines])


def _ordered(lines: list[Line]) -> list[Line]:
    """One line for each topic, the last said of it, in the order they are shown."""
    by_topic = {line.topic: line for line in lines}
    return [by_topic[topic] for topic in TOPICS]


def _known(resources: Resources, installation: Installation, opened_at: str) -> list[Line]:
    member_id, settings = installation.member_id, resources.settings
    rate = RateBudget(resources.redis, member_id, rate_of(installation.license))
    return [
        findings.access(resources.installations.ledger.read(member_id)),
        findings.application_token(installation),
        findings.scopes(installation.scope),
        findings.budget(rate.look()),
        findings.address(settings.app_url, opened_at, plain_http=settings.sandbox),
        findings.events(
            Sightings(resources.redis, member_id).look(), installation.refuted_at, time.time()
        ),
    ]


def _ask(resources: Resources, portal: Portal) -> Answers:
    """Ask both at once. Without a valid access token only the portal: the renewal that comes
    first asks the authorization server already."""
    installation = portal.installation
    access = resources.installations.ledger.access(installation.member_id)
    asked_at = time.time()
    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(_ask_server, resources, installation, access) if access else None
        said = _ask_portal(portal)
        seconds = time.time() - asked_at
        server, server_seconds = other.result() if other else (None, 0.0)
    return Answers(said, server, asked_at, seconds, server_seconds)


def _ask_portal(portal: Portal) -> Mapping[str, Any] | B24AppError:
    try:
        return portal.rest.batch_all(QUESTIONS).results
    except StoreUnavailable:
        raise
    except B24AppError as exc:  # what cannot be asked is what the report is about
        return exc


def _subscriptions(portal: Portal, answers: Answers) -> Subscriptions | None:
    if not isinstance(answers.portal, dict) or "bound" not in answers.portal:
        return None
    return subscriptions.compare(portal, answers.portal)


def _ask_server(
    resources: Resources, installation: Installation, access: str
) -> tuple[AppInfo | B24AppError, float]:
    began = time.monotonic()
    try:
        server = resources.oauth.server_of(installation.server_endpoint)
        return resources.oauth.app_info(server, access), time.monotonic() - began
    except B24AppError as exc:
        return exc, time.monotonic() - began
