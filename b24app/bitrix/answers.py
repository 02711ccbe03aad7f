"""What a portal's answer means: a result, or which error of the tree.

Codes and statuses: b24restdocs: error-codes.md; bitrix-modules: rest/lib/restexception.php.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from b24app.errors import (
    AccessDenied,
    AlreadyGone,
    ApplicationBlocked,
    AuthorizationLost,
    B24AppError,
    ConfirmationNeeded,
    LimitReached,
    MethodBlocked,
    MethodGone,
    NotOurs,
    PlanTooSmall,
    PortalError,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
    Rejected,
    UserShutOut,
)

MOST_RECORDS: Final = 2**53
LONGEST_RESET: Final = 900  # operating time is counted over ten minutes, and clocks differ
CODE: Final = re.compile(r"[A-Z0-9_]{1,64}")
ERRORS: Final[Mapping[str, type[PortalError]]] = {
    "ACCESS_DENIED": AccessDenied,
    "INSUFFICIENT_SCOPE": AccessDenied,
    "INVALID_CREDENTIALS": AccessDenied,
    "WRONG_AUTH_TYPE": AccessDenied,
    "WRONG_LICENSE": PlanTooSmall,
    "USER_ACCESS_ERROR": UserShutOut,
    "METHOD_CONFIRM_WAITING": ConfirmationNeeded,
    "METHOD_CONFIRM_DENIED": ConfirmationNeeded,
    "ERROR_METHOD_NOT_FOUND": MethodGone,
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": MethodGone,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": MethodGone,
    "ERROR_BATCH_LENGTH_EXCEEDED": Rejected,
    "ERROR_ARGUMENT": Rejected,
    "ERROR_CORE": Rejected,
    "ERROR_NOT_FOUND": Rejected,
    "INVALID_REQUEST": Rejected,
    "OVERLOAD_LIMIT": ApplicationBlocked,
    "QUERY_LIMIT_EXCEEDED": RateLimited,
    "OPERATION_TIME_LIMIT": MethodBlocked,
    "INTERNAL_SERVER_ERROR": PortalTrouble,
    "ERROR_UNEXPECTED_ANSWER": PortalTrouble,
    "CONNECTION_ERROR": PortalTrouble,
    "INTERNAL_WRONG_TRANSPORT": PortalTrouble,
    "INTERNAL_WRONG_HANDLER_CLASS": PortalTrouble,
    "WRONG_ENCODING": PortalTrouble,
    "APP_ID_ERROR": NotOurs,
    "BOT_OWNERSHIP_ERROR": NotOurs,
    "CHAT_APP_ID_ERROR": AlreadyGone,
    "BOT_ID_ERROR": AlreadyGone,
    "BOT_NOT_FOUND": AlreadyGone,
    "COMMAND_ID_ERROR": AlreadyGone,
    "COMMAND_NOT_FOUND": AlreadyGone,
    "MAX_COUNT_ERROR": LimitReached,
    "BOT_LIMIT_EXCEEDED": LimitReached,
}
# ACCESS_DENIED is a right that is missing, but for these: "only on commercial plans", "only by
# subscription" (bitrix-modules: rest/lib/oauth/auth.php, rest/lib/apauth/auth.php).
PLAN: Final = re.compile(r"\b(plans?|subscription)\b", re.IGNORECASE)
# No renewal mends these: the portal does not know our token, our application or itself any more.
LOST: Final = frozenset(
    {
        "INVALID_TOKEN",
        "EXPIRED_TOKEN",
        "AUTHORIZATION_ERROR",
        "APPLICATION_NOT_FOUND",
        "ERROR_OAUTH",
        "NO_AUTH_FOUND",
        "PAYMENT_REQUIRED",
        "PORTAL_DELETED",
    }
)


def error_code(body: Mapping[str, Any]) -> str:
    """The error's code in upper case, fit for a log line; empty when there is no error.

    An error may come with status 200, at the top or nested in ``result``
    (b24restdocs: imconnector-unregister; bitrix-modules: rest/classes/general/rest.php).
    """
    result = body.get("result")
    if "error" in body:
        code = body["error"]
    elif isinstance(result, dict) and result.get("error") and "error_description" in result:
        code = result["error"]
    else:
        return ""
    text = str(code).upper()
    return text if CODE.fullmatch(text) else "UNKNOWN"


def error_of(
    method: str, code: str, status: int, member_id: str, body: Mapping[str, Any] | None = None
) -> B24AppError:
    """The error of the tree for a code; an unknown or general one with a 5xx is the portal's own.

    ``body`` is where the error stands with its description, which tells some apart.
    """
    if code in LOST:
        return AuthorizationLost(member_id, code.lower())
    kind = ERRORS.get(code, PortalError)
    if status >= 500 and kind in (PortalError, Rejected):
        kind = PortalTrouble
    elif code == "ACCESS_DENIED" and (status == 401 or PLAN.search(_description(body or {}))):
        kind = PlanTooSmall
    elif code == "ERROR_CORE" and _description(body or {}).startswith("SQL "):
        kind = PortalTrouble  # its status is lost within a batch
    return kind(method, code, status, member_id)


def _description(body: Mapping[str, Any]) -> str:
    """The portal's words for an error, wherever it stands in an answer."""
    found = body if "error" in body else as_map(body.get("result"))
    return str(found.get("error_description", ""))


def number(answer: object, method: str, member_id: str) -> int:
    """The positive number a register method answers with; raises PortalUnreachable otherwise."""
    if type(answer) is int or (isinstance(answer, str) and answer.isascii() and answer.isdigit()):
        value = int(str(answer)[:18])
        if value > 0:
            return value
    raise PortalUnreachable(member_id, method, sent=True)


def operating(spent: object, now: float) -> tuple[float, float] | None:
    """Of an answer's ``time``: seconds the method has worked, and when that starts anew.

    The Unix time is never before ``now`` nor more than a quarter of an hour after it, whatever
    the portal says. None when it does not say both (b24restdocs: limits.md).
    """
    block = as_map(spent)
    used, reset = _amount(block.get("operating")), _amount(block.get("operating_reset_at"))
    if used is None or reset is None:
        return None
    return used, min(max(reset, now), now + LONGEST_RESET)


def _amount(value: object) -> float | None:
    """A number, also written as a text; one too big to be told apart from endless is endless."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except ValueError:
        return None
    except OverflowError:
        return math.inf if int(value) > 0 else -math.inf
    return None if math.isnan(found) else found


def records(body: Mapping[str, Any], method: str, member_id: str) -> list[Any]:
    """The records on one page of a list; raises PortalUnreachable when it is no list."""
    found = body["result"]
    if not isinstance(found, list | dict):
        raise PortalUnreachable(member_id, method, sent=True)
    return list(found.values()) if isinstance(found, dict) else found


def following(body: Mapping[str, Any], start: int, method: str, member_id: str) -> int | None:
    """Where the next page of a list starts, or None after the last one.

    A list that does not move on, or has nothing more on a page, is at its end; raises
    PortalUnreachable for a start that is no number, as what comes after it is not known.
    """
    said = body.get("next")
    if said is None or said is False or not body["result"]:
        return None
    found = _amount(said)
    if found is None or not found.is_integer() or abs(found) > MOST_RECORDS:
        raise PortalUnreachable(member_id, method, sent=True)
    return int(found) if found > start else None


def as_map(value: object) -> dict[str, Any]:
    """A map, also where PHP writes one without keys as a list; anything else counts as empty."""
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return value if isinstance(value, dict) else {}
