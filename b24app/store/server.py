"""The server behind the store: a client for any address, and what its settings put at risk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast
from urllib.parse import SplitResult, unquote, urlsplit

import redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.connection import parse_url
from redis.exceptions import ConnectionError, RedisClusterException, RedisError, ResponseError
from redis.maint_notifications import MaintNotificationsConfig
from redis.retry import Retry
from redis.sentinel import Sentinel
from redis.utils import str_if_bytes

from b24app.errors import ConfigurationError
from b24app.store.access import Answers, translated

CONNECT_SECONDS: Final = 2
ANSWER_SECONDS: Final = 5  # longer than anything the store is asked to wait for
IDLE_SECONDS: Final = 30  # after so long a connection is asked whether it still lives
CONNECTIONS: Final = 2048  # opened as they are needed, so a thread never waits for one
# A broken connection is made again within half a second or two; a server that is away longer,
# as in a failover, is the caller's to wait for. One that hangs is not asked again.
RETRIES: Final = 3
FIRST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 0.4

SENTINEL_PORT: Final = 26379
PORT: Final = 6379
FALSE: Final = ("", "0", "false", "no")


def open_redis(url: str, name: str, *, decode: bool) -> redis.Redis:
    """A client for any of the addresses the setting ``name`` allows. Raises ConfigurationError.

    ``redis+sentinel://host:port,host:port/service/db`` and ``redis+cluster://host:port,host:port``
    take several nodes; ``?ssl=1`` has them spoken to over TLS, ``sentinel_username`` and
    ``sentinel_password`` are for sentinels that ask for them. Other options after the ``?`` are
    those of redis-py and win over ours. ``decode`` makes answers text instead of bytes.
    Only a cluster is dialled yet.
    """
    scheme = url.partition(":")[0]
    try:
        if scheme == "redis+sentinel":
            return _checked(_open_sentinel(urlsplit(url), _options(decode)))
        if scheme == "redis+cluster":
            return _open_cluster(urlsplit(url), _options(decode))
        return _checked(redis.Redis.from_url(url, **_options(decode)))
    except RedisClusterException as exc:
        raise ConfigurationError(f"{name}: no node of the cluster answers") from exc
    except (ValueError, TypeError, RedisError) as exc:
        raise ConfigurationError(f"{name} is not an address of a store") from exc


def _options(decode: bool) -> dict[str, Any]:
    return {
        "decode_responses": decode,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": ANSWER_SECONDS,
        "health_check_interval": IDLE_SECONDS,
        "max_connections": CONNECTIONS,
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
        "retry": Retry(
            ExponentialWithJitterBackoff(base=FIRST_PAUSE, cap=LONGEST_PAUSE),
            RETRIES,
            supported_errors=(ConnectionError,),
        ),
    }


def _checked(client: redis.Redis) -> redis.Redis:
    """The client, once its options have made a connection object; nobody is dialled."""
    pool = client.connection_pool
    pool.connection_class(**pool.connection_kwargs)
    return client


def _open_sentinel(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    service, _, db = parts.path.strip("/").partition("/")
    if not service:
        raise ValueError("no service name")
    asked = _asked(parts)
    # A sentinel that is away is passed over at once: the next one knows as much.
    sentinel_options: dict[str, Any] = {
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_timeout": CONNECT_SECONDS,
        "retry": Retry(ExponentialWithJitterBackoff(), 0),
        "username": asked.pop("sentinel_username", None),
        "password": asked.pop("sentinel_password", None),
        **{key: value for key, value in asked.items() if key.startswith("ssl")},
    }
    sentinel = Sentinel(_nodes(parts, SENTINEL_PORT), sentinel_kwargs=sentinel_options)  # type: ignore[no-untyped-call]
    known = {**options, **_credentials(parts), "db": int(db or 0), **asked}
    return cast(redis.Redis, sentinel.master_for(service, **known))  # type: ignore[no-untyped-call]


def _open_cluster(parts: SplitResult, options: dict[str, Any]) -> redis.Redis:
    nodes = [ClusterNode(host, port) for host, port in _nodes(parts, PORT)]  # type: ignore[no-untyped-call]
    known = {**options, **_credentials(parts), **_asked(parts)}
    # The cluster client speaks the same commands; only its type is another one.
    return cast(redis.Redis, RedisCluster(startup_nodes=nodes, **known))


def _asked(parts: SplitResult) -> dict[str, Any]:
    """The options after the ``?``; redis-py knows their types."""
    asked: dict[str, Any] = parse_url(f"redis://?{parts.query}")  # type: ignore[no-untyped-call]
    if str(asked.pop("ssl", "")).lower() not in FALSE:
        asked["ssl"] = True
    return asked


def _nodes(parts: SplitResult, default_port: int) -> list[tuple[str, int]]:
    hosts = parts.netloc.rpartition("@")[2].split(",")
    nodes = [urlsplit(f"//{host}") for host in hosts if host]
    return [(node.hostname or "", node.port or default_port) for node in nodes]


def _credentials(parts: SplitResult) -> dict[str, Any]:
    user, _, password = parts.netloc.rpartition("@")[0].partition(":")
    pairs = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in pairs.items() if value}


@translated
def risks(client: redis.Redis) -> list[str]:
    """What the server's settings put at risk, one sentence for each that names the setting.

    A server that tells nothing about itself is taken as it is. Raises StoreUnavailable.
    """
    found = (risk for server in _servers(client) for risk in _risks_of(server))
    return list(dict.fromkeys(found))


def _servers(client: Answers) -> list[Answers]:
    """The server, or each primary of a cluster."""
    if isinstance(client, RedisCluster):
        primaries = client.get_primaries()  # type: ignore[no-untyped-call]
        return [client.get_redis_connection(node) for node in primaries]
    return [client]


def _risks_of(server: Answers) -> Iterator[str]:
    policy = _told(server, "memory").get("maxmemory_policy", "noeviction")
    if policy != "noeviction":
        yield f"maxmemory-policy is {policy}: the server may evict keys; set it to noeviction"
    if _told(server, "persistence").get("aof_enabled", 1) == 0 and _saves(server) == "":
        yield "appendonly is no and save is empty: nothing is kept on disk; set appendonly to yes"


def _told(server: Answers, section: str) -> dict[str, Any]:
    try:
        told: dict[str, Any] = server.info(section)
    except ResponseError:
        return {}
    return told


def _saves(server: Answers) -> str | None:
    """When snapshots are made; None where CONFIG is refused, as managed servers do."""
    try:
        return "".join(map(str_if_bytes, server.config_get("save").values()))
    except ResponseError:
        return None
