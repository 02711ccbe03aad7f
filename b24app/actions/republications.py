"""What is left of a republication that was cut short: the new one stands, the old one too."""

from __future__ import annotations

from b24app.actions import bots, chat_apps, commands
from b24app.actions.portal import Portal
from b24app.errors import NotFound
from b24app.records import Verb
from b24app.store.changes import KEPT, REPUBLICATION


def finish(portal: Portal, thing: str, thing_id: str, since: int) -> str:
    """Do the rest of it, if the successor of ``thing_id`` was recorded since a Unix second.

    Returns the successor's id; "" when nothing was recorded, and nothing is done then.
    """
    arrived = _successor(portal, thing, thing_id, since)
    if arrived and arrived != thing_id:
        _leave_old(portal, thing, int(thing_id), int(arrived))
    return arrived


def _successor(portal: Portal, thing: str, thing_id: str, since: int) -> str:
    for change in portal.store.changes.newest(KEPT, since=since):
        before = str(change.before.get("id", change.thing_id))
        if (change.thing, change.verb, before) == (thing, Verb.REPUBLISH, thing_id):
            return change.thing_id
    return ""


def _leave_old(portal: Portal, thing: str, old_id: int, new_id: int) -> None:
    if thing == "chat_app":
        with portal.store.editing():
            chat_apps.follow(portal, old_id, new_id)
    try:
        with portal.store.changes.together(group=f"{REPUBLICATION} {old_id}"):
            if thing == "bot":
                bots.succeed(portal, portal.store.bots.get(old_id), new_id)
            elif thing == "command":
                commands.unregister(portal, old_id)
            else:
                chat_apps.unregister(portal, old_id)
    except NotFound:
        return  # the earlier try came that far
