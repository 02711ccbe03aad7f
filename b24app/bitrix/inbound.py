"""What Bitrix24 sends us, read strictly and believed in nothing.

Everything returned here is a stranger's word until an action has proved it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from b24app.errors import BadPayload

MEMBER_ID: Final = re.compile(r"[0-9a-fA-F]{32}")
DOMAIN: Final = re.compile(
    r"(?=.{1,253}(:|$))[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    r"(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+(:[1-9][0-9]{0,4})?"
)
LANGUAGE: Final = re.compile(r"[a-z]{2}")
PLACEMENT: Final = re.compile(r"[A-Z0-9_]{1,100}")
APP_SID: Final = re.compile(r"[0-9a-f]{32}")
QUERY: Final = ("DOMAIN", "PROTOCOL", "LANG", "APP_SID")
EVENT: Final = re.compile(r"[A-Z0-9_]{1,64}")
BRACKETED: Final = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])*)")
BROKEN_PERCENT: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
TOKEN_LENGTH: Final = 2048
TEXT_LENGTH: Final = 16384
EVENT_BYTES: Final = 512 * 1024
EVENT_FIELDS: Final = 2000
EVENT_DEPTH: Final = 16  # an attachment of a message lies eleven levels deep
NAME_LENGTH: Final = 512


@dataclass(frozen=True)
class FrameRequest:
    """A frame POST (b24restdocs: settings/oauth/simple-way.md). Untrusted."""

    member_id: str
    domain: str
    language: str
    app_sid: str
    placement: str
    placement_options: Mapping[str, Any]
    server_endpoint: str
    auth_id: str = field(repr=False)
    refresh_id: str = field(repr=False)
    auth_expires: int
    application_token: str = field(repr=False)


@dataclass(frozen=True)
class EventAuth:
    """The ``auth`` block of an event; the reduced form has no tokens. Untrusted."""

    member_id: str
    domain: str
    server_endpoint: str
    application_token: str = field(repr=False)
    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: int


@dataclass(frozen=True)
class Event:
    """An event of the portal's queue (b24restdocs: api-reference/events). Untrusted."""

    name: str
    data: Any
    auth: EventAuth
    ts: int = 0


def read_frame(query: Mapping[str, str], form: Mapping[str, str]) -> FrameRequest:
    """Read a frame POST; raises BadPayload for the first field that does not fit.

    ``AUTH_ID`` and ``REFRESH_ID`` may be missing: a person without access has none.
    """
    values = {**form, **{name: query[name] for name in QUERY if name in query}}
    return FrameRequest(
        member_id=_matching(values, "member_id", MEMBER_ID).lower(),
        domain=read_domain(values.get("DOMAIN", ""), "DOMAIN"),
        language=read_language(values.get("LANG", "")),
        app_sid=_matching(_lowered(values, "APP_SID"), "APP_SID", APP_SID, default=""),
        placement=_matching(values, "PLACEMENT", PLACEMENT, default="DEFAULT"),
        placement_options=_options(values.get("PLACEMENT_OPTIONS", "")),
        server_endpoint=_text(values, "SERVER_ENDPOINT"),
        auth_id=_text(values, "AUTH_ID", TOKEN_LENGTH),
        refresh_id=_text(values, "REFRESH_ID", TOKEN_LENGTH),
        auth_expires=_seconds(values.get("AUTH_EXPIRES", "")),
        application_token=_text(values, "APPLICATION_TOKEN", TOKEN_LENGTH),
    )


def read_form(body: bytes) -> list[tuple[str, str]]:
    """The pairs of a form-encoded body of at most 2,000 fields; raises BadPayload.

    Stricter than a browser's form needs: the queue encodes every byte that is not plain.
    """
    try:
        fields = body.decode("ascii").split("&", EVENT_FIELDS)
        pairs = [field.split("=", 1) for field in fields]
        if any(len(name) > 3 * NAME_LENGTH for name, _ in pairs):
            raise ValueError("a name too long, and none to be remembered")
        return [(_form_name(name), _form_value(value)) for name, value in pairs]
    except ValueError as exc:  # not plain, no value, not UTF-8
        raise BadPayload("body", "malformed") from exc


def _form_value(text: str) -> str:
    if "+" in text:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    if BROKEN_PERCENT.search(text):
        raise ValueError("broken percent sign")
    return unquote_to_bytes(text).decode()


# The names are the same few in nearly every event.
_form_name = functools.lru_cache(maxsize=4096)(_form_value)


def read_event(pairs: Iterable[tuple[str, str]]) -> Event:
    """Read a form-encoded event in bracket notation; raises BadPayload."""
    tree = read_brackets(pairs)
    auth = tree.get("auth")
    if not isinstance(auth, dict):
        raise BadPayload("auth", "missing")
    values = {name: value for name, value in auth.items() if isinstance(value, str)}
    name = tree.get("event")
    if not isinstance(name, str) or not EVENT.fullmatch(name.upper()):
        raise BadPayload("event", "malformed")
    return Event(
        name=name.upper(),
        data=tree.get("data", {}),
        auth=EventAuth(
            member_id=_matching(values, "member_id", MEMBER_ID).lower(),
            domain=read_domain(values.get("domain", ""), "domain") if "domain" in values else "",
            server_endpoint=_text(values, "server_endpoint"),
            application_token=_text(values, "application_token", TOKEN_LENGTH),
            access_token=_text(values, "access_token", TOKEN_LENGTH),
            refresh_token=_text(values, "refresh_token", TOKEN_LENGTH),
            expires_in=_seconds(values.get("expires_in", "")),
        ),
        ts=_seconds(str(tree.get("ts", ""))),
    )


def read_brackets(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Turn PHP's ``a[b][c]=d`` pairs into nested maps; ``[]`` counts up from 0.

    Raises BadPayload for broken brackets, more than 16 levels, more than 2,000 fields, a name
    that comes twice, or one that is both a value and a map.
    """
    tree: dict[str, Any] = {}
    for count, (name, value) in enumerate(pairs, start=1):
        if count > EVENT_FIELDS:
            raise BadPayload("body", "malformed")
        _put(tree, _path(name), value)
    return tree


@functools.lru_cache(maxsize=4096)
def _path(name: str) -> tuple[str, ...]:
    match = BRACKETED.fullmatch(name)
    if match is None or len(name) > NAME_LENGTH or "\x00" in name:
        raise BadPayload("body", "malformed")
    path = (match[1], *match[2][1:-1].split("][")) if match[2] else (match[1],)
    if len(path) > EVENT_DEPTH:
        raise BadPayload("body", "too_deep")
    return path


def _put(tree: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name or str(len(tree)), {})
        if not isinstance(tree, dict):
            raise BadPayload("body", "malformed")
    last = path[-1] or str(len(tree))
    if last in tree:
        raise BadPayload("body", "malformed")
    tree[last] = value


def read_domain(text: str, name: str = "domain") -> str:
    """A portal's host with its port, in lower case; raises BadPayload."""
    domain = text.strip().lower()
    port = domain.partition(":")[2]
    if not DOMAIN.fullmatch(domain) or int(port or 1) > 65535:
        raise BadPayload(name, "malformed" if domain else "missing")
    return domain


def _matching(
    values: Mapping[str, str], name: str, pattern: re.Pattern[str], default: str | None = None
) -> str:
    value = values.get(name, "")
    if not value and default is not None:
        return default
    if not pattern.fullmatch(value):
        raise BadPayload(name, "malformed" if value else "missing")
    return value


def _lowered(values: Mapping[str, str], name: str) -> dict[str, str]:
    return {name: values.get(name, "").lower()}


def _text(values: Mapping[str, str], name: str, longest: int = 512) -> str:
    value = values.get(name, "")
    if len(value) > longest or "\x00" in value:
        raise BadPayload(name, "malformed")
    return value


def read_language(value: object) -> str:
    """A portal's language code; ``en`` for anything else."""
    value = str(value)
    return value.lower() if LANGUAGE.fullmatch(value.lower()) else "en"


def _seconds(value: str) -> int:
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else 0


def _options(value: str) -> Mapping[str, Any]:
    """PLACEMENT_OPTIONS is a JSON text; anything but a small map counts as no options.

    JSON can spell half of a surrogate pair, which nobody can store, send or show.
    """
    if not value or len(value) > TEXT_LENGTH:
        return {}
    try:
        options = json.loads(value)
        json.dumps(options, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return {}
    return options if isinstance(options, dict) else {}
