"""The page of differences between the portal and our list, and what to do about each."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from b24app import i18n, jobs_bulk, jobs_drift
from b24app.actions import drift, drift_check
from b24app.actions.drift_deeds import Done
from b24app.actions.portal import Portal
from b24app.errors import BadPayload
from b24app.records import Check, Deed, Drifted, Finding, Look
from b24app.resources import resources
from b24app.web import drift_words, field_words, forms, lines, names, sentences
from b24app.web.drift_words import GROUPS, HOW, NOT_LISTED, SUBSCRIPTIONS, UNSEEN, WHY
from b24app.web.rehearsals import is_rehearsal, rehearsable, rehearsed
from b24app.web.session import admin, fresh_admin, portal

DEEDS: Final = {"restoration": Deed.RESTORE, "adoption": Deed.ADOPT, "removal": Deed.FORGET}
NOUNS: Final = {deed: noun for noun, deed in DEEDS.items()}
BY_CLASS: Final = {kind.__name__: reply for kind, reply in sentences.REPLIES.items()}

blueprint = Blueprint("drift", __name__, url_prefix="/drift")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """What was last seen; a page without a look asks for one by itself."""
    return _page(portal())


@blueprint.post("/look")
@admin
def look() -> ResponseReturnValue:
    """Look now; ``quiet`` is the page that asks by itself, and then nothing is read out."""
    of = portal()
    verdict = _verdict(drift.look(of), drift.known(of))
    text = "" if "quiet" in request.form else verdict["text"]
    return forms.told(_page(of), text, verdict["sign"])


@blueprint.post("/check")
@admin
def check() -> ResponseReturnValue:
    """Ask for everything that no list shows; a worker does it."""
    of = portal()
    begun = drift_check.begin(of)
    if begun.running:
        jobs_drift.call_check(resources(), of.installation.member_id)
    return _page(of)


@blueprint.get("/check")
@admin
def progress() -> ResponseReturnValue:
    """How far that is, as the page asks while it lasts; at its end the page."""
    of = portal()
    standing = of.store.drift.check()
    if standing and standing.running:
        if drift_check.is_stuck(standing):
            jobs_drift.call_check(resources(), of.installation.member_id)
        return render_template("drift/_check.html", **_checked(of, standing))
    page = forms.told(_page(of), str(_("Every chat app was asked for.")))
    page.headers["HX-Retarget"] = "#page"
    page.headers["HX-Reswap"] = "innerHTML"
    return page


@blueprint.post("/<thing>/<thing_id>/<deed>")
@fresh_admin
@rehearsable
def do(thing: str, thing_id: str, deed: str) -> ResponseReturnValue:
    """Do something about one difference."""
    of, how = portal(), request.form.get("how", "")
    if deed not in DEEDS or how not in set(Drifted):
        raise BadPayload("deed", "unknown_choice")
    typed = request.form.get("confirmation", "")
    if is_rehearsal():  # nothing is deleted, and nothing was asked for yet
        same = (one for one in drift.known(of) if (one.thing, one.thing_id) == (thing, thing_id))
        typed = next((one.name for one in same), "")
    try:
        done = drift.do(of, DEEDS[deed], (thing, thing_id, how), typed)
    except BadPayload as exc:
        return _refused(exc), 422
    if is_rehearsal():
        return rehearsed(of, *done.runs)
    if done.runs:
        jobs_bulk.call_worker(resources(), of.installation.member_id)
    kind = "warning" if done.stale else "success"
    return forms.told(_page(of), _result(thing, Drifted(how), DEEDS[deed], done), kind)


def _page(of: Portal) -> str:
    seen, standing = of.store.drift.look(), of.store.drift.check()
    found = drift.known(of)
    return render_template(
        "drift/index.html",
        pending=seen is None,
        verdict=_verdict(seen, found),
        groups=_groups(of, found),
        unseen=_unseen(seen),
        strangers=seen.strangers if seen else {},
        **_checked(of, standing),
    )


def _verdict(seen: Look | None, found: list[Finding]) -> dict[str, str]:
    """Everything in order, or how much is not, and when that was seen."""
    if seen is None:
        return {
            "sign": "info",
            "health": "pending",
            "text": _("Looking at the portal…"),
            "more": "",
        }
    more = _trouble(seen)
    if not seen.at:
        text = _("The portal could not be looked at yet.")
        return {"sign": "warning", "health": "amber", "text": text, "more": more}
    moment = i18n.moment(seen.at)
    if found:
        count = ngettext("%(num)d difference.", "%(num)d differences.", len(found))
        when = _("Looked at on %(moment)s.", moment=moment)
        text = f"{count} {when}"
        return {"sign": "warning", "health": "amber", "text": text, "more": more}
    text = _("Everything is in order. Looked at on %(moment)s.", moment=moment)
    if more or seen.unseen:
        text = _("No difference in what could be seen on %(moment)s.", moment=moment)
        return {"sign": "warning", "health": "amber", "text": text, "more": more}
    return {"sign": "success", "health": "green", "text": text, "more": more}


def _trouble(seen: Look) -> str:
    if not seen.trouble:
        return ""
    moment, why = i18n.moment(seen.tried_at), _reason(seen.trouble)
    return str(_("The try of %(moment)s came to nothing: %(why)s", moment=moment, why=why))


def _reason(name: str) -> str:
    """The sentences of an error's class."""
    reply = BY_CLASS.get(name, sentences.UNEXPECTED)
    return f"{reply.title}."


def _unseen(seen: Look | None) -> list[str]:
    if seen is None:
        return []
    return [
        str(NOT_LISTED) if why == "not_listed" else f"{UNSEEN[thing]} {_reason(why)}"
        for thing, why in seen.unseen.items()
    ]


def _checked(of: Portal, standing: Check | None) -> dict[str, Any]:
    """What the part about chat apps shows."""
    said = ""
    if standing:
        numbers = {"done": standing.done, "total": standing.total}
        said = str(_("%(done)s of %(total)s", **numbers))
    ended = standing is not None and not standing.running
    return {
        "check": standing,
        "said": said,
        "moment": i18n.moment(standing.at) if standing and ended else "",
        "why": _reason(standing.trouble) if standing and standing.trouble else "",
        "some": bool(of.store.chat_apps.all() or of.store.commands.all()),
    }


def _groups(of: Portal, found: list[Finding]) -> list[dict[str, Any]]:
    called = _names(of, found)
    return [
        {
            "thing": thing,
            "title": str(title),
            "findings": [_told(one, called) for one in found if one.thing == thing],
        }
        for thing, title in GROUPS.items()
        if any(one.thing == thing for one in found)
    ]


def _names(of: Portal, found: list[Finding]) -> lines.Names:
    """What our things are called, and the bots that commands belong to."""
    theirs = {("bot", one.thing_id): one.name for one in found if one.thing == "bot"}
    return {**names.of_things(of), **theirs}


def _told(one: Finding, called: lines.Names) -> dict[str, Any]:
    """A difference ready for the page."""
    is_events = one.thing == "subscription"
    fields = {**one.ours, **one.theirs}
    ours = "" if one.how is Drifted.UNKNOWN else called.get((one.thing, one.thing_id), "")
    return {
        "finding": one,
        "name": str(SUBSCRIPTIONS[one.how]) if is_events else ours or one.name,
        "how": str(HOW[one.how]),
        "about": "" if is_events else lines.about(one.thing, one.thing_id, fields),
        "events": fields["events"] if is_events else [],
        "address": fields["address"] if is_events else "",
        "rows": [] if is_events else lines.rows(one.ours, one.theirs, called),
        "why": str(WHY[one.why]) if one.why else "",
        "offers": [
            {
                "url": f"/drift/{one.thing}/{one.thing_id}/{NOUNS[deed]}",
                "deed": deed.value,
                "words": drift_words.offer(one, deed),
                "typed": one.name if _must_be_typed(one, deed) else "",
            }
            for deed in one.deeds
        ],
    }


def _must_be_typed(one: Finding, deed: Deed) -> bool:
    return (one.thing, one.how, deed) == ("bot", Drifted.UNKNOWN, Deed.FORGET)


def _result(thing: str, how: Drifted, deed: Deed, done: Done) -> str:
    if done.stale:
        return str(drift_words.STALE)
    if thing == "subscription":
        return str(drift_words.RESTORED_SUBSCRIPTIONS)
    following = [drift_words.FOLLOWING] if done.runs else []
    return " ".join(str(part) for part in (drift_words.RESULTS[how, deed], *following))


def _refused(refusal: BadPayload) -> str:
    return render_template(
        "_parts/message.html",
        kind="warning",
        title=_("This cannot be done"),
        text=" ".join(field_words.of_fields(refusal.errors).values()),
        next_step=_("Look again: it may not be so any more."),
        back={"url": "/drift", "label": str(_("To the differences"))},
    )
