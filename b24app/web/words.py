"""The platform's values in words; templates know them as ``context_names`` and ``method_names``."""

from __future__ import annotations

from typing import Final

from flask import Flask
from flask_babel import lazy_gettext as _

CONTEXTS: Final = {
    "ALL": _("All chats"),
    "USER": _("One-to-one chats"),
    "CHAT": _("Group chats"),
    "BOT": _("The chat with its bot"),
    "LINES": _("Open Channel chats"),
    "CALL": _("Telephony chats"),
}
METHODS: Final = {
    "PUT": _("Puts a command into the text area"),
    "SEND": _("Sends a command"),
    "CALL": _("Calls a phone number"),
    "SUPPORT": _("Opens a support chat"),
}


def init_app(app: Flask) -> None:
    """Give the words to the templates."""
    app.jinja_env.globals.update(context_names=CONTEXTS, method_names=METHODS)
