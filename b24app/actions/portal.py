"""One portal in our hands: its REST client, its part of the store, and who acts."""

from __future__ import annotations

from dataclasses import dataclass

from b24app.actions import tokens
from b24app.bitrix.calls import Rest
from b24app.bitrix.rest import PATIENCE, Client
from b24app.records import Actor, Installation, Lane, Patience
from b24app.resources import Resources
from b24app.store import PortalStore, RateBudget
from b24app.store.budget import rate_of


@dataclass(frozen=True)
class Portal:
    """Everything an action may touch of one portal, and of no other."""

    installation: Installation
    rest: Rest
    store: PortalStore
    actor: Actor
    app_url: str


def open_portal(
    resources: Resources,
    member_id: str,
    actor: Actor,
    *,
    lane: Lane = Lane.INTERACTIVE,
    patience: Patience | None = None,
    longest: float | None = None,
) -> Portal:
    """The portal as ``actor`` sees it; raises NotInstalled, StoreUnavailable.

    A person who opens it waits eight seconds in all, or ``patience``: for other edits, for the
    portal's limits and for tries that came to nothing. Past that nothing waits any more. In the
    bulk lane each call may wait ten minutes, and lets people go first; a renewal is waited for to
    its end. ``longest`` is how many seconds the portal has for one answer, if fewer than usual.
    """
    if lane is Lane.INTERACTIVE:
        patience = patience or Patience(PATIENCE[lane])
    waits = patience if lane is Lane.INTERACTIVE else None
    installation = resources.installations.get(member_id)
    rest = Client(
        resources.http,
        installation.client_endpoint,
        member_id=member_id,
        token=tokens.source(resources, installation, waits),
        budget=RateBudget(resources.redis, member_id, rate_of(installation.license)),
        lane=lane,
        patience=patience,
        longest=longest,
        moved=tokens.whereabouts(resources, installation, waits),
        lost=lambda access, reason: tokens.lost(resources, installation, access, reason),
        observe=resources.meter.record,
    )
    return Portal(
        installation=installation,
        rest=rest,
        store=PortalStore(resources.redis, member_id, patience, lane=lane, ring=resources.ring),
        actor=actor,
        app_url=resources.settings.app_url,
    )
