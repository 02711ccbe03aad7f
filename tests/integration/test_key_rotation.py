"""Rotating the token keys online: everything sealed anew, by a real process, in any number of runs.

``OLD`` is the key the store begins with; the operator puts ``NEW`` in front of it.
"""

import base64
import dataclasses
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from b24app.actions.portal import open_portal
from b24app.crypto import KeyRing
from b24app.records import SYSTEM, Chain, Tokens
from b24app.resources import open_resources
from b24app.store import Inbox, Installations
from sandbox import oauth
from tests.conftest import environment
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
OLD, NEW, LOST = b"k" * 32, b"n" * 32, b"l" * 32
MANY = 400
HOUR = 3600


def written(*keys):
    return ",".join(base64.urlsafe_b64encode(key).decode() for key in keys)


@pytest.fixture
def rotate(world, store_url, app_port):
    """Start ``keys rotate`` as the operator does, with the new key in front."""

    def start(url=store_url):
        environ = environment(world, url, app_port)
        environ |= {"PATH": os.defpath, "TOKEN_KEYS": written(NEW, OLD)}
        return subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "app", "keys", "rotate"],
            env=environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@contextmanager
def opened(settings, *keys):
    """What a process with these keys has."""
    known = open_resources(dataclasses.replace(settings, token_keys=keys))
    try:
        yield known
    finally:
        known.redis.close()
        known.queue.connection.close()
        known.http.clear()


def fill(resources, like, key=OLD):
    """Many more portals, each with a chain; returns their ids."""
    store = Installations(resources.redis, KeyRing([key]))
    names = [f"{number:032x}" for number in range(MANY)]
    for name in names:
        store.save(dataclasses.replace(like, member_id=name, domain=f"{name[-3:]}.example.com"))
        tokens = Tokens("a" * 70, "r" * 70, int(time.time()) + HOUR)
        store.keep_chain(name, Chain(1, tokens, int(time.time())))
    return names


def test_an_interrupted_rotation_goes_on_and_then_the_new_key_alone_opens_all(
    anna, resources, settings, rotate
):
    anna.install()
    member_id = anna.portal.member_id
    names = [*fill(resources, resources.installations.get(member_id)), member_id]
    new = Installations(resources.redis, KeyRing([NEW]))

    first = rotate()
    while sum(not new.unreadable(name) for name in names[:20]) == 0:
        assert first.poll() is None, first.communicate()
    first.send_signal(signal.SIGKILL)
    first.communicate()
    left = sum(bool(new.unreadable(name)) for name in names)
    second = rotate()
    said, _ = second.communicate(timeout=60)

    assert 0 < left < len(names)
    assert second.returncode == 0
    portals, values = _count(said)
    assert portals == len(names)
    assert 0 < values < 2 * len(names)
    assert [name for name in names if new.unreadable(name)] == []
    old = Installations(resources.redis, KeyRing([OLD]))
    assert [name for name in names if len(old.unreadable(name)) != 2] == []
    with opened(settings, NEW) as known:
        assert open_portal(known, member_id, SYSTEM).rest.call("profile")["ID"] == "1"


def _count(said):
    """What it said at its end: how many portals, and how many values it sealed anew."""
    [found] = re.findall(r"^(\d+) portals, (\d+) values sealed anew", said, re.MULTILINE)
    return tuple(int(number) for number in found)


def test_calls_go_on_while_the_keys_rotate(anna, world, resources, settings, rotate):
    """Tokens expire all the time, so chains are renewed under the rotation's hands."""
    anna.install()
    member_id = anna.portal.member_id
    fill(resources, resources.installations.get(member_id))
    ended, answers = threading.Event(), []

    def call(known):
        while not ended.is_set():
            oauth.expire_access_tokens(world, anna.portal)
            answers.append(open_portal(known, member_id, SYSTEM).rest.call("profile")["ID"])

    with opened(settings, NEW, OLD) as known:
        calling = threading.Thread(target=call, args=(known,))
        calling.start()
        running = rotate()
        _, complaints = running.communicate(timeout=60)
        ended.set()
        calling.join()

    assert running.returncode == 0, complaints
    assert answers and set(answers) == {"1"}
    with opened(settings, NEW) as known:
        assert open_portal(known, member_id, SYSTEM).rest.call("profile")["ID"] == "1"


def test_a_portal_whose_values_no_key_opens_is_named(anna, boris, resources, rotate):
    anna.install()
    boris.install()
    theirs = resources.installations.get(boris.portal.member_id)
    Installations(resources.redis, KeyRing([LOST])).save(theirs)

    running = rotate()
    said, _ = running.communicate(timeout=60)

    assert running.returncode == 1
    assert boris.portal.host in said and anna.portal.host not in said
    assert _count(said)[0] == 2


def test_a_store_that_is_away_is_told_in_one_line(world, app_port, rotate):
    running = rotate(url=f"redis://127.0.0.1:{free_port()}")
    _, complaints = running.communicate(timeout=60)

    assert running.returncode == 1
    assert [line for line in complaints.splitlines() if "run it again" in line] != []
    assert "Traceback" not in complaints


def test_events_that_lie_for_long_are_sealed_anew_and_others_are_named(resources, rotate):
    """One is a dead letter, one waits for its next try, one for the worker."""
    inbox = resources.inbox
    for name in (b"DEAD", b"LATER", b"NEXT"):
        inbox.put_claim("m" * 32, b"event=" + name)
    inbox.open("claims", "reader")
    dead, later, _ = inbox.first("claims", 3)
    inbox.begin("claims", "reader", dead)
    inbox.bury("claims", dead, "no")
    inbox.begin("claims", "reader", later)
    inbox.set_aside("claims", later, HOUR)

    running = rotate()
    said, _ = running.communicate(timeout=60)

    new = Inbox(resources.redis, KeyRing([NEW])).sealed
    assert running.returncode == 0
    assert _count(said) == (0, 2)
    assert "1 events wait" in said
    assert len(new.unreadable("claims")) == 1
