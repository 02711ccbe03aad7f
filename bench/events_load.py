"""Many connections that post one request after the other, as the portals' queue does."""

from __future__ import annotations

import itertools
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

from bench.rounds import Taken

MEMBERS = [f"{number:032x}" for number in range(1, 101)]
HEAD = (
    "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: Bitrix24 Webhook Engine\r\n"
    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n"
)


def application_token(member_id: str) -> str:
    """The application token of one of the portals of this measurement."""
    return member_id[::-1]


def event(number: int, name: str = "ONIMBOTV2MESSAGEADD") -> bytes:
    """The body of the event of this number: a message to a bot of one of a hundred portals."""
    member = MEMBERS[number % len(MEMBERS)]
    token = f"{number:08x}" + "a" * 62  # as long as the platform's
    auth = {
        "access_token": token,
        "expires_in": "3600",
        "scope": "imbot,im,placement",
        "domain": "aurora.bitrix24.com",
        "server_endpoint": "https://oauth.bitrix.info/rest/",
        "status": "L",
        "client_endpoint": "https://aurora.bitrix24.com/rest/",
        "member_id": member,
        "user_id": "1",
        "refresh_token": token,
        "application_token": application_token(member),
    }
    data = {
        "data[bot][id]": "57",
        "data[bot][code]": "helper",
        "data[message][id]": str(number),
        "data[message][chatId]": "12",
        "data[message][authorId]": "1",
        "data[message][text]": "Is the board of tomorrow ready? Ждём ответа.",
        "data[message][isSystem]": "0",
        "data[chat][id]": "12",
        "data[chat][dialogId]": "chat12",
        "data[chat][type]": "chat",
        "data[user][id]": "1",
        "data[user][name]": "Anna",
        "data[user][bot]": "0",
        "data[language]": "en",
    }
    fields = {"event": name, "event_handler_id": "7", **data, "ts": "1790000000"}
    return urlencode({**fields, **{f"auth[{key}]": value for key, value in auth.items()}}).encode()


def request(path: str, body: bytes) -> bytes:
    """A whole HTTP request."""
    return HEAD.format(path=path, length=len(body)).encode() + body


class Sender:
    """Posts over kept connections, and counts them."""

    def __init__(self) -> None:
        self.connections = 0

    def post(self, port: int, requests: Sequence[bytes], connections: int) -> Taken:
        """Send all of them over so many; raises RuntimeError unless each answer is a 200."""
        self.connections += connections
        shares = [requests[number::connections] for number in range(connections)]
        began = time.perf_counter()
        with ThreadPoolExecutor(connections) as pool:
            took = list(pool.map(lambda share: _post_share(port, share), shares))
        return Taken(time.perf_counter() - began, tuple(itertools.chain.from_iterable(took)))


def _post_share(port: int, requests: Sequence[bytes]) -> list[float]:
    took = []
    with socket.create_connection(("127.0.0.1", port)) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for one in requests:
            began = time.perf_counter()
            wire.sendall(one)
            _read_answer(wire)
            took.append((time.perf_counter() - began) * 1000)
    return took


def _read_answer(wire: socket.socket) -> None:
    answer = b""
    while b"\r\n\r\n" not in answer:
        part = wire.recv(65536)
        if not part:
            raise RuntimeError("the connection was closed")
        answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.partition(b"\r\n")[0].decode())
    length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
    while len(body) < length:
        body += wire.recv(65536)
