"""A served world for each test, Anna's, Egor's and Boris's tokens, and a listener for events."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import pytest
import requests
from werkzeug.serving import WSGIRequestHandler, make_server

from sandbox import oauth
from sandbox import portal as deeds
from sandbox.server import Server, serve
from sandbox.world import Portal, User, World, make_world
from tests.ports import free_port

CLIENT_ID = "app.6710f3a2b4c5d8.19283746"
CLIENT_SECRET = "s3cr3t-of-the-application"


class Quiet(WSGIRequestHandler):
    def log(self, *_: Any) -> None:
        pass


@dataclass
class Listener:
    """The application's side of events: remembers what came, answers `status`."""

    url: str
    status: int = 200
    bodies: list[str] = field(default_factory=list)

    @property
    def received(self) -> list[dict[str, str]]:
        return [{k: v[0] for k, v in parse_qs(body, True).items()} for body in self.bodies]

    def app(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        self.bodies.append(environ["wsgi.input"].read(length).decode())
        start_response(f"{self.status} Answer", [("Content-Length", "0")])
        return [b""]


@pytest.fixture
def listener() -> Iterator[Listener]:
    port = free_port()
    found = Listener(f"http://127.0.0.1:{port}/events")
    server = make_server("127.0.0.1", port, found.app, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=["source"])
def world(request) -> World:
    """A new world, not served. Parametrize indirectly for the profile "documented"."""
    return make_world(
        free_port(),
        client_id=CLIENT_ID,
        client_secret=CLIENT_SECRET,
        app_url="http://127.0.0.1:9",
        profile=request.param,
    )


@pytest.fixture
def served(world: World) -> Iterator[Server]:
    with serve(world) as server:
        yield server


@pytest.fixture
def http() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@dataclass
class Person:
    """A user at a portal with a token: calls REST as the application would."""

    world: World
    portal: Portal
    user: User
    http: requests.Session
    token: str = ""

    def post(self, method: str, params: Any = None, **kwargs: Any) -> requests.Response:
        """The whole answer to a JSON call."""
        body = {"auth": self.token, **(params or {})}
        url = f"http://{self.portal.host}/rest/{method}"
        return self.http.post(url, json=body, timeout=10, allow_redirects=False, **kwargs)

    def call(self, method: str, params: Any = None) -> Any:
        """The result; fails the test on an error."""
        reply = self.post(method, params)
        body = reply.json()
        assert "error" not in body, body
        return body["result"]

    def refused(self, method: str, params: Any = None) -> tuple[str, int]:
        """Error code and status."""
        reply = self.post(method, params)
        return reply.json()["error"], reply.status_code


def person(server: Server, http: requests.Session, key: str, user_id: int) -> Person:
    portal = server.world.portal(key)
    token = oauth.mint(server.world, portal, user_id).access
    return Person(server.world, portal, portal.users[user_id], http, token)


@pytest.fixture
def installed(served: Server) -> Server:
    """Both portals have the application, installation finished."""
    for portal in served.world.portals:
        deeds.install(served.world, portal, portal.users[1])
        deeds.finish_install(served.world, portal, portal.users[1])
    return served


@pytest.fixture
def anna(installed: Server, http: requests.Session) -> Person:
    return person(installed, http, "aurora", 1)


@pytest.fixture
def egor(installed: Server, http: requests.Session) -> Person:
    return person(installed, http, "aurora", 2)


@pytest.fixture
def boris(installed: Server, http: requests.Session) -> Person:
    return person(installed, http, "borealis", 1)


@pytest.fixture
def aurora(world: World) -> Portal:
    return world.portal("aurora")


@pytest.fixture
def bot_id(anna: Person) -> int:
    """A bot of the application on Aurora."""
    return anna.call("imbot.v2.Bot.register", {"fields": bot_fields()})["bot"]["id"]


def bot_fields(code: str = "chat_apps", **more: Any) -> dict[str, Any]:
    return {"code": code, "properties": {"name": "Chat apps"}, **more}
