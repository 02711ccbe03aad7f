"""What the measurements need around them: store, stub portal, sandbox portal, the product.

Everything is started for the run, in a folder that goes with it.
"""

from __future__ import annotations

import base64
import json
import shlex
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import redis
from werkzeug.serving import WSGIRequestHandler, make_server

from b24app import create_app, keys
from b24app.embedded import store_command
from b24app.records import Chain, Installation, Tokens
from b24app.resources import Resources, open_resources
from b24app.settings import Settings, embedded_url
from bench.counted import CountedLimits
from sandbox.server import serve
from sandbox.world import World, make_world
from tests.cast import Person
from tests.ports import free_port

ROOT: Final = Path(__file__).resolve().parent.parent
STUB_MEMBER: Final = "0b5e" * 8
ACCESS: Final = "a" * 70  # as long as the platform's
REAL_BUCKET: Final = (2.0, 50.0)


class Quiet(WSGIRequestHandler):
    """Says nothing about requests."""

    def log(self, *_: object) -> None:
        pass


class Stub:
    """The stub portal's process, and what it can be told."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bench.stub", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        told = self._answer()
        self.host = f"127.0.0.1:{told['port']}"
        self.certificate = Path(told["certificate"])

    def delay(self, milliseconds: int) -> None:
        """Answer so much later from now on."""
        self._tell(f"delay {milliseconds}")

    def connections(self) -> int:
        """How many connections there have been."""
        return int(self._tell("counts")["connections"])

    def close(self) -> None:
        """End the process."""
        self._process.communicate(timeout=10)

    def _tell(self, order: str) -> dict[str, Any]:
        assert self._process.stdin
        self._process.stdin.write(f"{order}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


@contextmanager
def store(var: Path) -> Iterator[None]:
    """An empty store of the product's own kind under ``var``."""
    process = subprocess.Popen(shlex.split(store_command(var)), stdout=subprocess.DEVNULL)
    try:
        with redis.Redis.from_url(embedded_url(var)) as client:
            _wait_for(client)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(client: redis.Redis) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            return
        except redis.RedisError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def environment(**more: str) -> dict[str, str]:
    """Settings of a product in this run; nothing of the machine's own environment leaks in."""
    return {
        "B24_SANDBOX": "1",
        "B24_CLIENT_ID": "app.6710f3a2b4c5d8.19283746",
        "B24_CLIENT_SECRET": "secret of the measured application",
        "SECRET_KEY": "a secret key for measurements",
        "TOKEN_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode(),
        "LOG_LEVEL": "ERROR",
        "WEB_CONCURRENCY": "1",
        **more,
    }


@contextmanager
def product(environ: dict[str, str], var: Path) -> Iterator[Resources]:
    """What a process of the product opens, with these settings."""
    resources = open_resources(Settings.from_env(environ, var))
    try:
        yield resources
    finally:
        resources.http.clear()
        resources.redis.close()
        resources.queue.connection.close()


def know_stub(resources: Resources, stub: Stub) -> None:
    """Keep the record of the stub portal: installed, without limits, with a fresh token."""
    now = int(time.time())
    resources.installations.save(
        Installation(
            member_id=STUB_MEMBER,
            domain=stub.host,
            client_endpoint=f"https://{stub.host}/rest/",
            server_endpoint="https://oauth.bitrix.info/rest/",
            scope=("imbot",),
            status="L",
            application_token="",
            installed_by=1,
            installed_at=now,
            license="en_selfhosted",
        )
    )
    resources.installations.keep_chain(
        STUB_MEMBER, Chain(1, Tokens(ACCESS, "r" * 70, now + 3600), now)
    )


@dataclass(frozen=True)
class Home:
    """Portal Borealis of the sandbox with the product installed, and the real bucket's limits."""

    world: World
    limits: CountedLimits
    resources: Resources
    member_id: str
    environ: dict[str, str]
    var: Path

    def empty_buckets(self) -> None:
        """The portal has seen nobody lately, and neither has our budget."""
        self.limits.reset()
        self.resources.redis.delete(keys.rate(self.member_id))


@contextmanager
def borealis(var: Path) -> Iterator[Home]:
    """The sandbox with the product installed by an administrator, over HTTP as in real life."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environ = environment(APP_URL=url, PORT=str(port))
    world = make_world(
        free_port(),
        client_id=environ["B24_CLIENT_ID"],
        client_secret=environ["B24_CLIENT_SECRET"],
        app_url=url,
    )
    environ["B24_AUTH_SERVERS"] = f"http://{world.auth_host}"
    world.limits = CountedLimits(bucket=REAL_BUCKET, operating=None)
    portal = world.portal("borealis")
    with serve(world), product(environ, var) as resources:
        with _application(environ, var):
            boris = Person(world, portal, portal.users[1], url)
            reply = boris.install()
            boris.browser.close()
            if reply.status_code != 200:
                raise RuntimeError(f"the installation answered {reply.status_code}")
        yield Home(world, world.limits, resources, portal.member_id, environ, var)
    world.close()


@contextmanager
def _application(environ: dict[str, str], var: Path) -> Iterator[None]:
    """The web part, answering at its own address."""
    settings = Settings.from_env(environ, var)
    app = create_app(settings)
    server = make_server("127.0.0.1", settings.port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        opened: Resources = app.extensions["b24app"]
        opened.http.clear()
        opened.redis.close()
        opened.queue.connection.close()
