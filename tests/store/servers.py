"""Stores of every kind an operator may have, each with its address for the application."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import redis
from redis.cluster import RedisCluster

from b24app.embedded import store_command
from b24app.settings import embedded_url
from tests.ports import free_port
from tests.store.certificates import HOST, make_certificates
from tests.store.programs import PATIENCE, Program, embedded_program, program, tls_program, until
from tests.store.terminator import terminated

PASSWORD = "p4ss/w0rd of the store"
QUOTED = "p4ss%2Fw0rd%20of%20the%20store"
SENTINEL_PASSWORD = "w0rd-of-the-sentinels"
SERVICE = "primary"
# What the application needs of a server that it shares with others.
RIGHTS = ("~b24app:*", "~rq:*", "&*", "+@all", "-@admin", "-@dangerous", "+info", "+client|list")
SLOTS = 16384


@dataclass(frozen=True)
class Server:
    """A store that listens: its address for the application, and a client that may do all.

    ``queue_url`` is set where the queue cannot be in the store. Of several processes the
    primary is the first.
    """

    url: str
    admin: redis.Redis
    queue_url: str = ""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def empty(self) -> None:
        """Forget everything in it."""
        if isinstance(self.admin, RedisCluster):
            self.admin.flushall(target_nodes=RedisCluster.PRIMARIES)
        else:
            self.admin.flushall()


@contextmanager
def embedded(folder: Path) -> Iterator[Server]:
    """The product's own: a Unix socket, append-only."""
    process = subprocess.Popen(shlex.split(store_command(folder)), stdout=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(embedded_url(folder), decode_responses=True) as admin:
            until(admin.ping, "the embedded store did not start")
            yield Server(embedded_url(folder), admin)
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextmanager
def alone(
    known: Program, folder: Path, *options: str, password: str | None = None
) -> Iterator[tuple[int, redis.Redis]]:
    """One server; its port and somebody who may do everything there."""
    port = free_port()
    with known.running(folder, port, *options), known.client(port, password) as admin:
        until(admin.ping, "the server did not start")
        yield port, admin


@contextmanager
def redis_of(version: str, folder: Path) -> Iterator[Server]:
    """A Redis of this version."""
    with alone(program(f"Redis server v={version}"), folder) as (port, admin):
        yield Server(f"redis://{HOST}:{port}", admin)


@contextmanager
def with_password(folder: Path) -> Iterator[Server]:
    """One password for everybody, and another database than the first."""
    secured = ("--requirepass", PASSWORD)
    with alone(embedded_program(), folder, *secured, password=PASSWORD) as (port, admin):
        yield Server(f"redis://:{QUOTED}@{HOST}:{port}/3", admin)


@contextmanager
def with_user(folder: Path) -> Iterator[Server]:
    """Shared with others: the application is a user with few rights, CONFIG is not among them."""
    with alone(embedded_program(), folder) as (port, admin):
        admin.execute_command("ACL", "SETUSER", "b24app", "on", f">{PASSWORD}", *RIGHTS)
        yield Server(f"redis://b24app:{QUOTED}@{HOST}:{port}", admin)


@contextmanager
def behind_tls(folder: Path) -> Iterator[Server]:
    """Something in front ends TLS, with a certificate of a private authority."""
    certificates = make_certificates(folder)
    with (
        alone(embedded_program(), folder) as (port, admin),
        terminated(port, certificates) as outside,
    ):
        url = f"rediss://{HOST}:{outside}?ssl_ca_certs={certificates.authority}"
        yield Server(url, admin)


@contextmanager
def with_tls(folder: Path) -> Iterator[Server]:
    """A server that speaks TLS itself and nothing else."""
    certificates = make_certificates(folder)
    with alone(tls_program(certificates), folder) as (port, admin):
        yield Server(f"rediss://{HOST}:{port}?ssl_ca_certs={certificates.authority}", admin)


@contextmanager
def watched(folder: Path, *, sentinels: int = 1, tls: bool = False) -> Iterator[Server]:
    """A primary and a replica behind a password, watched by sentinels with another one."""
    known = tls_program(make_certificates(folder)) if tls else embedded_program()
    ports = free_port(), free_port()
    secured = ["--requirepass", PASSWORD, "--masterauth", PASSWORD]
    secured += ["--repl-diskless-sync-delay", "0"]
    following = ["--replicaof", HOST, str(ports[0])]
    with ExitStack() as stack:
        enter = stack.enter_context
        pair = [
            enter(known.running(folder / "first", ports[0], *secured)),
            enter(known.running(folder / "second", ports[1], *secured, *following)),
        ]
        admin, replica = (enter(known.client(port, PASSWORD)) for port in ports)
        until(lambda: replica.info("replication")["master_link_status"] == "up", "no replication")
        watching = [free_port() for _ in range(sentinels)]
        for number, port in enumerate(watching):
            config = _sentinel_config(ports[0], quorum=sentinels // 2 + 1)
            home = folder / f"sentinel{number}"
            enter(known.running(home, port, "--sentinel", config=config))
        for port in watching:
            asked = enter(known.client(port, SENTINEL_PASSWORD))
            until(partial(_knows_all, asked, sentinels), "the sentinels did not meet")
        hosts = ",".join(f"{HOST}:{port}" for port in watching)
        query = f"sentinel_password={SENTINEL_PASSWORD}&{known.query()}"
        url = f"redis+sentinel://:{QUOTED}@{hosts}/{SERVICE}/0?{query}"
        yield Server(url, admin, processes=pair)


def _sentinel_config(primary: int, *, quorum: int) -> str:
    return f"""
sentinel monitor {SERVICE} {HOST} {primary} {quorum}
sentinel auth-pass {SERVICE} "{PASSWORD}"
sentinel down-after-milliseconds {SERVICE} 1000
sentinel failover-timeout {SERVICE} 5000
requirepass {SENTINEL_PASSWORD}
sentinel sentinel-pass {SENTINEL_PASSWORD}
"""


def _knows_all(sentinel: redis.Redis, sentinels: int) -> bool:
    known = sentinel.sentinel_masters()[SERVICE]
    return known["num-slaves"] == 1 and known["num-other-sentinels"] == sentinels - 1


@contextmanager
def cluster(folder: Path) -> Iterator[Server]:
    """Three primaries that share the slots, and a queue beside them."""
    known = embedded_program()
    ports = [free_port() for _ in range(3)]
    with ExitStack() as stack:
        enter = stack.enter_context
        for port in ports:
            options = ["--cluster-enabled", "yes", "--cluster-port", str(free_port())]
            enter(known.running(folder / str(port), port, *options))
        nodes = [enter(known.client(port)) for port in ports]
        for number, node in enumerate(nodes):
            until(node.ping, "a node did not start")
            first, last = (SLOTS * edge // 3 for edge in (number, number + 1))
            node.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last - 1)
            node.execute_command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
        for node in nodes[1:]:
            bus = nodes[0].config_get("cluster-port")["cluster-port"]
            node.execute_command("CLUSTER", "MEET", HOST, ports[0], bus)
        for node in nodes:
            until(partial(_is_whole, node), "the cluster did not come together")
        admin = enter(RedisCluster(HOST, ports[0], decode_responses=True))
        queue, _ = enter(alone(known, folder / "queue"))
        hosts = ",".join(f"{HOST}:{port}" for port in ports)
        yield Server(f"redis+cluster://{hosts}", admin, queue_url=f"redis://{HOST}:{queue}")


def _is_whole(node: redis.Redis) -> bool:
    told = node.execute_command("CLUSTER INFO")
    return told["cluster_state"] == "ok" and told["cluster_known_nodes"] == "3"


KINDS: dict[str, Callable[[Path], AbstractContextManager[Server]]] = {
    "embedded": embedded,
    "redis-6.2": partial(redis_of, "6.2"),
    "redis-7": partial(redis_of, "7"),
    "password": with_password,
    "user": with_user,
    "behind-tls": behind_tls,
    "tls": with_tls,
    "sentinel": watched,
    "sentinel-tls": partial(watched, tls=True),
    "cluster": cluster,
}
