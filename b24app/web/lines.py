"""A change as a person reads it: what it was about, and each field that differs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from flask_babel import LazyString, gettext, lazy_gettext

from b24app import i18n
from b24app.actions import drawings, history, past
from b24app.actions.activity import Slice
from b24app.records import SYSTEM, Change, Life, Verb
from b24app.web.comparison import (
    CONNECTOR_LABELS,
    LABELS,
    LISTS,
    OTHER_LABELS,
    WIDGET_LABELS,
    listed,
)
from b24app.web.words import BOT_TYPES, CONTEXTS, GENDERS, METHODS, WIDGET_COLORS

THINGS: Final = {
    "chat_app": lazy_gettext("Chat app"),
    "bot": lazy_gettext("Bot"),
    "command": lazy_gettext("Command"),
    "connector": lazy_gettext("Connector"),
    "widget": lazy_gettext("Widget"),
    "line": lazy_gettext("Open Channel"),
    "installation": lazy_gettext("Installation"),
}
VERBS: Final = {
    Verb.REGISTER: lazy_gettext("Registered"),
    Verb.UPDATE: lazy_gettext("Changed"),
    Verb.REPUBLISH: lazy_gettext("Republished"),
    Verb.UNREGISTER: lazy_gettext("Unregistered"),
    Verb.FORGET: lazy_gettext("Taken off the list"),
    Verb.ADOPT: lazy_gettext("Put on the list"),
}
FIELDS: Final = {
    **CONNECTOR_LABELS,
    **WIDGET_LABELS,
    **LABELS,
    **OTHER_LABELS,
    "id": lazy_gettext("Number on the portal"),
    "kind": lazy_gettext("When pressed"),
    "bot_id": lazy_gettext("Bot"),
    "hash": lazy_gettext("Hash"),
    "app_id": lazy_gettext("Chat app"),
    "bot_code": lazy_gettext("Code of the bot"),
    "name": lazy_gettext("Name"),
    "last_name": lazy_gettext("Last name"),
    "position": lazy_gettext("Position"),
    "color": lazy_gettext("Colour"),
    "gender": lazy_gettext("Gender"),
    "avatar": lazy_gettext("Avatar"),
    "type": lazy_gettext("Type"),
    "reactions": lazy_gettext("Reactions"),
    "common": lazy_gettext("In all chats"),
    "welcome": lazy_gettext("Welcome"),
    "replies": lazy_gettext("Reply"),
    "published": lazy_gettext("On the portal"),
    "active": lazy_gettext("Connected"),
    "line": lazy_gettext("Open Channel"),
    "joints": lazy_gettext("Open Channel"),
    "domain": lazy_gettext("Address of the portal"),
    "state": lazy_gettext("State"),
}
STATES: Final[Mapping[str, LazyString]] = {
    Life.NEW: lazy_gettext("installing"),
    Life.INSTALLED: lazy_gettext("installed"),
    Life.SUSPENDED: lazy_gettext("suspended: the plan or a payment is missing"),
    Life.UNINSTALLING: lazy_gettext("an uninstall is being confirmed"),
    Life.GONE: lazy_gettext("uninstalled"),
}
KINDS: Final = {
    "iframe": lazy_gettext("Opens a page"),
    "command": lazy_gettext("Runs a command"),
}
WORDS: Final[Mapping[str, Mapping[str, Any]]] = {
    "context": CONTEXTS,
    "js_method": METHODS,
    "kind": KINDS,
    "gender": GENDERS,
    "state": STATES,
    "color": {code: name for code, (name, _) in WIDGET_COLORS.items()},
    "type": {code: name for code, (name, _) in BOT_TYPES.items()},
}
HIDDEN: Final = frozenset({"version", "updated_at", "updated_by", "icon_on_portal", "api", "why"})
PICTURES: Final = {"icon": "sprite", "avatar": "picture", "svg": "drawing"}
OBSTACLES: Final = {
    "undo_note": lazy_gettext("This is a note; there is nothing to take back."),
    "undo_republication": lazy_gettext(
        "Republishing keeps every setting; the old number is gone for good."
    ),
    "undo_hash": lazy_gettext("The hash was renewed. The old one is not kept anywhere."),
    "undo_picture": lazy_gettext("A portal cannot be told to go back to no picture."),
    "undo_fixed": lazy_gettext("The code and the type of a bot cannot be changed from here."),
    "undo_moved": lazy_gettext("It went along with its bot, which got a new number."),
    "undo_followed": lazy_gettext("It went along with its chat app, which got a new number."),
    "undo_noticed": lazy_gettext("It only notes that the portal has it."),
    "undo_belongings": lazy_gettext("It has commands or chat apps now. Unregister those first."),
    "undo_bot_first": lazy_gettext("Its bot is gone. Take back the bot's removal first."),
}

Names = Mapping[tuple[str, str], str]  # of a kind and an id


@dataclass(frozen=True)
class Row:
    """One field: its label and both values, texts or, by ``kind``, addresses of pictures."""

    label: str
    before: str
    after: str
    kind: str = "text"


@dataclass(frozen=True)
class Line:
    """A change ready for the page; ``about`` tells its thing from others of that name,
    ``takes_back`` is the moment of the change it undoes.

    ``question`` is what taking it back would be: ``update``, ``register``, ``unregister``
    or ``forget``;
    ``typed`` the name that must be typed for it. ``unfinished`` is one that was taken back in part,
    ``undone`` one of which nothing is left.
    """

    change: Change
    verb: str
    thing: str
    name: str
    about: str
    who: str
    moment: str
    rows: list[Row]
    obstacle: str
    question: str
    typed: str
    undone: bool
    unfinished: bool
    takes_back: str


def lines(found: Slice, names: Names) -> list[Line]:
    """The changes ready for the page; ``names`` are those of the things that are there now."""
    return [_line(change, found, names) for change in found.changes]


def _line(change: Change, found: Slice, names: Names) -> Line:
    name = names.get((change.thing, change.thing_id)) or change.name
    question = _question(change)
    return Line(
        change=change,
        verb=str(VERBS[change.verb]),
        thing=str(THINGS.get(change.thing, change.thing)),
        name=name,
        about=about(change.thing, change.thing_id, {**change.before, **change.after}),
        who=person(change.user_id, change.user_name),
        moment=i18n.moment(change.at),
        rows=rows(change.before, change.after, names),
        obstacle=str(OBSTACLES.get(history.obstacle(change), "")),
        question=question,
        typed=name if change.thing == "bot" and question == "unregister" else "",
        undone=change.id in found.undone,
        unfinished=change.id in found.unfinished,
        takes_back=i18n.moment(int(change.undoes.partition("-")[0]) // 1000)
        if change.undoes
        else "",
    )


def _question(change: Change) -> str:
    if change.verb in past.REMOVALS or history.lost(change):
        return "register"
    if change.verb is Verb.ADOPT:
        return "forget"
    return "update" if change.verb is Verb.UPDATE else "unregister"


def about(thing: str, thing_id: str, fields: Mapping[str, Any]) -> str:
    """What tells a thing from others of its name: its number, of a widget, which has none, its
    code; "" of an installation."""
    if thing == "installation":
        return ""
    return str(fields.get("code", "")) if thing == "widget" else thing_id


def person(user_id: int, name: str) -> str:
    """Who it was; the application itself has no name."""
    return gettext("the application") if user_id == SYSTEM.user_id else name


def rows(before: Mapping[str, Any], after: Mapping[str, Any], names: Names) -> list[Row]:
    """What differs; of something new or gone everything that says something."""
    found: list[Row] = []
    fields = {**before, **after}
    hidden = HIDDEN | {"id"} if "places" in fields else HIDDEN  # a widget's id tells nobody a thing
    for name in (name for name in fields if name not in hidden):
        old, new = before.get(name), after.get(name)
        if old == new or not ((before and after) or old or new):
            continue
        if name == "bot_id":
            old, new = (names.get(("bot", str(value)), value) for value in (old, new))
        found += _rows(name, old, new)
    return found


def _rows(name: str, old: object, new: object) -> list[Row]:
    label = str(FIELDS.get(name, name))
    if name in PICTURES:
        return [Row(label, _picture(name, old), _picture(name, new), PICTURES[name])]
    if name == "joints":
        return _joints(label, old or [], new or [])  # type: ignore[arg-type]  # as texts below
    if name in LISTS:
        return [Row(label, _list(name, old), _list(name, new))]
    if isinstance(old, list) or isinstance(new, list):
        return _texts(name, old or [], new or [])  # type: ignore[arg-type]  # both are, or None
    return [Row(label, _shown(name, old), _shown(name, new))]


def _list(name: str, codes: object) -> str:
    return listed(name, codes) if isinstance(codes, list) else ""


def _texts(name: str, old: list[dict[str, str]], new: list[dict[str, str]]) -> list[Row]:
    """A row for each language that differs; of the languages' own texts only those."""
    was = {entry["language"]: entry for entry in old}
    now = {entry["language"]: entry for entry in new}
    what = "" if name == "translations" else f"{FIELDS.get(name, name)}, "
    return [
        Row(what + i18n.language_name(code), _joined(was.get(code)), _joined(now.get(code)))
        for code in dict.fromkeys((*was, *now))
        if was.get(code) != now.get(code)
    ]


def _joints(
    label: str, old: list[dict[str, str | int]], new: list[dict[str, str | int]]
) -> list[Row]:
    """A row for each open line that was connected, taken off, or shows something else."""
    was = {entry["line"]: entry for entry in old}
    now = {entry["line"]: entry for entry in new}
    return [
        Row(f"{label} {line}", _shown_at(was.get(line)), _shown_at(now.get(line)))
        for line in dict.fromkeys((*was, *now))
        if was.get(line) != now.get(line)
    ]


def _shown_at(entry: dict[str, str | int] | None) -> str:
    texts = (str(text) for part, text in (entry or {}).items() if part != "line")
    return " · ".join(text for text in texts if text)


def _joined(entry: dict[str, str] | None) -> str:
    texts = (text for part, text in (entry or {}).items() if part != "language")
    return " · ".join(text for text in texts if text)


def _picture(name: str, value: object) -> str:
    if name == "svg":
        return drawings.data_url(str(value)) if value else ""
    return f"data:image/png;base64,{value}" if value else ""


def _shown(name: str, value: object) -> str:
    if value is None:
        return ""
    if name == "hash":
        return str(gettext("a secret")) if value else ""
    if isinstance(value, bool):
        return str(gettext("yes") if value else gettext("no"))
    said = WORDS.get(name, {}).get(str(value))
    return str(said or value)
