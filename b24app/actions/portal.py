"""One portal in our hands: its REST client, its part of the store, and who acts."""

from __future__ import annotations

from dataclasses import dataclass

from b24app.actions import tokens
from b24app.bitrix.rest import Client
from b24app.records import Actor, Installation, Lane
from b24app.resources import Resources
from b24app.store import PortalStore, RateBudget
from b24app.store.budget import rate_of


@dataclass(frozen=True)
class Portal:
    """Everything an action may touch of one portal, and of no other."""

    installation: Installation
    rest: Client
    store: PortalStore
    actor: Actor
    app_url: str


def open_portal(
    resources: Resources, member_id: str, actor: Actor, *, lane: Lane = Lane.INTERACTIVE
) -> Portal:
    """The portal as ``actor`` sees it; raises NotInstalled, StoreUnavailable.

    In the bulk lane calls wait longer for the portal's limits and let people go first.
    """
    installation = resources.installations.get(member_id)
    rest = Client(
        resources.http,
        installation.client_endpoint,
        member_id=member_id,
        token=tokens.source(resources, installation),
        budget=RateBudget(resources.redis, member_id, rate_of(installation.license)),
        lane=lane,
        moved=lambda: tokens.relocate(resources, installation),
        observe=resources.meter.record,
    )
    return Portal(
        installation=installation,
        rest=rest,
        store=PortalStore(resources.redis, member_id),
        actor=actor,
        app_url=resources.settings.app_url,
    )
