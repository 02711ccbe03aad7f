"""Two versions of a thing side by side, as a person reads them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from flask_babel import LazyString, gettext, lazy_gettext

from b24app import i18n
from b24app.actions import checks
from b24app.actions.bot_drafts import BotDraft
from b24app.actions.command_drafts import CommandDraft
from b24app.actions.connector_drafts import ConnectorDraft, JointDraft
from b24app.actions.drafts import Draft
from b24app.actions.widget_drafts import WidgetDraft
from b24app.records import Bot, ChatApp, Command, Connector, Widget
from b24app.web.words import CONTEXTS, GENDERS, METHODS, PLACES, WIDGET_COLORS, WIDGET_CONTEXTS

AnyDraft = Draft | BotDraft | CommandDraft | ConnectorDraft | JointDraft | WidgetDraft

# Each in the order of its form.
LABELS: Final = {
    "iframe_url": lazy_gettext("Address"),
    "iframe_width": lazy_gettext("Width"),
    "iframe_height": lazy_gettext("Height"),
    "iframe_popup": lazy_gettext("Stays open between chats"),
    "js_method": lazy_gettext("Action"),
    "js_param": lazy_gettext("Parameter"),
    "icon": lazy_gettext("Icon"),
    "translations": lazy_gettext("Languages"),
    "context": lazy_gettext("Where it shows"),
    "admin_only": lazy_gettext("Administrators only"),
    "hidden": lazy_gettext("Hidden"),
    "extranet": lazy_gettext("For external users"),
    "livechat": lazy_gettext("In the live chat"),
}
BOT_LABELS: Final = {
    "name": lazy_gettext("Name"),
    "last_name": lazy_gettext("Last name"),
    "position": lazy_gettext("Position"),
    "gender": lazy_gettext("Gender"),
    "avatar": lazy_gettext("Avatar"),
    "color": lazy_gettext("Colour"),
    "welcome": lazy_gettext("Welcome"),
    "reactions": lazy_gettext("Reactions"),
    "hidden": lazy_gettext("Hidden"),
}
COMMAND_LABELS: Final = {
    "name": lazy_gettext("Command"),
    "translations": lazy_gettext("Languages"),
    "replies": lazy_gettext("Reply"),
    "common": lazy_gettext("In all chats"),
    "hidden": lazy_gettext("Hidden"),
    "extranet": lazy_gettext("For external users"),
}
CONNECTOR_LABELS: Final = {
    "name": lazy_gettext("Name of the connector"),
    "svg": lazy_gettext("Icon"),
    "color": lazy_gettext("Colour"),
    "color_off": lazy_gettext("Colour while not connected"),
    "size": lazy_gettext("Size of the drawing"),
    "delete_incoming": lazy_gettext("Incoming messages may be deleted"),
    "edit_outgoing": lazy_gettext("Operators may edit their messages"),
    "delete_outgoing": lazy_gettext("Operators may delete their messages"),
    "newsletter": lazy_gettext("For newsletters of the CRM"),
    "system_messages": lazy_gettext("System messages are sent too"),
    "signature": lazy_gettext("The operator's name is added"),
    "group_chats": lazy_gettext("Group chats"),
}
JOINT_LABELS: Final = {
    "name": lazy_gettext("Name of the channel"),
    "url": lazy_gettext("Address of the channel"),
    "url_im": lazy_gettext("Address that opens a chat"),
    "id": lazy_gettext("The channel's own id"),
}
WIDGET_LABELS: Final = {
    "iframe_url": lazy_gettext("Address"),
    "places": lazy_gettext("Places"),
    "width": lazy_gettext("Width"),
    "height": lazy_gettext("Height"),
    "icon_name": lazy_gettext("Icon"),
    "color": lazy_gettext("Colour"),
    "translations": lazy_gettext("Languages"),
    "contexts": lazy_gettext("Where it shows"),
    "admin_only": lazy_gettext("Administrators only"),
    "extranet": lazy_gettext("For external users"),
}
# Chosen once, so that they never differ; still they can be wrong.
OTHER_LABELS: Final = {
    "code": lazy_gettext("Code"),
    "type": lazy_gettext("Type"),
    "bot_id": lazy_gettext("Bot"),
    "id": lazy_gettext("Id"),
}
LABELS_OF: Final[Mapping[type[AnyDraft], Mapping[str, LazyString]]] = {
    Draft: LABELS,
    BotDraft: BOT_LABELS,
    CommandDraft: COMMAND_LABELS,
    ConnectorDraft: CONNECTOR_LABELS,
    JointDraft: JOINT_LABELS,
    WidgetDraft: WIDGET_LABELS,
}
FORMS: Final[Mapping[type[AnyDraft], Sequence[str]]] = {
    Draft: ("code", "bot_id", "kind", *LABELS),
    BotDraft: (
        "name",
        "last_name",
        "position",
        "gender",
        "code",
        "avatar",
        "color",
        "welcome",
        "type",
    ),
    CommandDraft: ("name", "bot_id", *COMMAND_LABELS),
    ConnectorDraft: ("name", "id", *CONNECTOR_LABELS),
    JointDraft: tuple(JOINT_LABELS),
    WidgetDraft: ("id", "code", *WIDGET_LABELS),
}
PARTS: Final = {"language": lazy_gettext("Language"), "title": lazy_gettext("Title")}
LISTS: Final[Mapping[str, Mapping[str, LazyString]]] = {
    "places": {code: name for code, (name, _) in PLACES.items()},
    "contexts": WIDGET_CONTEXTS,
}
PICTURES: Final = ("icon", "avatar", "svg")
WORDS: Final[Mapping[str, Mapping[str, LazyString]]] = {
    "context": CONTEXTS,
    "js_method": METHODS,
    "color": {name: word for name, (word, _) in WIDGET_COLORS.items()},
    "gender": GENDERS,
}


def labels(fields: Iterable[str], draft: AnyDraft) -> dict[str, str]:
    """The fields' names as the form shows them, in the order of the form."""
    order = FORMS[type(draft)]

    def place(field: str) -> tuple[int, int, bool]:
        name, _, row = field.partition(".")
        number, _, part = row.partition(".")
        known = order.index(name) if name in order else len(order)
        return known, int(number) if number.isdigit() else -1, part != "language"

    return {field: _label(field, draft) for field in sorted(fields, key=place)}


def _label(field: str, draft: AnyDraft) -> str:
    """One of a language's row with the language."""
    name, _, place = field.partition(".")
    labels = LABELS_OF[type(draft)]
    if not place:
        return str(labels.get(name) or OTHER_LABELS.get(name, ""))
    number, _, part = place.partition(".")
    rows = getattr(draft, name)
    language = rows[int(number)].language if number.isdigit() and int(number) < len(rows) else ""
    return f"{PARTS.get(part, labels.get(name, ''))} ({i18n.language_name(language)})"


def both_sides(
    saved: ChatApp | Bot | Command | Connector | Widget, yours: AnyDraft, theirs: AnyDraft
) -> dict[str, Any]:
    """What ``_parts/conflict.html`` shows: who saved meanwhile and when, and what differs."""
    return {
        "saved_by": saved.updated_by,
        "saved_at": i18n.moment(saved.updated_at),
        "rows": rows(yours, theirs),
    }


def rows(yours: AnyDraft, theirs: AnyDraft) -> list[dict[str, str]]:
    """The fields that differ: label, yours, theirs."""
    pairs: list[dict[str, str]] = []
    for name, label_ in LABELS_OF[type(yours)].items():
        mine, saved = getattr(yours, name), getattr(theirs, name)
        if name in LISTS:
            pairs.append(_pair(label_, listed(name, mine), listed(name, saved)))
        elif isinstance(mine, tuple):
            pairs += _languages(mine, saved, "" if name == "translations" else f"{label_}: ")
        elif name not in PICTURES:
            pairs.append(_pair(label_, _shown(name, mine), _shown(name, saved)))
        elif mine:
            new, old = gettext("a new picture"), gettext("the saved picture")
            pairs.append(_pair(label_, new, old))
    return [pair for pair in pairs if pair["yours"] != pair["theirs"]]


def listed(name: str, codes: Sequence[str]) -> str:
    """The chosen ones of a list in words."""
    return ", ".join(str(LISTS[name].get(code, code)) for code in codes)


def _pair(label_: object, yours: str, theirs: str) -> dict[str, str]:
    return {"label": str(label_), "yours": yours, "theirs": theirs}


def _shown(name: str, value: str | bool) -> str:
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    return str(WORDS.get(name, {}).get(value, value))


def _languages(
    mine: Sequence[checks.Row], saved: Sequence[checks.Row], before: str
) -> list[dict[str, str]]:
    """One row for each language either side has; ``before`` stands before its name."""
    yours = {row.language: _texts(row) for row in mine}
    theirs = {row.language: _texts(row) for row in saved}
    return [
        _pair(f"{before}{i18n.language_name(code)}", yours.get(code, ""), theirs.get(code, ""))
        for code in dict.fromkeys((*yours, *theirs))
    ]


def _texts(row: checks.Row) -> str:
    return " · ".join(text for text in checks.texts(row).values() if text)
