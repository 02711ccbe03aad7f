"""What the forms of chat apps, bots and commands share: reading their rows, telling a result."""

from __future__ import annotations

import json
from typing import Final

from flask import Response, make_response
from werkzeug.datastructures import MultiDict

from b24app.actions import checks

ROWS_READ: Final = checks.MAX_LANGUAGES + 1


def rows(form: MultiDict[str, str], *columns: str) -> list[tuple[str, ...]]:
    """The rows of fields that repeat, as typed; a field's place says which row it is of.

    Lines end as they do everywhere but in a form.
    """
    typed = [form.getlist(name)[:ROWS_READ] for name in columns]
    length = max(len(column) for column in typed)
    full = (column + [""] * (length - len(column)) for column in typed)
    return [tuple(text.replace("\r\n", "\n") for text in row) for row in zip(*full, strict=True)]


def told(page: str, text: str, kind: str = "success") -> Response:
    """The page with a message that is read out; without text only the page."""
    response = make_response(page)
    if text:
        response.headers["HX-Trigger"] = json.dumps({"message": {"kind": kind, "text": text}})
    return response
