"""What a portal's answer means: a result, or which error of the tree.

Codes and statuses: b24restdocs: error-codes.md; bitrix-modules: rest/lib/restexception.php.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from b24app.errors import (
    AccessDenied,
    AlreadyGone,
    AuthorizationLost,
    B24AppError,
    ConfirmationNeeded,
    LimitReached,
    MethodBlocked,
    MethodGone,
    NotOurs,
    PortalError,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
    UserShutOut,
)

CODE: Final = re.compile(r"[A-Z0-9_]{1,64}")
ERRORS: Final[Mapping[str, type[PortalError]]] = {
    "ACCESS_DENIED": AccessDenied,
    "INSUFFICIENT_SCOPE": AccessDenied,
    "INVALID_CREDENTIALS": AccessDenied,
    "INVALID_REQUEST": AccessDenied,
    "WRONG_AUTH_TYPE": AccessDenied,
    "WRONG_LICENSE": AccessDenied,
    "USER_ACCESS_ERROR": UserShutOut,
    "METHOD_CONFIRM_WAITING": ConfirmationNeeded,
    "METHOD_CONFIRM_DENIED": ConfirmationNeeded,
    "ERROR_METHOD_NOT_FOUND": MethodGone,
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": MethodGone,
    "ERROR_BATCH_METHOD_NOT_ALLOWED": MethodGone,
    "QUERY_LIMIT_EXCEEDED": RateLimited,
    "OVERLOAD_LIMIT": RateLimited,
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


def error_of(method: str, code: str, status: int, member_id: str) -> B24AppError:
    """The error of the tree for a code; an unknown one with a 5xx is the portal's own failure."""
    if code in LOST:
        return AuthorizationLost(member_id, code.lower())
    unknown = PortalTrouble if status >= 500 else PortalError
    return ERRORS.get(code, unknown)(method, code, status, member_id)


def number(answer: object, method: str, member_id: str) -> int:
    """The positive number a register method answers with; raises PortalUnreachable otherwise."""
    if type(answer) is int or (isinstance(answer, str) and answer.isascii() and answer.isdigit()):
        value = int(str(answer)[:18])
        if value > 0:
            return value
    raise PortalUnreachable(member_id, method, sent=True)


def as_map(value: object) -> dict[str, Any]:
    """A map, also where PHP writes one without keys as a list; anything else counts as empty."""
    if isinstance(value, list):
        return {str(index): entry for index, entry in enumerate(value)}
    return value if isinstance(value, dict) else {}
