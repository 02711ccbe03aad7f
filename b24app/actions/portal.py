"""One portal in our hands: its REST client, its part of the store, and who acts."""

from __future__ import annotations

from dataclasses import dataclass

from b24app.actions import tokens
from b24app.bitrix.rest import Client
from b24app.records import Actor, Installation
from b24app.resources import Resources
from b24app.store import PortalStore


@dataclass(frozen=True)
class Portal:
    """Everything an action may touch of one portal, and of no other."""

    installation: Installation
    rest: Client
    store: PortalStore
    actor: Actor
    app_url: str


def open_portal(resources: Resources, member_id: str, actor: Actor) -> Portal:
    """The portal as ``actor`` sees it; raises NotInstalled, StoreUnavailable."""
    installation = resources.installations.get(member_id)

    def token(stale: str | None = None) -> str:
        return tokens.access_token(resources, installation, stale)

    return Portal(
        installation=installation,
        rest=Client(resources.http, installation.client_endpoint, member_id=member_id, token=token),
        store=PortalStore(resources.redis, member_id),
        actor=actor,
        app_url=resources.settings.app_url,
    )
