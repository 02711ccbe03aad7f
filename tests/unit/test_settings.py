"""Every setting: its default, and one clear line when it is wrong."""

import base64
from concurrent.futures import ThreadPoolExecutor

import pytest

from b24app.errors import ConfigurationError
from b24app.settings import Settings, socket_path

KEY = base64.urlsafe_b64encode(b"k" * 32).decode()
GOOD = {
    "B24_CLIENT_ID": "local.6710f3a2b4c5d8.19283746",
    "B24_CLIENT_SECRET": "secret of the application",
    "APP_URL": "https://b24app.example.com",
    "SECRET_KEY": "a long enough secret",
    "TOKEN_KEYS": KEY,
}


def test_the_defaults_are_those_of_the_contract(tmp_path):
    settings = Settings.from_env(GOOD, tmp_path)

    assert settings.auth_servers == ("https://oauth.bitrix.info", "https://oauth.bitrix24.tech")
    assert settings.redis_url == f"unix://{socket_path(tmp_path)}"
    assert settings.queue_redis_url == settings.redis_url
    assert (settings.port, settings.web_threads) == (8000, 16)
    assert (settings.log_level, settings.log_format) == ("INFO", "json")
    assert not settings.sandbox


@pytest.mark.parametrize("name", GOOD)
def test_a_missing_value_is_named(name, tmp_path):
    values = {key: value for key, value in GOOD.items() if key != name}

    with pytest.raises(ConfigurationError, match=f"^{name} is missing$"):
        Settings.from_env(values, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("APP_URL", "http://b24app.example.com"),
        ("APP_URL", "https://b24app.example.com/path"),
        ("APP_URL", "b24app.example.com"),
        ("APP_URL", "https://[x"),
        ("B24_AUTH_SERVERS", "http://oauth.example.com"),
        ("B24_AUTH_SERVERS", ","),
        ("REDIS_URL", "memcached://x"),
        ("REDIS_URL", "redis"),
        ("QUEUE_REDIS_URL", "redis+cluster://a:1"),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY_FALLBACKS", "a"),
        ("APP_URL", "https://user:password@b24app.example.com"),
        ("APP_URL", "https://b24 app.example.com"),
        ("TOKEN_KEYS", "not base64!"),
        ("TOKEN_KEYS", base64.urlsafe_b64encode(b"short").decode()),
        ("B24_SANDBOX", "yes"),
        ("REQUESTS_CA_BUNDLE", "/nowhere/authorities.pem"),
        ("SSL_CERT_FILE", "/nowhere/authorities.pem"),
        ("PORT", "0"),
        ("PORT", "http"),
        ("PORT", "٣"),
        ("WEB_CONCURRENCY", "-1"),
        ("WEB_THREADS", "many"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_wrong_value_stops_the_start_with_one_line_that_names_it(name, value, tmp_path):
    with pytest.raises(ConfigurationError) as stopped:
        Settings.from_env(GOOD | {name: value}, tmp_path)

    assert str(stopped.value).startswith(name)
    assert "\n" not in str(stopped.value)


@pytest.mark.parametrize("secret", ["B24_CLIENT_SECRET", "SECRET_KEY", "TOKEN_KEYS"])
def test_a_secret_does_not_show_in_the_settings(secret, tmp_path):
    assert GOOD[secret] not in repr(Settings.from_env(GOOD, tmp_path))


@pytest.mark.parametrize(
    "url",
    [
        "redis://:password@store.example.com:6379/2",
        "rediss://store.example.com",
        "unix:///run/store.sock?db=1",
        "redis+sentinel://one:26379,two:26379/mymaster/0",
        "redis+sentinel://:password@one,two/mymaster",
    ],
)
def test_any_kind_of_store_is_accepted(url, tmp_path):
    assert Settings.from_env(GOOD | {"REDIS_URL": url}, tmp_path).queue_redis_url == url


def test_a_cluster_of_several_nodes_is_accepted(tmp_path):
    urls = {"REDIS_URL": "redis+cluster://a:1,b:2", "QUEUE_REDIS_URL": "redis://c"}

    assert Settings.from_env(GOOD | urls, tmp_path).redis_url == urls["REDIS_URL"]


def test_a_cluster_needs_a_queue_of_its_own(tmp_path):
    with pytest.raises(ConfigurationError, match=r"^QUEUE_REDIS_URL"):
        Settings.from_env(GOOD | {"REDIS_URL": "redis+cluster://a:1"}, tmp_path)


def test_the_sandbox_makes_its_keys_once_even_when_many_start_together(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: Settings.from_env({"B24_SANDBOX": "1"}, tmp_path), range(8))
        )

    assert len({settings.client_secret for settings in found}) == 1
    assert len({settings.token_keys for settings in found}) == 1
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


def test_a_deep_data_folder_gets_a_short_socket(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)

    assert len(str(socket_path(deep))) < 100
    assert socket_path(deep) != socket_path(deep / "other")
