"""What a file of definitions looks like, and where one does not look so.

The schema is a JSON Schema; ``docs/definitions.schema.json`` holds the same for other programs.
It says what is text, what a number and what may be chosen; the rules of each kind are its draft's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any, Final

from b24app.actions.bot_drafts import COLORS, GENDERS
from b24app.actions.checks import MAX_LANGUAGES, MAX_MESSAGE
from b24app.actions.connector_drafts import FLAGS
from b24app.actions.drawings import MAX_BYTES
from b24app.records import BotType, Context, JsMethod, Kind, Place, WidgetContext

Schema = dict[str, Any]

NAME: Final = "b24app-definitions"
VERSION: Final = 1
MOST: Final = 10_000  # of each kind, and of all kinds together
MOST_JOINTS: Final = 1000
MOST_PROBLEMS: Final = 10
PICTURE: Final = 400_000  # characters of base64; a finished picture has fewer


def _text(most: int = MAX_MESSAGE, *, needed: bool = False) -> Schema:
    return {"type": "string", "maxLength": most} | ({"minLength": 1} if needed else {})


def _choice(*values: str) -> Schema:
    return {"type": "string", "enum": [*values]}


def _one_of(choices: type[StrEnum], *also: str) -> Schema:
    return _choice(*(choice.value for choice in choices), *also)


def _object(optional: Mapping[str, Schema] | None = None, /, **properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties | dict(optional or {}),
        "required": [*properties],
        "additionalProperties": False,
    }


def _list(of: Schema, most: int) -> Schema:
    return {"type": "array", "items": of, "maxItems": most}


def _rows(*texts: str) -> Schema:
    columns = {name: _text() for name in ("language", *texts)}
    return _list(_object(**columns), MAX_LANGUAGES)


FLAG: Final[Schema] = {"type": "boolean"}
NUMBER: Final[Schema] = {"type": "integer", "minimum": 0, "maximum": 99_999}
LINE: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 999_999_999}
TITLES: Final = _rows("title", "description", "copyright")

BOT: Final = _object(
    code=_text(needed=True),
    type=_one_of(BotType),
    name=_text(),
    last_name=_text(),
    position=_text(),
    color=_choice("", *COLORS),
    gender=_choice(*GENDERS),
    avatar=_text(PICTURE),
    hidden=FLAG,
    reactions=FLAG,
    welcome=_rows("text"),
)
CHAT_APP: Final = _object(
    code=_text(needed=True),
    bot=_text(),
    kind=_one_of(Kind),
    iframe_url=_text(),
    iframe_width=NUMBER,
    iframe_height=NUMBER,
    iframe_popup=FLAG,
    js_method=_one_of(JsMethod, ""),
    js_param=_text(),
    context=_one_of(Context),
    admin_only=FLAG,
    hidden=FLAG,
    extranet=FLAG,
    livechat=FLAG,
    icon=_text(PICTURE),
    translations=TITLES,
)
COMMAND: Final = _object(
    bot=_text(needed=True),
    name=_text(needed=True),
    common=FLAG,
    hidden=FLAG,
    extranet=FLAG,
    translations=_rows("title", "params"),
    replies=_rows("text"),
)
WIDGET: Final = _object(
    code=_text(needed=True),
    bot=_text(),
    chat_app=_text(),
    iframe_url=_text(),
    places=_list(_one_of(Place), len(Place)),
    contexts=_list(_one_of(WidgetContext), len(WidgetContext)),
    admin_only=FLAG,
    extranet=FLAG,
    icon_name=_text(),
    color=_text(),
    width=NUMBER,
    height=NUMBER,
    translations=TITLES,
)
JOINT: Final = _object(line=LINE, name=_text(), url=_text(), url_im=_text(), id=_text())
CONNECTOR: Final = _object(
    {"joints": _list(JOINT, MOST_JOINTS)},
    id=_text(needed=True),
    name=_text(),
    svg=_text(MAX_BYTES),
    color=_text(),
    color_off=_text(),
    size=NUMBER,
    **dict.fromkeys(FLAGS, FLAG),
)
# What is listed first is there when what is listed later needs it.
LISTS: Final[Mapping[str, Schema]] = {
    "bots": BOT,
    "chat_apps": CHAT_APP,
    "commands": COMMAND,
    "widgets": WIDGET,
    "connectors": CONNECTOR,
}
SCHEMA: Final[Schema] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Definitions of a Bitrix24 portal, as b24app exports and imports them",
    "description": (
        "Things name each other by what stays the same in another portal: a bot by its code, "
        "a chat app by its code. Pictures are PNG files as base64; an empty text is no picture. "
        "The joints of a connector are open lines by their numbers in the portal of the file; they "
        "are heeded where portal_mark says that it is the same."
    ),
    **_object(
        {"portal_mark": _text()},
        schema={"const": NAME},
        version={"const": VERSION},
        made_at=_text(),
        portal=_text(),
        **{name: _list(schema, MOST) for name, schema in LISTS.items()},
    ),
}


def written() -> str:
    """The schema as ``docs/definitions.schema.json`` holds it."""
    return json.dumps(SCHEMA, indent=2) + "\n"


def problems(document: object) -> dict[str, str]:
    """Where the document is not as the schema wants it, with a reason code; the first ten.

    A place is written as in ``chat_apps[2].translations[0].title``; "" is the whole.
    """
    found: dict[str, str] = {}
    for where, reason in _problems(document, SCHEMA, ""):
        found.setdefault(where, reason)
        if len(found) == MOST_PROBLEMS:
            break
    return found


def _problems(value: object, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if "const" in schema:
        if type(value) is not type(schema["const"]) or value != schema["const"]:
            yield where, "other_value"
        return
    yield from CHECKS[schema["type"]](value, schema, where)


def _in_object(value: object, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        yield where, "not_object"
        return
    for name, part in value.items():
        if name in schema["properties"]:
            yield from _problems(part, schema["properties"][name], _inside(where, name))
        else:
            yield _inside(where, _shown(name)), "unknown_field"
    for name in schema["required"]:
        if name not in value:
            yield _inside(where, name), "missing"


def _in_list(value: object, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield where, "not_list"
    elif len(value) > schema["maxItems"]:
        yield where, "too_many"
    else:
        for number, part in enumerate(value):
            yield from _problems(part, schema["items"], f"{where}[{number}]")


def _in_text(value: object, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, str) or not _can_be_written(value):
        yield where, "not_text"
    elif "enum" in schema:
        if value not in schema["enum"]:
            yield where, "unknown_choice"
    elif len(value) > schema["maxLength"]:
        yield where, "too_long"
    elif len(value.strip()) < schema.get("minLength", 0):
        yield where, "required"


def _in_flag(value: object, _schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, bool):
        yield where, "not_flag"


def _in_number(value: object, schema: Schema, where: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, int) or isinstance(value, bool):
        yield where, "not_number"
    elif not schema["minimum"] <= value <= schema["maximum"]:
        yield where, "number_range"


CHECKS: Final = {
    "object": _in_object,
    "array": _in_list,
    "string": _in_text,
    "boolean": _in_flag,
    "integer": _in_number,
}


def _inside(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name


def _shown(name: str) -> str:
    """The beginning of a name that is none of ours, so that it can be written."""
    return name[:40].encode(errors="backslashreplace").decode()


def _can_be_written(text: str) -> bool:
    """Half of a surrogate pair cannot; JSON allows one."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)
