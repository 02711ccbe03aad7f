"""The platform's values in words; templates know them by the names in ``init_app``."""

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
# The messenger's palette and how it looks there (bitrix-modules: im/lib/color.php).
COLORS: Final = {
    "RED": (_("Red"), "#df532d"),
    "PINK": (_("Pink"), "#f76187"),
    "PURPLE": (_("Purple"), "#8474c8"),
    "AZURE": (_("Azure"), "#29619b"),
    "DARK_BLUE": (_("Dark blue"), "#3e99ce"),
    "LIGHT_BLUE": (_("Light blue"), "#4ba5c3"),
    "AQUA": (_("Aqua"), "#1eb4aa"),
    "MINT": (_("Mint"), "#4ba984"),
    "GREEN": (_("Green"), "#64a513"),
    "LIME": (_("Lime"), "#58cc47"),
    "KHAKI": (_("Khaki"), "#728f7a"),
    "SAND": (_("Sand"), "#ba9c7b"),
    "BROWN": (_("Brown"), "#ab7761"),
    "MARENGO": (_("Marengo"), "#556574"),
    "GRAY": (_("Grey"), "#909090"),
    "GRAPHITE": (_("Graphite"), "#5e5f5e"),
}
GENDERS: Final = {"": _("Not said"), "F": _("Female"), "M": _("Male")}
BOT_TYPES: Final = {
    "bot": (_("Ordinary bot"), _("Answers in its own chat and where it is mentioned.")),
    "openline": (_("Open Channel bot"), _("Meets the visitors of an Open Channel.")),
    "supervisor": (_("Observer"), _("Sees every message of the chats it is in.")),
    "personal": (
        _("Personal assistant"),
        _("Sees every message of its chats; not everybody finds it in the search."),
    ),
}


def init_app(app: Flask) -> None:
    """Give the words to the templates."""
    app.jinja_env.globals.update(
        context_names=CONTEXTS,
        method_names=METHODS,
        color_names=COLORS,
        gender_names=GENDERS,
        bot_types=BOT_TYPES,
    )
