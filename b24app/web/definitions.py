"""Export and import: all definitions of the portal as a file, and what a file would change."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from b24app import i18n
from b24app.actions import bulk, definitions, imports
from b24app.actions.definition_kinds import THINGS
from b24app.actions.imports import Act, Plan, Step
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, NotFound
from b24app.web import bulk as runs
from b24app.web import field_words, lines
from b24app.web.rehearsals import is_rehearsal, rehearsable, rehearsed
from b24app.web.session import admin, fresh_admin, portal, session

FORM_BYTES: Final = 64 * 1024  # what surrounds the file
SHOWN: Final = 50  # definitions at once of those that share a fate
BRIEF: Final = 6  # fields, and
SHORT: Final = 3000  # characters, pictures' too, that are shown without being asked for
PLACE: Final = re.compile(r"[0-9]{1,6}")
UNSAFE: Final = re.compile(r"[^A-Za-z0-9.-]+")
ACTS: Final = {
    Act.CREATE: lazy_gettext("To be created"),
    Act.CHANGE: lazy_gettext("To be changed"),
    Act.RESTORE: lazy_gettext("To be put back"),
    Act.CANNOT: lazy_gettext("Not possible"),
    Act.SAME: lazy_gettext("The same already"),
}
# What is wrong with a file, and with a place in it.
PROBLEMS: Final = {
    "not_json": lazy_gettext("This is not a file of definitions, or it is damaged."),
    "other_file": lazy_gettext("This is not a file of definitions: it was not exported here."),
    "newer_version": lazy_gettext("A newer version of this application made the file."),
    "other_value": lazy_gettext("This value cannot stand here."),
    "not_object": lazy_gettext("An object in braces is expected."),
    "not_list": lazy_gettext("A list in brackets is expected."),
    "not_text": lazy_gettext("A text is expected."),
    "not_flag": lazy_gettext("true or false is expected."),
    "not_number": lazy_gettext("A whole number is expected."),
    "number_range": lazy_gettext("The number is too small or too big."),
    "missing": lazy_gettext("It is missing."),
    "unknown_field": lazy_gettext("There is no field of this name."),
    "too_long": lazy_gettext("The text is too long."),
    "too_many": lazy_gettext("That is too many."),
    "too_many_things": lazy_gettext("The file has too many definitions: at most 10,000 in all."),
    "twice": lazy_gettext("The file has this twice."),
    "nothing": lazy_gettext("Choose a file first."),
}

blueprint = Blueprint("definitions", __name__, url_prefix="/definitions")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """Both ways: a file from here, and a file to here."""
    counts, fits = definitions.overview(portal())
    return render_template(
        "definitions/index.html",
        counts=[(lines.THINGS[THINGS[name]], count) for name, count in counts.items()],
        most_bytes=definitions.MAX_BYTES,
        fits=fits,
    )


@blueprint.post("/file")
@admin
def export() -> ResponseReturnValue:
    """The file, to be saved."""
    of = portal()
    response = make_response(definitions.of_portal(of))
    response.mimetype = "application/json"
    domain = UNSAFE.sub("-", of.installation.domain)
    name = f"b24app-{domain}-{datetime.now(UTC):%Y-%m-%d}.json"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@blueprint.post("")
@admin
def upload() -> ResponseReturnValue:
    """Take a file, and show what it would change; nothing is changed."""
    request.max_content_length = definitions.MAX_BYTES + FORM_BYTES
    file = request.files.get("file")
    try:
        if file is None:
            raise BadPayload("", "nothing")
        taken = imports.take(portal(), file.read())
    except BadPayload as exc:
        return render_template("definitions/_problems.html", problems=_problems(exc)), 422
    response = make_response(_plan(portal(), taken))
    response.headers["HX-Retarget"] = "#page"
    return response


@blueprint.get("/<taken>")
@admin
def show(taken: str) -> ResponseReturnValue:
    """What an upload would change now."""
    return _plan(portal(), taken)


@blueprint.get("/<taken>/rows")
@admin
def rows(taken: str) -> ResponseReturnValue:
    """The next definitions of those that share a fate, after a place in the file."""
    act, after = request.args.get("act", ""), request.args.get("after", "")
    if act not in ACTS or not PLACE.fullmatch(after):
        raise NotFound(f"rows of {taken}")
    later = (step for step in imports.steps(portal(), taken, int(after) + 1) if step.act == act)
    steps = list(islice(later, SHOWN + 1))
    return render_template("definitions/_rows.html", first=False, **_some(taken, steps))


@blueprint.get("/<taken>/<place>")
@admin
def details(taken: str, place: str) -> ResponseReturnValue:
    """What one definition would be, or what it would change."""
    if not PLACE.fullmatch(place):
        raise NotFound(f"{place} of {taken}")
    step = next(imports.steps(portal(), taken, int(place)), None)
    if step is None:
        raise NotFound(f"{place} of {taken}")
    shown = lines.rows(step.before, step.after, {})
    return render_template(
        "history/_fields.html", rows=shown, both=bool(step.before), label=step.name
    )


@blueprint.post("/<taken>/import")
@fresh_admin
@rehearsable
def start(taken: str) -> ResponseReturnValue:
    """Begin to do it."""
    of = portal()
    try:
        started = bulk.start_import(of, taken)
    except BadPayload as exc:
        return runs.refused(exc), 422
    return rehearsed(of, *started) if is_rehearsal() else runs.begun(of, *started)


def _plan(of: Portal, taken: str) -> str:
    plan = imports.plan(of, taken, SHOWN + 1)
    counts = [(act, title, plan.counts[act]) for act, title in ACTS.items() if plan.counts[act]]
    return render_template(
        "definitions/plan.html",
        plan=plan,
        made_at=_moment(plan),
        groups=[
            {"act": act, "title": title, "count": count} | _some(taken, plan.first[act])
            for act, title, count in counts
        ],
        counts=[(title, count) for _, title, count in counts],
        to_do=any(act in imports.DOES_SOMETHING for act, _, _ in counts),
    )


def _some(taken: str, steps: Sequence[Step]) -> dict[str, Any]:
    """Some that share a fate; one more than are shown says that there are more."""
    shown = steps[:SHOWN]
    return {
        "upload": taken,
        "rows": [_row(step) for step in shown],
        "act": shown[0].act if shown else "",
        "after": shown[-1].place if len(steps) > SHOWN else None,
    }


def _moment(plan: Plan) -> str:
    """When it was made, as the file says; "" when it does not."""
    try:
        return i18n.moment(int(datetime.fromisoformat(plan.made_at).timestamp()))
    except (ValueError, OverflowError):
        return ""


def _row(step: Step) -> dict[str, Any]:
    """A definition for the page; ``fields`` that are few and short are shown at once."""
    fields = lines.rows(step.before, step.after, {})
    length = sum(len(row.before) + len(row.after) for row in fields)
    brief = bool(step.before) and len(fields) <= BRIEF and length <= SHORT
    return {
        "place": step.place,
        "name": _name(step),
        "thing": lines.THINGS[step.thing],
        "both": bool(step.before),
        "fields": fields if brief else [],
        "more": bool(fields) and not brief,
        "reasons": _reasons(step.errors),
    }


def _name(step: Step) -> str:
    """In the person's language, where the file has a title in it that is not there yet."""
    rows = step.after.get("translations", []) if step.thing in ("chat_app", "widget") else []
    titles = {row["language"]: row["title"] for row in rows}
    return titles.get(session().language) or step.name


def _reasons(errors: Mapping[str, str]) -> list[str]:
    """What is in the way, with the field it is about."""
    return [
        f"{lines.FIELDS.get(field.partition('.')[0], field)}: {runs.reason(reason)}"
        for field, reason in errors.items()
    ]


def _problems(refusal: BadPayload) -> list[tuple[str, str]]:
    """Places of the file and what is wrong there; the file as a whole has no place."""
    fallback = field_words.of_fields(refusal.errors)
    return [
        (where, str(PROBLEMS.get(reason, fallback[where])))
        for where, reason in refusal.errors.items()
    ]
