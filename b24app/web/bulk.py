"""Work with many things at once: starting it, its progress, cancelling it, taking it back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import LazyString, lazy_gettext
from flask_babel import gettext as _

from b24app import i18n, jobs_bulk
from b24app.actions import bulk, imports
from b24app.actions.portal import Portal
from b24app.errors import BadPayload
from b24app.records import Item, ItemState, Run, RunState, Verb
from b24app.resources import resources
from b24app.web import field_words, forms, lines, names, sentences
from b24app.web.rehearsals import is_rehearsal, rehearsable, rehearsed
from b24app.web.session import admin, fresh_admin, portal

BRIEF: Final = 50  # so many items are shown while the work goes on
TITLES: Final[Mapping[tuple[str, str], LazyString]] = {
    (Verb.UNREGISTER, "chat_app"): lazy_gettext("Unregistering chat apps"),
    (Verb.REPUBLISH, "chat_app"): lazy_gettext("Publishing chat apps again"),
    (Verb.UNREGISTER, "command"): lazy_gettext("Unregistering commands"),
    (Verb.REPUBLISH, "command"): lazy_gettext("Publishing commands again"),
    (Verb.UNREGISTER, "bot"): lazy_gettext("Deleting bots"),
    (Verb.REPUBLISH, "bot"): lazy_gettext("Publishing bots again"),
    (Verb.UNREGISTER, "connector"): lazy_gettext("Unregistering connectors"),
    (Verb.REPUBLISH, "connector"): lazy_gettext("Publishing connectors again"),
    (Verb.UNREGISTER, "widget"): lazy_gettext("Unregistering widgets"),
    (Verb.REPUBLISH, "widget"): lazy_gettext("Publishing widgets again"),
    (imports.VERB, imports.THING): lazy_gettext("Importing"),
}
# Where a run's page leads back to.
LISTS: Final[Mapping[str, tuple[str, LazyString]]] = {
    "chat_app": ("/chat-apps", lazy_gettext("Chat apps")),
    "command": ("/commands", lazy_gettext("Commands")),
    "bot": ("/bots", lazy_gettext("Bots")),
    "connector": ("/connectors", lazy_gettext("Connectors")),
    "widget": ("/widgets", lazy_gettext("Widgets")),
    imports.THING: ("/definitions", lazy_gettext("Export and import")),
}
STATES: Final = {
    ItemState.WAITING: lazy_gettext("Waiting"),
    ItemState.SENT: lazy_gettext("Under way"),
    ItemState.DONE: lazy_gettext("Done"),
    ItemState.GONE: lazy_gettext("Was done already"),
    ItemState.REFUSED: lazy_gettext("Refused"),
    ItemState.FAILED: lazy_gettext("Failed"),
}
REASONS: Final = {
    "bulk_none": lazy_gettext("Nothing was chosen, or it is gone already."),
    "bulk_too_many": lazy_gettext("That is too many for one go: at most 1,000."),
    "bulk_number": lazy_gettext(
        "Another number was typed than bots were found. Choose them and type their number again."
    ),
    "icon_republish": lazy_gettext("The portal shows the new icon only once it is republished."),
    "new_hash": lazy_gettext("It has a new hash: give it to the page behind it."),
    "line_gone": lazy_gettext("An Open Channel it was connected to is not there any more."),
    "other_bot": lazy_gettext("It belongs to another bot now, as its own is gone."),
    "bot_missing": lazy_gettext("Its bot is not on the portal."),
    "fixed": lazy_gettext("This cannot be changed: it was chosen once and for all."),
    "upload_gone": lazy_gettext("The file was not kept that long. Import it again."),
}
TROUBLES: Final = (ItemState.REFUSED, ItemState.FAILED)
OLD_LEFT: Final = "old_left"
BY_CLASS: Final = {kind.__name__: reply for kind, reply in sentences.REPLIES.items()}

blueprint = Blueprint("bulk", __name__, url_prefix="/bulk")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """The runs that are kept, newest first."""
    return _all(portal())


@blueprint.post("")
@fresh_admin
@rehearsable
def start() -> ResponseReturnValue:
    """Begin to do something to many things."""
    of = portal()
    verb, thing = request.form.get("verb", ""), request.form.get("thing", "")
    ids, typed = request.form.getlist("id"), request.form.get("confirmation", "")
    if is_rehearsal():  # nothing is deleted, and nothing was asked for yet
        typed = str(len(bulk.chosen(of, thing, ids)))
    try:
        run = bulk.start(of, verb, thing, ids, typed)
    except BadPayload as exc:
        return refused(exc), 422
    return rehearsed(of, run) if is_rehearsal() else begun(of, run)


@blueprint.get("/<run_id>")
@admin
def show(run_id: str) -> ResponseReturnValue:
    """How it stands; with ``part`` only what changes, as the page asks while it lasts."""
    of = portal()
    run = of.store.runs.get(run_id)
    if run.state is RunState.RUNNING:
        jobs_bulk.call_worker(resources(), of.installation.member_id)
    return _part(of, run) if "part" in request.args else _page(of, run)


@blueprint.post("/<run_id>/cancellation")
@fresh_admin
def cancel(run_id: str) -> ResponseReturnValue:
    """Leave the rest undone."""
    return _page(portal(), bulk.cancel(portal(), run_id))


@blueprint.post("/<run_id>/continuation")
@fresh_admin
def resume(run_id: str) -> ResponseReturnValue:
    """Go on with the rest."""
    return begun(portal(), bulk.resume(portal(), run_id))


@blueprint.post("/<run_id>/undo")
@fresh_admin
@rehearsable
def undo(run_id: str) -> ResponseReturnValue:
    """Register again what it has unregistered."""
    of = portal()
    try:
        runs = bulk.start_undo(of, bulk.removed(of, of.store.runs.get(run_id)))
    except BadPayload as exc:
        return refused(exc), 422
    return rehearsed(of, *runs) if is_rehearsal() else begun(of, *runs)


def begun(of: Portal, *runs: Run) -> str:
    """The page of a run that was put away, or of several, for which a worker is called."""
    jobs_bulk.call_worker(resources(), of.installation.member_id)
    return _page(of, runs[0]) if len(runs) == 1 else _all(of)


def _all(of: Portal) -> str:
    runs = [_context(of, run, {}) for run in of.store.runs.all()]
    return render_template("bulk/index.html", runs=runs)


def _page(of: Portal, run: Run) -> str:
    return render_template("bulk/show.html", **_context(of, run, names.of_things(of)))


def _part(of: Portal, run: Run) -> ResponseReturnValue:
    """What changes; at the end it is read out."""
    context = _context(of, run, names.of_things(of))
    kind = "success" if context["clean"] else "warning"
    told = (context["said"], *(f"{label}: {number}" for label, number in context["troubles"]))
    said = "" if run.state is RunState.RUNNING else " · ".join(told)
    return forms.told(render_template("bulk/_progress.html", **context), said, kind)


def _context(of: Portal, run: Run, called: lines.Names) -> dict[str, Any]:
    items = of.store.runs.items(run)
    troubled = [item for item in items if item.reason]
    whole = run.state is not RunState.RUNNING or run.total <= BRIEF
    ended = sum(1 for item in items if not item.open)
    return {
        "run": run,
        "title": _title(run),
        "back": LISTS.get(run.thing, LISTS["chat_app"]),
        "ended": ended,
        "counts": _counts(items, tuple(ItemState)),
        "troubles": _counts(items, TROUBLES),
        "said": _said(run, ended),
        "clean": run.state is RunState.DONE and not troubled,
        "why": reason(run.reason) if run.reason else "",
        "rows": [_row(run, item, called) for item in (items if whole else troubled)],
        "who": lines.person(run.user_id, run.user_name),
        "moment": i18n.moment(run.at),
        "undoable": run.verb == Verb.UNREGISTER and bool(ended),
    }


def _counts(items: list[Item], states: tuple[ItemState, ...]) -> list[tuple[str, int]]:
    """How many are in each of the states, and of the others how many have something to tell."""
    counts = Counter(item.state for item in items)
    noted = sum(1 for item in items if item.reason and item.state not in TROUBLES)
    numbers = [(str(STATES[state]), counts[state]) for state in states]
    return [(label, number) for label, number in (*numbers, (_("With a note"), noted)) if number]


def _title(run: Run) -> str:
    return str(TITLES.get((run.verb, run.thing)) or _("Taking changes back"))


def _said(run: Run, ended: int) -> str:
    numbers = {"ended": ended, "total": run.total}
    if run.state is RunState.RUNNING:
        return str(_("%(ended)s of %(total)s", **numbers))
    if run.state is RunState.DONE:
        return str(_("Finished: %(ended)s of %(total)s", **numbers))
    if run.state is RunState.CANCELLED:
        return str(_("Cancelled after %(ended)s of %(total)s", **numbers))
    return str(_("Stopped after %(ended)s of %(total)s", **numbers))


def _row(run: Run, item: Item, called: lines.Names) -> dict[str, Any]:
    kind = item.thing_id.partition(":")[0] if run.verb == imports.VERB else ""
    now = called.get((kind or run.thing, item.arrived or item.thing_id))
    return {
        "item": item,
        "name": now or item.name or item.thing_id,  # what is gone keeps the name it had
        "kind": lines.THINGS.get(kind, ""),
        "state": STATES[item.state],
        "why": _why(item) if item.reason else "",
        "arrived": item.arrived if item.arrived.isdigit() else "",  # the others keep their id
        "left": item.thing_id if item.reason == OLD_LEFT else "",
    }


def _why(item: Item) -> str:
    if item.reason != OLD_LEFT:
        return reason(item.reason)
    return str(
        _(
            "The old one, number %(number)s, could not be removed and works too: unregister it.",
            number=item.thing_id,
        )
    )


def reason(code: str) -> str:
    """The sentence of a reason code or an error's class."""
    known = REASONS.get(code) or lines.OBSTACLES.get(code)
    if known:
        return str(known)
    if reply := BY_CLASS.get(code):
        return f"{reply.title}. {reply.text}"
    return field_words.of_fields({"reason": code})["reason"]


def refused(refusal: BadPayload) -> str:
    """The message that nothing was begun, and why."""
    return render_template(
        "_parts/message.html",
        kind="warning",
        title=_("Nothing was begun"),
        text=" ".join(reason(code) for code in refusal.errors.values()),
        next_step="",
    )
