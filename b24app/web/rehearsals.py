"""Before it is applied: the REST calls a save or a piece of work with many things would make.

Any view marked ``rehearsable`` shows them, and does nothing, when it is asked with
``?rehearsal=1``; any other refuses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec

from flask import Flask, current_app, g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from b24app.actions import bulk
from b24app.actions.portal import Portal
from b24app.actions.rehearsal import PlannedCall, Rehearsing, is_new_number, rehearse
from b24app.errors import BadPayload
from b24app.records import Run
from b24app.resources import resources
from b24app.web import session

P = ParamSpec("P")

MARK: Final = "b24app_rehearsable"
SHOWN: Final = 100
LONGEST: Final = 300  # a picture is not read
BEGINNING: Final = 40
SECRET: Final = frozenset({"hash", "bottoken", "client_id"})


def init_app(app: Flask) -> None:
    """Let nothing be done for whoever only wanted to look."""
    app.before_request(_refuse)


def _refuse() -> None:
    """Raises BadPayload where a rehearsal is asked of a view that has none."""
    view = current_app.view_functions.get(request.endpoint or "")
    if is_rehearsal() and request.method == "POST" and view and MARK not in view.__dict__:
        raise BadPayload("rehearsal", "unknown_choice")


def rehearsable(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let the view show its calls; goes below the guard.

    What speaks against them is answered by the view, in the place of its page.
    """

    @wraps(view)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not is_rehearsal():
            return view(*args, **kwargs)
        g.portal, rest = rehearse(resources(), session.portal())
        response = make_response(view(*args, **kwargs))
        if response.status_code >= 400:
            response.headers["HX-Retarget"] = "#page"
            return response
        return _page(rest.calls, g.get("left", 0))

    wrapped.__dict__[MARK] = True  # each guard above takes it along
    return wrapped


def is_rehearsal() -> bool:
    """Whether this request only wants to see the calls."""
    return "rehearsal" in request.args


def rehearsed(of: Portal, *runs: Run) -> str:
    """Go through the runs until as many calls are noted as are shown; for a rehearsable view."""
    rest = of.rest
    assert isinstance(rest, Rehearsing)
    g.left = sum(bulk.run_through(of, run, lambda: len(rest.calls) >= SHOWN) for run in runs)
    return ""


def _page(calls: Sequence[PlannedCall], left: int) -> str:
    return render_template(
        "rehearsal/_calls.html",
        calls=[_shown(call) for call in calls[:SHOWN]],
        more=max(0, len(calls) - SHOWN),
        changing=sum(not call.asked for call in calls),
        left=left,
    )


def _shown(call: PlannedCall) -> dict[str, Any]:
    params = {name: _readable(name, value) for name, value in call.params.items()}
    return {
        "method": call.method,
        "asked": call.asked,
        "params": json.dumps(params, ensure_ascii=False, indent=2) if params else "",
        "within": [_shown(one) for one in call.within],
    }


def _readable(name: str, value: object) -> object:
    """The value without secrets, pictures cut short, numbers the portal has yet to give named."""
    if isinstance(value, Mapping):
        return {key: _readable(str(key), inner) for key, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [_readable(name, inner) for inner in value]
    if name.lower() in SECRET and value:
        return _("(secret, not shown)")
    if is_new_number(value) or (isinstance(value, str) and value.isdecimal() and _is_new(value)):
        return _("(the number the portal gives)")
    if isinstance(value, str) and len(value) > LONGEST:
        return _("%(start)s… (%(n)s characters)", start=value[:BEGINNING], n=len(value))
    return value


def _is_new(digits: str) -> bool:
    return len(digits) < 20 and is_new_number(int(digits))
