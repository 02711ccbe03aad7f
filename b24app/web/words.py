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
WIDGET_COLORS: Final = {**COLORS, "ORANGE": (_("Orange"), "#e8a441")}
PLACES: Final = {
    "IM_TEXTAREA": (_("Text area"), _("A button above the field people write in.")),
    "IM_SIDEBAR": (_("Sidebar of the chat"), _("An entry among the applications of a chat.")),
    "IM_CONTEXT_MENU": (_("Menu of a message"), _("An entry in the menu of each message.")),
    "IM_NAVIGATION": (_("Navigation"), _("An entry of the messenger, for a page of full size.")),
}
WIDGET_CONTEXTS: Final = {
    "ALL": _("All chats"),
    "USER": _("One-to-one chats"),
    "CHAT": _("Group chats"),
    "LINES": _("Open Channel chats"),
    "CRM": _("Chats of the CRM"),
}
# Of the names of Font Awesome 4 those that say what people do in chats.
GLYPHS: Final = (
    *("fa-puzzle-piece", "fa-rocket", "fa-star", "fa-heart", "fa-comment", "fa-comments"),
    *("fa-bell", "fa-calendar", "fa-clock-o", "fa-check", "fa-tasks", "fa-list", "fa-file-text"),
    *("fa-folder-open", "fa-paperclip", "fa-pencil", "fa-book", "fa-tag", "fa-flag", "fa-bolt"),
    *("fa-phone", "fa-envelope", "fa-paper-plane", "fa-user", "fa-users", "fa-handshake-o"),
    *("fa-briefcase", "fa-shopping-cart", "fa-cube", "fa-truck", "fa-credit-card", "fa-money"),
    *("fa-bar-chart", "fa-line-chart", "fa-search", "fa-globe", "fa-map-marker", "fa-home"),
    *("fa-cog", "fa-wrench", "fa-database", "fa-lock", "fa-question", "fa-lightbulb-o"),
    *("fa-graduation-cap", "fa-coffee", "fa-gift", "fa-smile-o", "fa-picture-o", "fa-magic"),
)
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
        widget_colors=WIDGET_COLORS,
        widget_contexts=WIDGET_CONTEXTS,
        glyph_names=GLYPHS,
        place_names=PLACES,
    )
