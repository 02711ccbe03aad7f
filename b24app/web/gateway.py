"""Widgets in the new messenger: the page of a classic chat app, framed and listened to."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from b24app.actions import gateway
from b24app.bitrix.inbound import TOKEN_LENGTH
from b24app.errors import BadPayload
from b24app.resources import resources
from b24app.web import frame, security
from b24app.web.replies import message
from b24app.web.sentences import Reply

MISSING: Final = Reply(
    404,
    "info",
    _("This widget is not here any more"),
    _("It was taken off your portal, or its address is another one now."),
    _("Reload the page of your portal. If it still shows there, tell an administrator."),
)
FOR_ADMINISTRATORS: Final = Reply(
    403,
    "info",
    _("This widget is for administrators"),
    _("An administrator of your portal decided who may use it."),
    _("If you need it, ask an administrator of your portal."),
)

blueprint = Blueprint("gateway", __name__, url_prefix="/widgets")


@blueprint.post("/<key>")
def open_widget(key: str) -> ResponseReturnValue:
    """The portal opens a widget for one of its people (b24restdocs: widgets/im)."""
    asked, visitor = frame.meet()
    widget = gateway.published(resources(), visitor, key)
    if widget is None:
        return message(MISSING), MISSING.status
    if not gateway.may_use(visitor, widget):
        return message(FOR_ADMINISTRATORS), FOR_ADMINISTRATORS.status
    security.allow_children()
    opening = gateway.read_opening(asked, request.user_agent.string)
    return render_template(
        "gateway/show.html",
        title=widget.title(asked.language, visitor.installation.language, "en"),
        address=gateway.address(widget, visitor, opening),
        dialog=opening.dialog,
        key=key,
    )


@blueprint.post("/<key>/messages")
def say(key: str) -> ResponseReturnValue:
    """Say something as the person whose access token the widget's page got from the portal."""
    access = request.form.get("AUTH_ID", "")
    if not access or len(access) > TOKEN_LENGTH:
        raise BadPayload("AUTH_ID", "missing")
    dialog, text = request.form.get("DIALOG_ID", ""), request.form.get("MESSAGE", "")
    return jsonify(said=gateway.say(resources(), key, access, dialog, text))
