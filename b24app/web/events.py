"""The portal's event queue: prove, accept, leave the work to the worker. Sent once, ever."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from b24app import jobs
from b24app.actions import installs
from b24app.actions.proof import claim_of_event
from b24app.bitrix.inbound import Event, read_event
from b24app.errors import BadApplicationToken, BadPayload, TooLarge
from b24app.resources import resources

MAX_BYTES = 1024 * 1024

blueprint = Blueprint("events", __name__)


@blueprint.post("/events")
def receive() -> ResponseReturnValue:
    """200 once accepted, 400 malformed, 403 not proven, 413 too large, 503 without the store."""
    if (request.content_length or 0) > MAX_BYTES:
        raise TooLarge("event")
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
    if event.name in ("ONAPPINSTALL", "ONAPPUPDATE") and event.auth.access_token:
        # It may bring the application token for the first time, or a new one: proven by its
        # access token, as a frame is.
        installs.install(resources(), claim_of_event(event))
        return
    installation = installs.believe(resources(), event)
    if event.name == "ONAPPUPDATE":
        resources().enqueue(jobs.resubscribe, installation.member_id)
    elif event.name == "ONAPPUNINSTALL":
        data = event.data if isinstance(event.data, dict) else {}
        clean = 1 if data.get("CLEAN") == "1" else 0
        resources().enqueue(
            jobs.confirm_uninstall, installation.member_id, installation.installed_at, clean
        )
