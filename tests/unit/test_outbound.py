"""Where we may connect to."""

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
    ],
)
@pytest.mark.parametrize("private", [False, True])
def test_this_machine_and_metadata_services_are_never_reached(address, private):
    assert not Guard(private=private).allows(address)


@pytest.mark.parametrize("address", ["10.0.0.5", "192.168.1.7", "172.16.0.1", "fd12::7"])
def test_private_addresses_only_when_portals_live_there(address):
    assert not Guard().allows(address)
    assert Guard(private=True).allows(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1"])
def test_public_addresses_are_fine(address):
    assert Guard().allows(address)


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
