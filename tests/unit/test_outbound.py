"""Where we may connect to."""

import socket
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
        rows = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in ("127.0.0.2", "127.0.0.1")
        ]
        real = socket.getaddrinfo

        def found(host: str, *args: object, **options: object) -> object:
            return rows if host == "portal.example" else real(host, *args, **options)

        monkeypatch.setattr("socket.getaddrinfo", found)
        with outbound(guard=Anywhere()) as http, ThreadPoolExecutor(1) as pool:
            call = pool.submit(wire.post, http, f"https://portal.example:{port}/", {}, seconds=5)
            peer, _ = listener.accept()
            peer.close()
            assert isinstance(call.exception(5), wire.NoAnswer)


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
