"""The portal's event queue: prove, accept, leave the work to the worker. Sent once, ever."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from b24app import jobs
from b24app.actions import installs
from b24app.actions.proof import claim_of_event
from b24app.bitrix.inbound import Event, read_event
from b24app.errors import BadApplicationToken, BadPayload
from b24app.records import Installation
from b24app.resources import resources

BRINGS_TOKEN: Final = ("ONAPPINSTALL", "ONAPPUPDATE")

blueprint = Blueprint("events", __name__)


@blueprint.post("/events")
def receive() -> ResponseReturnValue:
    """200 once accepted, 400 malformed, 403 not proven, 413 too large, 503 without the store."""
    if request.mimetype != "application/x-www-form-urlencoded":
        raise BadPayload("body", "malformed")
    event = read_event(request.form.items(multi=True))
    try:
        _accept(event)
    except BadApplicationToken:
        resources().counters.add("events", "refused")
        raise
    resources().counters.add("events", "accepted")
    return "", 200


def _accept(event: Event) -> None:
    """Start what the event asks for; an unknown one is accepted and does nothing."""
    try:
        visitor, installation = None, installs.believe(resources(), event)
    except BadApplicationToken:
        if event.name not in BRINGS_TOKEN or not event.auth.access_token:
            raise
        # The application token may be new: proven by the access token, as a frame is.
        visitor = installs.install(resources(), claim_of_event(event))
        installation = visitor.installation
    if event.name == "ONAPPUPDATE" or (visitor and not visitor.subscribed):
        resources().enqueue(jobs.resubscribe, installation.member_id)
    elif event.name == "ONAPPUNINSTALL":
        _start_confirmation(event, installation)


def _start_confirmation(event: Event, installation: Installation) -> None:
    """One confirmation at a time: a flood of forged events must not wear out the chains."""
    if not resources().installations.begin_confirmation(installation.member_id):
        return
    clean = 1 if isinstance(event.data, dict) and event.data.get("CLEAN") == "1" else 0
    resources().enqueue(
        jobs.confirm_uninstall, installation.member_id, installation.installed_at, clean
    )
