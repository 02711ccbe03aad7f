"""The REST client of one portal: a call in, a result or an error of the tree out.

Where tokens come from is handed in. Platform facts: bitrix24 REST, "Calling REST".
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, Protocol

import urllib3

from b24app.bitrix import wire
from b24app.errors import (
    AccessDenied,
    AlreadyGone,
    AuthorizationLost,
    MethodBlocked,
    MethodGone,
    NotOurs,
    PortalError,
    PortalUnreachable,
    RateLimited,
)

CODE: Final = re.compile(r"[A-Z0-9_]{1,64}")
ERRORS: Final[Mapping[str, type[PortalError]]] = {
    "ACCESS_DENIED": AccessDenied,
    "INSUFFICIENT_SCOPE": AccessDenied,
    "USER_ACCESS_ERROR": AccessDenied,
    "WRONG_AUTH_TYPE": AccessDenied,
    "WRONG_LICENSE": AccessDenied,
    "INVALID_CREDENTIALS": AccessDenied,
    "ERROR_METHOD_NOT_FOUND": MethodGone,
    "ERROR_MANIFEST_IS_NOT_AVAILABLE": MethodGone,
    "QUERY_LIMIT_EXCEEDED": RateLimited,
    "OVERLOAD_LIMIT": RateLimited,
    "OPERATION_TIME_LIMIT": MethodBlocked,
    "APP_ID_ERROR": NotOurs,
    "BOT_OWNERSHIP_ERROR": NotOurs,
    "CHAT_APP_ID_ERROR": AlreadyGone,
    "BOT_ID_ERROR": AlreadyGone,
    "BOT_NOT_FOUND": AlreadyGone,
    "COMMAND_ID_ERROR": AlreadyGone,
    "COMMAND_NOT_FOUND": AlreadyGone,
}
# No renewal mends these: the portal does not know our token, our application or itself any more.
LOST: Final = frozenset(
    {
        "INVALID_TOKEN",
        "AUTHORIZATION_ERROR",
        "APPLICATION_NOT_FOUND",
        "ERROR_OAUTH",
        "NO_AUTH_FOUND",
        "PAYMENT_REQUIRED",
        "PORTAL_DELETED",
    }
)


class TokenSource(Protocol):
    """Gives an access token; with ``stale`` one that is not that one."""

    def __call__(self, stale: str | None = None) -> str: ...


class Client:
    """Calls one portal as one of its administrators."""

    def __init__(
        self, http: urllib3.PoolManager, endpoint: str, *, member_id: str, token: TokenSource
    ) -> None:
        self._http = http
        self._endpoint = endpoint
        self._member_id = member_id
        self._token = token

    def call(self, method: str, params: Mapping[str, Any] | None = None) -> Any:
        """The ``result`` of one method.

        An expired token is renewed once and the call repeated once; a second refusal is raised.
        Raises PortalError and its kin, PortalUnreachable, AuthorizationLost.
        """
        access = self._token()
        answer = self._send(method, params or {}, access)
        if error_code(answer.body) == "EXPIRED_TOKEN":
            answer = self._send(method, params or {}, self._token(stale=access))
        return self._result(method, answer)

    def batch(self, commands: Mapping[str, str], *, known: Collection[str] = ()) -> dict[str, Any]:
        """The results by label of up to 50 ``method?query`` commands in one request.

        An item that failed is raised, unless its code is among ``known``.
        """
        answer = self.call("batch", {"halt": 0, "cmd": dict(commands)})
        parts = answer if isinstance(answer, dict) else {}
        results, failures = parts.get("result") or {}, parts.get("result_error") or {}
        if not isinstance(results, dict) or not isinstance(failures, dict):
            raise PortalUnreachable(self._member_id, "batch", sent=True)
        for label, failure in failures.items():
            code = error_code(failure) if isinstance(failure, dict) else "UNKNOWN"
            if code not in known:
                raise self._error(commands.get(label, label).partition("?")[0], code, 200)
        return results

    def _send(self, method: str, params: Mapping[str, Any], access: str) -> wire.Answer:
        try:
            return wire.post(
                self._http, f"{self._endpoint}{method}.json", {**params, "auth": access}
            )
        except wire.NoAnswer as exc:
            raise PortalUnreachable(self._member_id, method, sent=exc.sent) from exc

    def _result(self, method: str, answer: wire.Answer) -> Any:
        code = error_code(answer.body)
        if code:
            raise self._error(method, code, answer.status)
        if "result" not in answer.body:
            raise PortalUnreachable(self._member_id, method, sent=True)
        return answer.body["result"]

    def _error(self, method: str, code: str, status: int) -> Exception:
        if code in LOST or code == "EXPIRED_TOKEN":
            return AuthorizationLost(self._member_id, code.lower())
        return ERRORS.get(code, PortalError)(method, code, status, self._member_id)


def number(answer: object, method: str, member_id: str) -> int:
    """The positive number a register method answers with; raises PortalUnreachable otherwise."""
    if type(answer) is int or (isinstance(answer, str) and answer.isascii() and answer.isdigit()):
        value = int(str(answer)[:18])
        if value > 0:
            return value
    raise PortalUnreachable(member_id, method, sent=True)


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
