"""Where we may connect to."""

import contextlib
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from b24app.bitrix import wire
from b24app.bitrix.outbound import Guard, Outbound


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "169.254.169.254",
        "fe80::1%eth0",
        "0.0.0.0",
        "224.0.0.1",
        "100.100.100.200",
        "fd00:ec2::254",
        "168.63.129.16",
        "192.0.0.192",
        "fd20:ce::254",
        "64:ff9b::a83f:8110",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_this_machine_and_metadata_services_are_never_reached(address, private):
    assert not Guard(private=private).allows(address)


@pytest.mark.parametrize(
    "address", ["10.0.0.5", "192.168.1.7", "172.16.0.1", "100.64.0.9", "fd12::7", "64:ff9b::a00:5"]
)
def test_private_addresses_only_when_portals_live_there(address):
    assert not Guard().allows(address)
    assert Guard(private=True).allows(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_fine(address):
    assert Guard().allows(address)


class Anywhere(Guard):
    """For a server of this machine."""

    def allows(self, address: str) -> bool:
        return True


def outbound(**options: object) -> Outbound:
    defaults: dict[str, object] = {
        "guard": Guard(),
        "threads": 2,
        "ca_bundle": "",
        "proxy": "",
        "no_proxy": "",
    }
    return Outbound(**defaults | options)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_a_name_that_leads_inside_is_not_connected_to(host):
    with outbound() as http, pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, f"https://{host}:9/rest/profile.json", {})

    assert not refused.value.sent
    assert "not allowed" in str(refused.value.__cause__)


@pytest.mark.parametrize("url", ["http://93.184.216.34/rest/", "HTTP://a.example/", "ftp://a/"])
@pytest.mark.parametrize("proxy", ["", "http://127.0.0.1:9"])
def test_nothing_goes_without_tls(url, proxy):
    with outbound(proxy=proxy) as http, pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, url, {"auth": "a secret"})

    assert not refused.value.sent
    assert isinstance(refused.value.__cause__, urllib3.exceptions.URLSchemeUnknown)


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "nowhere.invalid", ""])
def test_a_name_that_leads_nowhere_means_that_nothing_was_sent(host):
    with outbound() as http, pytest.raises(wire.NoAnswer) as refused:
        wire.post(http, f"https://{host}/rest/profile.json", {})

    assert not refused.value.sent


def test_every_allowed_address_of_a_name_is_tried(monkeypatch):
    """The first may be of a net that this machine cannot reach."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        leads_to(monkeypatch, port, ["127.0.0.2", "127.0.0.1"])
        with outbound(guard=Anywhere()) as http, ThreadPoolExecutor(1) as pool:
            call = pool.submit(wire.post, http, f"https://portal.example:{port}/", {}, seconds=5)
            peer, _ = listener.accept()
            peer.close()
            assert isinstance(call.exception(5), wire.NoAnswer)


@pytest.fixture
def deaf() -> Iterator[int]:
    """A port at which every address from 127.0.0.2 on lets connections wait for ever."""
    with contextlib.ExitStack() as stack:
        port = 0
        for number in range(2, 10):
            address = (f"127.0.0.{number}", port)
            port = stack.enter_context(full(address)).getsockname()[1]
        yield port


@contextlib.contextmanager
def full(address: tuple[str, int]) -> Iterator[socket.socket]:
    """A listener whose queue takes nobody any more."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener


def leads_to(monkeypatch: pytest.MonkeyPatch, port: int, addresses: list[str]) -> None:
    """The name portal.example has these addresses."""
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port)) for name in addresses]
    real = socket.getaddrinfo

    def found(host: str, *args: object, **options: object) -> object:
        return rows if host == "portal.example" else real(host, *args, **options)

    monkeypatch.setattr("socket.getaddrinfo", found)


def test_all_addresses_of_a_name_together_have_the_time_of_one(monkeypatch, deaf):
    leads_to(monkeypatch, deaf, [f"127.0.0.{number}" for number in range(2, 10)])
    monkeypatch.setattr("b24app.bitrix.wire.CONNECT_SECONDS", 0.4)
    monkeypatch.setattr("b24app.bitrix.connection.LEAST_SECONDS", 0.01)
    began = time.monotonic()

    with outbound(guard=Anywhere()) as http, pytest.raises(wire.NoAnswer) as silent:
        wire.post(http, f"https://portal.example:{deaf}/", {}, seconds=5)

    assert not silent.value.sent
    assert time.monotonic() - began < 8 * 0.4


def test_an_address_that_does_not_answer_leaves_time_for_the_next(monkeypatch, deaf):
    leads_to(monkeypatch, deaf, ["127.0.0.2", "127.0.0.1"])
    monkeypatch.setattr("b24app.bitrix.wire.CONNECT_SECONDS", 1)
    monkeypatch.setattr("b24app.bitrix.connection.LEAST_SECONDS", 0.01)
    with (
        socket.create_server(("127.0.0.1", deaf)) as listener,
        outbound(guard=Anywhere()) as http,
        ThreadPoolExecutor(1) as pool,
    ):
        call = pool.submit(wire.post, http, f"https://portal.example:{deaf}/", {}, seconds=5)
        listener.settimeout(5)
        peer, _ = listener.accept()
        peer.close()
        assert isinstance(call.exception(5), wire.NoAnswer)


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "127.0.0.1",
        "127.1",
        "0x7f000001",
        "2130706433",
        "10.0.0.5",
        "[::1]",
        "[::ffff:169.254.169.254]",
        "localhost",
        "Portal.LOCALHOST",
    ],
)
def test_a_proxy_is_not_asked_for_an_address_that_is_not_allowed(host):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with outbound(proxy=proxy) as http, pytest.raises(wire.NoAnswer) as refused:
            wire.post(http, f"https://{host}/rest/profile.json", {"auth": "a secret"})
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()

    assert not refused.value.sent


def test_a_proxy_is_asked_unless_the_host_is_excepted():
    with (
        outbound(proxy="http://127.0.0.1:9", no_proxy="direct.example") as http,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(http, "https://portal.example/rest/profile.json", {})
    assert isinstance(refused.value.__cause__, urllib3.exceptions.ProxyError)

    with (
        outbound(proxy="http://127.0.0.1:9", no_proxy="localhost") as http,
        pytest.raises(wire.NoAnswer) as refused,
    ):
        wire.post(http, "https://localhost:9/rest/profile.json", {})
    assert "not allowed" in str(refused.value.__cause__)
