"""The REST client of one portal: a call in, a result or an error of the tree out.

Where tokens come from, how much may be sent and where a moved portal went is handed in.
Platform facts: b24restdocs: api-reference/how-to-call-rest-api, limits.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import urllib3

from b24app.bitrix import retry, wire
from b24app.bitrix.answers import as_map, error_code, error_of
from b24app.bitrix.batch import BatchResult, Past, chunks
from b24app.bitrix.course import Course, Expired, not_begun
from b24app.errors import (
    AuthorizationLost,
    B24AppError,
    MethodBlocked,
    PortalError,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
)
from b24app.records import Lane, Patience, Permit

BATCH_SECONDS: Final = 60
PATIENCE: Final = {Lane.INTERACTIVE: 8.0, Lane.BULK: 600.0}
SHORTEST: Final = 1.0  # no try is given less to answer in
BLOCKED_SECONDS: Final = 60  # when the portal does not say until when
TIGHT_OPERATING: Final = 330  # of the 420 to 480 seconds in ten minutes: bulk work stops here


class TokenSource(Protocol):
    """Gives an access token; with ``stale`` one that is not that one."""

    def __call__(self, stale: str | None = None) -> str: ...


class Budget(Protocol):
    """How much may be sent to the portal, shared with everybody who calls it."""

    def take(self, method: str, lane: Lane, patience: float) -> Permit: ...

    def narrow(self) -> None: ...

    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None: ...


class Unlimited:
    """A budget without end, for a portal nobody knows yet."""

    def take(self, method: str, lane: Lane, patience: float) -> Permit:
        """Always granted."""
        return Permit(granted=True, wait=0)

    def narrow(self) -> None:
        """Nothing to narrow."""

    def block(self, method: str, until: float, *, bulk_only: bool = False) -> None:
        """Nothing to block."""


@dataclass(frozen=True)
class Call:
    """What one call came to, for the metrics and the log."""

    method: str
    member_id: str
    outcome: str
    seconds: float
    waited: float
    attempts: int


def _cannot_move() -> str:
    return ""


def _nobody_else(access: str, reason: str) -> bool:
    return False


class Client:
    """Calls one portal as one of its administrators."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        endpoint: str,
        *,
        member_id: str,
        token: TokenSource,
        budget: Budget | None = None,
        lane: Lane = Lane.INTERACTIVE,
        patience: Patience | None = None,
        longest: float | None = None,
        moved: Callable[[], str] = _cannot_move,
        lost: Callable[[str, str], bool] = _nobody_else,
        observe: Callable[[Call], None] | None = None,
    ) -> None:
        """``moved`` proves and returns the endpoint of a portal that answers with a redirect.

        ``lost`` is told of an access token that the portal refuses for good, and why; it says
        whether there is another one.

        ``patience`` is what all calls together may wait, and whatever else shares it; without
        it each call may wait as long as its lane allows. ``longest`` is how many seconds the
        portal has for one answer, if fewer than usual.
        """
        self._http = http
        self._endpoint = endpoint
        self._member_id = member_id
        self._token = token
        self._budget = budget or Unlimited()
        self._lane = lane
        self._patience = patience
        self._longest = longest
        self._moved = moved
        self._lost = lost
        self._observe = observe
        self._resets: dict[str, float] = {}

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, repeatable: bool = False
    ) -> Any:
        """The ``result`` of one method.

        ``repeatable`` says that doing it twice is doing it once: then lost answers and the
        portal's own failures are tried again. An expired token is renewed once and the call
        repeated once. Past the patience nothing waits any more: what would have to is raised,
        and a try after a failed one gets no more time than is left.
        Raises PortalError and its kin, PortalUnreachable, AuthorizationLost.
        """
        return self._body(method, params or {}, repeatable)["result"]

    def pages(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every record of a list method, fifty to a request; as ``call`` for a read."""
        start: object = 0
        while start is not None:
            body = self._body(method, {**(params or {}), "start": start}, repeatable=True)
            records = body["result"]
            yield from records.values() if isinstance(records, dict) else records
            following = body.get("next")
            start = following if following != start else None

    def batch(
        self, commands: Mapping[str, str], *, known: Collection[str] = (), repeatable: bool = False
    ) -> dict[str, Any]:
        """As ``batch_all``, but an item's error is raised unless its code is among ``known``."""
        answer = self.batch_all(commands, repeatable=repeatable)
        for error in answer.errors.values():
            if not isinstance(error, PortalError) or error.code not in known:
                raise error
        return answer.results

    def batch_all(
        self, commands: Mapping[str, str], *, halt: bool = False, repeatable: bool = False
    ) -> BatchResult:
        """Run any number of ``method?query`` commands, fifty to a request, in their order.

        A reference such as ``$result[label][ID]`` reaches every command before it, wherever the
        requests divide. With ``halt`` nothing runs after the first error. Raises as ``call``
        when a whole request fails.
        """
        merged, past = BatchResult(), Past()
        for chunk in chunks(commands):
            params = {"halt": int(halt), "cmd": past.fill(chunk)}
            answer = as_map(self._body("batch", params, repeatable)["result"])
            self._merge(merged, chunk, answer)
            past.add(chunk, answer)
            if halt and merged.errors:
                break
        return merged

    def _merge(
        self, merged: BatchResult, chunk: Mapping[str, str], answer: Mapping[str, Any]
    ) -> None:
        """Sort a chunk's answers; raises PortalUnreachable when an item has none at all."""
        results, failures = as_map(answer.get("result")), as_map(answer.get("result_error"))
        for label, command in chunk.items():
            method = command.partition("?")[0]
            if label in failures:
                code = error_code(as_map(failures[label])) or "UNKNOWN"
                error = error_of(method, code, 200, self._member_id)
                if isinstance(error, MethodBlocked):
                    self._note_block(method, error)
                merged.errors[label] = error
            elif label in results:
                code = error_code({"result": results[label]})
                if code:
                    merged.errors[label] = error_of(method, code, 200, self._member_id)
                else:
                    merged.results[label] = results[label]
            elif not failures:
                raise PortalUnreachable(self._member_id, "batch", sent=True)
        for label, spent in as_map(answer.get("result_time")).items():
            self._note_time(chunk.get(label, "").partition("?")[0], spent)

    def _body(self, method: str, params: Mapping[str, Any], repeatable: bool) -> dict[str, Any]:
        """The whole answer of one call, with everything done that may be tried again."""
        course = Course(self._patience or Patience(PATIENCE[self._lane]))
        try:
            body = self._try(method, params, repeatable, course)
        except B24AppError as exc:
            error = course.doubt if course.doubt and not_begun(exc) else exc
            self._report(method, error, course)
            if error is exc:
                raise
            raise error from exc
        self._report(method, None, course)
        return body

    def _try(
        self, method: str, params: Mapping[str, Any], repeatable: bool, course: Course
    ) -> dict[str, Any]:
        """Call until there is an answer, or no reason to go on."""
        while True:
            self._wait(method, course)
            course.access = course.access or course.lasting(self._token)
            began = time.monotonic()
            try:
                return self._once(method, params, course)
            except Expired:
                self._renew(method, course)
            except wire.Moved:
                self._follow(method, course)
            except AuthorizationLost as exc:
                if not self._lost(course.access, exc.reason) or course.renewed:
                    raise
                self._renew(method, course)
            except B24AppError as exc:
                course.failed(exc, time.monotonic() - began)
                pause = self._pause(exc, repeatable, course)
                if pause is None:
                    raise
                course.sleep(pause)
                course.attempt += 1

    def _wait(self, method: str, course: Course) -> None:
        """Wait for the portal's budget. Raises RateLimited or MethodBlocked past the patience."""
        while True:
            left = course.patience.left
            permit = self._budget.take(method, self._lane, left)
            if permit.wait > left:
                if permit.method_blocked:
                    raise self._blocked(method, permit.wait)
                raise RateLimited(method, "BUDGET", 503, self._member_id)
            if permit.wait > 0:
                course.sleep(permit.wait)
            if permit.granted:
                return

    def _once(self, method: str, params: Mapping[str, Any], course: Course) -> dict[str, Any]:
        """One request; raises what its answer means."""
        seconds: float = BATCH_SECONDS if method == "batch" else wire.READ_SECONDS
        again = course.attempt > 1
        if again:
            seconds = min(seconds, max(course.patience.left, SHORTEST))
        if self._longest:
            seconds = min(seconds, self._longest)
        try:
            answer = wire.post(
                self._http,
                f"{self._endpoint}{method}.json",
                {**params, "auth": course.access},
                seconds=seconds,
                whole=seconds if again or self._longest else None,
            )
        except wire.NoAnswer as exc:
            raise PortalUnreachable(self._member_id, method, sent=exc.sent) from exc
        code = error_code(answer.body)
        if code == "EXPIRED_TOKEN":
            raise Expired
        if code:
            raise error_of(method, code, answer.status, self._member_id)
        if answer.status >= 400 or "result" not in answer.body:
            raise PortalUnreachable(self._member_id, method, sent=True)
        self._note_time(method, answer.body.get("time"))
        return answer.body

    def _pause(self, error: B24AppError, repeatable: bool, course: Course) -> float | None:
        """Seconds until the next try, or None; tells the budget what a refusal means."""
        if isinstance(error, RateLimited):
            self._budget.narrow()
        if isinstance(error, MethodBlocked):
            self._note_block(error.method, error)
        if not isinstance(error, RateLimited | PortalTrouble | PortalUnreachable):
            return None
        pause = retry.pause(error, course.attempt, repeatable=repeatable)
        if pause is None or pause > course.patience.left:
            return None
        return pause

    def _renew(self, method: str, course: Course) -> None:
        """Get another access token, once in a call."""
        if course.renewed:
            raise error_of(method, "EXPIRED_TOKEN", 401, self._member_id) from None
        stale, course.renewed = course.access, True
        course.access = course.lasting(lambda: self._token(stale=stale))

    def _follow(self, method: str, course: Course) -> None:
        """Go where a portal that redirects has moved, proven; never where the redirect points."""
        endpoint = "" if course.moved else course.lasting(self._moved)
        if not endpoint or endpoint == self._endpoint:
            raise PortalUnreachable(self._member_id, method, sent=False)
        self._endpoint, course.moved = endpoint, True

    def _note_time(self, method: str, spent: object) -> None:
        """Remember when the method's operating time starts anew; bulk work stops in good time."""
        block = as_map(spent)
        reset, operating = block.get("operating_reset_at"), block.get("operating")
        if not isinstance(reset, int | float) or not isinstance(operating, int | float):
            return
        self._resets[method.lower()] = float(reset)
        if operating >= TIGHT_OPERATING:
            self._budget.block(method, float(reset), bulk_only=True)

    def _note_block(self, method: str, error: MethodBlocked) -> None:
        known = self._resets.get(method.lower(), 0.0)
        error.reset_at = known if known > time.time() else time.time() + BLOCKED_SECONDS
        self._budget.block(method, error.reset_at)

    def _blocked(self, method: str, wait: float) -> MethodBlocked:
        error = MethodBlocked(method, "OPERATION_TIME_LIMIT", 429, self._member_id)
        error.reset_at = time.time() + wait
        return error

    def _report(self, method: str, error: B24AppError | None, course: Course) -> None:
        if self._observe:
            outcome = type(error).__name__ if error else "ok"
            seconds = time.monotonic() - course.started
            tries = (course.waited, course.attempt)
            self._observe(Call(method.lower(), self._member_id, outcome, seconds, *tries))
