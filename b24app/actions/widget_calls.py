"""A widget as the portal's placement methods take it: one handler of ours, bound at each place.

Binding is no repeatable thing: a second bind of the same handler is refused, so a change is
unbind and bind. Platform facts: b24restdocs: widgets/placement-bind.md, placement-unbind.md,
placement-get.md, widgets/im.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from b24app.actions.portal import Portal
from b24app.bitrix.answers import as_map
from b24app.errors import B24AppError, BadPayload, PortalError
from b24app.records import Place, Widget

PATH: Final = "/widgets/"
# What each place knows of the looks and the use of a widget; the rest it drops unseen.
OPTIONS: Final[Mapping[Place, tuple[str, ...]]] = {
    Place.TEXTAREA: ("iconName", "color", "context", "role", "extranet", "width", "height"),
    Place.SIDEBAR: ("iconName", "color", "context", "role", "extranet"),
    Place.CONTEXT_MENU: ("context", "role", "extranet"),
    Place.NAVIGATION: ("iconName", "role", "extranet"),
}
# The portal says which option it refuses; each is a field of the form.
FIELDS: Final = {
    "ICON_NAME": "icon_name",
    "COLOR": "color",
    "CONTEXT": "contexts",
    "ROLE": "admin_only",
    "EXTRANET": "extranet",
    "WIDTH": "width",
    "HEIGHT": "height",
}


@dataclass(frozen=True)
class Binding:
    """A widget at one place, as the portal has it or is to have it.

    ``options`` are texts by the portal's names, ``titles`` a map of languages to TITLE and
    DESCRIPTION; what is empty is in neither.
    """

    place: Place
    handler: str
    options: Mapping[str, str]
    titles: Mapping[str, Mapping[str, str]]


def handler(portal: Portal, widget_id: str) -> str:
    """The address the portal opens for a widget."""
    return f"{portal.app_url}{PATH}{widget_id}"


def bindings(portal: Portal, widget: Widget) -> list[Binding]:
    """The widget as it is to stand on the portal."""
    every = {
        "iconName": widget.icon_name,
        "color": widget.color,
        "context": ";".join(widget.contexts),
        "role": "ADMIN" if widget.admin_only else "USER",
        "extranet": "Y" if widget.extranet else "N",
        "width": str(widget.width),
        "height": str(widget.height),
    }
    titles = {
        entry.language: _said({"TITLE": entry.title, "DESCRIPTION": entry.description})
        for entry in widget.translations
    }
    return [
        Binding(
            place,
            handler(portal, widget.id),
            {name: every[name] for name in OPTIONS[place] if every[name]},
            titles,
        )
        for place in widget.places
    ]


def bound(portal: Portal) -> dict[str, list[Binding]]:
    """Every widget of ours the portal has, by key; whatever origin of ours it was bound at.

    Raises as the client's ``call``; AccessDenied without the permission ``placement``.
    """
    return read(portal.rest.call("placement.get", repeatable=True))


def read(answer: object) -> dict[str, list[Binding]]:
    """As ``bound``, of the portal's answer to ``placement.get``."""
    found: dict[str, list[Binding]] = {}
    for row in (as_map(row) for row in as_map(answer).values()):
        _, path, key = str(row.get("handler", "")).rpartition(PATH)
        if path and key and str(row.get("placement")) in set(Place):
            found.setdefault(key, []).append(_binding(row))
    return found


def change(portal: Portal, was: Sequence[Binding], wanted: Sequence[Binding]) -> None:
    """Bring the portal from ``was`` to ``wanted`` in one batch that stops at the first failure.

    New places come first and places that are left come last, so that what is refused is refused
    before anything is taken away. Raises the failure; how far it came, ``bound`` tells.
    """
    commands = dict(_steps(was, wanted))
    if not commands:
        return
    answer = portal.rest.batch_all(commands, halt=True, repeatable=True)
    for error in answer.errors.values():
        raise error


def refusal(error: B24AppError) -> B24AppError:
    """The error of the form's field where the portal refuses an option, else the same error.

    These come with status 200 (bitrix-modules: im/lib/placement).
    """
    if not isinstance(error, PortalError):
        return error
    kind, _, option = error.code.partition("_ERROR_")
    if kind not in ("INVALID", "EMPTY") or option not in FIELDS:
        return error
    reason = "required" if kind == "EMPTY" else f"{FIELDS[option]}_refused"
    return BadPayload(FIELDS[option], reason)


def _steps(was: Sequence[Binding], wanted: Sequence[Binding]) -> Iterable[tuple[str, str]]:
    taken = {(one.place, one.handler) for one in was}
    stays = {(one.place, one.handler) for one in wanted}
    for number, one in enumerate(wanted):
        if (one.place, one.handler) not in taken:
            yield f"bind{number}", _bind(one)
    for number, one in enumerate(wanted):
        if (one.place, one.handler) in taken and one not in was:
            yield f"unbind{number}", _unbind(one)
            yield f"bind{number}", _bind(one)
    for number, one in enumerate(was):
        if (one.place, one.handler) not in stays:
            yield f"leave{number}", _unbind(one)


def _bind(one: Binding) -> str:
    pairs = [("PLACEMENT", one.place.value), ("HANDLER", one.handler)]
    for language, words in one.titles.items():
        pairs += [(f"LANG_ALL[{language}][{name}]", text) for name, text in words.items()]
    pairs += [(f"OPTIONS[{name}]", value) for name, value in one.options.items()]
    return f"placement.bind?{urlencode(pairs)}"


def _unbind(one: Binding) -> str:
    """It counts twice what it removes, and nothing found is no error."""
    pairs = {"PLACEMENT": one.place.value, "HANDLER": one.handler}
    return f"placement.unbind?{urlencode(pairs)}"


def _binding(row: Mapping[str, Any]) -> Binding:
    place, options = Place(row["placement"]), as_map(row.get("options"))
    titles = {code: _said(as_map(words)) for code, words in as_map(row.get("langAll")).items()}
    known = {name: options[name] for name in OPTIONS[place] if options.get(name) is not None}
    return Binding(
        place,
        str(row["handler"]),
        {name: str(value) for name, value in known.items() if value != ""},
        {code: words for code, words in titles.items() if words},
    )


def _said(words: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(words[name]) for name in ("TITLE", "DESCRIPTION") if words.get(name)}
