"""What may go wrong below the request: a record nobody can read, a handshake, a certificate."""

from __future__ import annotations

import time

import pytest
from urllib3.exceptions import SSLError

from b24app.bitrix import wire
from b24app.bitrix.outbound import Outbound
from b24app.bitrix.rest import Client
from b24app.errors import PortalUnreachable
from tests.unit.wire_servers import answer, bad_record, half, half_and_bad_record, no_tls, reset


@pytest.mark.parametrize("deed", [bad_record, half_and_bad_record, half, reset])
def test_a_fault_of_tls_after_the_request_counts_as_sent(serve, http, files, deed):
    server = serve(deed, files)

    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, server.url, {"auth": "a secret"}, seconds=1)

    assert silent.value.sent
    assert server.requests == 1


def test_a_request_leaves_in_one_piece(serve, http, files):
    server = serve(answer(b'{"result": 1}'), files)

    wire.post(http, server.url, {"auth": "a secret", "text": "x" * 4000})

    assert server.pieces == [1]


def test_a_bad_record_is_told_as_the_fault_of_tls_it_is(serve, http, files):
    with pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, serve(bad_record, files).url, {}, seconds=1)

    assert isinstance(silent.value.__cause__, SSLError)


def test_after_a_bad_record_only_what_is_repeatable_is_sent_again(serve, http, files, monkeypatch):
    server = serve(bad_record, files)
    rest = Client(http, server.endpoint, member_id="m", token=lambda stale=None: "token")
    monkeypatch.setattr("b24app.bitrix.retry.SHORT", 0.01)

    with pytest.raises(PortalUnreachable) as told:
        rest.call("imbot.register")
    assert told.value.sent
    assert server.requests == 1

    with pytest.raises(PortalUnreachable):
        rest.call("profile", repeatable=True)
    assert server.requests == 1 + 4


@pytest.mark.parametrize("deed", [no_tls, reset, lambda peer: None, lambda peer: time.sleep(1)])
def test_a_handshake_that_fails_means_that_nothing_was_sent(serve, http, deed, monkeypatch):
    monkeypatch.setattr("b24app.bitrix.wire.CONNECT_SECONDS", 0.3)
    url = serve(deed).url.replace("http:", "https:")

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, url, {"auth": "a secret"})

    assert not refused.value.sent


def test_a_certificate_nobody_vouches_for_means_that_nothing_was_sent(serve, files):
    server = serve(reset, files)

    with (
        Outbound(guard=None, threads=2, ca_bundle="", proxy="", no_proxy="") as strict,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(strict, server.url, {"auth": "a secret"})

    assert not refused.value.sent
    assert server.requests == 0
