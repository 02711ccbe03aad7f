"""The chat apps page: list, create, edit, republish, unregister."""

from __future__ import annotations

import base64
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from b24app import i18n
from b24app.actions import bots, chat_apps, drafts, icons, pictures
from b24app.actions.drafts import Draft
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict, NotOurs
from b24app.records import ChatApp, Translation
from b24app.web import comparison, field_words, forms, replies
from b24app.web.rehearsals import rehearsable
from b24app.web.session import admin, fresh_admin, portal, session

TEXTS: Final = (
    *("code", "bot_id", "kind", "iframe_url", "iframe_width", "iframe_height"),
    *("js_method", "js_param", "context", "icon"),
)
COLUMNS: Final = ("language", "title", "description", "copyright")
FLAGS: Final = ("iframe_popup", "admin_only", "hidden", "extranet", "livechat")

blueprint = Blueprint("chat_apps", __name__, url_prefix="/chat-apps")


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
    return _form(portal(), Draft(translations=rows))


@blueprint.post("")
@admin
@rehearsable
def register() -> ResponseReturnValue:
    """Create a chat app."""
    draft = read_draft(request.form)
    try:
        app = chat_apps.register(portal(), draft)
    except BadPayload as exc:
        return _form(portal(), draft, errors=exc.errors), 422
    title = app.title(session().language)
    return _index(
        _("“%(title)s” is in the chat now. Its number is %(id)s.", title=title, id=app.id)
    )


@blueprint.get("/<int:app_id>")
@admin
def edit(app_id: int) -> ResponseReturnValue:
    """The form of one chat app."""
    app = portal().store.chat_apps.get(app_id)
    return _form(portal(), drafts.of_chat_app(app), app)


@blueprint.post("/<int:app_id>")
@admin
@rehearsable
def update(app_id: int) -> ResponseReturnValue:
    """Save what was changed."""
    draft = read_draft(request.form)
    try:
        app = chat_apps.update(portal(), app_id, draft)
    except BadPayload as exc:
        return _form(portal(), draft, portal().store.chat_apps.get(app_id), errors=exc.errors), 422
    except Conflict as exc:
        return _conflict(draft, exc), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("chat_apps.forget", app_id=app_id))
    text = _("Saved. The portal has accepted the change.")
    if app.version == draft.version:
        text = _("Nothing was changed, so nothing was sent.")
    return forms.told(_form(portal(), drafts.of_chat_app(app), app), text)


@blueprint.post("/<int:app_id>/republication")
@fresh_admin
@rehearsable
def republish(app_id: int) -> ResponseReturnValue:
    """Register a successor, then remove the old one."""
    version = request.form.get("version", 0, int)
    try:
        done = chat_apps.republish(portal(), app_id, version)
    except Conflict as exc:
        if "title" not in request.form:
            raise
        return _conflict(read_draft(request.form), exc), 409
    app = done.successor
    form = _form(portal(), drafts.of_chat_app(app), app)
    if done.old_left:
        text = _(
            "The new chat app has number %(new)s and works. The old one, number %(old)s, could "
            "not be removed and works too: unregister it from the list.",
            new=app.id,
            old=app_id,
        )
        return forms.told(form, text, "warning")
    text = _(
        "Republished. The new number is %(new)s; number %(old)s is gone.", new=app.id, old=app_id
    )
    return forms.told(form, text)


@blueprint.post("/<int:app_id>/unregistration")
@fresh_admin
@rehearsable
def unregister(app_id: int) -> ResponseReturnValue:
    """Take the chat app out of the chat."""
    try:
        was_there = chat_apps.unregister(portal(), app_id)
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("chat_apps.forget", app_id=app_id))
    if was_there:
        return _index(_("The chat app is unregistered."))
    return _index(_("The portal had removed it already. It is off this list now."))


@blueprint.post("/<int:app_id>/removal")
@fresh_admin
def forget(app_id: int) -> ResponseReturnValue:
    """Take off our list what belongs to another application."""
    chat_apps.forget(portal(), app_id)
    return _index(_("It is off this list. In the portal nothing was changed."))


@blueprint.post("/<int:app_id>/hash-renewal")
@fresh_admin
@rehearsable
def renew_hash(app_id: int) -> ResponseReturnValue:
    """Give the chat app a new HASH."""
    app = chat_apps.renew_hash(portal(), app_id)
    form = _form(portal(), drafts.of_chat_app(app), app)
    return forms.told(form, _("The hash is new. Give it to the page behind the chat app."))


@blueprint.get("/glyphs")
@admin
def glyphs() -> ResponseReturnValue:
    """The pictures to pick an icon from; they come when somebody wants to see them."""
    return render_template("chat_apps/_glyphs.html")


@blueprint.post("/icon")
@admin
def icon() -> ResponseReturnValue:
    """Make the sprite of a picked glyph or an uploaded picture, before anything is saved."""
    try:
        sprite = _sprite()
    except BadPayload as exc:
        error = field_words.of_fields(exc.errors)["icon"]
        return render_template("chat_apps/_icon.html", icon="", icon_url="", error=error), 422
    return render_template(
        "chat_apps/_icon.html",
        icon=base64.b64encode(sprite).decode(),
        icon_url=pictures.data_url(sprite),
        error="",
    )


def _sprite() -> bytes:
    if glyph := request.form.get("glyph"):
        return icons.glyph_sprite(glyph)
    file = request.files.get("file")
    own_colours = request.form.get("own_colours") == "1"
    return icons.make_sprite(file.read() if file else b"", own_colours=own_colours)


def read_draft(form: MultiDict[str, str]) -> Draft:
    """What was typed, as it was typed."""
    typed: dict[str, Any] = {name: form[name] for name in TEXTS if name in form}
    typed |= {name: form.get(name) == "1" for name in FLAGS}
    return Draft(
        version=form.get("version", 0, int),
        translations=tuple(Translation(*row) for row in forms.rows(form, *COLUMNS)),
        **typed,
    )


def index_context(of: Portal, language: str) -> dict[str, Any]:
    """What ``chat_apps/index.html`` needs."""
    names = {bot.id: bot.name for bot in of.store.bots.all()}
    rows = [
        {
            "app": app,
            "title": app.title(language, _portal_language(of), "en"),
            "icon_url": pictures.data_url(app.icon) if app.icon else "",
            "bot_name": names.get(app.bot_id, ""),
            "languages": [entry.language for entry in app.translations],
            "updated": i18n.moment(app.updated_at),
        }
        for app in of.store.chat_apps.all()
    ]
    return {"chat_apps": rows}


def _index(text: str = "") -> Response:
    page = render_template("chat_apps/index.html", **index_context(portal(), session().language))
    return forms.told(page, text)


def _form(
    of: Portal,
    draft: Draft,
    app: ChatApp | None = None,
    *,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    shown = drafts.new_icon(draft, {}) or (app.icon if app else b"")
    language = _portal_language(of)
    return render_template(
        "chat_apps/edit.html",
        form=draft,
        app=app,
        errors=field_words.of_fields(errors or {}),
        labels=comparison.labels(errors or {}, draft),
        bots=bots.living(of),
        languages=i18n.languages(*(entry.language for entry in draft.translations)),
        icon_url=pictures.data_url(shown) if shown else "",
        portal_language=language,
        conflict=conflict,
        hash_visible=bool(app and app.hash),
        offer_republish=bool(app and not (app.icon_on_portal and app.published)),
        title=app.title(session().language, language, "en") if app else "",
    )


def _conflict(draft: Draft, conflict: Conflict) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, ChatApp)
    both = comparison.both_sides(saved, draft, drafts.of_chat_app(saved))
    return _form(portal(), draft, saved, conflict=both)


def _portal_language(of: Portal) -> str:
    return of.installation.language
