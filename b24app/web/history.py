"""The activity page: who changed what, and taking it back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext

from b24app.actions import activity, history, past
from b24app.actions import bulk as bulk_actions
from b24app.actions.activity import Wanted
from b24app.actions.history import Undone
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, Conflict
from b24app.records import Change, Verb
from b24app.web import bulk, field_words, forms, lines, names
from b24app.web.bots import owned
from b24app.web.lines import Line
from b24app.web.rehearsals import is_rehearsal, rehearsable, rehearsed
from b24app.web.session import admin, fresh_admin, portal

DAY: Final = 24 * 3600
PERIODS: Final = {
    1: lazy_gettext("Last 24 hours"),
    7: lazy_gettext("Last 7 days"),
    30: lazy_gettext("Last 30 days"),
}
NOTES: Final = {
    "icon_republish": lazy_gettext("If the chat still shows the other icon, republish it."),
    "picture_stays": lazy_gettext("The picture stays: a portal cannot go back to none."),
    "chats_lost": lazy_gettext("Its chats with people are gone for good."),
    "new_hash": lazy_gettext("It has a new hash: give it to the page behind it."),
    "other_bot": lazy_gettext("It belongs to another bot now, as its own is gone."),
    "line_gone": lazy_gettext("An Open Channel it was connected to is not there any more."),
    "was_gone": lazy_gettext("The portal had removed it already."),
}

blueprint = Blueprint("history", __name__, url_prefix="/history")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The list, filtered; with ``below`` only the lines that follow."""
    below = request.args.get("below", "")
    template = "history/_lines.html" if below else "history/index.html"
    return render_template(template, **_context(portal(), below))


@blueprint.post("/<change_id>/undo")
@fresh_admin
@rehearsable
def undo(change_id: str) -> ResponseReturnValue:
    """Take a change back."""
    of = portal()
    typed = request.form.get("confirmation", "")
    if is_rehearsal():  # nothing is deleted, and nothing was asked for yet
        number = history.id_now(of, history.get(of, change_id))
        typed = names.of_things(of).get(("bot", number), "")
    try:
        undone = history.undo(of, change_id, typed)
    except BadPayload as exc:
        return _refused(change_id, exc), 422
    except Conflict as exc:
        return _conflict(change_id, exc), 409
    others = past.left(of, undone.change)
    text = " ".join((_result(undone, others), *(str(NOTES[note]) for note in undone.notes)))
    if others:
        runs = bulk_actions.start_undo(of, others)
        if is_rehearsal():
            return rehearsed(of, *runs)
        return forms.told(bulk.begun(of, runs[0]), text)
    kind = "warning" if "new_hash" in undone.notes else "success"
    return forms.told(render_template("history/index.html", **_context(of)), text, kind)


def _context(of: Portal, below: str = "") -> dict[str, Any]:
    wanted = _wanted()
    found = activity.listing(of, wanted, below)
    called = names.of_things(of)
    shown = lines.lines(found, called)
    return {
        "lines": shown,
        "owned": _owned(of, shown, called),
        "older": found.older,
        "first": not below,
        "wanted": wanted,
        "days": request.values.get("days", 0, int),
        "things": lines.THINGS,
        "people": {
            user_id: lines.person(user_id, name)
            for user_id, name in of.store.changes.people().items()
        },
        "periods": PERIODS,
        "many": bool(of.store.runs.all()),
    }


def _owned(of: Portal, shown: list[Line], called: lines.Names) -> dict[str, dict[str, Any]]:
    """What would go with each bot that taking back its registration would delete, by its number
    at that time; it may have another now."""
    asked = [line.change for line in shown if line.typed and not line.undone]
    now = {change.thing_id: history.id_now(of, change) for change in asked}
    there = {was: int(number) for was, number in now.items() if ("bot", number) in called}
    found = owned(of, there.values()) if there else {}
    return {was: found[number] for was, number in there.items()}


def _wanted() -> Wanted:
    days = request.values.get("days", 0, int)
    return Wanted(
        thing=request.values.get("thing", ""),
        thing_id=request.values.get("thing_id", ""),
        person=request.values.get("person", None, int),
        since=int(time.time()) - days * DAY if days in PERIODS else 0,
    )


def _conflict(change_id: str, conflict: Conflict) -> str:
    """What the change left and what stands now, side by side."""
    change = history.get(portal(), change_id)
    now = conflict.saved  # of an undo the fields
    assert isinstance(now, dict)
    return render_template(
        "history/_conflict.html",
        name=change.name,
        removed=change.verb in past.REMOVALS,
        rows=lines.rows(*history.differences(change, now), names.of_things(portal())),
    )


def _refused(change_id: str, refusal: BadPayload) -> str:
    reasons = dict.fromkeys(refusal.errors.values())
    known = [str(lines.OBSTACLES[reason]) for reason in reasons if reason in lines.OBSTACLES]
    return render_template(
        "_parts/message.html",
        kind="warning",
        title=_("This change cannot be taken back"),
        text=" ".join(known or field_words.of_fields(refusal.errors).values()),
        next_step="",
    )


def _result(undone: Undone, others: Sequence[Change]) -> str:
    """What was done; ``others`` are about to come back with it."""
    verb = undone.change.verb
    if undone.already and not others:
        return str(_("It was taken back already; nothing was sent."))
    if verb in past.REMOVALS or history.lost(undone.change):
        if undone.change.thing in ("connector", "widget"):  # its id stays
            return str(_("It is back."))
        return str(_("It is back. Its number is %(id)s now.", id=undone.thing_id))
    if verb is Verb.UPDATE:
        return str(_("Taken back. The portal has the values from before."))
    if verb is Verb.ADOPT:
        return str(_("It is off your list. On the portal nothing was changed."))
    return str(_("Taken back: it is unregistered."))
