"""Log set-up with redaction, and the meter of portal calls.

No secret is ever logged on purpose; redaction is the second net.
"""

from __future__ import annotations

import json
import logging
import re
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from b24app.errors import StoreUnavailable

SECRET: Final = re.compile(
    r"(?i)((?:auth|auth_id|refresh_id|access_token|refresh_token|application_token|token"
    r"|client_secret|code|state|bearer)(?:%5D|\])?[\"']?"
    r"(?:\s*(?:=|:|%3D)\s*|[^\S ]* \s*)[\"']?)"
    r"[^\s&\"',}\]%]{8,}"
    r"|(?<=://)[^\s/@:]*:[^\s/@]+(?=@)"
)
FLUSH_SECONDS: Final = 5
QUIET: Final = ("urllib3", "requests_oauthlib", "authlib", "PIL")


log = logging.getLogger(__name__)


class Measured(Protocol):
    """What one call of a portal came to."""

    @property
    def method(self) -> str: ...
    @property
    def member_id(self) -> str: ...
    @property
    def outcome(self) -> str: ...
    @property
    def seconds(self) -> float: ...
    @property
    def waited(self) -> float: ...
    @property
    def attempts(self) -> int: ...


def redact(text: str) -> str:
    """The text with everything that looks like a named secret masked."""
    return SECRET.sub(lambda match: f"{match[1] or ''}***", text)


class TextFormatter(logging.Formatter):
    """One readable line, redacted; a traceback below it, redacted too."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


class JsonFormatter(logging.Formatter):
    """One JSON object a line, redacted."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": redact(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str, form: str) -> None:
    """Send this process's log to standard error, as ``json`` or ``text``."""
    handler = logging.StreamHandler(sys.stderr)
    pattern = "%(asctime)s %(levelname)s %(name)s %(message)s"
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter(pattern))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class Meter:
    """Counts the calls of this process and hands the sums on, at most every few seconds."""

    def __init__(self, hand_on: Callable[[Mapping[str, float]], None]) -> None:
        self._hand_on = hand_on
        self._sums: defaultdict[str, float] = defaultdict(float)
        self._lock = threading.Lock()
        self._next = 0.0

    def record(self, call: Measured) -> None:
        """Count one call of a portal: a line for the log, and metrics that name no portal."""
        log.debug(
            "portal %s: %s %s in %.3f s, waited %.3f s, %d attempts",
            call.member_id,
            call.method,
            call.outcome,
            call.seconds,
            call.waited,
            call.attempts,
        )
        with self._lock:
            self._sums[f"portal_calls {call.outcome}"] += 1
            self._sums[f"portal_call_attempts {call.method}"] += call.attempts
            self._sums[f"portal_call_seconds {call.method}"] += call.seconds
            self._sums[f"portal_call_waited_seconds {call.method}"] += call.waited
            due = time.monotonic() >= self._next
        if due:
            self.flush()

    def count(self, name: str, outcome: str) -> None:
        """Count one more ``name`` that ended with ``outcome``, without asking the store for it."""
        with self._lock:
            self._sums[f"{name} {outcome}"] += 1
            due = time.monotonic() >= self._next
        if due:
            self.flush()

    def flush(self) -> None:
        """Hand on what was counted since the last time; what cannot be handed on stays."""
        with self._lock:
            sums, self._sums = self._sums, defaultdict(float)
            self._next = time.monotonic() + FLUSH_SECONDS
        try:
            if sums:
                self._hand_on(sums)
        except StoreUnavailable:  # a metric must never fail a call
            with self._lock:
                for name, value in sums.items():
                    self._sums[name] += value
