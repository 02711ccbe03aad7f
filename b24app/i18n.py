"""Choosing the language, and the languages' names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from babel import Locale
from babel.dates import format_date, format_time
from flask import Flask, g, has_request_context, request
from flask_babel import Babel, get_locale

NO_BREAK: Final = "\N{NO-BREAK SPACE}"
LOCALES: Final = ("en", "ru", "de", "es", "pt_BR")
# The portal's language codes are its own (b24restdocs: LANG of the frame request).
PORTAL_LANGUAGES: Final = {
    "ar": "ar",
    "br": "pt_BR",
    "de": "de",
    "en": "en",
    "fr": "fr",
    "hi": "hi",
    "id": "id",
    "it": "it",
    "ja": "ja",
    "kz": "kk",
    "la": "es",
    "ms": "ms",
    "pl": "pl",
    "ru": "ru",
    "sc": "zh_Hans",
    "tc": "zh_Hant",
    "th": "th",
    "tr": "tr",
    "ua": "uk",
    "vn": "vi",
}


def init_app(app: Flask) -> None:
    """Translate this application's templates and sentences."""
    Babel(app, default_locale="en", locale_selector=_choose)
    app.context_processor(lambda: {"locale_tag": locale_tag(), "language": g.get("language", "")})
    app.jinja_env.filters["language_names"] = language_names


def use_language(portal_language: str) -> None:
    """Answer the current request in the language of a portal's code, such as ``br``."""
    locale = PORTAL_LANGUAGES.get(portal_language, portal_language)
    g.locale = locale if locale in LOCALES else "en"
    g.language = portal_language


def _choose() -> str:
    if not has_request_context():
        return "en"
    if "locale" in g:
        return str(g.locale)
    return request.accept_languages.best_match(LOCALES) or "en"


def locale_tag() -> str:
    """The current language as HTML wants it, such as ``pt-BR``."""
    return str(get_locale() or "en").replace("_", "-")


def language_name(portal_language: str) -> str:
    """A portal language's name in the current language; the code itself when unknown."""
    locale = PORTAL_LANGUAGES.get(portal_language)
    if locale is None:
        return portal_language
    name = Locale.parse(locale).get_display_name(get_locale() or "en") or portal_language
    return name[:1].upper() + name[1:]


def languages(*also: str) -> list[dict[str, str]]:
    """The portal's languages and those in ``also`` by name, for a select."""
    codes = dict.fromkeys((*PORTAL_LANGUAGES, *also))
    named = ({"code": code, "name": language_name(code)} for code in codes if code)
    return sorted(named, key=lambda entry: entry["name"])


def language_names(portal_languages: Sequence[str]) -> str:
    """Their names, one after another."""
    return ", ".join(map(language_name, portal_languages))


def moment(at: int) -> str:
    """A Unix time as a short text in the current language, UTC.

    A line may end between its date and its time only.
    """
    locale = get_locale() or "en"
    when = datetime.fromtimestamp(at, UTC)
    date = format_date(when, "medium", locale)
    time = f"{format_time(when, 'short', locale=locale)} UTC"
    return ", ".join(part.replace(" ", NO_BREAK) for part in (date, time))
