"""The page of a connector at one open line: connect, change what is shown there, take off.

It also opens in the portal's contact centre, in a frame of its own.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from b24app.actions import connector_calls, connector_drafts, connectors, drawings
from b24app.actions.connector_drafts import JointDraft
from b24app.actions.portal import Portal, open_portal
from b24app.actions.proof import Visitor
from b24app.bitrix.inbound import FrameRequest
from b24app.errors import BadPayload, Conflict, NotFound, NotOurs
from b24app.records import Connector
from b24app.resources import resources
from b24app.web import comparison, field_words, forms, frame, replies
from b24app.web import session as sessions
from b24app.web.rehearsals import rehearsable
from b24app.web.session import admin, fresh_admin, portal

JOINT_TEXTS: Final = ("name", "url", "url_im", "id")

blueprint = Blueprint("connector_lines", __name__, url_prefix="/connectors")


@blueprint.get("/<connector_id>/lines/<int:line>")
@admin
def show_line(connector_id: str, line: int) -> ResponseReturnValue:
    """The form of one open line."""
    connector = portal().store.connectors.get(connector_id)
    return _line(portal(), connector, line, alone="setting" in request.args)


@blueprint.post("/<connector_id>/lines/<int:line>")
@admin
@rehearsable
def join(connector_id: str, line: int) -> ResponseReturnValue:
    """Connect it to an open line, or save what is shown there."""
    draft, alone = _draft(), "setting" in request.form
    try:
        connector = connectors.join(portal(), connector_id, line, draft)
    except BadPayload as exc:
        saved = portal().store.connectors.get(connector_id)
        return _line(portal(), saved, line, draft=draft, errors=exc.errors, alone=alone), 422
    except Conflict as exc:
        return _conflict(line, draft, exc, alone=alone), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("connectors.forget", connector_id=connector_id))
    return forms.told(_line(portal(), connector, line, alone=alone), _("Connected and saved."))


@blueprint.post("/<connector_id>/lines/<int:line>/disconnection")
@fresh_admin
@rehearsable
def leave(connector_id: str, line: int) -> ResponseReturnValue:
    """Take it off an open line."""
    draft, alone = _draft(), "setting" in request.form
    try:
        connector = connectors.leave(portal(), connector_id, line, draft.version)
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("connectors.forget", connector_id=connector_id))
    page = _line(portal(), connector, line, alone=alone)
    return forms.told(page, _("It is off this Open Channel."))


@blueprint.post("/setting")
def setting() -> ResponseReturnValue:
    """The contact centre opens the page of one open line (b24restdocs: setting-connector.md)."""
    asked, visitor = frame.enter()
    return _setting(asked, visitor)


def _setting(asked: FrameRequest, visitor: Visitor) -> str:
    """Raises NotFound for a connector that is not on our list: nobody else's is touched."""
    of = open_portal(resources(), asked.member_id, visitor.actor)
    line = str(asked.placement_options.get("LINE", ""))
    if asked.placement != connector_calls.PLACEMENT or not (line.isascii() and line.isdigit()):
        raise BadPayload("PLACEMENT_OPTIONS", "malformed")
    if len(line) > 9:
        raise NotFound("line")
    connector_id = str(asked.placement_options.get("CONNECTOR", ""))
    connector = of.store.connectors.get(connector_id)
    return render_template(
        "frame/setting.html",
        session=sessions.issue(visitor, asked.language, asked.app_sid),
        page_template="connectors/line.html",
        conflict=None,
        **_line_context(of, connector, int(line), alone=True),
    )


def _draft() -> JointDraft:
    """What was typed, as it was typed."""
    typed = {name: request.form.get(name, "") for name in JOINT_TEXTS}
    return JointDraft(version=request.form.get("version", 0, int), **typed)


def _conflict(line: int, draft: JointDraft, conflict: Conflict, *, alone: bool) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, Connector)
    theirs = connector_drafts.of_joint(saved, line) if saved.joint(line) else JointDraft()
    both = comparison.both_sides(saved, draft, theirs)
    return _line(portal(), saved, line, alone=alone, draft=draft, conflict=both)


def _line(
    of: Portal,
    connector: Connector,
    line: int,
    *,
    alone: bool,
    draft: JointDraft | None = None,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    context = _line_context(of, connector, line, alone=alone, draft=draft, errors=errors)
    return render_template("connectors/line.html", conflict=conflict, **context)


def _line_context(
    of: Portal,
    connector: Connector,
    line: int,
    *,
    alone: bool,
    draft: JointDraft | None = None,
    errors: dict[str, str] | None = None,
) -> dict[str, Any]:
    """What ``connectors/line.html`` needs; ``alone`` in the contact centre's own frame."""
    form = draft or connector_drafts.of_joint(connector, line)
    return {
        "connector": connector,
        "icon_url": drawings.data_url(connector.svg),
        "standing": connectors.standing(of, connector, line),
        "form": form,
        "errors": field_words.of_fields(errors or {}),
        "labels": comparison.labels(errors or {}, form),
        "alone": alone,
    }
