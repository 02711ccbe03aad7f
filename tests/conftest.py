"""The stage: a real store, the sandbox portal and the application, each over HTTP."""

from __future__ import annotations

import base64
import shlex
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
import rq
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from b24app import create_app
from b24app.embedded import store_command
from b24app.resources import Resources
from b24app.settings import Settings, embedded_url
from sandbox.server import serve
from sandbox.world import World, make_world
from tests.cast import Person
from tests.ports import free_port

CLIENT_ID = "app.6710f3a2b4c5d8.19283746"
CLIENT_SECRET = "s3cr3t-of-the-application"


class Quiet(WSGIRequestHandler):
    def log(self, *_: object) -> None:
        pass


@pytest.fixture(scope="session")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The application's data folder."""
    return tmp_path_factory.mktemp("var")


@pytest.fixture(scope="session")
def store_url(var: Path) -> Iterator[str]:
    """A store of its own for this run, started by the product's own command."""
    process = subprocess.Popen(shlex.split(store_command(var)), stdout=subprocess.DEVNULL)
    client = redis.Redis.from_url(embedded_url(var))
    deadline = time.monotonic() + 10
    while True:
        try:
            client.ping()
            break
        except redis.ConnectionError:
            assert time.monotonic() < deadline, "the store did not start"
            time.sleep(0.02)
    client.close()
    yield embedded_url(var)
    process.terminate()
    process.wait(10)


@pytest.fixture
def app_port() -> int:
    return free_port()


@pytest.fixture(params=["source"])
def world(request, app_port: int) -> Iterator[World]:
    """The sandbox: portals Aurora and Borealis and the authorization server, listening."""
    world = make_world(
        free_port(),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        app_url=f"http://127.0.0.1:{app_port}",
        profile=request.param,
    )
    with serve(world):
        yield world


def environment(world: World, store_url: str, app_port: int) -> dict[str, str]:
    """The settings of an application that meets this world."""
    return {
        "B24_SANDBOX": "1",
        "B24_CLIENT_ID": CLIENT_ID,
        "B24_CLIENT_SECRET": CLIENT_SECRET,
        "B24_AUTH_SERVERS": f"http://{world.auth_host}",
        "APP_URL": f"http://127.0.0.1:{app_port}",
        "PORT": str(app_port),
        "REDIS_URL": store_url,
        "SECRET_KEY": "a secret key for tests only",
        "TOKEN_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode(),
        "LOG_LEVEL": "DEBUG",
        "LOG_FORMAT": "text",
        "WEB_CONCURRENCY": "1",
    }


@pytest.fixture
def settings(world: World, store_url: str, app_port: int, var: Path) -> Settings:
    return Settings.from_env(environment(world, store_url, app_port), var)


@pytest.fixture
def empty_store(settings: Settings) -> None:
    with redis.Redis.from_url(settings.redis_url) as client:
        client.flushall()


@pytest.fixture
def app(settings: Settings, empty_store: None) -> Iterator[Flask]:
    """The application on an empty store, listening at its own address."""
    app = create_app(settings)
    server = make_server("127.0.0.1", settings.port, app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield app
    server.shutdown()
    thread.join()
    server.server_close()
    known: Resources = app.extensions["b24app"]
    known.redis.close()
    known.queue.connection.close()
    known.http.clear()


@pytest.fixture
def resources(app: Flask) -> Resources:
    found: Resources = app.extensions["b24app"]
    return found


@pytest.fixture
def anna(app: Flask, world: World, settings: Settings) -> Iterator[Person]:
    yield from _person(world, "aurora", 1, settings)


@pytest.fixture
def egor(app: Flask, world: World, settings: Settings) -> Iterator[Person]:
    yield from _person(world, "aurora", 2, settings)


@pytest.fixture
def boris(app: Flask, world: World, settings: Settings) -> Iterator[Person]:
    yield from _person(world, "borealis", 1, settings)


def _person(world: World, portal: str, user_id: int, settings: Settings) -> Iterator[Person]:
    home = world.portal(portal)
    person = Person(world, home, home.users[user_id], settings.app_url)
    yield person
    person.browser.close()


@pytest.fixture
def work(app: Flask, resources: Resources):
    """Run what waits in the queue now, as the worker would."""

    def run() -> None:
        with app.app_context():
            worker = rq.SimpleWorker([resources.queue], connection=resources.queue.connection)
            worker.work(burst=True, logging_level="WARNING")

    return run
