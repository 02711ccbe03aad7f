"""The widgets page: list, create, publish a chat app in the new messenger, edit, unregister.

What the portal opens, ``POST /widgets/<key>``, is in ``gateway.py``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from b24app import i18n
from b24app.actions import widget_calls, widget_drafts, widget_places, widgets
from b24app.actions.portal import Portal
from b24app.actions.widget_calls import Binding
from b24app.actions.widget_drafts import WidgetDraft
from b24app.errors import BadPayload, Conflict, NotFound, Unfinished
from b24app.records import ChatApp, Translation, Widget
from b24app.web import comparison, field_words, forms, replies
from b24app.web.connectors import UNANSWERED
from b24app.web.rehearsals import rehearsable
from b24app.web.sentences import Reply
from b24app.web.session import admin, fresh_admin, glance, portal, session

TEXTS: Final = ("id", "app_id", "code", "iframe_url", "icon_name", "color", "width", "height")
LISTS: Final = ("places", "contexts")
FLAGS: Final = ("admin_only", "extranet")
COLUMNS: Final = ("language", "title", "description")

blueprint = Blueprint("widgets", __name__, url_prefix="/widgets")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The list."""
    return _index()


@blueprint.get("/new")
@admin
def new() -> ResponseReturnValue:
    """An empty form that begins with the portal's language, English and German."""
    first = dict.fromkeys((_portal_language(portal()), "en", "de"))
    rows = tuple(Translation(code, "") for code in first)
    return _form(portal(), WidgetDraft(id=widget_drafts.new_key(), translations=rows))


@blueprint.get("/chat-app/<int:app_id>")
@admin
def publish(app_id: int) -> ResponseReturnValue:
    """What becomes of a chat app in the new messenger, and the form that publishes it there."""
    of = portal()
    app = of.store.chat_apps.get(app_id)
    if existing := widgets.successor(of, app):
        return _form(of, widget_drafts.of_widget(existing), existing)
    if not widget_drafts.can_move(app):
        title = app.title(*_languages(of))
        return render_template("widgets/no_equivalent.html", app=app, title=title)
    return _form(of, widget_drafts.of_chat_app(app), app=app)


@blueprint.post("")
@admin
@rehearsable
def register() -> ResponseReturnValue:
    """Publish a widget."""
    of, draft = portal(), read_draft(request.form)
    try:
        widget = widgets.register(of, draft)
    except BadPayload as exc:
        return _form(of, draft, app=_app_of(of, draft), errors=exc.errors), 422
    except Unfinished as exc:
        return _unfinished(of, draft, exc), 409
    title = widget.title(*_languages(of))
    text = _("“%(title)s” is in the new messenger now.", title=title)
    return forms.told(_form(of, widget_drafts.of_widget(widget), widget), text)


@blueprint.get("/<widget_id>/edit")
@admin
def edit(widget_id: str) -> ResponseReturnValue:
    """The form of one widget."""
    widget = portal().store.widgets.get(widget_id)
    return _form(portal(), widget_drafts.of_widget(widget), widget)


@blueprint.post("/<widget_id>/edit")
@admin
@rehearsable
def update(widget_id: str) -> ResponseReturnValue:
    """Save what was changed."""
    of, draft = portal(), replace(read_draft(request.form), id=widget_id)
    try:
        widget = widgets.update(of, widget_id, draft)
    except BadPayload as exc:
        return _form(of, draft, of.store.widgets.get(widget_id), errors=exc.errors), 422
    except Conflict as exc:
        return _conflict(of, draft, exc), 409
    except Unfinished as exc:
        return _unfinished(of, draft, exc), 409
    text = _("Saved. The portal has accepted the change.")
    if widget.version == draft.version:
        text = _("Nothing was changed, so nothing was sent.")
    return forms.told(_form(of, widget_drafts.of_widget(widget), widget), text)


@blueprint.post("/<widget_id>/republication")
@fresh_admin
@rehearsable
def republish(widget_id: str) -> ResponseReturnValue:
    """Put the widget on the portal as it is saved."""
    of = portal()
    try:
        widget = widgets.republish(of, widget_id, request.form.get("version", 0, int))
    except Conflict as exc:
        if "iframe_url" not in request.form:
            raise
        return _conflict(of, replace(read_draft(request.form), id=widget_id), exc), 409
    form = _form(of, widget_drafts.of_widget(widget), widget)
    return forms.told(form, _("The widget is on the portal as it is saved here."))


@blueprint.post("/<widget_id>/unregistration")
@fresh_admin
@rehearsable
def unregister(widget_id: str) -> ResponseReturnValue:
    """Take the widget out of the new messenger, whether it is on our list or not."""
    if widgets.unregister(portal(), widget_id):
        return _index(_("The widget is unregistered."))
    return _index(_("The portal had removed it already. It is off this list now."))


@blueprint.post("/<widget_id>/removal")
@fresh_admin
def forget(widget_id: str) -> ResponseReturnValue:
    """Take off our list what the portal does not have."""
    widgets.forget(portal(), widget_id)
    return _index(_("It is off this list. In the portal nothing was changed."))


@blueprint.post("/<widget_id>/hash-renewal")
@fresh_admin
@rehearsable
def renew_hash(widget_id: str) -> ResponseReturnValue:
    """Give the widget a new HASH."""
    widget = widgets.renew_hash(portal(), widget_id)
    form = _form(portal(), widget_drafts.of_widget(widget), widget)
    return forms.told(form, _("The hash is new. Give it to the page behind the widget."))


@blueprint.post("/<widget_id>/classic-removal")
@fresh_admin
@rehearsable
def remove_classic(widget_id: str) -> ResponseReturnValue:
    """Unregister the chat app it was made of, once the widget stands."""
    of = portal()
    try:
        widgets.remove_classic(of, widget_id)
    except BadPayload as exc:
        widget = of.store.widgets.get(widget_id)
        draft = widget_drafts.of_widget(widget)
        return _form(of, draft, widget, errors=exc.errors), 422
    widget = of.store.widgets.get(widget_id)
    form = _form(of, widget_drafts.of_widget(widget), widget)
    return forms.told(form, _("Moved. It is in the new messenger only."))


def read_draft(form: MultiDict[str, str]) -> WidgetDraft:
    """What was typed, as it was typed."""
    typed: dict[str, Any] = {name: form[name] for name in TEXTS if name in form}
    typed |= {name: tuple(form.getlist(name)[: widget_drafts.MAX_PLACES]) for name in LISTS}
    typed |= {name: form.get(name) == "1" for name in FLAGS}
    return WidgetDraft(
        version=form.get("version", 0, int),
        translations=tuple(Translation(*row) for row in forms.rows(form, *COLUMNS)),
        **typed,
    )


def _index(text: str = "") -> Response:
    of = portal()
    bound, trouble = _bound()
    every = of.store.widgets.all()
    rows = [_row(of, widget, bound, trouble is None) for widget in every]
    known = {widget.id for widget in every}
    page = render_template(
        "widgets/index.html",
        widgets=sorted(rows, key=lambda row: str(row["title"]).lower()),
        strays=[_stray(key, found) for key, found in bound.items() if key not in known],
        trouble=trouble,
    )
    return forms.told(page, text)


def _row(
    of: Portal, widget: Widget, bound: dict[str, list[Binding]], is_known: bool
) -> dict[str, Any]:
    found = widget_places.standings(of, widget, bound.get(widget.id, []))
    return {
        "widget": widget,
        "title": widget.title(*_languages(of)),
        "standings": found,
        "known": is_known,
        "published": all(one.state == "there" for one in found) if is_known else widget.published,
        "updated": i18n.moment(widget.updated_at),
    }


def _stray(key: str, found: list[Binding]) -> dict[str, Any]:
    """A widget the portal has and our list does not."""
    titles = (words.get("TITLE", "") for one in found for words in one.titles.values())
    return {"id": key, "title": next(titles, ""), "places": [one.place for one in found]}


def _bound() -> tuple[dict[str, list[Binding]], Reply | None]:
    """What the portal has of ours, or what to say where it does not tell; the page opens."""
    try:
        return widget_calls.bound(glance()), None
    except UNANSWERED as exc:
        return {}, replies.reply_to(exc)


def _form(
    of: Portal,
    draft: WidgetDraft,
    widget: Widget | None = None,
    *,
    app: ChatApp | None = None,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
    unfinished: dict[str, str] | None = None,
) -> str:
    bound, trouble = _bound() if widget else ({}, None)
    titled = widget or app
    return render_template(
        "widgets/edit.html",
        form=draft,
        widget=widget,
        app=app,
        title=titled.title(*_languages(of)) if titled else "",
        standings=widget_places.standings(of, widget, bound.get(widget.id, [])) if widget else [],
        trouble=trouble,
        classic=widgets.classic(of, widget) if widget else None,
        carried=widget_drafts.carried(app) if app else [],
        errors=field_words.of_fields(errors or {}),
        labels=comparison.labels(errors or {}, draft),
        languages=i18n.languages(*(entry.language for entry in draft.translations)),
        portal_language=_portal_language(of),
        app_url=of.app_url,
        conflict=conflict,
        unfinished=unfinished,
    )


def _app_of(of: Portal, draft: WidgetDraft) -> ChatApp | None:
    """The chat app a draft is made of; None for a draft of its own."""
    known = of.store.chat_apps.all() if draft.app_id else []
    return next((app for app in known if str(app.id) == draft.app_id), None)


def _conflict(of: Portal, draft: WidgetDraft, conflict: Conflict) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, Widget)
    both = comparison.both_sides(saved, draft, widget_drafts.of_widget(saved))
    return _form(of, draft, saved, conflict=both)


def _unfinished(of: Portal, draft: WidgetDraft, stopped: Unfinished) -> str:
    """The form as it was typed, with what stands now; saving again goes on from there."""
    try:
        widget = of.store.widgets.get(draft.id)
    except NotFound:  # nothing of a new one is left
        return _form(of, draft, app=_app_of(of, draft))
    parts = {name: getattr(stopped, name) for name in ("there", "before", "missing")}
    told = {name: comparison.listed("places", tuple(places)) for name, places in parts.items()}
    return _form(of, replace(draft, version=widget.version), widget, unfinished=told)


def _languages(of: Portal) -> tuple[str, ...]:
    return session().language, _portal_language(of), "en"


def _portal_language(of: Portal) -> str:
    return of.installation.language
