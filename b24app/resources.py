"""What a process opens once: Redis, HTTP, the authorization server, the queue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

import redis
import requests
import rq
import urllib3
from flask import current_app
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException
from redis.sentinel import Sentinel

from b24app.bitrix.oauth import OAuth
from b24app.bitrix.outbound import Guard, Outbound
from b24app.crypto import KeyRing
from b24app.errors import ConfigurationError, StoreUnavailable
from b24app.observe import Meter
from b24app.settings import Settings
from b24app.store import Counters, Installations

EXTENSION: Final = "b24app"
QUEUE: Final = "b24app"
STORE_TIMEOUT: Final = 5
RETRY_PAUSES: Final = (10, 30, 60, 300, 900)


@dataclass(frozen=True)
class Resources:
    """Opened once per process, shared by its threads."""

    settings: Settings
    redis: redis.Redis
    http: urllib3.PoolManager
    oauth: OAuth
    installations: Installations
    counters: Counters
    meter: Meter
    queue: rq.Queue

    def enqueue(self, job: Callable[..., None], *args: str | int, after: int = 0) -> None:
        """Put a job into the queue, to run ``after`` so many seconds; ids only, never a secret.

        A job that fails is run again, with growing pauses.

        Raises StoreUnavailable.
        """
        try:
            if after:
                self.queue.enqueue_in(timedelta(seconds=after), job, *args, retry=_retry())
            else:
                self.queue.enqueue(job, *args, retry=_retry())
        except redis.RedisError as exc:
            raise StoreUnavailable(type(exc).__name__) from exc


def _retry() -> rq.Retry:
    return rq.Retry(max=len(RETRY_PAUSES), interval=list(RETRY_PAUSES))


def open_resources(settings: Settings) -> Resources:
    """Build the resources; only a cluster is dialled yet. Raises ConfigurationError."""
    client = open_redis(settings.redis_url, "REDIS_URL", decode=True)
    queue = open_redis(settings.queue_redis_url, "QUEUE_REDIS_URL", decode=False)
    counters = Counters(client)
    http = open_http(settings)
    secrets = (settings.client_secret, settings.client_secret_previous)
    return Resources(
        settings=settings,
        redis=client,
        http=http,
        oauth=OAuth(
            http,
            requests.adapters.HTTPAdapter(pool_maxsize=settings.web_threads),
            client_id=settings.client_id,
            client_secrets=tuple(filter(None, secrets)),
            servers=settings.auth_servers,
            plain_http=settings.sandbox,
        ),
        installations=Installations(client, KeyRing(settings.token_keys)),
        counters=counters,
        meter=Meter(counters.add_all),
        queue=rq.Queue(QUEUE, connection=queue),
    )


def resources() -> Resources:
    """The resources of the running application."""
    return cast(Resources, current_app.extensions[EXTENSION])


def open_http(settings: Settings) -> urllib3.PoolManager:
    """One pool per process: connections to a portal are kept and shared by the threads."""
    return Outbound(
        guard=None if settings.sandbox else Guard(private=settings.private_portals),
        threads=settings.web_threads,
        ca_bundle=settings.ca_bundle,
        proxy=settings.proxy,
        no_proxy=settings.no_proxy,
    )


def open_redis(url: str, name: str, *, decode: bool) -> redis.Redis:
    """A client for any of the addresses the setting ``name`` allows. Raises ConfigurationError.

    ``redis+sentinel://host:port,host:port/service/db`` and ``redis+cluster://host:port,host:port``
    take several nodes; ``decode`` makes answers text instead of bytes.
    """
    options: dict[str, Any] = {"decode_responses": decode, "socket_connect_timeout": STORE_TIMEOUT}
    scheme = url.partition(":")[0]
    try:
        if scheme == "redis+sentinel":
            return _open_sentinel(urlsplit(url), options)
        if scheme == "redis+cluster":
            return _open_cluster(urlsplit(url), options)
        return redis.Redis.from_url(url, **options)
    except ValueError as exc:
        raise ConfigurationError(f"{name} is not an address of a store") from exc
    except RedisClusterException as exc:
        raise ConfigurationError(f"{name}: no node of the cluster answers") from exc


def _open_sentinel(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("no service name")
    credentials = _credentials(parts)
    sentinel = Sentinel(_nodes(parts, 26379), sentinel_kwargs={"socket_timeout": STORE_TIMEOUT})  # type: ignore[no-untyped-call]
    return cast(
        redis.Redis,
        sentinel.master_for(service, db=int(db or 0), **credentials, **options),  # type: ignore[no-untyped-call]
    )


def _open_cluster(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    nodes = [ClusterNode(host, port) for host, port in _nodes(parts, 6379)]  # type: ignore[no-untyped-call]
    # The cluster client speaks the same commands; only its type is another one.
    return cast(redis.Redis, RedisCluster(startup_nodes=nodes, **_credentials(parts), **options))


def _nodes(parts: SplitResult, default_port: int) -> list[tuple[str, int]]:
    hosts = parts.netloc.rpartition("@")[2].split(",")
    pairs = (host.rpartition(":") if ":" in host else (host, "", "") for host in hosts if host)
    return [(host, int(port or default_port)) for host, _, port in pairs]


def _credentials(parts: SplitResult) -> dict[str, Any]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    pairs = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in pairs.items() if value}
