"""Where we may connect to: proven portals and listed servers, and never this machine's inside.

A portal's name is proven before it is dialled, but a name may lead anywhere. So outside the
sandbox the address it resolves to is looked at, and exactly that address is connected to.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

import certifi
import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.connectionpool import HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError
from urllib3.util import connection as sockets

POOLS: Final = 100
# Metadata services that are no link-local addresses.
METADATA: Final = frozenset({"100.100.100.200", "fd00:ec2::254"})


@dataclass(frozen=True)
class Guard:
    """Which resolved addresses may be connected to; ``private`` allows self-hosted portals."""

    private: bool = False

    def allows(self, address: str) -> bool:
        """Whether the address is neither loopback, link-local, metadata nor, mostly, private."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        mapped = getattr(ip, "ipv4_mapped", None)
        ip = mapped or ip
        if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
            return False
        if str(ip) in METADATA:
            return False
        return self.private if ip.is_private else not ip.is_reserved


class Outbound(urllib3.PoolManager):
    """The process's connections: kept, verified, and through the proxy when there is one."""

    def __init__(
        self, *, guard: Guard | None, threads: int, ca_bundle: str, proxy: str, no_proxy: str
    ) -> None:
        options: dict[str, Any] = {
            "num_pools": POOLS,
            "maxsize": threads,
            **_trusted(ca_bundle),
            "cert_reqs": "CERT_REQUIRED",
        }
        super().__init__(**options)
        self._proxy = urllib3.ProxyManager(proxy, **options) if proxy else None
        self._no_proxy = {"no": no_proxy}
        if guard:
            self.pool_classes_by_scheme = {"https": _guarded(guard)}

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = False, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """As the library's, by way of the proxy for every host that is not excepted."""
        if self._proxy:
            host = urllib3.util.parse_url(url).host or ""
            if not proxy_bypass_environment(host, self._no_proxy):
                return self._proxy.urlopen(method, url, redirect=redirect, **options)
        return super().urlopen(method, url, redirect=redirect, **options)


def _trusted(ca_bundle: str) -> dict[str, str]:
    """The authorities to trust: a file of them, a folder, or without either the usual ones."""
    if ca_bundle and Path(ca_bundle).is_dir():
        return {"ca_cert_dir": ca_bundle}
    return {"ca_certs": ca_bundle or certifi.where()}


def _guarded(guard: Guard) -> type[HTTPSConnectionPool]:
    """A pool class whose connections only go where the guard allows."""

    class GuardedConnection(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            try:
                found = socket.getaddrinfo(self._dns_host, self.port, type=socket.SOCK_STREAM)
            except OSError as exc:
                raise NewConnectionError(self, "the name is not known") from exc
            allowed = [row[4][0] for row in found if guard.allows(str(row[4][0]))]
            if not allowed:
                raise NewConnectionError(self, "the address is not allowed")
            try:
                return sockets.create_connection(
                    (str(allowed[0]), self.port or 443), self.timeout, self.source_address
                )
            except OSError as exc:
                raise NewConnectionError(self, type(exc).__name__) from exc

    class GuardedPool(HTTPSConnectionPool):
        ConnectionCls = GuardedConnection

    return GuardedPool
