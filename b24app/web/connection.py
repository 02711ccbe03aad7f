"""The connection page: what the doctor found, in words, with the buttons that mend it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from b24app.actions import doctor, subscriptions
from b24app.actions.findings import Health, Line, verdict
from b24app.actions.proof import Visitor
from b24app.records import Installation
from b24app.resources import resources
from b24app.web import diagnosis
from b24app.web.connection_words import VERDICTS
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
    """Have the portal send its events to our present address."""
    here = portal()
    subscriptions.reconcile(here)
    page = _index(here.installation)
    told = {"kind": "success", "text": _("Done. The portal sends its events here.")}
    page.headers["HX-Trigger"] = json.dumps({"message": told})
    return page


def worry(visitor: Visitor) -> str:
    """What the person who opens the application should know first; empty when all is well."""
    for line in doctor.look(resources(), visitor.installation):
        if line.topic == "installation" and not visitor.finished:
            line = replace(line, state="unfinished", health=Health.RED)
        if line.health is Health.RED:
            told = diagnosis.tell(line)
            return " ".join((f"{told.title}:", *told.losses, told.text))
    return ""


def _index(installation: Installation) -> Response:
    lines = doctor.look(resources(), installation, _opened_at())
    page = render_template("connection/index.html", pending=True, **_report(lines))
    return make_response(page)


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
