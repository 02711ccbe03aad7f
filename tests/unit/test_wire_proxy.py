"""What may go wrong on the way through a proxy."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from b24app.bitrix import wire
from b24app.bitrix.bounded import Bounded
from b24app.bitrix.oauth import OAuth
from b24app.bitrix.outbound import Outbound
from b24app.bitrix.rest import Client
from b24app.errors import AuthServerUnreachable, PortalUnreachable
from tests.store.certificates import Certificates
from tests.unit.wire_servers import (
    Proxy,
    Server,
    answer,
    bad_record,
    half,
    half_and_bad_record,
    half_and_reset,
    no_tls,
    reset,
)


@pytest.fixture
def proxied(files: Certificates) -> Iterator[Callable[..., tuple[Proxy, Outbound]]]:
    """Starts a proxy, with a client that takes every connection through it."""
    with contextlib.ExitStack() as stack:

        def start(refusal: bytes = b"") -> tuple[Proxy, Outbound]:
            proxy = Proxy(refusal)
            stack.callback(proxy.listener.close)
            ca_bundle = str(files.authority)
            pool = Outbound(
                guard=None, threads=2, ca_bundle=ca_bundle, proxy=proxy.url, no_proxy=""
            )
            return proxy, stack.enter_context(pool)

        yield start


def test_an_answer_comes_through_a_proxy(serve, files, proxied):
    proxy, http = proxied()
    server = serve(answer(b'{"result": 1}'), files)

    assert wire.post(http, server.url, {}).body == {"result": 1}
    assert proxy.wishes[0].startswith(b"CONNECT 127.0.0.1:")


@pytest.mark.parametrize(
    "deed",
    [reset, lambda peer: None, half, half_and_reset, bad_record, half_and_bad_record],
    ids=["reset", "closed", "half", "half and reset", "bad record", "half and bad record"],
)
def test_an_answer_lost_behind_a_proxy_may_have_acted(serve, files, proxied, deed, monkeypatch):
    """The library takes it for a fault of the proxy; only what is repeatable is sent again."""
    monkeypatch.setattr("b24app.bitrix.retry.SHORT", 0.01)
    server = serve(deed, files)
    _, http = proxied()
    rest = Client(http, server.endpoint, member_id="m", token=lambda stale=None: "token")

    with pytest.raises(PortalUnreachable) as told:
        rest.call("im.message.add")
    assert told.value.sent
    assert server.requests == 1

    with pytest.raises(PortalUnreachable):
        rest.call("profile", repeatable=True)
    assert server.requests == 1 + 4


def test_a_request_without_tls_lost_behind_a_proxy_may_have_acted():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=lambda: reset_after_reading(listener), daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with (
            Outbound(guard=None, threads=1, ca_bundle="", proxy=url, no_proxy="") as http,
            pytest.raises(wire.NoAnswer) as silent,
        ):
            wire.post(http, "http://portal.example/rest/im.message.add.json", {}, seconds=2)

    assert silent.value.sent


def reset_after_reading(listener: socket.socket) -> None:
    peer, _ = listener.accept()
    peer.recv(65536)
    reset(peer)


@pytest.mark.parametrize(
    "refusal",
    [b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", b"HTTP/1.1 502 No\r\n\r\n", b"?\n"],
)
def test_a_tunnel_that_is_refused_means_that_nothing_was_sent(serve, files, proxied, refusal):
    server = serve(reset, files)
    _, http = proxied(refusal)

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, server.url, {"auth": "a secret"}, seconds=2)

    assert not refused.value.sent
    assert server.requests == 0


@pytest.mark.parametrize("deed", [no_tls, reset, lambda peer: None])
def test_a_handshake_that_fails_behind_a_proxy_means_that_nothing_was_sent(serve, proxied, deed):
    _, http = proxied()
    url = serve(deed).url.replace("http:", "https:")

    with pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, url, {"auth": "a secret"}, seconds=2)

    assert not refused.value.sent


def test_a_proxy_that_is_not_there_means_that_nothing_was_sent():
    with socket.create_server(("127.0.0.1", 0)) as gone:
        proxy = f"http://127.0.0.1:{gone.getsockname()[1]}"

    with (
        Outbound(guard=None, threads=1, ca_bundle="", proxy=proxy, no_proxy="") as http,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(http, "https://portal.example/rest/profile.json", {}, seconds=2)

    assert not refused.value.sent


@pytest.mark.parametrize("deed", [reset, lambda peer: None], ids=["reset", "closed"])
def test_a_refresh_token_lost_behind_a_proxy_may_have_been_spent(
    serve, files, proxied, deed, monkeypatch
):
    server, (proxy, http) = serve(deed, files), proxied()
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    with pytest.raises(AuthServerUnreachable) as told:
        refresh(http, server, files)
    assert told.value.sent
    assert server.requests == 1


def test_a_refresh_token_is_not_spent_by_a_proxy_that_makes_no_tunnel(
    serve, files, proxied, monkeypatch
):
    server, (proxy, http) = serve(reset, files), proxied(b"HTTP/1.1 503 No\r\n\r\n")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)

    with pytest.raises(AuthServerUnreachable) as told:
        refresh(http, server, files)
    assert not told.value.sent


def refresh(http: Outbound, server: Server, files: Certificates) -> None:
    origin = server.endpoint.removesuffix("/rest/")
    bundle = str(files.authority)
    oauth = OAuth(
        http,
        Bounded(threads=1),
        client_id="app",
        client_secrets=("secret",),
        servers=(origin,),
        ca_bundle=bundle,
    )
    oauth.refresh(origin, "a refresh token")
