"""All definitions of a portal as one file: what to put into a portal, and nothing secret.

Neither tokens nor hashes are in it, no member id, and no number of a portal but those of the open
lines that its connectors are joined to, which only this portal takes back.
"""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import Any, Final

from b24app.actions import definition_schema
from b24app.actions.definition_keys import KEYS, Fields
from b24app.actions.definition_kinds import KINDS
from b24app.actions.portal import Portal
from b24app.errors import BadPayload, TooLarge

MAX_BYTES: Final = 32 * 1024 * 1024
MOST_THINGS: Final = definition_schema.MOST
# A value takes up to a hundred times its room in the file once it is read.
MOST_VALUES: Final = 1_000_000
STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)


def of_portal(portal: Portal) -> str:
    """The file: JSON as ``definition_schema.SCHEMA`` has it, indented for people.

    What was unregistered is not in it; what the portal has lost and is still on our list, is.
    """
    return _written(_document(portal))


def overview(portal: Portal) -> tuple[dict[str, int], bool]:
    """How many of each kind the file would have, and whether an import would take all of it."""
    document = _document(portal)
    counts = {name: len(document[name]) for name in KINDS}
    return counts, _things(document) <= MOST_THINGS and fits(_written(document).encode())


def _document(portal: Portal) -> Fields:
    head: Fields = {
        "schema": definition_schema.NAME,
        "version": definition_schema.VERSION,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "portal": portal.installation.domain,
        "portal_mark": mark(portal),
    }
    return head | {name: _unique(portal, name) for name in KINDS}


def _written(document: Fields) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def mark(portal: Portal) -> str:
    """By which a portal knows a file of its own, whatever its address is by then."""
    return hashlib.sha256(f"definitions {portal.installation.member_id}".encode()).hexdigest()[:32]


def read(data: bytes) -> Fields:
    """The definitions in a file.

    Raises TooLarge; BadPayload with a reason for each place that is not as it must be, such as
    ``bots[0].name``.
    """
    if not fits(data):
        raise TooLarge(f"{len(data)} bytes")
    document = _of_ours(_parsed(data))
    if _things(document) > MOST_THINGS:
        raise BadPayload("", "too_many_things")
    if found := definition_schema.problems(document) or _repeated(document):
        raise BadPayload(*next(iter(found.items())), found)
    return document


def fits(data: bytes) -> bool:
    """Whether a file is small enough to be read, by its bytes and by what is in it."""
    if len(data) > MAX_BYTES or data.count(b'"') > 4 * MOST_VALUES:  # each may have a name
        return False
    bare = STRING.sub(b"", data)
    return sum(map(bare.count, (b",", b"[", b"{"))) <= MOST_VALUES


def _things(document: Fields) -> int:
    """How many there are; what is no list is found fault with later."""
    lists = (document.get(name) for name in KINDS)
    return sum(len(one) for one in lists if isinstance(one, list))


def _unique(portal: Portal, name: str) -> list[Fields]:
    """A stop half-way may have left two of a kind; the one on the portal is the later."""
    return [*{KEYS[name](entry): entry for entry in KINDS[name](portal).entries()}.values()]


def _parsed(data: bytes) -> object:
    try:
        return json.loads(
            data.decode("utf-8-sig"), object_pairs_hook=_pairs, parse_constant=_no_constant
        )
    except (ValueError, RecursionError) as exc:  # too deep is broken as well
        raise BadPayload("", "not_json") from exc


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object, unless one name is in it twice: what it means then is anybody's guess."""
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _of_ours(document: object) -> Fields:
    """What comes from elsewhere is said to be so, before its fields are found fault with."""
    if not isinstance(document, dict) or document.get("schema") != definition_schema.NAME:
        raise BadPayload("", "other_file")
    version = document.get("version")
    if type(version) is int and version > definition_schema.VERSION:
        raise BadPayload("version", "newer_version")
    return document


def _repeated(document: Fields) -> dict[str, str]:
    """The places of what is in the file twice."""
    found = {}
    for name, key in KEYS.items():
        seen = set()
        for number, entry in enumerate(document[name]):
            if key(entry) in seen:
                found[f"{name}[{number}]"] = "twice"
            seen.add(key(entry))
    return found
