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
from urllib3.exceptions import LocationValueError, URLSchemeUnknown

from b24app.bitrix.connection import PlainPool, Secure, SecurePool

POOLS: Final = 100
# Metadata services that are no link-local addresses: of Alibaba, Amazon, Azure, Google, Oracle.
METADATA: Final = frozenset(
    {
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::23",
        "fd00:ec2::254",
        "fd20:ce::254",
    }
)
CARRIERS: Final = ipaddress.ip_network("100.64.0.0/10")  # private, though not called so
TRANSLATED: Final = ipaddress.ip_network("64:ff9b::/96")  # the last four bytes are meant

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True)
class Guard:
    """Which resolved addresses may be connected to; ``private`` allows self-hosted portals."""

    private: bool = False

    def allows(self, address: str) -> bool:
        """Whether the address is neither loopback, link-local, metadata nor, mostly, private."""
        ip = _meant(ipaddress.ip_address(address.partition("%")[0]))
        if ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast:
            return False
        if str(ip) in METADATA:
            return False
        if ip.is_private or ip in CARRIERS:
            return self.private
        return not ip.is_reserved


def _meant(ip: Address) -> Address:
    """The address of the older kind that one of the newer kind may stand for."""
    if isinstance(ip, ipaddress.IPv6Address):
        if ip in TRANSLATED:
            return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


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
        self._guard = guard
        secure = _guarded(guard) if guard else SecurePool
        self.pool_classes_by_scheme = {"http": PlainPool, "https": secure}
        if self._proxy:
            self._proxy.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}

    def urlopen(  # type: ignore[override]
        self, method: str, url: str, redirect: bool = False, **options: Any
    ) -> urllib3.BaseHTTPResponse:
        """As the library's, by way of the proxy for every host that is not excepted.

        Where connections are guarded nothing goes without TLS. The proxy resolves names itself,
        so what they lead to is the proxy's to refuse; an address in place of a name is looked at.
        """
        if self._guard and url[:6].lower() != "https:":
            raise URLSchemeUnknown(url.partition(":")[0])
        if self._proxy:
            host = urllib3.util.parse_url(url).host or ""
            if not proxy_bypass_environment(host, self._no_proxy):
                if self._guard and not _may_be_named(host, self._guard):
                    raise LocationValueError("the address is not allowed")
                return self._proxy.urlopen(method, url, redirect=redirect, **options)
        return super().urlopen(method, url, redirect=redirect, **options)


def _may_be_named(host: str, guard: Guard) -> bool:
    """Whether a proxy may be asked for this host: a name that is not this machine's, or an
    allowed address in any spelling that is taken for one."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return False
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        try:
            name = socket.inet_ntoa(socket.inet_aton(name))  # such as 127.1 and 0x7f000001
        except OSError:
            return True
    return guard.allows(name)


def _trusted(ca_bundle: str) -> dict[str, str]:
    """The authorities to trust: a file of them, a folder, or without either the usual ones."""
    if ca_bundle and Path(ca_bundle).is_dir():
        return {"ca_cert_dir": ca_bundle}
    return {"ca_certs": ca_bundle or certifi.where()}


def _guarded(guard: Guard) -> type[SecurePool]:
    """A pool class whose connections only go where the guard allows."""

    class GuardedConnection(Secure):
        def addresses(self) -> list[str]:
            return [address for address in super().addresses() if guard.allows(address)]

    class GuardedPool(SecurePool):
        ConnectionCls = GuardedConnection

    return GuardedPool
