"""Export and import: all definitions of the portal as a file, and what a file would change."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from flask import Blueprint, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext

from b24app import i18n
from b24app.actions import bulk, definitions, imports
from b24app.actions.definition_kinds import KINDS, THINGS
from b24app.actions.imports import Act, Plan, Step
from b24app.actions.portal import Portal
from b24app.errors import BadPayload
from b24app.web import bulk as runs
from b24app.web import lines, sentences
from b24app.web.rehearsals import is_rehearsal, rehearsable, rehearsed
from b24app.web.session import admin, fresh_admin, portal

FORM_BYTES: Final = 64 * 1024  # what surrounds the file
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
    "too_many": lazy_gettext("That is too many: at most 1,000 in all."),
    "twice": lazy_gettext("The file has this twice."),
    "nothing": lazy_gettext("Choose a file first."),
}

blueprint = Blueprint("definitions", __name__, url_prefix="/definitions")


@blueprint.get("")
@admin
def index() -> ResponseReturnValue:
    """Both ways: a file from here, and a file to here."""
    return render_template("definitions/index.html", counts=_counts(portal()))


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


@blueprint.post("/<taken>/import")
@fresh_admin
@rehearsable
def start(taken: str) -> ResponseReturnValue:
    """Begin to do it."""
    of = portal()
    try:
        run = bulk.start_import(of, taken)
    except BadPayload as exc:
        return runs.refused(exc), 422
    return rehearsed(of, run) if is_rehearsal() else runs.begun(of, run)


def _counts(of: Portal) -> list[tuple[str, int]]:
    """How many of each kind the file would have."""
    counted = {name: len(make(of).entries()) for name, make in KINDS.items()}
    return [(str(lines.THINGS[THINGS[name]]), count) for name, count in counted.items()]


def _plan(of: Portal, taken: str) -> str:
    plan = imports.plan(of, taken)
    numbers = Counter(step.act for step in plan.steps)
    return render_template(
        "definitions/plan.html",
        plan=plan,
        made_at=_moment(plan),
        groups=[
            {
                "act": act,
                "title": title,
                "rows": [_row(step) for step in plan.steps if step.act is act],
            }
            for act, title in ACTS.items()
            if numbers[act]
        ],
        counts=[(title, numbers[act]) for act, title in ACTS.items() if numbers[act]],
        to_do=sum(step.does_something for step in plan.steps),
    )


def _moment(plan: Plan) -> str:
    """When it was made, as the file says; "" when it does not."""
    try:
        return i18n.moment(int(datetime.fromisoformat(plan.made_at).timestamp()))
    except (ValueError, OverflowError):
        return ""


def _row(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "thing": lines.THINGS[step.thing],
        "both": bool(step.before),
        "fields": lines.rows(step.before, step.after, {}),
        "reasons": _reasons(step.errors),
    }


def _reasons(errors: Mapping[str, str]) -> list[str]:
    """What is in the way, with the field it is about."""
    return [
        f"{lines.FIELDS.get(field.partition('.')[0], field)}: {runs.reason(reason)}"
        for field, reason in errors.items()
    ]


def _problems(refusal: BadPayload) -> list[tuple[str, str]]:
    """Places of the file and what is wrong there; the file as a whole has no place."""
    fallback = sentences.of_fields(refusal.errors)
    return [
        (where, str(PROBLEMS.get(reason, fallback[where])))
        for where, reason in refusal.errors.items()
    ]
