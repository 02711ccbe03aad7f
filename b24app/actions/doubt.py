"""Changes nobody knows the end of: noted before the portal is asked, until our record has them.

What is in doubt is sent whole with the next save, also where that brings nothing new to the record.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from b24app.actions.portal import Portal
from b24app.errors import B24AppError, Conflict, StoreUnavailable, Unfinished, may_have_acted

UNRECORDED: Final = (StoreUnavailable, Conflict, Unfinished)


@contextmanager
def noted(portal: Portal, code: str) -> Iterator[bool]:
    """Note that a change is on its way, for a block that asks the portal and then saves.

    The save, told of the ``code``, ends the note in its own step, so a process that is killed
    anywhere leaves it for the next try. So does a failure, unless the portal has done nothing.
    Yields whether the end of an earlier try is unknown: then the portal may have it.
    """
    unsure = not portal.store.begin_registration(code)
    try:
        yield unsure
    except B24AppError as exc:  # raised again
        if not (unsure or _is_unknown(exc)):
            portal.store.end_registration(code)
        raise


@contextmanager
def in_doubt() -> Iterator[None]:
    """For calls after one that has changed the portal: their failure is not the whole news."""
    try:
        yield
    except B24AppError as exc:  # raised again
        exc.in_doubt = True
        raise


def change_of(kind: str, number: int | str) -> str:
    """What a change of this thing is noted as while its end is unknown."""
    return f"{kind}:{number}"


def _is_unknown(error: B24AppError) -> bool:
    """Whether the portal may have it, and our record not."""
    return may_have_acted(error) or isinstance(error, UNRECORDED)
