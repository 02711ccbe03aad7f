"""The doctor's rules: which facts make which line, and that each line can be told to everybody."""

import re
import time
from dataclasses import replace

import pytest
from flask import Flask

from b24app import cli_portals, i18n
from b24app.actions import doctor, findings, symptoms
from b24app.actions.findings import Health, Line, verdict
from b24app.actions.subscriptions import Subscriptions
from b24app.actions.symptoms import Answers
from b24app.bitrix.oauth import AppInfo
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    Busy,
    PortalError,
    PortalUnreachable,
    RateLimited,
    Unproven,
)
from b24app.records import (
    Block,
    BudgetFacts,
    ChainFacts,
    ChainState,
    EventFacts,
    Installation,
    Life,
    Outcome,
    Sighting,
    Standing,
    Trouble,
)
from b24app.web import diagnosis
from b24app.web.connection_words import GROUPS, TEXTS, TITLES

NOW = 1_800_000_000
HANDLER = "https://app.example.com/events"
KNOWN = Installation(
    member_id="m" * 32,
    domain="portal.example.com",
    client_endpoint="https://portal.example.com/rest/",
    server_endpoint="https://oauth.example.com/rest/",
    scope=("imbot", "imopenlines", "placement"),
    status="L",
    application_token="known",
    installed_by=1,
    installed_at=NOW,
)
ANNAS = ChainFacts(
    *(1, "Anna Sokolova", 1, ChainState.ALIVE, "", NOW, 0, NOW, NOW, NOW + 3600),
    sealed="",
)
VOUCHED = AppInfo(
    *("app", KNOWN.member_id, 1, KNOWN.domain, KNOWN.client_endpoint, "https://oauth.example.com"),
    *(KNOWN.scope, "L", True),
)
GOOD = {
    "info": {"INSTALLED": True},
    "scope": ["imbot", "imopenlines", "placement"],
    "bound": [{"event": "ONAPPUNINSTALL", "handler": HANDLER}],
    "time": "2027-01-15T08:00:00+00:00",
}


def standing(*chains: ChainFacts, reason: str = "") -> Standing:
    trouble = Trouble(reason, NOW, NOW) if reason else None
    return Standing(generation=1, chains=chains, trouble=trouble)


def answers(portal=GOOD, server=VOUCHED, seconds=0.1) -> Answers:
    return Answers(portal, server, NOW - seconds / 2, seconds)


def lost(reason: str) -> AuthorizationLost:
    return AuthorizationLost(KNOWN.member_id, reason)


def budget(level=0.0, width=1.0, *blocked: Block) -> Line:
    return findings.budget(BudgetFacts(level, width, blocked))


def events(*sightings: Sighting, waiting=0, dead=0, refuted_at=0, **more: int) -> Line:
    return findings.events(EventFacts(sightings, waiting, dead, **more), refuted_at, NOW)


def address(app_url: str, opened_at: str = "") -> Line:
    return findings.address(app_url, opened_at, plain_http=False)


def installation(about: dict[str, object], state: Life = Life.INSTALLED) -> Line:
    return symptoms.installation(replace(KNOWN, state=state), answers(GOOD | {"info": about}))


def subscriptions(missing=(), stale=()) -> Line:
    return symptoms.subscriptions(Subscriptions(HANDLER, ("ONAPPUPDATE",), missing, stale, ()))


DONE = Sighting("ONAPPINSTALL", NOW, Outcome.DONE)
FORGED = Sighting("ONAPPUNINSTALL", NOW, Outcome.REFUSED)
DEAD = replace(ANNAS, state=ChainState.DEAD, reason="invalid_grant")
SILENT = PortalUnreachable("m", "batch", sent=True)

LINES = [
    (symptoms.installation(KNOWN, answers()), "finished", "green"),
    (installation({"INSTALLED": "N"}), "unfinished", "red"),
    (symptoms.installation(KNOWN, answers(SILENT, AuthServerUnreachable())), "unknown", "amber"),
    (installation({"INSTALLED": True, "PAYMENT_EXPIRED": "Y"}), "suspended", "red"),
    (symptoms.installation(KNOWN, answers(lost("payment_required"))), "suspended", "red"),
    (installation({"INSTALLED": True}, Life.UNINSTALLING), "leaving", "amber"),
    (findings.access(standing(ANNAS, DEAD)), "alive", "green"),
    (findings.access(standing(DEAD)), "waiting", "red"),
    (findings.access(standing()), "waiting", "red"),
    (findings.access(standing(ANNAS, reason="payment_required")), "unpaid", "red"),
    (findings.access(standing(ANNAS, reason="not_installed")), "removed", "red"),
    (findings.access(standing(ANNAS, reason="portal_deleted")), "deleted", "red"),
    (findings.access(standing(ANNAS, reason="wrong_keys")), "keys", "red"),
    (findings.access(standing(ANNAS, reason="application_not_found")), "removed", "red"),
    (findings.access(standing(ANNAS, reason="unreachable")), "away", "amber"),
    (findings.access(standing(ANNAS, reason="verification_needed")), "refused", "red"),
    (symptoms.server(KNOWN, answers()), "confirmed", "green"),
    (symptoms.server(KNOWN, answers(server=None)), "renewed", "green"),
    (symptoms.server(KNOWN, answers(server=AuthServerUnreachable())), "silent", "amber"),
    (symptoms.server(KNOWN, answers(server=AuthServerRefused("expired_token"))), "refused", "red"),
    (symptoms.server(KNOWN, answers(lost("invalid_grant"), None)), "refused", "red"),
    (symptoms.server(KNOWN, answers(AuthServerRefused("wrong_client"), None)), "keys", "red"),
    (symptoms.server(KNOWN, answers(server=Unproven("not listed"))), "unlisted", "red"),
    (symptoms.server(KNOWN, answers(lost("no_chain"), None)), "unknown", "amber"),
    (findings.application_token(KNOWN), "known", "green"),
    (findings.application_token(replace(KNOWN, application_token="")), "unknown", "amber"),
    (findings.scopes(("imbot", "imopenlines", "placement")), "complete", "green"),
    (findings.scopes(("imbot",)), "missing", "amber"),
    (findings.scopes(()), "missing", "red"),
    (symptoms.portal(KNOWN, answers()), "fast", "green"),
    (symptoms.portal(KNOWN, answers(seconds=4.0)), "slow", "amber"),
    (symptoms.portal(KNOWN, answers(SILENT)), "silent", "red"),
    (symptoms.portal(KNOWN, answers(lost("portal_deleted"))), "deleted", "red"),
    (symptoms.portal(KNOWN, answers(lost("invalid_token"))), "shut", "red"),
    (symptoms.portal(KNOWN, answers(lost("payment_required"))), "shut", "red"),
    (symptoms.portal(KNOWN, answers(lost("no_chain"), None)), "unasked", "amber"),
    (symptoms.portal(KNOWN, answers(RateLimited("batch", "X", 503))), "busy", "amber"),
    (symptoms.portal(KNOWN, answers(Busy("a renewal"))), "busy", "amber"),
    (symptoms.portal(KNOWN, answers(PortalError("batch", "WRONG", 400))), "refused", "red"),
    (symptoms.portal(KNOWN, answers(AuthServerUnreachable())), "unknown", "amber"),
    (symptoms.clock(answers()), "right", "green"),
    (symptoms.clock(answers(GOOD | {"time": "2027-01-15T08:02:00+00:00"})), "off", "amber"),
    (symptoms.clock(answers(GOOD | {"time": "2027-01-15T10:00:00+01:00"})), "wrong", "red"),
    (symptoms.clock(answers(GOOD | {"time": "soon"})), "unknown", "amber"),
    (symptoms.clock(answers(SILENT)), "unknown", "amber"),
    (budget(), "free", "green"),
    (budget(0.9), "full", "amber"),
    (budget(0.1, 0.5), "narrowed", "amber"),
    (budget(0.1, 0.5, Block("imbot.app.update", NOW + 60, False)), "blocked", "amber"),
    (address("https://app.example.com", "https://app.example.com"), "good", "green"),
    (address("https://app.example.com"), "good", "green"),
    (address("http://app.example.com"), "plain", "red"),
    (address("https://localhost:8000"), "dotless", "red"),
    (address("https://.hidden"), "dotless", "red"),
    (address("https://app.example.com", "https://www.example.com"), "elsewhere", "red"),
    (subscriptions(), "complete", "green"),
    (subscriptions(("ONAPPUPDATE",)), "missing", "red"),
    (subscriptions((), (("ONAPPUPDATE", "https://old.example.com/events"),)), "stale", "amber"),
    (symptoms.subscriptions(None), "unknown", "amber"),
    (events(DONE), "seen", "green"),
    (events(waiting=3), "waiting", "green"),
    (events(), "none", "amber"),
    (events(FORGED, DONE), "refused", "amber"),
    (events(replace(FORGED, at=NOW - 90_000), DONE), "seen", "green"),
    (events(DONE, refuted_at=NOW - 60), "refuted", "amber"),
    (events(DONE, dead=2), "failed", "amber"),
    (events(DONE, waiting=500), "stuck", "red"),
    (events(DONE, waiting=1, since=NOW - 121), "stuck", "red"),
    (events(DONE, waiting=1, since=NOW - 60), "seen", "green"),
    (events(DONE, later=2, due=NOW + 60, since=NOW + 60), "postponed", "amber"),
    (events(DONE, later=2, due=NOW - 600, since=NOW - 600), "stuck", "red"),
]


@pytest.fixture
def words():
    app = Flask(__name__)
    i18n.init_app(app)
    with app.test_request_context():
        yield


@pytest.mark.parametrize(("line", "state", "health"), LINES)
def test_facts_make_this_line(line, state, health):
    assert (line.state, line.health.value) == (state, health)


@pytest.mark.parametrize("line", [row[0] for row in LINES])
def test_each_line_can_be_told_to_an_administrator_and_to_an_operator(words, line):
    told, printed = diagnosis.tell(line), cli_portals.text(line)

    for text in (told.text, printed):
        assert text
        assert "%(" not in text and "1970" not in text


def test_every_state_has_words_in_both_wordings_and_there_is_no_other():
    shown = {(line.topic, line.state) for line, *_ in LINES}

    assert set(TEXTS) == set(cli_portals.WORDS) == shown


def test_every_topic_stands_on_the_page_once():
    grouped = [topic for _, topics in GROUPS for topic in topics]

    assert grouped == list(doctor.TOPICS)
    assert set(TITLES) == set(doctor.TOPICS)


def test_each_red_or_amber_line_says_who_can_mend_it_or_has_a_button():
    """Where no button helps, the words say whom to tell, or that nothing need be done."""
    helpless = [line for line, *_ in LINES if line.health is not Health.GREEN and not line.mend]

    for line in helpless:
        text = str(TEXTS[line.topic, line.state])
        assert re.search(
            r"person who runs|by ourselves|works|deleted|wait|changed nothing|nothing need", text
        )


@pytest.mark.parametrize(
    ("healths", "worst"),
    [("green", "green"), ("green amber", "amber"), ("amber red green", "red"), ("", "green")],
)
def test_the_verdict_is_the_worst_line(healths, worst):
    lines = [Line("access", "alive", Health(health)) for health in healths.split()]

    assert verdict(lines).value == worst


def test_moments_are_shown_as_such(words):
    assert time.strftime("%Y", time.gmtime(NOW)) in diagnosis.tell(LINES[0][0]).text
