"""The points of the interface applications can be bound to, and what is shown at each."""

import re
from typing import Any, NamedTuple

from sandbox import php
from sandbox.records import Portal, User
from sandbox.records_channels import Placement
from sandbox.replies import RestError
from sandbox.world import World

CONTEXTS = ("ALL", "USER", "CHAT", "LINES", "CRM")
COLORS = {
    "RED": "#df532d",
    "GREEN": "#64a513",
    "MINT": "#4ba984",
    "LIGHT_BLUE": "#4ba5c3",
    "DARK_BLUE": "#3e99ce",
    "PURPLE": "#8474c8",
    "AQUA": "#1eb4aa",
    "PINK": "#f76187",
    "LIME": "#58cc47",
    "BROWN": "#ab7761",
    "AZURE": "#29619b",
    "KHAKI": "#728f7a",
    "SAND": "#ba9c7b",
    "ORANGE": "#e8a441",
    "MARENGO": "#556574",
    "GRAY": "#909090",
    "GRAPHITE": "#5e5f5e",
    "COPILOT": "#8d51eb",
}
_ICON = re.compile(r"[a-zA-Z \-]")


class Kind(NamedTuple):
    """One point: the scope that allows it, its options with their defaults, what must be given."""

    scope: str
    # A number as default makes the option a number; None: no default.
    options: dict[str, str | int | None]
    required: tuple[str, ...] = ()
    max_count: int = 0


_COMMON: dict[str, str | int | None] = {"extranet": "N", "context": "ALL", "role": "USER"}
_ICONIC: dict[str, str | int | None] = {"iconName": None, **_COMMON, "color": None}

KINDS = {
    "REST_APP_URI": Kind("basic", {}, max_count=1),
    "IM_CONTEXT_MENU": Kind("basic", _COMMON),
    "IM_NAVIGATION": Kind(
        "basic", {"iconName": None, "extranet": "N", "role": "USER"}, ("iconName",)
    ),
    "IM_TEXTAREA": Kind("basic", {**_ICONIC, "width": 100, "height": 100}, ("iconName",)),
    "IM_SIDEBAR": Kind("basic", _ICONIC, ("iconName",)),
    "IM_SMILES_SELECTOR": Kind("basic", _COMMON),
    "SETTING_CONNECTOR": Kind("imopenlines", {}),
}


def read_options(kind: Kind, given: php.Value) -> dict[str, Any]:
    """The options as the portal keeps them: known keys only, cast, defaults filled in.

    Raises RestError ERROR_ARGUMENT when one that is required is not among them.
    """
    if not kind.options:
        return {}
    if not isinstance(given, dict):
        if kind.required and given is not None and not isinstance(given, list):
            text = "The value of an argument 'options' must be of type array"
            raise RestError("ERROR_ARGUMENT", text, argument="options")
        given = {}
    for name in kind.required:
        if name not in given:
            text = f"Argument '{name}' is null or empty"
            raise RestError("ERROR_ARGUMENT", text, argument=name)
    found: dict[str, Any] = {}
    for name, default in kind.options.items():
        value = default if given.get(name) is None else given[name]
        found[name] = php.intval(value) if isinstance(default, int) else php.text(value)
    return found


def check_options(options: dict[str, Any]) -> None:
    """The messenger's test of the options of an IM_* placement; the last failure is told.

    Raises RestError with status 200: the portal answers so.
    """
    wrong = ""
    for name, is_fine in _CHECKS:
        if name in options and not is_fine(options[name]):
            wrong = name
    if wrong:
        code = re.sub(r"([A-Z])", r"_\1", wrong).upper()
        raise RestError(f"INVALID_ERROR_{code}", f"Field {wrong} is invalid.", 200)


# In the order of the portal.
_CHECKS: tuple[tuple[str, Any], ...] = (
    ("iconName", lambda value: len(value) <= 50 and bool(_ICON.search(value))),
    ("extranet", lambda value: value in ("Y", "N")),
    ("context", lambda value: all(one in CONTEXTS for one in value.strip().split(";"))),
    ("role", lambda value: value in ("USER", "ADMIN")),
    ("color", lambda value: value == "" or value in COLORS),
    ("height", lambda value: value >= 0),
    ("width", lambda value: value >= 0),
)


def visible(
    world: World, portal: Portal, user: User, code: str, context: str = ""
) -> list[Placement]:
    """The placements of this code that `user` sees in a dialog of this context, or in any ("").

    Nothing of an application that is not finished, or that keeps this user out.
    """
    with world.lock:
        return [
            row
            for row in portal.placements
            if row.code == code and may_see(portal, user, row) and _fits(row, context)
        ]


def may_see(portal: Portal, user: User, row: Placement) -> bool:
    """Whether the portal shows this placement to this user at all."""
    install = portal.installs.get(row.client_id)
    if install is None or not install.active or not install.installed:
        return False
    if install.access and not user.is_admin and user.id not in install.access:
        return False
    return user.is_admin or row.options.get("role", "USER") == "USER"


def _fits(row: Placement, context: str) -> bool:
    wanted = str(row.options.get("context", "ALL")).strip().split(";")
    return not context or "ALL" in wanted or context in wanted


def title_of(portal: Portal, row: Placement, language: str) -> str:
    """The title in this language, the portal's, or the first; else the application's name."""
    for words in (row.langs.get(language), row.langs.get(portal.language), *row.langs.values()):
        if words is not None:
            return words.get("TITLE") or portal.card.title
    return portal.card.title


def color_of(row: Placement) -> str:
    """The colour of its icon: the one asked for, else one by its number."""
    named = COLORS.get(str(row.options.get("color", "")))
    return named or list(COLORS.values())[row.id % 17]
