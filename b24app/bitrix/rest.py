"""The REST client of one portal: a call in, a result or an error of the tree out.

Where tokens come from, how much may be sent and where a moved portal went is handed in.
Platform facts: b24restdocs: api-reference/how-to-call-rest-api, limits.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

import urllib3

from b24app.bitrix import retry, wire
from b24app.bitrix.answers import as_map, error_code, error_of, following, records
from b24app.bitrix.batch import Batch, BatchResult, chunks
from b24app.bitrix.course import Course, Expired
from b24app.bitrix.given import Budget, Call, TokenSource, Unlimited, has_no_other, stays
from b24app.bitrix.notes import Notes
from b24app.errors import (
    AuthorizationLost,
    B24AppError,
    MethodBlocked,
    PortalError,
    PortalTrouble,
    PortalUnreachable,
    RateLimited,
    UserShutOut,
)
from b24app.records import Lane, Patience

BATCH_SECONDS: Final = 60
PATIENCE: Final = {Lane.INTERACTIVE: 8.0, Lane.BULK: 600.0}
SHORTEST: Final = 1.0  # no try is given less to answer in
# It is the access token that is not known (b24restdocs: error-codes.md); its chain may live.
UNKNOWN_TOKEN: Final = "INVALID_TOKEN"  # noqa: S105 a code


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
        moved: Callable[[], str] = stays,
        lost: Callable[[str, str], bool] = has_no_other,
        observe: Callable[[Call], None] | None = None,
    ) -> None:
        """``moved`` proves and returns the endpoint of a portal that answers with a redirect.

        ``lost`` is told of an access token that the portal refuses for good, and why; it says
        whether there is another one, or raises AuthorizationLost.

        ``patience`` is what all calls together may wait, and whatever else shares it; without
        it each call may wait as long as its lane allows. ``longest`` is how many seconds the
        portal has for one answer, if fewer than usual.
        """
        self._http = http
        self._endpoint = endpoint
        self._member_id = member_id
        self._token = token
        self._budget = budget or Unlimited()
        self._notes = Notes(self._budget)
        self._lane = lane
        self._patience = patience
        self._longest = longest
        self._moved = moved
        self._lost = lost
        self._observe = observe

    def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, repeatable: bool = False
    ) -> Any:
        """The ``result`` of one method.

        ``repeatable`` says that doing it twice is doing it once: then lost answers and the
        portal's own failures are tried again. An expired or unknown token is renewed once,
        one of a person who is shut out replaced once by another chain's, and the call repeated.
        Past the patience nothing waits any more: what would have to is raised, and a try after a
        failed one gets no more time than is left.
        Raises PortalError and its kin, PortalUnreachable, AuthorizationLost. Whether a try before
        the last one may have done it all the same, ``may_have_acted`` tells of the error.
        """
        return self._body(method, params or {}, repeatable, self._course())["result"]

    def pages(self, method: str, params: Mapping[str, Any] | None = None) -> Iterator[Any]:
        """Every record of a list method, fifty to a request; as ``call`` for a read."""
        start: int | None = 0
        while start is not None:
            page = {**(params or {}), "start": start}
            body = self._body(method, page, repeatable=True, course=self._course())
            yield from records(body, method, self._member_id)
            start = following(body, start, method, self._member_id)

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
        requests divide. With ``halt`` nothing runs after the first error. What the portal did
        not run because the token's hour was over is sent once more with a new one. No request
        is sent while the method of any command is blocked. Raises as ``call`` when the first
        request fails as a whole. When a later one does, its commands have that error, and those
        after it too, unless it may have acted: they have not even been sent.
        """
        batch = Batch(commands, self._member_id, halt=halt)
        for chunk in chunks(commands):
            course = self._course(batch.methods)
            try:
                late = self._send(batch, chunk, repeatable, course)
            except B24AppError as exc:
                if not batch.is_begun:
                    raise
                batch.cut_off(chunk, commands, exc)
                break
            if late and not course.renewed:
                self._send_again(batch, late, repeatable, course)
            if batch.is_over:
                break
        return batch.done

    def _send(
        self, batch: Batch, chunk: Mapping[str, str], repeatable: bool, course: Course
    ) -> dict[str, str]:
        """One request of a batch; returns the commands that came after the token's end."""
        answer = as_map(self._body("batch", batch.params(chunk), repeatable, course)["result"])
        late = batch.take_in(chunk, answer)
        spent = as_map(answer.get("result_time"))
        self._notes.times((chunk[label].partition("?")[0], spent.get(label)) for label in chunk)
        errors = batch.done.errors
        self._notes.blocks(errors[label] for label in chunk if label in errors)
        return late

    def _send_again(
        self, batch: Batch, late: Mapping[str, str], repeatable: bool, course: Course
    ) -> None:
        """Once, with another token; what goes wrong now concerns these commands only."""
        batch.reopen(late)
        again = self._course(batch.methods)
        again.access, again.renewed = course.access, True
        try:
            again.access = again.lasting(lambda: self._token(stale=course.access))
            self._send(batch, late, repeatable, again)
        except B24AppError as exc:
            batch.close(late, exc)

    def _course(self, methods: Collection[str] = ()) -> Course:
        return Course(self._patience or Patience(PATIENCE[self._lane]), methods)

    def _body(
        self, method: str, params: Mapping[str, Any], repeatable: bool, course: Course
    ) -> dict[str, Any]:
        """The whole answer of one call, with everything done that may be tried again."""
        try:
            body = self._try(method, params, repeatable, course)
        except B24AppError as exc:
            error = course.verdict(exc)
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
            except (AuthorizationLost, UserShutOut) as exc:
                reason = exc.code.lower() if isinstance(exc, UserShutOut) else exc.reason
                if not self._lost(course.access, reason) or course.replaced:
                    raise
                course.replaced = True
                self._take_another(course)
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
            permit = self._budget.take(method, self._lane, left, course.methods)
            if permit.wait > left:
                if permit.method_blocked:
                    error = MethodBlocked(method, "OPERATION_TIME_LIMIT", 429, self._member_id)
                    error.reset_at = time.time() + permit.wait
                    raise error
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
        if code == "EXPIRED_TOKEN" or (code == UNKNOWN_TOKEN and not course.renewed):
            raise Expired
        if code:
            raise error_of(method, code, answer.status, self._member_id, answer.body)
        if answer.status >= 400 or "result" not in answer.body:
            raise PortalUnreachable(self._member_id, method, sent=True)
        self._notes.times([(method, answer.body.get("time"))])
        return answer.body

    def _pause(self, error: B24AppError, repeatable: bool, course: Course) -> float | None:
        """Seconds until the next try, or None; tells the budget what a refusal means."""
        if isinstance(error, RateLimited):
            self._notes.narrow()
        self._notes.blocks([error])
        if not isinstance(error, RateLimited | PortalTrouble | PortalUnreachable):
            return None
        pause = retry.pause(error, course.attempt, repeatable=repeatable)
        return pause if pause is not None and pause <= course.patience.left else None

    def _renew(self, method: str, course: Course) -> None:
        """Get another access token, once in a call."""
        if course.renewed:
            raise error_of(method, "EXPIRED_TOKEN", 401, self._member_id) from None
        course.renewed = True
        self._take_another(course)

    def _take_another(self, course: Course) -> None:
        stale = course.access
        course.access = course.lasting(lambda: self._token(stale=stale))

    def _follow(self, method: str, course: Course) -> None:
        """Go where a portal that redirects has moved, proven; never where the redirect points."""
        endpoint = "" if course.moved else course.lasting(self._moved)
        if not endpoint or endpoint == self._endpoint:
            raise PortalUnreachable(self._member_id, method, sent=False)
        self._endpoint, course.moved = endpoint, True

    def _report(self, method: str, error: B24AppError | None, course: Course) -> None:
        if self._observe:
            outcome = type(error).__name__ if error else "ok"
            seconds = time.monotonic() - course.started
            tries = (course.waited, course.attempt)
            self._observe(Call(method.lower(), self._member_id, outcome, seconds, *tries))
