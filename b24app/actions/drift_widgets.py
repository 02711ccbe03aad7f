"""Widgets on our list against the placements of the portal.

A widget is at several places at once; where these disagree, the first that differs from the
record is told. Only addresses at our origin, or at one we had before, are ours to speak of:
another one may be a second place where the application runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final
from urllib.parse import urlsplit

from b24app.actions import widget_calls
from b24app.actions.portal import Portal
from b24app.actions.widget_calls import Binding
from b24app.records import Deed, Drifted, Finding, Translation, Widget

Fields = dict[str, Any]

LEFT_OUT: Final = frozenset({"hash", "version", "updated_at", "updated_by"})


def compare(portal: Portal, listed: Mapping[str, Sequence[Binding]]) -> Iterator[Finding]:
    """Every difference between our widgets and what ``placement.get`` has told."""
    shelf = portal.store.widgets
    known = {widget.id: widget for widget in shelf.all()}
    language = portal.installation.language
    for widget in known.values():
        about = ("widget", widget.id, widget.title(language, "en"))
        bound = ours_of(portal, listed.get(widget.id, ()))
        fields = shelf.fields(widget)
        if not bound:
            ours = {name: value for name, value in fields.items() if name not in LEFT_OUT}
            yield Finding(*about, Drifted.MISSING, ours, {}, (Deed.RESTORE, Deed.FORGET))
        elif theirs := _said(portal, widget, bound):
            ours = {name: fields.get(name, portal.app_url) for name in theirs}
            both = (Deed.RESTORE, Deed.ADOPT)
            deeds = both[:1] if "address" in theirs else both
            yield Finding(*about, Drifted.DIFFERENT, ours, theirs, deeds)
    for key, bindings in listed.items():
        if key not in known and (bound := ours_of(portal, bindings)):
            theirs = _words(bound[0]) | {"places": [one.place.value for one in bound]}
            name = next((entry["title"] for entry in theirs["translations"]), key)
            how, why = Drifted.UNKNOWN, "page_unknown"
            yield Finding("widget", key, name, how, {}, theirs, (Deed.FORGET,), why)


def ours_of(portal: Portal, bindings: Sequence[Binding]) -> list[Binding]:
    """Those at our origin, or at one we had."""
    origins = {portal.app_url, *portal.installation.addresses}
    return [one for one in bindings if _origin(one.handler) in origins]


def _said(portal: Portal, widget: Widget, bound: Sequence[Binding]) -> Fields:
    """What the portal says otherwise, under our names; ``address`` where it opens an old one."""
    wanted = {one.place: one for one in widget_calls.bindings(portal, widget)}
    theirs: Fields = {}
    if {one.place for one in bound} != set(widget.places):
        theirs["places"] = [one.place.value for one in bound]
    if not widget.published:
        theirs["published"] = True
    for one in bound:
        mine = wanted.get(one.place)
        if mine is None:
            continue
        if one.handler != mine.handler:
            theirs.setdefault("address", _origin(one.handler))
        if one.titles != mine.titles:
            theirs.setdefault("translations", _words(one)["translations"])
        for name in widget_calls.OPTIONS[one.place]:
            if one.options.get(name) != mine.options.get(name):
                field, value = _field(name, one.options.get(name, ""))
                theirs.setdefault(field, value)
    return theirs


def _field(option: str, value: str) -> tuple[str, Any]:
    """An option of a placement as a field of a widget."""
    if option == "context":
        return "contexts", value.split(";") if value else ["ALL"]
    if option == "role":
        return "admin_only", value == "ADMIN"
    if option == "extranet":
        return option, value == "Y"
    if option in ("width", "height"):
        return option, int(value) if value.isdecimal() else 0
    return ("icon_name" if option == "iconName" else option), value


def _words(one: Binding) -> Fields:
    """No placement tells a copyright."""
    entries = [
        Translation(language, words.get("TITLE", ""), words.get("DESCRIPTION", ""))
        for language, words in one.titles.items()
    ]
    return {"translations": [asdict(entry) for entry in entries]}


def _origin(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"
