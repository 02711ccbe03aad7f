"""An authorization server that takes a refresh token once: `python -m bench.authority FOLDER`.

Over TLS, with a certificate left in FOLDER. It needs no portals to be made known: tokens are
written `<member id>.<user id>.<number>`, number 0 is where a person begins, and only the last one
given out is good. It is a portal too: `/rest/…` answers whoever shows the last access token, which
number 0 never is. Slack's endpoint gives out the same tokens in Slack's words.

It is told by lines on standard input and answers each with one line of JSON. `delay 0.2`: seconds
each renewal takes. `hold`, `stall`: the next renewal waits before its work, or after it, until
`release`; `arrived` answers once it does. `open <member id>.<user id>`: that person opens the
application and gets a pair. `last <member id>.<user id>`: the token that person has now. `counts`:
renewals, and those refused; `reset` forgets all.
"""

from __future__ import annotations

import json
import socket
import ssl
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from bench.stub import HOST, certificate

SECONDS: Final = 3600
GATE_SECONDS: Final = 60
LENGTH: Final = 69


def token(member_id: str, number: int, user_id: int = 1) -> str:
    """As long as the platform's."""
    return _written(f"{member_id}.{user_id}", number)


def _written(chain: str, number: int) -> str:
    return f"{chain}.{number:0{LENGTH - len(chain)}d}"


class Authority:
    """Who holds which token, and what it was asked."""

    def __init__(self) -> None:
        self.delay = 0.0
        self.order = ""
        self.arrived = threading.Event()
        self.gate = threading.Event()
        self._last: Counter[str] = Counter()
        self._refused = 0
        self._lock = threading.Lock()

    def renew(self, refresh: str) -> str | None:
        """The next token, for both of the pair; None when this one is spent or unknown."""
        time.sleep(self.delay)
        with self._lock:
            order, self.order = self.order, ""
        if order == "hold":
            self._wait()
        chain, _, number = refresh.rpartition(".")
        with self._lock:
            good = number.isdigit() and self._last[chain] == int(number)
            self._last[chain] += good
            self._refused += not good
            given = _written(chain, self._last[chain]) if good else None
        if order == "stall":
            self._wait()
        return given

    def _wait(self) -> None:
        self.gate.clear()
        self.arrived.set()
        self.gate.wait(GATE_SECONDS)

    def knows(self, access: str) -> bool:
        """Whether it is a person's last access token."""
        chain, _, number = access.rpartition(".")
        return number.isdigit() and 0 < int(number) == self._last[chain]

    def obey(self, word: str, value: str) -> dict[str, Any]:
        """Do as told; what there is to tell."""
        if word == "delay":
            self.delay = float(value)
        elif word in ("hold", "stall"):
            self.arrived.clear()
            self.order = word
        elif word == "arrived":
            return {"arrived": self.arrived.wait(GATE_SECONDS)}
        elif word == "release":
            self.gate.set()
        elif word == "open":
            self._last[value] += 1
            return {"token": _written(value, self._last[value])}
        elif word == "last":
            return {"token": _written(value, self._last[value])}
        elif word == "reset":
            self._last.clear()
            self._refused = 0
        with self._lock:
            return {"renewals": sum(self._last.values()), "refused": self._refused}


class Handler(BaseHTTPRequestHandler):
    """One connection, kept."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1
    authority: Authority
    origin: str

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(body.decode())

    def do_GET(self) -> None:
        self._answer("")

    def _answer(self, body: str) -> None:
        parts = urlsplit(self.path)
        fields = dict(parse_qsl(parts.query))
        if body.startswith("{"):
            fields |= json.loads(body)
        else:
            fields |= dict(parse_qsl(body))
        if parts.path.startswith("/oauth/token"):
            self._send(*self._pair(fields))
        elif parts.path.endswith("oauth.v2.access"):
            self._send(*self._slack(fields))
        else:
            self._send(*self._portal(fields))

    def _pair(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        given = self.authority.renew(fields.get("refresh_token", ""))
        if given is None:
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": given,
            "refresh_token": given,
            "token_type": "bearer",
            "expires": int(time.time()) + SECONDS,
            "expires_in": SECONDS,
            "client_endpoint": f"{self.origin}/rest/",
            "server_endpoint": f"{self.origin}/rest/",
            "domain": urlsplit(self.origin).netloc,
            "member_id": given.partition(".")[0],
            "scope": "imbot",
            "status": "L",
            "user_id": 1,
        }

    def _slack(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        given = self.authority.renew(fields.get("refresh_token", ""))
        if given is None:
            return 200, {"ok": False, "error": "invalid_refresh_token"}
        return 200, {
            "ok": True,
            "access_token": given,
            "refresh_token": given,
            "token_type": "bot",
            "expires_in": SECONDS,
            "app_id": "A1",
            "team": {"id": given.partition(".")[0]},
        }

    def _portal(self, fields: dict[str, str]) -> tuple[int, dict[str, Any]]:
        bearer = self.headers.get("Authorization", "").partition(" ")[2]
        if self.authority.knows(fields.get("auth", bearer)):
            return 200, {"ok": True, "result": {"ID": "1"}, "time": {}}
        return 401, {"error": "expired_token", "error_description": "expired"}

    def _send(self, status: int, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    """TLS for each connection, in its own thread."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__((HOST, 0), Handler)
        self._context = context

    def get_request(self) -> tuple[Any, Any]:
        """A connection whose handshake is still to come."""
        connection, address = super().get_request()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = self._context.wrap_socket(
            connection, server_side=True, do_handshake_on_connect=False
        )
        return wrapped, address

    def handle_error(self, *_: object) -> None:
        """The caller hung up: many are killed here on purpose."""


def main(folder: Path) -> None:
    """Listen, say where, and do as told until the input ends."""
    public, private = certificate(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    server = Server(context)
    Handler.authority = Authority()
    Handler.origin = f"https://{HOST}:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(json.dumps({"origin": Handler.origin, "certificate": str(public)}), flush=True)
    for line in sys.stdin:
        word, _, value = line.strip().partition(" ")
        print(json.dumps(Handler.authority.obey(word, value)), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
