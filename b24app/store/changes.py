"""Lines of history, as they stand in the store."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from b24app.records import Actor, Change, Verb

KEPT: Final = 1000


def line(
    actor: Actor,
    verb: Verb,
    thing: tuple[str, str],
    before: dict[str, Any],
    after: dict[str, Any],
) -> str:
    """One change of ``thing``, a kind and an id; of two versions only what differs."""
    return json.dumps(
        {
            "at": int(time.time()),
            "user_id": actor.user_id,
            "user_name": actor.name,
            "thing": thing[0],
            "thing_id": thing[1],
            "verb": verb,
            **_difference(before, after),
        }
    )


def _difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Both sides; of two versions of the same thing only the fields that differ."""
    if before and after and before.get("id") == after.get("id"):
        changed = [name for name in after if before.get(name) != after[name]]
        before, after = ({name: side.get(name) for name in changed} for side in (before, after))
    return {"before": before, "after": after}


def readable(written: str, hidden: tuple[str, ...] = ()) -> dict[str, Any]:
    """A record as history keeps it: of a secret it only says that it is there."""
    fields: dict[str, Any] = json.loads(written)
    return fields | {name: "set" if fields[name] else "" for name in hidden}


def read(entry_id: str, text: str) -> Change:
    """The change a stored line tells of."""
    fields: dict[str, Any] = json.loads(text)
    return Change(id=entry_id, **fields | {"verb": Verb(fields["verb"])})
