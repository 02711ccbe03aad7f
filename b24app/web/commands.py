"""The commands page: list by bot, create, edit, republish, unregister."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from b24app import i18n
from b24app.actions import bots, command_drafts, commands, pictures
from b24app.actions.command_drafts import CommandDraft
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict, NotOurs
from b24app.records import BotApi, Command, Hint, Text
from b24app.web import comparison, field_words, forms, replies
from b24app.web.rehearsals import rehearsable
from b24app.web.session import admin, fresh_admin, portal, session

TEXTS: Final = ("bot_id", "name")
FLAGS: Final = ("common", "hidden", "extranet")

blueprint = Blueprint("commands", __name__, url_prefix="/commands")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The list."""
    return _index()


@blueprint.get("/new")
@admin
def new() -> ResponseReturnValue:
    """An empty form that begins with the portal's language, English and German."""
    first = dict.fromkeys((portal().installation.language, "en", "de"))
    draft = CommandDraft(
        bot_id=request.args.get("bot", ""),
        translations=tuple(Hint(code, "") for code in first),
    )
    return _form(portal(), draft)


@blueprint.post("")
@admin
@rehearsable
def register() -> ResponseReturnValue:
    """Create a command."""
    draft = read_draft(request.form)
    try:
        command = commands.register(portal(), draft)
    except BadPayload as exc:
        return _form(portal(), draft, errors=exc.errors), 422
    return _index(_("/%(name)s works in the chat now.", name=command.name))


@blueprint.get("/<int:command_id>")
@admin
def edit(command_id: int) -> ResponseReturnValue:
    """The form of one command."""
    command = portal().store.commands.get(command_id)
    return _form(portal(), command_drafts.of_command(command), command)


@blueprint.post("/<int:command_id>")
@admin
@rehearsable
def update(command_id: int) -> ResponseReturnValue:
    """Save what was changed."""
    draft = read_draft(request.form)
    try:
        command = commands.update(portal(), command_id, draft)
    except BadPayload as exc:
        saved = portal().store.commands.get(command_id)
        return _form(portal(), draft, saved, errors=exc.errors), 422
    except Conflict as exc:
        return _conflict(draft, exc), 409
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("commands.forget", command_id=command_id))
    text = _("Saved.")
    if command.version == draft.version:
        text = _("Nothing was changed, so nothing was sent.")
    return forms.told(_form(portal(), command_drafts.of_command(command), command), text)


@blueprint.post("/<int:command_id>/republication")
@fresh_admin
@rehearsable
def republish(command_id: int) -> ResponseReturnValue:
    """Put the command on the portal as it is saved."""
    try:
        command = commands.republish(portal(), command_id, request.form.get("version", 0, int))
    except Conflict as exc:
        if "title" not in request.form:
            raise
        return _conflict(read_draft(request.form), exc), 409
    form = _form(portal(), command_drafts.of_command(command), command)
    return forms.told(form, _("The command is on the portal as it is saved here."))


@blueprint.post("/<int:command_id>/unregistration")
@fresh_admin
@rehearsable
def unregister(command_id: int) -> ResponseReturnValue:
    """Take the command out of the chat."""
    try:
        was_there = commands.unregister(portal(), command_id)
    except NotOurs as exc:
        return replies.offer_removal(exc, url_for("commands.forget", command_id=command_id))
    if was_there:
        return _index(_("The command is unregistered."))
    return _index(_("The portal had removed it already. It is off this list now."))


@blueprint.post("/<int:command_id>/removal")
@fresh_admin
def forget(command_id: int) -> ResponseReturnValue:
    """Take off our list what belongs to another application."""
    commands.forget(portal(), command_id)
    return _index(_("It is off this list. In the portal nothing was changed."))


def read_draft(form: MultiDict[str, str]) -> CommandDraft:
    """What was typed, as it was typed."""
    typed: dict[str, Any] = {name: form[name] for name in TEXTS if name in form}
    typed |= {name: form.get(name) == "1" for name in FLAGS}
    hints = forms.rows(form, "language", "title", "params")
    replies_ = forms.rows(form, "replies_language", "replies")
    return CommandDraft(
        version=form.get("version", 0, int),
        translations=tuple(Hint(*row) for row in hints),
        replies=tuple(Text(*row) for row in replies_),
        **typed,
    )


def index_context(of: Portal, language: str) -> dict[str, Any]:
    """What ``commands/index.html`` needs: our bots, each with its commands by name."""
    wanted = (language, of.installation.language, "en")
    everything = sorted(of.store.commands.all(), key=lambda command: command.name)
    groups = [
        {
            "bot": bot,
            "avatar_url": pictures.data_url(bot.avatar) if bot.avatar else "",
            "commands": [_row(one, wanted) for one in everything if one.bot_id == bot.id],
        }
        for bot in reversed(of.store.bots.all())
    ]
    return {"groups": groups}


def _row(command: Command, languages: tuple[str, ...]) -> dict[str, Any]:
    return {
        "command": command,
        "hint": hint(command, *languages),
        "languages": [entry.language for entry in command.translations],
        "updated": i18n.moment(command.updated_at),
    }


def hint(command: Command, *languages: str) -> Hint:
    """Title and hint in the first of these languages the command has, else in its first."""
    by_language = {entry.language: entry for entry in command.translations}
    found = (by_language[code] for code in languages if code in by_language)
    return next(found, next(iter(by_language.values()), Hint("", "")))


def _index(text: str = "") -> Response:
    context = index_context(portal(), session().language)
    return forms.told(render_template("commands/index.html", **context), text)


def _form(
    of: Portal,
    draft: CommandDraft,
    command: Command | None = None,
    *,
    errors: dict[str, str] | None = None,
    conflict: dict[str, Any] | None = None,
) -> str:
    bot = of.store.bots.get(command.bot_id) if command else None
    spoken = [entry.language for entry in draft.translations]
    spoken += [entry.language for entry in draft.replies]
    return render_template(
        "commands/edit.html",
        form=draft,
        command=command,
        bot=bot,
        bots=bots.living(of),
        errors=field_words.of_fields(errors or {}),
        labels=comparison.labels(errors or {}, draft),
        languages=i18n.languages(*spoken),
        portal_language=of.installation.language,
        name_fixed=bool(bot and bot.api is BotApi.V1),
        conflict=conflict,
    )


def _conflict(draft: CommandDraft, conflict: Conflict) -> str:
    """The form with both versions side by side; saving again means one's own."""
    saved = conflict.saved
    assert isinstance(saved, Command)
    both = comparison.both_sides(saved, draft, command_drafts.of_command(saved))
    return _form(portal(), draft, saved, conflict=both)
