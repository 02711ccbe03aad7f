"""Log set-up with redaction. No secret is ever logged on purpose; this is the second net."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import Final

SECRET: Final = re.compile(
    r"(?i)((?:auth|auth_id|refresh_id|access_token|refresh_token|application_token|token"
    r"|client_secret|code|state|bearer)(?:%5D|\])?[\"']?\s*(?:=|:|%3D| )\s*[\"']?)"
    r"[^\s&\"',}\]%]{8,}"
    r"|(?<=://)[^\s/@]*:[^\s/@]+(?=@)"
)
QUIET: Final = ("urllib3", "requests_oauthlib", "authlib", "PIL")


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
