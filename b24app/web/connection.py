"""The connection page: what the doctor found, in words, with the buttons that mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from b24app import jobs
from b24app.actions import doctor, subscriptions
from b24app.actions.findings import Health, Line, verdict
from b24app.actions.proof import Visitor
from b24app.records import Installation
from b24app.resources import resources
from b24app.web import diagnosis
from b24app.web.connection_words import VERDICTS
from b24app.web.forms import told
from b24app.web.session import admin, portal

MOST_OF_AN_ADDRESS: Final = 300

blueprint = Blueprint("connection", __name__, url_prefix="/connection")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """What the store knows, at once; the page then asks for the rest."""
    return _index(portal().installation)


@blueprint.get("/checks")
@admin
def checks() -> ResponseReturnValue:
    """The whole report, once the portal and the authorization server were asked."""
    lines = doctor.examine(resources(), portal().installation, _opened_at())
    return render_template("connection/_checks.html", **_report(lines))


@blueprint.post("/subscriptions")
@admin
def subscribe() -> ResponseReturnValue:
    """Have the portal send its events to our present address; says what it still does not send."""
    here = portal()
    found = subscriptions.reconcile(here)
    page = _index(replace(here.installation, scope=found.scope))
    if found.missing:
        still = _(
            "Your portal has agreed, and still does not send: %(events)s. Check again in a minute; "
            "if that does not help, update or install the application again in the portal.",
            events=", ".join(found.missing),
        )
        return told(page, still, "error")
    return told(page, _("Done. The portal sends its events here."))


@blueprint.post("/retries")
@admin
def retry() -> ResponseReturnValue:
    """Have the events of this portal that could not be done tried again, by the worker."""
    installation = portal().installation
    count = jobs.revive(resources(), installation.member_id)
    text = ngettext("%(num)d event runs again.", "%(num)d events run again.", count)
    return told(_index(installation), text)


def worry(visitor: Visitor) -> str:
    """What the person who opens the application should know first; empty when all is well."""
    for line in doctor.look(resources(), visitor.installation):
        if line.topic == "installation" and not visitor.finished:
            line = replace(line, state="unfinished", health=Health.RED)
        if line.health is Health.RED:
            words = diagnosis.tell(line)
            return " ".join((f"{words.title}:", *words.losses, words.text))
    return ""


def _index(installation: Installation) -> str:
    lines = doctor.look(resources(), installation, _opened_at())
    return render_template("connection/index.html", pending=True, **_report(lines))


def _report(lines: list[Line]) -> dict[str, Any]:
    health = verdict(lines)
    if any(line.health is Health.PENDING for line in lines):
        health = Health.PENDING
    words = {
        "health": health,
        "sign": diagnosis.SIGNS[health],
        "text": str(VERDICTS[health]),
    }
    return {"groups": diagnosis.grouped(lines), "verdict": words}


def _opened_at() -> str:
    """The origin of the page that asks, as its browser sees it: no proxy has touched it."""
    address = request.headers.get("HX-Current-URL", "")[:MOST_OF_AN_ADDRESS]
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""
