"""A portal that was renamed: found again by proof, never by following the redirect."""

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from b24app.actions.portal import open_portal
from b24app.errors import (
    AuthorizationLost,
    AuthServerUnreachable,
    NotInstalled,
    PortalUnreachable,
)
from b24app.records import SYSTEM
from sandbox import portal as deeds
from sandbox.server import Server
from tests.cast import typed
from tests.integration.chains import call, let_pass


@pytest.fixture
def renamed(anna, world):
    """Anna's portal, moved to another address after the install."""
    anna.install()
    anna.post("/chat-apps", typed(code="before"))
    new = f"127.0.0.5:{anna.portal.host.partition(':')[2]}"
    with Server(world) as second:
        second.listen(new)
        deeds.rename(world, anna.portal, new)
        yield anna


def test_the_next_call_finds_it_and_the_record_follows(renamed, world, resources):
    reply = renamed.post("/chat-apps", typed(code="after"))

    assert reply.status_code == 200
    assert [app.code for app in renamed.chat_apps()] == ["before", "after"]
    installation = resources.installations.get(renamed.portal.member_id)
    assert installation.domain == renamed.portal.host
    assert world.renewals == 1


@pytest.fixture
def spun(anna, world):
    """Anna's portal, moved to an address that sends everybody elsewhere as well."""
    anna.install()
    with socket.create_server(("127.0.0.6", 0)) as listener:
        host = f"127.0.0.6:{listener.getsockname()[1]}"
        thread = threading.Thread(target=send_away, args=(listener,))
        thread.start()
        deeds.rename(world, anna.portal, host)
        yield anna
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def send_away(listener: socket.socket) -> None:
    """Answer everybody with a redirect, until the listener is shut down."""
    while True:
        try:
            peer, _ = listener.accept()
        except OSError:
            return
        with peer:
            peer.recv(65536)
            peer.sendall(b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")


def test_callers_who_meet_it_at_once_spend_one_pair_together(renamed, world, resources):
    member_id = renamed.portal.member_id
    clients = [open_portal(resources, member_id, SYSTEM).rest for _ in range(12)]
    world.faults.token_delay = 0.2

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda rest: rest.call("profile")["ID"], clients))

    assert found == ["1"] * 12
    assert world.renewals == 1


def test_what_somebody_has_found_out_is_not_asked_again(renamed, world, resources):
    member_id = renamed.portal.member_id
    first, later = (open_portal(resources, member_id, SYSTEM).rest for _ in range(2))
    first.call("profile")

    assert later.call("profile")["ID"] == "1"
    assert world.renewals == 1


def test_a_portal_that_only_sends_people_away_costs_one_pair_a_minute(spun, world, resources):
    for _ in range(3):
        with pytest.raises(PortalUnreachable):
            call(resources, spun)
    assert world.renewals == 1

    let_pass(resources, world, spun, 61)
    with pytest.raises(PortalUnreachable):
        call(resources, spun)

    assert world.renewals == 2


def test_where_it_went_is_asked_once_a_minute_even_without_an_answer(renamed, world, resources):
    world.faults.order_token("drop", times=9)
    with pytest.raises(AuthServerUnreachable):
        call(resources, renamed)
    asked = len(world.faults.token)

    with pytest.raises(PortalUnreachable):
        call(resources, renamed)

    assert len(world.faults.token) == asked


def test_what_was_written_meanwhile_stays_when_the_record_follows(renamed, world, resources):
    """A new application token came while the authorization server was being asked."""
    member_id = renamed.portal.member_id
    world.faults.order_token("stall")
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(call, resources, renamed)
        assert world.faults.arrived.wait(10)
        known = resources.installations.get(member_id)
        resources.installations.update(known, replace(known, application_token="a newer one"))
        world.faults.gate.set()
        assert called.result(10) == "1"

    now = resources.installations.get(member_id)
    assert now.application_token == "a newer one"
    assert now.domain == renamed.portal.host


def test_a_portal_that_was_removed_meanwhile_does_not_come_back(renamed, world, resources):
    member_id = renamed.portal.member_id
    world.faults.order_token("stall")
    with ThreadPoolExecutor(1) as pool:
        called = pool.submit(call, resources, renamed)
        assert world.faults.arrived.wait(10)
        resources.installations.remove(member_id)
        world.faults.gate.set()
        with pytest.raises((NotInstalled, AuthorizationLost)):
            called.result(10)

    assert resources.redis.keys(f"*{member_id}*installation") == []
    assert resources.redis.keys(f"*{member_id}*chains") == []
