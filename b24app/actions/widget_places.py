"""A widget at its places: brought to what is wanted as a whole, or left as it was.

What fails half-way is put back. Where that fails, too, the record is made to know every place that
may have the widget, so that it can be removed, and the person is told what stands.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from b24app.actions import widget_calls
from b24app.actions.portal import Portal
from b24app.actions.widget_calls import Binding
from b24app.errors import B24AppError, PortalError, Unfinished, may_have_acted
from b24app.records import Place, Verb, Widget


@dataclass(frozen=True)
class Standing:
    """A place of a widget: ``there`` as recorded, there but ``other``, ``missing``, or there
    though the record does not name it (``extra``)."""

    place: Place
    state: str


def settle(portal: Portal, wanted: Widget, current: Widget | None) -> None:
    """Bring the portal to the wanted widget, or leave it as it was.

    Raises what was in the way; Unfinished when the portal is left with something between, and then
    the record knows all of it. After a lost answer the portal is looked at.
    """
    aim = widget_calls.bindings(portal, wanted)
    was = widget_calls.bound(portal).get(wanted.id, [])
    try:
        widget_calls.change(portal, was, aim)
    except B24AppError as failure:
        if not _may_have_begun(failure):
            raise
        try:
            now = _put_back(portal, wanted.id, was, aim)
        except B24AppError:  # nobody can look: the first failure says more
            _cover(portal, wanted, current, {one.place for one in (*was, *aim)})
            raise failure from None
        if _same(now, aim):
            return
        if _same(now, was):
            raise widget_calls.refusal(failure) from failure
        _cover(portal, wanted, current, {one.place for one in now})
        raise Unfinished(
            there=tuple(one.place for one in now if one in aim),
            before=tuple(one.place for one in now if one not in aim),
            missing=tuple(one.place for one in aim if one.place not in {on.place for on in now}),
        ) from failure


def _put_back(
    portal: Portal, widget_id: str, was: Sequence[Binding], aim: Sequence[Binding]
) -> list[Binding]:
    """What stands after a change that failed: all of it where only its answer was lost, else what
    was there before, or how far the portal let us go back."""
    now = widget_calls.bound(portal).get(widget_id, [])
    if _same(now, aim) or _same(now, was):
        return now
    with suppress(B24AppError):  # the next look tells
        widget_calls.change(portal, now, was)
    return widget_calls.bound(portal).get(widget_id, [])


def _may_have_begun(failure: B24AppError) -> bool:
    """Whether something of the change may be done: not where the whole batch was turned away."""
    an_item = isinstance(failure, PortalError) and failure.method != "batch"
    return an_item or may_have_acted(failure)


def _same(one: Sequence[Binding], other: Sequence[Binding]) -> bool:
    return len(one) == len(other) and all(binding in other for binding in one)


def _cover(
    portal: Portal, wanted: Widget, current: Widget | None, places: Collection[Place]
) -> None:
    """See that the record names all these places, for what stands there must be removable."""
    if current is None:
        left = replace(wanted, places=_ordered(places), published=False)
        if left.places:
            portal.store.widgets.save(
                left, seen=0, actor=portal.actor, verb=Verb.REGISTER, before=None
            )
    elif not set(places) <= set(current.places):
        both = replace(current, places=_ordered({*places, *current.places}))
        portal.store.widgets.save(
            both, seen=current.version, actor=portal.actor, verb=Verb.UPDATE, before=current
        )


def _ordered(places: Collection[Place]) -> tuple[Place, ...]:
    return tuple(place for place in Place if place in places)


def standings(portal: Portal, widget: Widget, found: Sequence[Binding]) -> list[Standing]:
    """How a widget stands at each place, given what ``widget_calls.bound`` found of it."""
    wanted = {one.place: one for one in widget_calls.bindings(portal, widget)}
    there = {one.place: one for one in found}
    return [
        Standing(place, _state(wanted.get(place), there.get(place)))
        for place in Place
        if place in wanted or place in there
    ]


def _state(wanted: Binding | None, found: Binding | None) -> str:
    if found is None:
        return "missing"
    if wanted is None:
        return "extra"
    return "there" if found == wanted else "other"
