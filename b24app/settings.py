"""Every setting of the application: read from the environment once, refused when wrong."""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, urlsplit

from b24app.errors import ConfigurationError

VAR: Final = Path(__file__).resolve().parent.parent / "var"
# What everything that is told to stop has for what it has in hand, where we start it.
STOP_SECONDS: Final = 60
AUTH_SERVERS: Final = "https://oauth.bitrix.info,https://oauth.bitrix24.tech"
REDIS_SCHEMES: Final = ("redis", "rediss", "unix", "redis+sentinel", "redis+cluster")
QUEUE_SCHEMES: Final = ("redis", "rediss", "unix", "redis+sentinel")
SOCKET_PATH_MAX: Final = 100
HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
CA_BUNDLE: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
GENERATED: Final[dict[str, Callable[[], str]]] = {
    "B24_CLIENT_ID": lambda: f"app.{secrets.token_hex(7)}.{secrets.randbelow(90000000) + 10000000}",
    "B24_CLIENT_SECRET": lambda: secrets.token_urlsafe(36),
    "SECRET_KEY": lambda: secrets.token_urlsafe(32),
    "TOKEN_KEYS": lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
}


@dataclass(frozen=True)
class Settings:
    """All settings, checked. ``token_keys`` are raw 32-byte keys, newest first."""

    client_id: str
    client_secret: str = field(repr=False)
    client_secret_previous: str = field(repr=False)
    app_url: str
    auth_servers: tuple[str, ...]
    redis_url: str = field(repr=False)
    queue_redis_url: str = field(repr=False)
    secret_key: str = field(repr=False)
    secret_key_fallbacks: tuple[str, ...] = field(repr=False)
    token_keys: tuple[bytes, ...] = field(repr=False)
    sandbox: bool
    port: int
    web_concurrency: int
    web_threads: int
    log_level: str
    log_format: str
    private_portals: bool
    ca_bundle: str
    proxy: str = field(repr=False)
    no_proxy: str
    embedded_store: bool
    var: Path

    @classmethod
    def from_env(cls, environ: Mapping[str, str], var: Path = VAR) -> Settings:
        """Read the settings; raises ConfigurationError with one line that names the variable.

        In the sandbox missing keys are generated once and kept in ``var/keys.json``.
        """
        values = {name: value.strip() for name, value in environ.items() if value.strip()}
        sandbox = _flag(values, "B24_SANDBOX")
        if sandbox:
            values = generated_keys(var) | values
        redis_url = _redis_url(values, "REDIS_URL", REDIS_SCHEMES) or embedded_url(var)
        queue_url = _redis_url(values, "QUEUE_REDIS_URL", QUEUE_SCHEMES) or redis_url
        if queue_url.startswith("redis+cluster:"):
            raise ConfigurationError("QUEUE_REDIS_URL must be set when REDIS_URL is a cluster")
        port = _number(values, "PORT", 8000, 1, 65535)
        default_url = f"http://127.0.0.1:{port}" if sandbox else ""
        return cls(
            client_id=_required(values, "B24_CLIENT_ID"),
            client_secret=_required(values, "B24_CLIENT_SECRET"),
            client_secret_previous=values.get("B24_CLIENT_SECRET_PREVIOUS", ""),
            app_url=_origin("APP_URL", values.get("APP_URL") or default_url, sandbox),
            auth_servers=_auth_servers(values.get("B24_AUTH_SERVERS", AUTH_SERVERS), sandbox),
            redis_url=redis_url,
            queue_redis_url=queue_url,
            secret_key=_secret(values, "SECRET_KEY"),
            secret_key_fallbacks=_fallbacks(values.get("SECRET_KEY_FALLBACKS", "")),
            token_keys=_token_keys(_required(values, "TOKEN_KEYS")),
            sandbox=sandbox,
            port=port,
            web_concurrency=_number(values, "WEB_CONCURRENCY", os.cpu_count() or 1, 1, 256),
            web_threads=_number(values, "WEB_THREADS", 16, 1, 1024),
            log_level=_choice(values, "LOG_LEVEL", "INFO", LOG_LEVELS),
            log_format=_choice(values, "LOG_FORMAT", "json", ("json", "text")),
            private_portals=_flag(values, "B24_PRIVATE_PORTALS"),
            ca_bundle=_ca_bundle(values),
            proxy=_first(values, "HTTPS_PROXY", "https_proxy"),
            no_proxy=_first(values, "NO_PROXY", "no_proxy"),
            embedded_store="REDIS_URL" not in values,
            var=var,
        )


def embedded_url(var: Path) -> str:
    """Address of the embedded Valkey of the data folder ``var``."""
    return f"unix://{socket_path(var)}"


def socket_path(var: Path) -> Path:
    """Where the embedded Valkey listens.

    A socket's path may have about 100 bytes; a deeper data folder gets a short one of its own.
    """
    path = var.resolve() / "valkey" / "valkey.sock"
    if len(os.fsencode(path)) < SOCKET_PATH_MAX:
        return path
    name = hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"b24app-{os.getuid()}-{name}" / "valkey.sock"


def generated_keys(var: Path) -> dict[str, str]:
    """The sandbox's keys, made at the first call and kept readable by their owner only.

    Safe when several processes start at once: the first one to lock the file writes it.
    """
    var.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(var / "keys.json", os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        kept: dict[str, str] = json.loads(file.read() or "{}")
        missing = {name: make() for name, make in GENERATED.items() if name not in kept}
        if missing:
            kept |= missing
            file.seek(0)
            file.write(json.dumps(kept, indent=2))
            file.truncate()
    return kept


def _first(values: Mapping[str, str], *names: str) -> str:
    return next((values[name] for name in names if name in values), "")


def _ca_bundle(values: Mapping[str, str]) -> str:
    """A file or folder of certificate authorities, under any of the usual names."""
    for name in CA_BUNDLE:
        if name in values:
            if not os.access(values[name], os.R_OK):
                raise ConfigurationError(f"{name} names a file that cannot be read")
            return values[name]
    return ""


def _required(values: Mapping[str, str], name: str) -> str:
    if name not in values:
        raise ConfigurationError(f"{name} is missing")
    return values[name]


def _secret(values: Mapping[str, str], name: str) -> str:
    value = _required(values, name)
    if len(value) < 16:
        raise ConfigurationError(f"{name} is shorter than 16 characters")
    return value


def _fallbacks(text: str) -> tuple[str, ...]:
    return tuple(
        _secret({"SECRET_KEY_FALLBACKS": key}, "SECRET_KEY_FALLBACKS") for key in _list(text)
    )


def _flag(values: Mapping[str, str], name: str) -> bool:
    return _choice(values, name, "0", ("0", "1")) == "1"


def _choice(values: Mapping[str, str], name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = values.get(name, default)
    for option in allowed:
        if value.lower() == option.lower():
            return option
    raise ConfigurationError(f"{name} must be one of {', '.join(allowed)}")


def _number(values: Mapping[str, str], name: str, default: int, low: int, high: int) -> int:
    text = values.get(name, str(default))
    if not (text.isascii() and text.isdigit()) or not low <= int(text) <= high:
        raise ConfigurationError(f"{name} must be a whole number from {low} to {high}")
    return int(text)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _origin(name: str, text: str, sandbox: bool) -> str:
    """An origin without path; https, or http as well in the sandbox."""
    if not text:
        raise ConfigurationError(f"{name} is missing")
    parts = _split(name, text)
    schemes = ("https", "http") if sandbox else ("https",)
    bare = not (parts.path.strip("/") or parts.query or parts.fragment)
    if parts.scheme not in schemes or not HOST.fullmatch(parts.netloc) or not bare:
        raise ConfigurationError(f"{name} must be an origin such as https://b24app.example.com")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _auth_servers(text: str, sandbox: bool) -> tuple[str, ...]:
    servers = tuple(_origin("B24_AUTH_SERVERS", part, sandbox) for part in _list(text))
    if not servers:
        raise ConfigurationError("B24_AUTH_SERVERS names no server")
    return servers


def _redis_url(values: Mapping[str, str], name: str, schemes: tuple[str, ...]) -> str:
    url = values.get(name, "")
    scheme, separator, _ = url.partition("://")
    if url and (scheme not in schemes or not separator):
        raise ConfigurationError(f"{name} must start with one of {', '.join(schemes)} and ://")
    if "+" not in scheme:  # those with a plus name several nodes, which no address does
        _split(name, url)
    return url


def _split(name: str, text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError as exc:
        raise ConfigurationError(f"{name} is not an address") from exc
    return parts


def _token_keys(text: str) -> tuple[bytes, ...]:
    keys = []
    for part in _list(text):
        try:
            key = base64.b64decode(part.encode(), altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as exc:
            raise ConfigurationError("TOKEN_KEYS holds a key that is not url-safe base64") from exc
        if len(key) != 32:
            raise ConfigurationError("TOKEN_KEYS holds a key that is not 32 bytes long")
        keys.append(key)
    if not keys:
        raise ConfigurationError("TOKEN_KEYS holds no key")
    return tuple(keys)
