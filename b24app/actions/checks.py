"""Rules that the forms of chat apps, bots and commands share.

A check notes what is wrong in ``errors``, field to reason code, and goes on with something usable,
so that a person reads everything at once.
"""

from __future__ import annotations

import dataclasses
import re
from enum import StrEnum
from typing import Final, Protocol, TypeVar

from b24app.errors import BadPayload

CODE: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,49}")  # "0" is empty to the portal
LANGUAGE: Final = re.compile(r"[a-z]{2}")
NUMBER: Final = re.compile(r"[0-9]{1,18}")
# Nobody sees them, and not everything that meets a name takes them; a tab and a line's end may be.
CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
MAX_TEXT: Final = 255
MAX_MESSAGE: Final = 2000
MAX_LANGUAGES: Final = 50


class Row(Protocol):
    """One language of something; the first text after ``language`` must be there."""

    @property
    def language(self) -> str: ...


E = TypeVar("E", bound=StrEnum)
R = TypeVar("R", bound=Row)


def refuse(errors: dict[str, str]) -> None:
    """Raise BadPayload when something was noted."""
    if errors:
        field, reason = next(iter(errors.items()))
        raise BadPayload(field, reason, errors)


def code(typed: str, errors: dict[str, str]) -> str:
    """A code as typed, trimmed; empty is allowed and means that one is made."""
    text = typed.strip()
    if text and not CODE.fullmatch(text):
        errors["code"] = "code_malformed"
    return text


def option(choices: type[E], value: str, field: str, errors: dict[str, str]) -> E:
    """The choice of this value, else the first one and the reason unknown_choice."""
    try:
        return choices(value)
    except ValueError:
        errors[field] = "unknown_choice"
        return next(iter(choices))


def line(typed: str, field: str, errors: dict[str, str], *, most: int, needed: bool = False) -> str:
    """One line of text, its white space tidied."""
    text = " ".join(typed.split())
    if needed and not text:
        errors[field] = "required"
    elif len(text) > most:
        errors[field] = f"text_over_{most}"
    elif CONTROL.search(text):
        errors[field] = "text_unseen"
    return text


def number(typed: str) -> int:
    """An id as a form sends it; 0 for anything else."""
    return int(typed) if NUMBER.fullmatch(typed) else 0


def rows(
    typed: tuple[R, ...], field: str, errors: dict[str, str], *, most: int = MAX_TEXT
) -> tuple[R, ...]:
    """The filled rows of ``field``, trimmed; a row with nothing typed in it is left out.

    ``most`` is how many characters each text may have.
    """
    kept: dict[str, R] = {}
    for number_, row in enumerate(typed[: MAX_LANGUAGES + 1]):
        typed_texts = texts(row)
        if not any(typed_texts.values()):
            continue
        where = f"{field}.{number_}"
        if not LANGUAGE.fullmatch(row.language):
            errors[f"{where}.language"] = "unknown_choice"
        elif row.language in kept:
            errors[f"{where}.language"] = "language_twice"
        main = next(iter(typed_texts))
        if not typed_texts[main]:
            errors[f"{where}.{main}"] = "required"
        elif max(len(text) for text in typed_texts.values()) > most:
            errors[f"{where}.{main}"] = f"text_over_{most}"
        elif any(CONTROL.search(text) for text in typed_texts.values()):
            errors[f"{where}.{main}"] = "text_unseen"
        kept[row.language] = dataclasses.replace(row, **typed_texts)  # type: ignore[type-var]
    if len(typed) > MAX_LANGUAGES:
        errors[field] = "too_many_languages"
    return tuple(kept.values())


def texts(row: Row) -> dict[str, str]:
    """The row's texts by name, trimmed, in their order; without its language."""
    parts = dataclasses.fields(row)  # type: ignore[arg-type]  # every row is a dataclass
    names = [part.name for part in parts if part.name != "language"]
    return {name: getattr(row, name).strip() for name in names}
