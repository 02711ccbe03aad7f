"""Definitions from a file: what they would change here, and doing it, one by one.

The same verbs do it that the pages use, by the roads that undo takes. What stands on the portal's
list decides what is to be done, so that importing twice is importing once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import chain, islice
from typing import Final

from b24app.actions import definitions, republications, widget_drafts
from b24app.actions.definition_keys import KEYS, Fields, Key
from b24app.actions.definition_kinds import KINDS, THINGS, Kind
from b24app.actions.history import BOOKKEEPING
from b24app.actions.portal import Portal
from b24app.actions.roads import ROADS, Arrival
from b24app.errors import BadPayload, NotFound
from b24app.records import Item, ItemState, Run, RunState, Verb
from b24app.store.changes import KEPT

VERB: Final = "import"
THING: Final = "definition"
# Neither the file's nor what an import changes.
PORTALS_OWN: Final = BOOKKEEPING | {"hash", "api", "app_id", "bot", "bot_code", "chat_app"}

# What somebody must do something about, the gravest first.
GRAVE: Final = ("new_hash", "line_gone", "other_bot", "icon_republish")
ALIKE: Final = ("chat_apps", "widgets")  # where one may be meant by another key than its own
READ_AT_ONCE: Final = 200


class Act(StrEnum):
    """What an import does about one definition."""

    CREATE = "create"
    CHANGE = "change"
    RESTORE = "restore"  # the portal has lost it; what differs is changed, too
    SAME = "same"
    CANNOT = "cannot"


DOES_SOMETHING: Final = frozenset({Act.CREATE, Act.CHANGE, Act.RESTORE})


@dataclass(frozen=True)
class Step:
    """One definition: what would be done, and the fields it is about.

    ``before`` and ``after`` hold what differs, of a new thing everything; ``errors`` has a reason
    for each field that is in the way.
    """

    place: int
    thing: str
    name: str
    act: Act
    before: Fields
    after: Fields
    errors: Mapping[str, str]

    @property
    def does_something(self) -> bool:
        """Whether the import has anything to do about it."""
        return self.act in DOES_SOMETHING


@dataclass(frozen=True)
class Plan:
    """What the import of an upload would do; ``portal`` and ``made_at`` are of the file.

    ``counts`` says how often something would be done, ``first`` are the first steps of each.
    ``without_lines``: its connectors come without the open lines of another portal.
    """

    upload: str
    portal: str
    made_at: str
    counts: Mapping[Act, int]
    first: Mapping[Act, list[Step]]
    without_lines: bool


@dataclass(frozen=True)
class _Entry:
    """A definition as it waits, with what else is in the same list of its file."""

    listed: str
    fields: Fields
    others: Collection[Key]


def take(portal: Portal, data: bytes) -> str:
    """Keep the definitions of a file for three days; returns the upload's id.

    Raises as ``definitions.read``, and then nothing is kept.
    """
    document = definitions.read(data)
    entries = [(name, entry) for name in KINDS for entry in document[name]]
    for name, entry in entries:
        if name == "widgets":  # made once, so that a try that was cut short is not followed by two
            entry["id"] = widget_drafts.new_key()
    head = {name: document[name] for name in ("portal", "made_at")}
    is_own = document.get("portal_mark") == definitions.mark(portal)
    lines = [] if is_own else [one.pop("joints", []) for one in document["connectors"]]
    head["without_lines"] = any(lines)
    head |= {"count": len(entries), "bots": len(document["bots"])}
    head["keys"] = {name: [KEYS[name](entry) for entry in document[name]] for name in ALIKE}
    return portal.store.definitions.put(
        json.dumps(head), [json.dumps(entry) for entry in entries], _in_use(portal)
    )


def plan(portal: Portal, upload: str, most: int) -> Plan:
    """What the import would do now; nothing is done. Of each act the first ``most`` are kept.

    Raises NotFound when it waits no more.
    """
    head = _head(portal, upload)
    counts: Counter[Act] = Counter()
    first: dict[Act, list[Step]] = {act: [] for act in Act}
    for step in steps(portal, upload):
        counts[step.act] += 1
        if len(first[step.act]) < most:
            first[step.act].append(step)
    without_lines = head.get("without_lines", False)  # one that waited for longer does not say
    return Plan(upload, head["portal"], head["made_at"], counts, first, without_lines)


def steps(portal: Portal, upload: str, start: int = 0) -> Iterator[Step]:
    """What would be done now about each definition from this place on, in the order of the file.

    They are read as they are asked for, and the bots before them, as these decide what can come.
    Raises NotFound when it waits no more.
    """
    head = _head(portal, upload)
    kinds: dict[str, Kind] = {}
    coming: set[str] = set()
    before = range(min(start, head.get("bots", 0)))
    for place, entry in _entries(portal, upload, head, chain(before, range(start, head["count"]))):
        if entry.listed not in kinds:
            kinds[entry.listed] = KINDS[entry.listed](portal)
        step = _step(kinds[entry.listed], place, entry, coming)
        if entry.listed == "bots" and step.act is not Act.CANNOT:
            coming.update(KEYS["bots"](entry.fields))
        if place >= start:
            yield step


def things(upload: str, steps: Iterable[Step]) -> list[tuple[str, str]]:
    """The ids and names under which a run does these steps."""
    return [(f"{step.thing}:{upload}:{step.place}", step.name) for step in steps]


def upload_of(item: Item) -> str:
    """Under which number the file waits that an item of a run is about."""
    return item.thing_id.split(":")[1]


def apply(portal: Portal, run: Run, item: Item) -> Item:
    """Do what is still to be done about one definition; safe to repeat.

    Raises BadPayload when it cannot be done, else as the verbs.
    """
    listed, entry = _waiting(portal, item)
    kind = KINDS[listed](portal)
    now = kind.found(entry.fields, entry.others)
    if now and item.state is ItemState.SENT:  # a republication may have been cut short
        republications.finish(portal, THINGS[listed], str(now["id"]), run.at)
        kind = KINDS[listed](portal)
        now = kind.found(entry.fields, entry.others)
    step = _step(kind, 0, entry, ())
    if step.errors:
        raise BadPayload(*next(iter(step.errors.items())), step.errors)
    if now and item.state is ItemState.SENT and _was_registered(portal, run, listed, now):
        lines = {"joints": kind.wanted(entry.fields, None)["joints"]}
        arrival = ROADS[THINGS[listed]](portal, "").restore(now, now | lines)
    elif not step.does_something:
        state = ItemState.DONE if item.state is ItemState.SENT else ItemState.GONE
        return replace(item, state=state)
    else:
        arrival = _do(portal, kind, entry, now)
    reason = worth_telling(arrival.notes)
    return replace(item, state=ItemState.DONE, arrived=arrival.thing_id, reason=reason)


def _was_registered(portal: Portal, run: Run, listed: str, now: Fields) -> bool:
    """Whether the run has registered this connector, which is joined to its lines after that."""
    made = (run.id, "connector", str(now["id"]), Verb.REGISTER)
    return listed == "connectors" and any(
        (one.run, one.thing, one.thing_id, one.verb) == made
        for one in portal.store.changes.newest(KEPT, since=run.at)
    )


def worth_telling(notes: Collection[str]) -> str:
    """Of the notes on one of many things that somebody must do something about, the gravest."""
    return next((note for note in GRAVE if note in notes), "")


def _do(portal: Portal, kind: Kind, entry: _Entry, now: Fields | None) -> Arrival:
    road = ROADS[THINGS[entry.listed]](portal, "")
    if now is None:
        return road.register(kind.wanted(entry.fields, None))
    if now["published"]:
        return road.restore(now, kind.wanted(entry.fields, now))
    arrival = road.republish(now)
    back = road.standing(arrival.thing_id)
    if back is None:
        raise NotFound(entry.listed)
    wanted = KINDS[entry.listed](portal).wanted(entry.fields, back)
    return road.restore(back, wanted) if _differ(back, wanted) else arrival


def _step(kind: Kind, place: int, entry: _Entry, coming: Collection[str]) -> Step:
    """``coming`` are the codes of bots that will be there when the import comes to it."""
    now = kind.found(entry.fields, entry.others)
    step = Step(place, THINGS[entry.listed], _name(entry), Act.SAME, {}, {}, {})
    try:
        wanted = kind.wanted(entry.fields, now, coming)
    except BadPayload as exc:
        return replace(step, act=Act.CANNOT, errors=exc.errors)
    if now is None:
        return replace(step, act=Act.CREATE, after=_shown(wanted))
    names = _differ(now, wanted)
    before, after = ({name: side[name] for name in names} for side in (now, wanted))
    act = Act.RESTORE if not now["published"] else Act.CHANGE if names else Act.SAME
    return replace(step, act=act, before=before, after=after)


def _differ(now: Fields, wanted: Fields) -> list[str]:
    return [name for name in wanted if name not in PORTALS_OWN and now.get(name) != wanted[name]]


def _shown(fields: Fields) -> Fields:
    return {name: value for name, value in fields.items() if name not in PORTALS_OWN}


def _name(entry: _Entry) -> str:
    """What the definition is called, as history would call it."""
    fields = entry.fields
    if entry.listed == "bots":
        return f"{fields['name']} {fields['last_name']}".strip()
    if entry.listed == "commands":
        return f"/{KEYS['commands'](fields)[1]}"
    if entry.listed == "connectors":
        return str(fields["name"])
    titles = {row["language"]: row["title"] for row in fields["translations"]}
    return str(titles.get("en") or next(iter(titles.values()), fields["code"]))


def _head(portal: Portal, upload: str) -> Fields:
    if not (upload.isascii() and upload.isdigit()):
        raise NotFound("upload")
    head: Fields = json.loads(portal.store.definitions.head(upload))
    return head | {"keys": {name: set(map(tuple, keys)) for name, keys in head["keys"].items()}}


def _entries(
    portal: Portal, upload: str, head: Fields, places: Iterator[int]
) -> Iterator[tuple[int, _Entry]]:
    """The definitions at these places, some at a time."""
    while some := list(islice(places, READ_AT_ONCE)):
        for place, text in zip(some, portal.store.definitions.entries(upload, some), strict=True):
            yield place, _read(text, head)


def _waiting(portal: Portal, item: Item) -> tuple[str, _Entry]:
    """The list and the definition an item is about; BadPayload when it waits no more."""
    _, upload, place = item.thing_id.split(":")
    try:
        entry = _read(portal.store.definitions.entry(upload, int(place)), _head(portal, upload))
    except NotFound as exc:
        raise BadPayload("id", "upload_gone") from exc
    return entry.listed, entry


def _read(text: str, head: Fields) -> _Entry:
    listed, fields = json.loads(text)
    return _Entry(listed, fields, head["keys"].get(listed, ()))


def _in_use(portal: Portal) -> set[str]:
    """The uploads of runs that are not at their end, or may be gone on with."""
    runs = (run for run in portal.store.runs.all() if run.verb == VERB)
    return {
        portal.store.runs.items(run)[0].thing_id.split(":")[1]
        for run in runs
        if run.state is not RunState.DONE
    }
