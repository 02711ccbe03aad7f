"""Whatever a stranger posts: no failure of ours, no wait, nothing stored.

20,000 bodies, the same ones each time, or as many as ``FUZZ`` says; half of them in each profile.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from urllib.parse import urlencode

import pytest

from b24app import keys
from tests import events

COUNT = int(os.environ.get("FUZZ", "20000")) // 2
PATIENCE = 8  # seconds a request may wait for the portal and the authorization server, in all
PATHS = ("/", "/install", "/events", "/events", "/widgets/x", "/connectors/setting")
FRAMES = frozenset(PATHS) - {"/events"}
TYPES = (events.TYPE,) * 8 + (
    "multipart/form-data; boundary=x",
    "application/json",
    "text/plain",
    "",
)
GARBAGE = (
    *(
        b"[",
        b"]",
        b"[]",
        b"[[]]",
        b"%",
        b"%00",
        b"%ff%fe",
        b"%zz",
        b"&",
        b"&&",
        b"=",
        b"+",
        b"\x00",
    ),
    *(
        b"\xff\xfe",
        b"\r\n\r\n",
        b"[a]" * 40,
        b"A" * 3000,
        "Ж".encode(),
        b"auth[member_id]=",
        b"event=",
    ),
    *(
        b"auth%5Bmember_id%5D=" + b"f" * 32,
        b"&auth=1",
        b"&data=1",
        b"-1",
        b"9" * 400,
        b"{}",
        b"--x",
    ),
)


def genuine(person, world, member_id="") -> list[tuple[str, bytes]]:
    """A path's query and the body a portal would post, but for the secrets: those are made up.

    With a ``member_id`` that of another portal stands in the events.
    """
    form = person.frame_form()
    made_up = dict.fromkeys(("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN"), "0" * 70)
    frame = urlencode(form.fields | made_up).encode()
    auth = {
        "access_token": "0" * 70,
        "refresh_token": "0" * 70,
        "domain": person.portal.host,
        "server_endpoint": f"http://{world.auth_host}/rest/",
        "client_endpoint": f"http://{person.portal.host}/rest/",
        "member_id": member_id or person.portal.member_id,
        "application_token": "0" * 32,
    }
    fields = {f"auth[{name}]": value for name, value in auth.items()}
    query = form.url.partition("?")[2]
    names = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONIMBOTMESSAGEADD")
    bodies = [
        urlencode({"event": name, "data[BOT][7][AUTH][x]": "1", "ts": "1", **fields}).encode()
        for name in names
    ]
    return [(query, frame), *(("", body) for body in bodies)]


def spoiled(body: bytes, chance: random.Random) -> bytes:
    """The body after a few accidents."""
    for _ in range(chance.choice((0, 1, 1, 2, 3, 8))):
        at, to = sorted((chance.randint(0, len(body)), chance.randint(0, len(body))))
        body = chance.choice(
            (
                lambda b, at=at: b[:at] + chance.choice(GARBAGE) + b[at:],
                lambda b, at=at, to=to: b[:at] + b[to:],
                lambda b, at=at, to=to: b[:to] + b[at:to] + b[to:],
                lambda b, at=at: b[:at] + bytes([chance.randrange(256)]) + b[at + 1 :],
                lambda b: b"&".join(chance.sample(b.split(b"&"), k=len(b.split(b"&")))),
            )
        )(body)
    return body


def noise(chance: random.Random) -> bytes:
    """A body that never was one."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randrange(400))
    if kind == 1:
        return b"&".join(chance.choice(GARBAGE) for _ in range(chance.randrange(60)))
    if kind == 2:
        return b"&".join(b"k%d=v" % number for number in range(chance.choice((10, 1999, 2500))))
    return b"event=X&a" + b"[b]" * chance.randrange(400) + b"=1"


def stored(resources) -> dict[str, object]:
    """Everything of ours in the store, but for what only counts and measures."""
    counting, client = (keys.counters(), ":rate", ":events-refused"), resources.redis
    read = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda name: client.lrange(name, 0, -1),
        "zset": lambda name: client.zrange(name, 0, -1, withscores=True),
        "stream": client.xrange,
    }
    names = [name for name in client.scan_iter("b24app:*") if not name.endswith(counting)]
    return {name: read[client.type(name)](name) for name in names}


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("world", ["source", "documented"], indirect=True)
def test_nothing_a_stranger_posts_fails_hangs_or_is_kept(app, anna, boris, world, resources, work):
    """Mutations of genuine frame requests and events of two installed portals, of events of one
    that nobody knows, and noise."""
    real = []
    for person in (anna, boris):
        person.install()
        work()
        real += genuine(person, world)
    real += genuine(boris, world, "f" * 32)
    chance, web = random.Random(f"20261120 {world.profile}"), app.test_client()
    before, slowest, answers = stored(resources), (0.0, "", 0), Counter[tuple[str, int]]()

    for number in range(COUNT):
        query, body = chance.choice(real)
        body = noise(chance) if number % 4 == 0 else spoiled(body, chance)
        path = chance.choice(PATHS)
        began = time.monotonic()
        reply = web.post(
            f"{path}?{query}" if path in FRAMES else path,
            data=body,
            content_type=chance.choice(TYPES),
        )
        slowest = max(slowest, (time.monotonic() - began, path, reply.status_code))
        answers[path, reply.status_code] += 1
        assert reply.status_code < 500, (path, body)
        if number % 500 == 499:
            work()
    work()

    told = ", ".join(f"{path} {code}: {count}" for (path, code), count in sorted(answers.items()))
    print(f"\n{COUNT} bodies, the slowest answer: {slowest}. {told}")
    assert slowest[0] < PATIENCE
    assert {("/events", 200), ("/events", 400), ("/events", 403), ("/install", 200)} <= {*answers}
    assert {(path, code) for path in FRAMES for code in (400, 403)} <= {*answers}
    assert stored(resources) == before
