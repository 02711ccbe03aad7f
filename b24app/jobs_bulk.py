"""What the worker runs for work with many things: a portal's id in, a slice of its runs done."""

from __future__ import annotations

from b24app.actions import bulk
from b24app.resources import Resources, resources


def call_worker(known: Resources, member_id: str) -> None:
    """Have the worker go on with this portal's runs, unless it does. Raises StoreUnavailable."""
    if bulk.call(known, member_id):
        known.enqueue(work, member_id)


def work(member_id: str) -> None:
    """Do a slice of the portal's runs; then the others have their turn."""
    known = resources()
    if bulk.work(known, member_id):
        known.enqueue(work, member_id)


def look_around(known: Resources) -> None:
    """Call the workers of runs whose own was killed, or paused. Raises StoreUnavailable."""
    if unfinished := bulk.waiting(known):
        for member_id in known.not_waiting(work, unfinished):
            call_worker(known, member_id)
