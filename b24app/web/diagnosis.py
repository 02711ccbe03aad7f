"""The doctor's lines as the connection page shows them, in the current language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from b24app import i18n
from b24app.actions.findings import Health, Line, Mend
from b24app.records import ChainFacts, Outcome, Sighting
from b24app.web.connection_words import (
    CHAIN_REASONS,
    CHAIN_STATES,
    GROUPS,
    HEALTH,
    LOSSES,
    MENDS,
    OUTCOMES,
    PENDING,
    PERSONAL_REASONS,
    TEXTS,
    TITLES,
    UNHEARD,
)

SIGNS: Final = {
    Health.GREEN: "success",
    Health.AMBER: "warning",
    Health.RED: "error",
    Health.PENDING: "info",
}


@dataclass(frozen=True)
class Told:
    """A line in words; ``people``, ``blocked`` and ``events`` are rows for its details."""

    topic: str
    health: Health
    sign: str
    badge: str
    title: str
    text: str
    losses: list[str]
    mend: Mend | None
    mend_label: str
    unheard: str
    people: list[dict[str, str]]
    blocked: list[dict[str, str]]
    events: list[dict[str, str]]


def tell(line: Line) -> Told:
    """The line in the current language."""
    known = line.facts
    return Told(
        topic=line.topic,
        health=line.health,
        sign=SIGNS[line.health],
        badge=str(HEALTH[line.health]),
        title=str(TITLES[line.topic]),
        text=_text(line),
        losses=[str(LOSSES[scope]) for scope in known.get("missing", ()) if scope in LOSSES],
        mend=line.mend,
        mend_label=str(MENDS[line.mend]) if line.mend else "",
        unheard=str(UNHEARD.get(line.mend, "")) if line.mend else "",
        people=[_person(chain) for chain in known.get("chains", ())],
        blocked=[
            {"method": block.method, "until": i18n.moment(int(block.until))}
            for block in known.get("blocked", ())
        ],
        events=[_event(seen) for seen in known.get("sightings", ())],
    )


def grouped(lines: list[Line]) -> list[dict[str, Any]]:
    """The lines in words, under the headings of the page."""
    told = {line.topic: tell(line) for line in lines}
    return [
        {"title": str(title), "lines": [told[topic] for topic in topics]}
        for title, topics in GROUPS
    ]


def _text(line: Line) -> str:
    if line.health is Health.PENDING:
        return str(PENDING)
    facts = {name: _shown(name, value) for name, value in line.facts.items()}
    return str(TEXTS[line.topic, line.state]) % facts


def _shown(name: str, value: object) -> str:
    if name in FORMATS:
        return FORMATS[name](value)
    if isinstance(value, tuple):
        return ", ".join(str(entry) for entry in value) or "—"
    return str(value)


FORMATS: Final[Mapping[str, Callable[[Any], str]]] = {
    "at": i18n.moment,
    "since": i18n.moment,
    "last": i18n.moment,
    "due": i18n.moment,
    "level": lambda part: f"{round(part * 100)} %",
    "width": lambda part: f"{round(part * 100)} %",
}


def _person(chain: ChainFacts) -> dict[str, str]:
    name = chain.name or f"#{chain.user_id}"
    reason = PERSONAL_REASONS.get(chain.reason, CHAIN_REASONS.get(chain.state, ""))
    return {
        "name": name,
        "proven": i18n.moment(chain.proven_at),
        "state": str(CHAIN_STATES[chain.state]),
        "sign": "success" if chain.living else "warning",
        "reason": str(reason) % {"name": name},
    }


def _event(seen: Sighting) -> dict[str, str]:
    good = seen.outcome in (Outcome.DONE, Outcome.DUPLICATE)
    return {
        "name": seen.name,
        "at": i18n.moment(seen.at),
        "outcome": str(OUTCOMES[seen.outcome]),
        "sign": "success" if good else "warning",
    }
