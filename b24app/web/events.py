"""The portal's event queue: prove, put away, answer; the worker does the rest. Sent once, ever."""

from __future__ import annotations

import logging
from typing import Final

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import RequestEntityTooLarge

from b24app import jobs
from b24app.actions import inbox
from b24app.bitrix.inbound import EVENT_BYTES, Event, read_event, read_form
from b24app.errors import BadPayload, Busy, StoreUnavailable, Unproven
from b24app.resources import Resources, resources

FORM: Final = "application/x-www-form-urlencoded"

blueprint = Blueprint("events", __name__)
log = logging.getLogger(__name__)


@blueprint.post("/events")
def receive() -> ResponseReturnValue:
    """200 once put away, 400 malformed, 403 not proven, 413 too large, 503 not now.

    An install or update nobody can prove yet is put away too: the worker proves it.
    """
    request.max_content_length = EVENT_BYTES
    return take_in()


def take_in(only: str = "") -> ResponseReturnValue:
    """Put the posted event away, one of the name ``only`` if that is given, and answer 200.

    The form must not have been read yet, unless its bytes were kept. Raises BadPayload,
    RequestEntityTooLarge, and as ``inbox.accept``.
    """
    if request.mimetype != FORM:
        raise BadPayload("body", "malformed")
    body = request.get_data()
    if len(body) > EVENT_BYTES:
        raise RequestEntityTooLarge
    event = read_event(read_form(body))
    if only and event.name != only:
        raise BadPayload("event", "malformed")
    _accept(resources(), event, body)
    return "", 200


def _accept(known: Resources, event: Event, body: bytes) -> None:
    try:
        name = inbox.accept(known, event, body)
    except Unproven:
        known.meter.count("events", "refused")
        raise
    except Busy:
        known.meter.count("events", "full")
        raise
    known.meter.count("events", "accepted")
    if name:
        _call_reader(known, name)


def _call_reader(known: Resources, name: str) -> None:
    try:
        jobs.call_reader(known, name)
    except StoreUnavailable:
        # The event is put away and will be found; sent again it would be done no sooner.
        log.warning("the queue does not answer; inbox %s waits to be found", name)
