"""Who acts, and what the acts leave in history."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Verb(StrEnum):
    """What a change did."""

    REGISTER = "register"
    UPDATE = "update"
    REPUBLISH = "republish"
    UNREGISTER = "unregister"
    FORGET = "forget"
    ADOPT = "adopt"


@dataclass(frozen=True)
class Actor:
    """The user on whose behalf we act; user id 0 is the system in a job."""

    user_id: int
    name: str
    is_admin: bool


SYSTEM = Actor(user_id=0, name="system", is_admin=True)


@dataclass(frozen=True)
class Change:
    """One line of history. ``before`` and ``after`` hold the thing's fields, JSON-ready.

    ``name`` is what the thing was called then; ``undoes`` the id of the change it takes back.
    Changes of one ``group`` went together, those of one ``run`` were made by the same work with
    many. ``sealed`` are the secrets of what was removed.
    """

    id: str
    at: int
    user_id: int
    user_name: str
    thing: str
    thing_id: str
    verb: Verb
    before: dict[str, Any]
    after: dict[str, Any]
    name: str = ""
    undoes: str = ""
    group: str = ""
    run: str = ""
    sealed: str = field(default="", repr=False)
