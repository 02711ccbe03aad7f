"""The error tree turned into answers.

The sentences are in ``sentences.py`` and ``reason_words.py``.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Final

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from b24app import errors
from b24app.errors import B24AppError
from b24app.web.reason_words import CODES, DENIED, NAMED, REASONS
from b24app.web.sentences import IN_DOUBT, NOWHERE, REPLIES, UNEXPECTED, Reply

log = logging.getLogger(__name__)

LISTS: Final = {
    "chat_apps": ("/chat-apps", _("To the list of chat apps")),
    "bots": ("/bots", _("To the list of bots")),
    "commands": ("/commands", _("To the list of commands")),
    "connectors": ("/connectors", _("To the list of connectors")),
    "connector_lines": ("/connectors", _("To the list of connectors")),
    "widgets": ("/widgets", _("To the list of widgets")),
    "history": ("/history", _("To the activity")),
    "drift": ("/drift", _("To the differences")),
    "connection": ("/connection", _("To the connection")),
}
MACHINES: Final = ("/events", "/session", "/healthz", "/readyz", "/metrics")


def init_app(app: Flask) -> None:
    """Answer every error of the tree, and everything else that may come up."""
    app.register_error_handler(B24AppError, answer)
    app.register_error_handler(HTTPException, _answer_http)
    app.register_error_handler(Exception, _answer_unexpected)


def reply_to(error: B24AppError) -> Reply:
    """The row of the error's reason, code or class, or of the nearest class above it.

    Where an earlier try of the same call may have arrived it does not say that nothing was.
    """
    reply = _row(error)
    return replace(reply, text=IN_DOUBT) if error.in_doubt else reply


def _row(error: B24AppError) -> Reply:
    if isinstance(error, errors.AuthorizationLost) and error.reason in REASONS:
        return _of_reason(error)
    if isinstance(error, errors.PortalError) and error.code in CODES:
        return CODES[error.code]
    if type(error) is errors.AccessDenied and (family := error.method.split(".")[0]) in DENIED:
        return DENIED[family]
    for kind in type(error).__mro__:
        if kind in REPLIES:
            return REPLIES[kind]
    return UNEXPECTED


def _of_reason(error: errors.AuthorizationLost) -> Reply:
    """The row of the reason, by the name of the person whose access it was."""
    reply = REASONS[error.reason]
    if error.who and error.reason in NAMED:
        return replace(reply, title=str(NAMED[error.reason]) % {"name": error.who})
    return reply


def answer(error: B24AppError) -> ResponseReturnValue:
    """A page, a part for the page that is open, or only the status for a machine."""
    reply = reply_to(error)
    log.log(
        logging.ERROR if reply.status == 500 else logging.INFO,
        "%s %s: %s: %s",
        request.method,
        request.path,
        type(error).__name__,
        error,
    )
    return _render(reply)


def part(error: B24AppError, *, label: str, url: str) -> ResponseReturnValue:
    """The error's sentences for the page that is open, with a button that posts to ``url``."""
    reply = reply_to(error)
    action = {"label": label, "url": url}
    page = render_template("_parts/message.html", action=action, back=_list(), **_texts(reply))
    return page, reply.status


def offer_removal(error: errors.NotOurs, url: str) -> ResponseReturnValue:
    """Say that it is another application's, with a button that takes it off our list."""
    return part(error, label=str(_("Take it off this list")), url=url)


def message(reply: Reply) -> str:
    """The full page that says it."""
    return render_template("frame/message.html", **_texts(reply))


def _answer_http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, RequestEntityTooLarge):
        return _render_too_large()
    status = error.code or 500
    if status < 400:
        return error.get_response()
    reply = NOWHERE if status in (404, 405) else REPLIES[errors.BadPayload]
    return _render(Reply(status, reply.kind, reply.title, reply.text, reply.next_step))


def _render_too_large() -> ResponseReturnValue:
    """Its body cannot be looked into any more."""
    if request.path in MACHINES:
        return "", 413
    reply = REPLIES[errors.TooLarge]
    if "HX-Request" in request.headers:
        return render_template("_parts/message.html", back=_list(), **_texts(reply)), 413
    return message(reply), 413


def _answer_unexpected(error: Exception) -> ResponseReturnValue:
    log.error("%s %s: unexpected", request.method, request.path, exc_info=error)
    return _render(UNEXPECTED)


def _render(reply: Reply) -> ResponseReturnValue:
    if request.path in MACHINES or (request.path == "/install" and "event" in request.form):
        return "", reply.status
    if "HX-Request" in request.headers:
        return render_template("_parts/message.html", back=_list(), **_texts(reply)), reply.status
    return message(reply), reply.status


def _list() -> dict[str, str]:
    """The way out of a message: the list of the section it is about."""
    url, label = LISTS.get(request.blueprint or "", LISTS["chat_apps"])
    return {"url": url, "label": str(label)}


def _texts(reply: Reply) -> dict[str, str]:
    return {
        "kind": reply.kind,
        "title": str(reply.title),
        "text": str(reply.text),
        "next_step": str(reply.next_step),
    }
