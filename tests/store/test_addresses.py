"""What an address of the store may say, whom TLS trusts, and what hangs is not asked again."""

import socket

import pytest

from b24app.errors import ConfigurationError, StoreUnavailable
from b24app.store import Counters
from b24app.store.server import open_redis
from tests.ports import free_port
from tests.store.certificates import make_certificates


def counted(url):
    """What the store says of the counters, as any process would ask it."""
    with open_redis(url, "REDIS_URL", decode=True) as client:
        return Counters(client).all()


def test_a_private_authority_may_come_from_the_environment(start, monkeypatch):
    url, _, authority = start("behind-tls").url.partition("?ssl_ca_certs=")
    start("behind-tls").empty()
    monkeypatch.setenv("SSL_CERT_FILE", authority)

    assert counted(url) == {}


def test_a_server_of_an_unknown_authority_is_not_spoken_to(start, tmp_path):
    url, _, _ = start("behind-tls").url.partition("?ssl_ca_certs=")
    others = make_certificates(tmp_path)

    for address in (url, f"{url}?ssl_ca_certs={others.authority}"):
        with pytest.raises(StoreUnavailable):
            counted(address)


def test_a_server_of_another_name_is_not_spoken_to(start):
    url = start("behind-tls").url.replace("127.0.0.1", "localhost")

    with pytest.raises(StoreUnavailable):
        counted(url)


@pytest.mark.parametrize(
    "url",
    [
        "redis://store.example.com?nonsense=1",
        "redis://store.example.com?db=first",
        "rediss://store.example.com?ssl_cert_reqs=perhaps",
        "redis+sentinel://one,two",
        "redis+sentinel://one:port/primary",
        "redis+sentinel://one/primary?nonsense=1",
        "redis+cluster://one?db=first",
    ],
)
def test_an_address_that_cannot_work_stops_the_start(url):
    with pytest.raises(ConfigurationError, match=r"^REDIS_URL "):
        open_redis(url, "REDIS_URL", decode=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]"])
def test_a_sentinel_may_have_any_kind_of_address(host):
    url = f"redis+sentinel://{host}:{free_port()}/primary"

    with pytest.raises(StoreUnavailable):
        counted(url)


def test_a_cluster_that_is_away_stops_the_start_with_one_line():
    with pytest.raises(ConfigurationError, match=r"^REDIS_URL: no node of the cluster answers$"):
        open_redis(f"redis+cluster://127.0.0.1:{free_port()}", "REDIS_URL", decode=True)


def test_a_store_that_hangs_is_asked_once():
    """It takes connections and says nothing, as after a host was cut off."""
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        url = f"redis://127.0.0.1:{hanging.getsockname()[1]}?socket_timeout=0.2"
        with pytest.raises(StoreUnavailable):
            counted(url)
        hanging.setblocking(False)
        hanging.accept()[0].close()

        with pytest.raises(BlockingIOError):
            hanging.accept()
