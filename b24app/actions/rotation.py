"""Rotating the token keys: everything sealed anew with the newest one, portal by portal.

Events that only wait for their turn keep their seal; they are done in a moment.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from b24app.errors import NotInstalled
from b24app.resources import Resources


@dataclass(frozen=True)
class Resealed:
    """One portal: how many values were sealed anew, and which ones no key opens.

    ``name`` is the domain where one is known, else the member id or the inbox's name.
    """

    name: str
    values: int
    unreadable: tuple[str, ...]


def rotate(resources: Resources) -> Iterator[Resealed]:
    """Seal every portal's secrets with the newest key, while the application runs.

    What the newest key sealed already is passed over, so an interrupted run is simply begun
    again. A portal may come twice; then its second count is 0. Raises StoreUnavailable.
    """
    for member_id in resources.installations.scan():
        values = resources.installations.reseal(member_id)
        unreadable = tuple(resources.installations.unreadable(member_id))
        yield Resealed(_name(resources, member_id), values, unreadable)


def rotate_events(resources: Resources) -> Iterator[Resealed]:
    """The same for the events of each inbox that were set aside or failed for good."""
    events = resources.inbox.sealed
    for name in events.names():
        values, unreadable = events.reseal(name), tuple(events.unreadable(name))
        yield Resealed(_name(resources, name), values, unreadable)


def waiting_events(resources: Resources) -> int:
    """How many events that wait for the worker an older key sealed. Raises StoreUnavailable."""
    events = resources.inbox.sealed
    return sum(events.outdated(name) for name in events.names())


def _name(resources: Resources, member_id: str) -> str:
    with contextlib.suppress(NotInstalled):
        return resources.installations.get(member_id).domain
    return member_id
