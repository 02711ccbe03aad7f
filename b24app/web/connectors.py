"""The connectors page: list, create, edit, republish, unregister.

Their open lines are in ``connector_lines.py``.
"""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from b24app import i18n
from b24app.actions import connector_calls, connector_drafts, connectors, drawings
from b24app.actions.connector_drafts import ConnectorDraft
from b24app.actions.connectors import Standing
from b24app.actions.portal import Portal
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    BadPayload,
    Busy,
    Conflict,
    NotOurs,
    PortalError,
    PortalUnreachable,
)
from b24app.records import Connector
from b24app.web import comparison, field_words, forms, replies
from b24app.web.rehearsals import rehearsable
from b24app.web.sentences import Reply
from b24app.web.session import admin, fresh_admin, glance, portal

TEXTS: Final = ("id", "name", "svg", "color", "color_off", "size")
UNANSWERED: Final = (
    PortalError,
    PortalUnreachable,
    AuthorizationLost,
    AuthServerUnreachable,
    AuthServerRefused,
    Busy,
)

blueprint = Blueprint("connectors", __name__, url_prefix="/connectors")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The list."""
    return _index()


@blueprint.get("/new")
@admin
def new() -> ResponseReturnValue:
    """An empty form with a suggested prefix for the id."""
    return _form(ConnectorDraft())


@blueprint.post("")
@admin
@rehearsable
def register() -> ResponseReturnValue:
    """Create a connector; next comes its first open line."""
    draft = read_draft(request.form)
    try:
        connector = connectors.register(portal(), draft)
    except BadPayload as exc:
        return _form(draft, errors=exc.errors), 422
    text = _(
        "“%(name)s” is in the contact centre now. Connect it to an Open Channel.",
        name=connector.name,
    )
    return forms.told(_form(connector_drafts.of_connector(connector), connector), text)


@blueprint.get("/<connector_id>")
@admin
def edit(connector_id: str) -> ResponseReturnValue:
    """The form of one connector, and its open lines."""
    connector = portal().store.connectors.get(connector_id)
    return _form(connector_drafts.of_connector(connector), connector)


@blueprint.post("/<connector_id>")
@admin
@rehearsable
def update(connector_id: str) -> ResponseReturnValue:
    """Save what was changed."""
    draft = read_draft(request.form)
    try:
        connector = connectors.update(portal(), connector_id, draft)
    except BadPayload as exc:
        saved = portal().store.connectors.get(connector_id)
        return _form(draft, saved, errors=exc.errors), 422
    except Conflict as exc:
        return _conflict(draft, exc), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("connectors.forget", connector_id=connector_id))
    text = _("Saved.")
    if connector.version == draft.version:
        text = _("Nothing was changed, so nothing was sent.")
    return forms.told(_form(connector_drafts.of_connector(connector), connector), text)


@blueprint.post("/<connector_id>/republication")
@fresh_admin
@rehearsable
def republish(connector_id: str) -> ResponseReturnValue:
    """Put the connector on the portal as it is saved, its open lines included."""
    version = request.form.get("version", 0, int)
    try:
        connector = connectors.republish(portal(), connector_id, version)
    except Conflict as exc:
        if "name" not in request.form:
            raise
        return _conflict(read_draft(request.form), exc), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("connectors.forget", connector_id=connector_id))
    form = _form(connector_drafts.of_connector(connector), connector)
    return forms.told(form, _("The connector is on the portal as it is saved here."))


@blueprint.post("/<connector_id>/unregistration")
@fresh_admin
@rehearsable
def unregister(connector_id: str) -> ResponseReturnValue:
    """Take the connector off all open lines and out of the contact centre."""
    lines = len(portal().store.connectors.get(connector_id).joints)
    try:
        was_there = connectors.unregister(portal(), connector_id)
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("connectors.forget", connector_id=connector_id))
    if not was_there:
        return _index(_("The portal had removed it already. It is off this list now."))
    text = _("The connector is unregistered.")
    if lines:
        text += " " + ngettext(
            "It came off %(num)d Open Channel.", "It came off %(num)d Open Channels.", lines
        )
    return _index(text)


@blueprint.post("/<connector_id>/removal")
@fresh_admin
def forget(connector_id: str) -> ResponseReturnValue:
    """Take off our list what belongs to another application."""
    connectors.forget(portal(), connector_id)
    return _index(_("It is off this list. In the portal nothing was changed."))


@blueprint.post("/icon")
@admin
def icon() -> ResponseReturnValue:
    """Clean an uploaded drawing, to be looked at before anything is saved."""
    file = request.files.get("file")
    data = file.read(drawings.MAX_BYTES + 1) if file else b""
    try:
        return _drawing(drawings.clean(data))
    except BadPayload as exc:
        return _drawing("", field_words.of_fields(exc.errors)["svg"]), 422


def read_draft(form: MultiDict[str, str]) -> ConnectorDraft:
    """What was typed, as it was typed."""
    typed: dict[str, Any] = {name: form[name] for name in TEXTS if name in form}
    typed |= {name: form.get(name) == "1" for name in connector_drafts.FLAGS}
    return ConnectorDraft(version=form.get("version", 0, int), **typed)


def index_context(of: Portal) -> dict[str, Any]:
    """What ``connectors/index.html`` needs: ours, what else the portal has, what was in the way."""
    names, trouble = _names()
    ours = of.store.connectors.all()
    rows = [
        {
            "connector": one,
            "icon_url": drawings.data_url(one.svg),
            "published": one.published and (trouble is not None or one.id in names),
            "updated": i18n.moment(one.updated_at),
        }
        for one in sorted(ours, key=lambda one: one.name.lower())
    ]
    known = {one.id for one in ours}
    others = {found: name for found, name in names.items() if found not in known}
    return {"connectors": rows, "others": others, "trouble": trouble}


def _names() -> tuple[dict[str, str], Reply | None]:
    """The portal's connectors, or what to say where it does not tell them; the page opens."""
    try:
        return connector_calls.names(glance()), None
    except UNANSWERED as exc:
        return {}, replies.reply_to(exc)


def _index(text: str = "") -> Response:
    return forms.told(render_template("connectors/index.html", **index_context(portal())), text)


def _standings(connector: Connector) -> tuple[list[Standing], Reply | None]:
    try:
        return connectors.standings(glance(), connector), None
    except UNANSWERED as exc:
        return [], replies.reply_to(exc)


def _form(
    draft: ConnectorDraft,
    connector: Connector | None = None,
    *,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    lines, trouble = _standings(connector) if connector else ([], None)
    shown = _shown(draft, connector)
    return render_template(
        "connectors/edit.html",
        form=draft,
        connector=connector,
        lines=lines,
        trouble=trouble,
        icon_url=drawings.data_url(shown),
        standard=shown == drawings.SPEECH,
        errors=field_words.of_fields(errors or {}),
        labels=comparison.labels(errors or {}, draft),
        conflict=conflict,
    )


def _drawing(svg: str, error: str = "") -> str:
    """What comes in the place of the drawing that is shown; the script gives it its colours."""
    return render_template(
        "connectors/_icon.html",
        svg=svg,
        icon_url=drawings.data_url(svg),
        form=ConnectorDraft(),
        standard=False,
        error=error,
    )


def _shown(draft: ConnectorDraft, connector: Connector | None) -> str:
    """The drawing to look at: the new one if it can be used, else the one there is."""
    saved = connector.svg if connector else drawings.SPEECH
    try:
        return drawings.clean(draft.svg) if draft.svg else saved
    except BadPayload:
        return saved


def _conflict(draft: ConnectorDraft, conflict: Conflict) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, Connector)
    both = comparison.both_sides(saved, draft, connector_drafts.of_connector(saved))
    return _form(draft, saved, conflict=both)
