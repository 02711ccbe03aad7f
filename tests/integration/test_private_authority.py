"""Portal and authorization server with certificates of the operator's own authority."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import certifi
import pytest

from b24app.actions.portal import open_portal
from b24app.errors import AuthServerUnreachable, PortalUnreachable
from b24app.records import SYSTEM, Chain, Installation, Tokens
from b24app.resources import Resources, open_resources
from b24app.settings import Settings
from tests.store.certificates import Certificates, make_certificates

MEMBER = "c" * 32


class Answering(BaseHTTPRequestHandler):
    """The token endpoint, ``app.info`` and a portal's ``profile``, in the barest form."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.paths.append(self.path)
        host = self.headers["Host"]
        installed = {
            "member_id": MEMBER,
            "domain": host,
            "client_endpoint": f"https://{host}/rest/",
            "installed": True,
        }
        answers = {
            "/oauth/token/": installed | {"access_token": "new", "refresh_token": "next"},
            "/rest/app.info": {"result": {"client_id": "x", "user_id": 1, "install": installed}},
            "/rest/profile.json": {"result": {"ID": "1"}},
        }
        body = json.dumps(answers[self.path]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Private(ThreadingHTTPServer):
    """Speaks TLS with a certificate of the private authority; remembers what it was asked."""

    def __init__(self, files: Certificates) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.paths: list[str] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files.public, files.private)
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )
        self.host = f"127.0.0.1:{self.server_port}"

    def handle_error(self, *_: object) -> None:
        """A caller that does not trust us hangs up in the middle of the handshake."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def server(files: Certificates) -> Iterator[Private]:
    server = Private(files)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def opened(server: Private, store_url: str, var: Path):
    """Opens the application's resources with these variables, the portal known to them."""
    made: list[Resources] = []

    def opening(**trust: str) -> Resources:
        environ = {
            "B24_SANDBOX": "1",
            "B24_CLIENT_ID": "app.6710f3a2b4c5d8.19283746",
            "B24_CLIENT_SECRET": "s3cr3t-of-the-application",
            "B24_AUTH_SERVERS": f"https://{server.host}",
            "REDIS_URL": store_url,
            "SECRET_KEY": "a secret key for tests only",
            "TOKEN_KEYS": base64.urlsafe_b64encode(b"k" * 32).decode(),
        }
        known = open_resources(Settings.from_env(environ | trust, var))
        made.append(known)
        known.redis.flushdb()
        install(known, server.host)
        return known

    yield opening
    for known in made:
        known.http.clear()
        known.redis.close()
        known.queue.connection.close()


def install(known: Resources, host: str) -> None:
    now = int(time.time())
    known.installations.save(
        Installation(
            member_id=MEMBER,
            domain=host,
            client_endpoint=f"https://{host}/rest/",
            server_endpoint=f"https://{host}/rest/",
            scope=("imbot",),
            status="L",
            application_token="",
            installed_by=1,
            installed_at=now,
        )
    )
    known.installations.keep_chain(MEMBER, Chain(1, Tokens("good", "spare", now + 3600), now))


@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"])
def test_the_operators_own_authority_is_trusted_by_any_of_the_usual_variables(
    opened, server, files, variable
):
    known = opened(**{variable: str(files.authority)})
    trusted = f"https://{server.host}"

    assert open_portal(known, MEMBER, SYSTEM).rest.call("profile") == {"ID": "1"}
    assert known.oauth.app_info(trusted, "good").member_id == MEMBER
    assert known.oauth.refresh(trusted, "spare").tokens.access == "new"


@pytest.mark.parametrize("trust", [{}, {"REQUESTS_CA_BUNDLE": certifi.where()}])
def test_without_it_nothing_is_sent_to_either(opened, server, trust):
    known = opened(**trust)
    doubted = f"https://{server.host}"

    with pytest.raises(PortalUnreachable) as portal:
        open_portal(known, MEMBER, SYSTEM).rest.call("profile")
    with pytest.raises(AuthServerUnreachable):
        known.oauth.app_info(doubted, "good")
    with pytest.raises(AuthServerUnreachable):
        known.oauth.refresh(doubted, "spare")

    assert not portal.value.sent
    assert server.paths == []


@pytest.mark.skipif(not shutil.which("openssl"), reason="only openssl names the files right")
def test_a_folder_of_authorities_is_trusted_too(opened, server, files, tmp_path):
    order = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(files.authority)]
    name = subprocess.run(order, capture_output=True, text=True, check=True).stdout.strip()
    (tmp_path / f"{name}.0").write_bytes(files.authority.read_bytes())

    known = opened(REQUESTS_CA_BUNDLE=str(tmp_path))

    assert open_portal(known, MEMBER, SYSTEM).rest.call("profile") == {"ID": "1"}
    assert known.oauth.refresh(f"https://{server.host}", "spare").tokens.access == "new"
