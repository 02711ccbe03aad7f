"""The bots page: list, create, edit, republish, delete."""

from __future__ import annotations

import base64
from collections.abc import Collection
from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from b24app import i18n
from b24app.actions import avatars, bot_calls, bot_drafts, bots, pictures
from b24app.actions.bot_drafts import BotDraft
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict, NotOurs
from b24app.records import Bot, BotApi, Text
from b24app.web import comparison, field_words, forms, replies
from b24app.web.connectors import UNANSWERED
from b24app.web.rehearsals import is_rehearsal, rehearsable
from b24app.web.session import admin, fresh_admin, glance, portal

TEXTS: Final = ("code", "type", "name", "last_name", "position", "color", "gender", "avatar")
FLAGS: Final = ("hidden", "reactions")

blueprint = Blueprint("bots", __name__, url_prefix="/bots")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The list."""
    return _index()


@blueprint.get("/new")
@admin
def new() -> ResponseReturnValue:
    """An empty form."""
    return _form(portal(), BotDraft())


@blueprint.post("")
@admin
@rehearsable
def register() -> ResponseReturnValue:
    """Create a bot."""
    draft = read_draft(request.form)
    try:
        bot = bots.register(portal(), draft)
    except BadPayload as exc:
        return _form(portal(), draft, errors=exc.errors), 422
    return _index(_("“%(name)s” is on the portal now.", name=bot.full_name))


@blueprint.get("/<int:bot_id>")
@admin
def edit(bot_id: int) -> ResponseReturnValue:
    """The form of one bot."""
    bot = portal().store.bots.get(bot_id)
    return _form(portal(), bot_drafts.of_bot(bot), bot)


@blueprint.post("/<int:bot_id>")
@admin
@rehearsable
def update(bot_id: int) -> ResponseReturnValue:
    """Save what was changed."""
    draft = read_draft(request.form)
    try:
        bot = bots.update(portal(), bot_id, draft)
    except BadPayload as exc:
        return _form(portal(), draft, portal().store.bots.get(bot_id), errors=exc.errors), 422
    except Conflict as exc:
        return _conflict(draft, exc), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("bots.forget", bot_id=bot_id))
    text = _("Saved.")
    if bot.version == draft.version:
        text = _("Nothing was changed, so nothing was sent.")
    return forms.told(_form(portal(), bot_drafts.of_bot(bot), bot), text)


@blueprint.post("/<int:bot_id>/republication")
@fresh_admin
@rehearsable
def republish(bot_id: int) -> ResponseReturnValue:
    """Put the bot on the portal as it is saved."""
    try:
        bot = bots.republish(portal(), bot_id, request.form.get("version", 0, int))
    except BadPayload as exc:
        saved = portal().store.bots.get(bot_id)
        return _form(portal(), bot_drafts.of_bot(saved), saved, errors=exc.errors), 422
    except Conflict as exc:
        if "name" not in request.form:
            raise
        return _conflict(read_draft(request.form), exc), 409
    form = _form(portal(), bot_drafts.of_bot(bot), bot)
    if bot.id == bot_id:
        return forms.told(form, _("The bot is on the portal as it is saved here."))
    text = _(
        "The bot is back with the new number %(id)s. Its commands and chat apps are not: "
        "republish each of them.",
        id=bot.id,
    )
    return forms.told(form, text)


@blueprint.post("/<int:bot_id>/unregistration")
@fresh_admin
@rehearsable
def unregister(bot_id: int) -> ResponseReturnValue:
    """Delete the bot, once its name was typed."""
    typed = request.form.get("confirmation", "")
    if is_rehearsal():  # nothing is deleted, and nothing was asked for yet
        typed = portal().store.bots.get(bot_id).full_name
    try:
        was_there = bots.unregister(portal(), bot_id, typed)
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("bots.forget", bot_id=bot_id))
    if was_there:
        return _index(_("The bot is deleted."))
    return _index(_("The portal had removed it already. It is off this list now."))


@blueprint.post("/<int:bot_id>/removal")
@fresh_admin
def forget(bot_id: int) -> ResponseReturnValue:
    """Take off our list what belongs to another application."""
    bots.forget(portal(), bot_id)
    return _index(_("It is off this list. In the portal nothing was changed."))


@blueprint.post("/avatar")
@admin
def avatar() -> ResponseReturnValue:
    """Make the avatar of an uploaded picture, to be looked at before anything is saved."""
    file = request.files.get("file")
    try:
        made = avatars.make_avatar(file.read() if file else b"")
    except BadPayload as exc:
        error = field_words.of_fields(exc.errors)["avatar"]
        return render_template("bots/_avatar.html", avatar="", avatar_url="", error=error), 422
    return render_template(
        "bots/_avatar.html",
        avatar=base64.b64encode(made).decode(),
        avatar_url=pictures.data_url(made),
        error="",
    )


def read_draft(form: MultiDict[str, str]) -> BotDraft:
    """What was typed, as it was typed."""
    typed: dict[str, Any] = {name: form[name] for name in TEXTS if name in form}
    typed |= {name: form.get(name) == "1" for name in FLAGS}
    welcome = forms.rows(form, "welcome_language", "welcome")
    return BotDraft(
        version=form.get("version", 0, int),
        welcome=tuple(Text(*row) for row in welcome),
        **typed,
    )


def index_context(of: Portal) -> dict[str, Any]:
    """What ``bots/index.html`` needs."""
    ours = of.store.bots.all()
    owns = owned(of, [bot.id for bot in ours])
    rows = [
        {
            "bot": bot,
            "avatar_url": pictures.data_url(bot.avatar) if bot.avatar else "",
            "owns": owns[bot.id],
            "updated": i18n.moment(bot.updated_at),
        }
        for bot in ours
    ]
    return {"bots": rows, "kept": bots.MOST_KEPT}


def owned(of: Portal, bot_ids: Collection[int]) -> dict[int, dict[str, Any]]:
    """How many commands and chat apps each of these bots has, in words and as ``numbers``.

    ``beyond`` is how many of them activity could not keep if the bot was deleted.
    """
    return {
        bot_id: {
            "commands": ngettext("%(num)d command", "%(num)d commands", commands),
            "chat_apps": ngettext("%(num)d chat app", "%(num)d chat apps", chat_apps),
            "numbers": (commands, chat_apps),
            "beyond": bots.beyond_history(commands + chat_apps),
        }
        for bot_id, (commands, chat_apps) in bots.owned(of, bot_ids).items()
    }


def _index(text: str = "") -> Response:
    return forms.told(render_template("bots/index.html", **index_context(portal())), text)


def _form(
    of: Portal,
    draft: BotDraft,
    bot: Bot | None = None,
    *,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    shown = bot_drafts.new_avatar(draft, {}) or (bot.avatar if bot else b"")
    return render_template(
        "bots/edit.html",
        form=draft,
        bot=bot,
        errors=field_words.of_fields(errors or {}),
        labels=comparison.labels(errors or {}, draft),
        languages=i18n.languages(*(entry.language for entry in draft.welcome)),
        portal_language=of.installation.language,
        avatar_url=pictures.data_url(shown) if shown else "",
        has_switches=bot is None or bot.api is BotApi.V2,
        owns=owned(of, [bot.id])[bot.id] | _chats(bot) if bot else {},
        conflict=conflict,
    )


def _chats(bot: Bot) -> dict[str, Any]:
    """How many private chats go with the bot, in words; "" where the portal did not say."""
    try:
        count = bot_calls.private_chats(glance(), bot) if bot.published else None
    except UNANSWERED:
        count = None
    chats = (
        "" if count is None else ngettext("%(num)d private chat", "%(num)d private chats", count)
    )
    return {"chats": chats, "untold": bot.api is BotApi.V1}


def _conflict(draft: BotDraft, conflict: Conflict) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, Bot)
    both = comparison.both_sides(saved, draft, bot_drafts.of_bot(saved))
    return _form(portal(), draft, saved, conflict=both)
