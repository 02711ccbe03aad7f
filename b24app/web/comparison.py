"""Two versions of a chat app side by side, as a person reads them."""

from __future__ import annotations

from typing import Final

from flask_babel import gettext, lazy_gettext

from b24app import i18n
from b24app.actions.drafts import Draft
from b24app.records import Translation
from b24app.web.words import CONTEXTS, METHODS

LABELS: Final = {
    "iframe_url": lazy_gettext("Address"),
    "iframe_width": lazy_gettext("Width"),
    "iframe_height": lazy_gettext("Height"),
    "iframe_popup": lazy_gettext("Stays open between chats"),
    "js_method": lazy_gettext("Action"),
    "js_param": lazy_gettext("Parameter"),
    "context": lazy_gettext("Where it shows"),
    "admin_only": lazy_gettext("Administrators only"),
    "hidden": lazy_gettext("Hidden"),
    "extranet": lazy_gettext("For external users"),
    "livechat": lazy_gettext("In the live chat"),
}


OTHER_LABELS: Final = {
    "code": lazy_gettext("Code"),
    "icon": lazy_gettext("Icon"),
    "translations": lazy_gettext("Languages"),
}


def label(field: str, draft: Draft) -> str:
    """A field's name as the form shows it; one of a translation with its language."""
    if field.startswith("translations."):
        number, _, part = field.removeprefix("translations.").partition(".")
        row = draft.translations[int(number)] if number.isdigit() else None
        name = i18n.language_name(row.language) if row else ""
        return f"{gettext('Title') if part == 'title' else gettext('Language')} ({name})"
    return str(LABELS.get(field) or OTHER_LABELS.get(field, ""))


def rows(yours: Draft, theirs: Draft) -> list[dict[str, str]]:
    """The fields that differ: label, yours, theirs."""
    pairs = [
        {"label": str(label), "yours": _shown(yours, name), "theirs": _shown(theirs, name)}
        for name, label in LABELS.items()
    ]
    if yours.icon:
        pairs.append(
            {
                "label": gettext("Icon"),
                "yours": gettext("a new picture"),
                "theirs": gettext("the saved picture"),
            }
        )
    pairs += _translations(yours, theirs)
    return [pair for pair in pairs if pair["yours"] != pair["theirs"]]


def _shown(draft: Draft, name: str) -> str:
    value = getattr(draft, name)
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    words = {"context": CONTEXTS, "js_method": METHODS}.get(name, {})
    return str(words.get(value, value))


def _translations(yours: Draft, theirs: Draft) -> list[dict[str, str]]:
    mine = {entry.language: entry for entry in yours.translations if entry.title.strip()}
    saved = {entry.language: entry for entry in theirs.translations}
    return [
        {
            "label": i18n.language_name(code),
            "yours": _texts(mine.get(code)),
            "theirs": _texts(saved.get(code)),
        }
        for code in dict.fromkeys((*mine, *saved))
    ]


def _texts(entry: Translation | None) -> str:
    if entry is None:
        return ""
    return " · ".join(
        text for text in (entry.title, entry.description, entry.copyright) if text.strip()
    )
