"""Before it is applied: the REST calls a save or a piece of work with many things would make.

Any view marked ``rehearsable`` shows them, and does nothing, when it is asked with
``?rehearsal=1``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Final, ParamSpec

from flask import g, make_response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from b24app.actions.rehearsal import PlannedCall, is_new_number, rehearse
from b24app.resources import resources
from b24app.web import session

P = ParamSpec("P")

SHOWN: Final = 100
LONGEST: Final = 300  # a picture is not read
BEGINNING: Final = 40
SECRET: Final = frozenset({"hash", "bottoken", "client_id"})


def rehearsable(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let the view show its calls; goes below the guard.

    What speaks against them is answered by the view, in the place of its page.
    """

    @wraps(view)
    def rehearsed(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        if not is_rehearsal():
            return view(*args, **kwargs)
        g.portal, rest = rehearse(resources(), session.portal())
        response = make_response(view(*args, **kwargs))
        if response.status_code >= 400:
            response.headers["HX-Retarget"] = "#page"
            return response
        return _page(rest.calls)

    return rehearsed


def is_rehearsal() -> bool:
    """Whether this request only wants to see the calls."""
    return "rehearsal" in request.args


def _page(calls: Sequence[PlannedCall]) -> str:
    return render_template(
        "rehearsal/_calls.html",
        calls=[_shown(call) for call in calls[:SHOWN]],
        more=max(0, len(calls) - SHOWN),
        changing=sum(not call.asked for call in calls),
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
