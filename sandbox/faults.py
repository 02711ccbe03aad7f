"""Misbehaving on order: what the sandbox gets wrong, and how often.

Tests and the demonstration fill `World.faults`; the REST entry, the token endpoint and the
event sender ask it before they answer. Nothing here is kept in the snapshot.
"""

import threading
from dataclasses import dataclass, field

# What a REST call may be made to do instead of its work, or after it.
REST_FAULTS = frozenset(
    {
        "query_limit",  # 503 QUERY_LIMIT_EXCEEDED, JSON
        "operation_limit",  # 429 OPERATION_TIME_LIMIT, JSON
        "html",  # 500 with an HTML page of the front end
        "bad_gateway",  # 502 with an HTML page of the front end
        "truncated",  # half of the true answer, the work is done
        "garbage",  # 200 with a body that is not JSON
        "drop",  # the connection ends before the work
        "lost",  # the work is done, then the connection ends
        "hang",  # the connection stays open without an answer, then ends
        "error",  # the code, text and status given with the fault
    }
)

# Of these, what an item of a batch can meet.
ITEM_FAULTS = frozenset({"operation_limit", "error"})

# Errors of the token endpoint by code: status and description (None: no description).
TOKEN_ERRORS: dict[str, tuple[int, str | None]] = {
    "invalid_request": (400, 'No "refresh_token" parameter found'),
    "invalid_client": (400, "Invalid client"),
    "wrong_client": (200, None),
    "invalid_grant": (400, "Invalid refresh token"),
    "invalid_scope": (403, "Invalid scope"),
    "INVALID_SCOPE": (403, "Invalid scope"),
    "insufficient_scope": (403, "Insufficient scope"),
    "PAYMENT_REQUIRED": (401, "Subscription has been ended"),
    "NOT_INSTALLED": (401, "Application not installed"),
    "ERROR_OAUTH": (401, "Application not installed"),
    "verification_needed": (403, "Verification needed"),
}

# Ways the token endpoint may fail without an error of its own.
TOKEN_FAULTS = frozenset(
    {
        "html",  # 500 with an HTML page of the front end
        "garbage",  # 200 with a body that is not JSON
        "drop",  # the connection ends before the work
        "lost",  # the work is done, then the connection ends
        "hold",  # waits at the gate before the work
        "stall",  # the work is done, then the answer waits at the gate
    }
)
GATE_SECONDS = 30.0

# What may happen to one event on its way.
EVENT_FAULTS = frozenset({"drop", "twice", "wrong_token", "late", "no_tokens"})


@dataclass
class RestFault:
    """One ordered fault: `kind` of REST_FAULTS for `method` (lower case, None: any)."""

    kind: str
    method: str | None = None
    times: int = 1
    code: str = ""
    text: str = ""
    status: int = 400
    seconds: float = 0.0
    after: int = 0


@dataclass
class Faults:
    """Everything that is set to go wrong in one world."""

    rest: list[RestFault] = field(default_factory=list)
    token: list[str] = field(default_factory=list)
    events: list[tuple[str, str | None]] = field(default_factory=list)
    # Seconds each answer of the token endpoint takes.
    token_delay: float = 0.0
    # Seconds each REST answer takes.
    rest_delay: float = 0.0
    # True: imbot.app.update honours ICON_FILE, as the documentation says.
    icon_updates: bool = False
    # True: a spent refresh token is accepted again.
    lenient_refresh: bool = False
    # Seconds during which a spent refresh token is still accepted.
    refresh_grace: float = 0.0
    # Bots one application may register through imbot.v2; the platform's default.
    bot_limit: int = 100
    # Where "hold" and "stall" wait: `arrived` tells that one does, `gate` lets all go on.
    arrived: threading.Event = field(default_factory=threading.Event, repr=False)
    gate: threading.Event = field(default_factory=threading.Event, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def order(
        self,
        kind: str,
        method: str | None = None,
        *,
        times: int = 1,
        code: str = "",
        text: str = "",
        status: int = 400,
        seconds: float = 0.0,
        after: int = 0,
    ) -> None:
        """Make the next `times` calls of `method` (None: any) fail by `kind`.

        The first `after` of them still go well. `code`, `text` and `status` belong to kind
        "error"; `seconds` to "hang". The method "oauth/app.info" is the authorization server's; a
        fault for any method spares it.
        Raises ValueError for a kind that is not in REST_FAULTS.
        """
        if kind not in REST_FAULTS:
            raise ValueError(f"no such REST fault: {kind}")
        name = method.lower() if method else None
        with self._lock:
            self.rest.append(RestFault(kind, name, times, code, text, status, seconds, after))

    def order_token(self, kind: str, *, times: int = 1) -> None:
        """Make the next `times` calls of the token endpoint fail by `kind`.

        Raises ValueError for a kind that is neither in TOKEN_ERRORS nor in TOKEN_FAULTS.
        """
        if kind not in TOKEN_ERRORS and kind not in TOKEN_FAULTS:
            raise ValueError(f"no such token fault: {kind}")
        if kind in ("hold", "stall"):
            self.arrived.clear()
            self.gate.clear()
        with self._lock:
            self.token.extend([kind] * times)

    def order_event(self, kind: str, event: str | None = None, *, times: int = 1) -> None:
        """Make the next `times` deliveries of `event` (None: any) go wrong by `kind`.

        Raises ValueError for a kind that is not in EVENT_FAULTS.
        """
        if kind not in EVENT_FAULTS:
            raise ValueError(f"no such event fault: {kind}")
        with self._lock:
            self.events.extend([(kind, event.upper() if event else None)] * times)

    def take_rest(
        self, method: str, *, named_only: bool = False, kinds: frozenset[str] = REST_FAULTS
    ) -> RestFault | None:
        """The fault to apply to this call, counted down; None: behave.

        With `named_only` just those ordered for this very method, and always just `kinds`.
        """
        names = (method.lower(),) if named_only else (None, method.lower())
        with self._lock:
            for fault in self.rest:
                if fault.method in names and fault.kind in kinds:
                    if fault.after > 0:
                        fault.after -= 1
                        continue
                    fault.times -= 1
                    if fault.times < 1:
                        self.rest.remove(fault)
                    return fault
        return None

    def take_token(self) -> str | None:
        """The fault to apply to this call of the token endpoint; None: behave."""
        with self._lock:
            return self.token.pop(0) if self.token else None

    def wait_at_gate(self) -> None:
        """Stay until somebody sets `gate`, half a minute at most."""
        self.arrived.set()
        self.gate.wait(GATE_SECONDS)

    def take_event(self, event: str) -> str | None:
        """The fault to apply to this delivery; None: behave."""
        with self._lock:
            for row in self.events:
                if row[1] in (None, event):
                    self.events.remove(row)
                    return row[0]
        return None

    def clear(self) -> None:
        """Behave again; the switches keep their values."""
        with self._lock:
            self.rest.clear()
            self.token.clear()
            self.events.clear()
        self.gate.set()
