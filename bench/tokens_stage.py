"""The stage of the token rows: the authorization server, portals that are known, the product."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from b24app.records import Chain, Installation, Tokens
from b24app.resources import Resources
from bench.authority import token
from bench.told import Told

HOUR: Final = 3600


@contextmanager
def authority(folder: Path) -> Iterator[Told]:
    """The single-use authorization server in a process of its own."""
    with Told("-m", "bench.authority", str(folder)) as told:
        yield told


def environment(server: Told) -> dict[str, str]:
    """Settings that make the product use it."""
    return {
        "B24_AUTH_SERVERS": server.first["origin"],
        "REQUESTS_CA_BUNDLE": server.first["certificate"],
    }


def member(number: int) -> str:
    """The portal of this number."""
    return f"{number:032x}"


def installation(member_id: str, origin: str) -> Installation:
    """A portal as an install leaves it."""
    return Installation(
        member_id=member_id,
        domain="a-company-of-some-name.bitrix24.com",
        client_endpoint=f"{origin}/rest/",
        server_endpoint=f"{origin}/rest/",
        scope=("imbot", "im", "placement", "imopenlines"),
        status="L",
        application_token="t" * 32,
        installed_by=1,
        installed_at=int(time.time()),
        license="de_std",
    )


def know(
    resources: Resources, member_id: str, origin: str, *, pair: str = "", good: bool = False
) -> Installation:
    """Keep the portal and its administrator's chain; its access token ended unless ``good``.

    Without ``pair`` it is the one the authorization server begins with.
    """
    known = installation(member_id, origin)
    resources.installations.save(known)
    keep(resources, member_id, pair or token(member_id, 0), good=good)
    return known


def keep(
    resources: Resources, member_id: str, pair: str, *, user_id: int = 1, good: bool = False
) -> None:
    """Keep the person's chain, as opening the application does."""
    now = int(time.time())
    tokens = Tokens(pair, pair, now + HOUR if good else now - HOUR)
    name = f"Administrator {user_id}"
    resources.installations.keep_chain(member_id, Chain(user_id, tokens, now, name))
