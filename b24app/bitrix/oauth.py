"""Calls to the authorization server: exchange a code, refresh a pair, ask who a token is.

The server is always one of the operator's list; a name from outside never picks another.
Platform facts: b24restdocs: settings/oauth/*.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

from b24app.bitrix import inbound, wire
from b24app.bitrix.bounded import Bounded
from b24app.errors import AuthServerRefused, AuthServerUnreachable, Unproven
from b24app.records import Tokens

SILENCE_SECONDS: Final = 10
# A second question is given this much at least, however long the first has taken.
SHORTEST: Final = 2.0
MOST_SECONDS: Final = 24 * 3600  # no access token is believed to live longer
# What the library, and we, may stumble over in a body that is not what was agreed.
UNREADABLE: Final = (
    requests.RequestException,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
CODE: Final = re.compile(r"[a-z0-9_]{1,64}")


@dataclass(frozen=True)
class Grant:
    """A token pair with what the authorization server says about it."""

    tokens: Tokens = field(repr=False)
    member_id: str
    client_endpoint: str
    server: str
    scope: tuple[str, ...]
    status: str


@dataclass(frozen=True)
class AppInfo:
    """What ``app.info`` of the authorization server says of an access token."""

    client_id: str
    member_id: str
    user_id: int
    domain: str
    client_endpoint: str
    server: str
    scope: tuple[str, ...]
    status: str
    installed: bool


class OAuth:
    """The authorization servers of the operator's list, the first is the default."""

    def __init__(
        self,
        http: urllib3.PoolManager,
        adapter: Bounded,
        *,
        client_id: str,
        client_secrets: tuple[str, ...],
        servers: tuple[str, ...],
        plain_http: bool = False,
        ca_bundle: str = "",
    ) -> None:
        """``adapter`` leads to the token endpoint, and says how long and big any answer may be.

        ``ca_bundle`` is the file or folder of authorities to trust, else the library's own.
        """
        self._http = http
        self._adapter = adapter
        self._client_id = client_id
        self._client_secrets = client_secrets
        self._secret_in_use = 0
        self._plain_http = plain_http
        self._ca_bundle = ca_bundle
        self.servers = servers

    def server_of(self, endpoint: str) -> str:
        """The listed server an endpoint such as ``https://oauth.bitrix.info/rest/`` is on.

        Raises Unproven for any other host: it is not dialled.
        """
        for server in self.servers:
            if _origin(endpoint) == server:
                return server
        raise Unproven("authorization server is not on the list")

    def exchange(self, server: str, code: str) -> Grant:
        """Trade a code (30 s, once) for a pair.

        Raises AuthServerRefused, AuthServerUnreachable.
        """
        return self._grant(server, grant_type="authorization_code", code=code)

    def refresh(self, server: str, refresh_token: str) -> Grant:
        """Spend a refresh token for a new pair; assume the old one is worth nothing afterwards.

        Raises AuthServerRefused; AuthServerUnreachable, whose ``sent`` says whether the token may
        have been spent all the same.
        """
        return self._grant(server, grant_type="refresh_token", refresh_token=refresh_token)

    def _grant(self, server: str, **params: str) -> Grant:
        """Ask with the client secret that worked last, and with the other one when refused.

        So a rotation of the secret costs one refusal, whichever side changes first.
        ``wrong_client`` is a refusal of the client id, which no other secret mends. Both share
        the time that one answer has.
        """
        whole = self._adapter.whole
        until = time.monotonic() + whole
        first = self._secret_in_use
        others = [index for index in range(len(self._client_secrets)) if index != first]
        for index in (first, *others):
            try:
                left = max(min(SHORTEST, whole), until - time.monotonic())
                grant = self._ask(server, self._client_secrets[index], params, left)
            except AuthServerRefused as exc:
                if exc.code != "invalid_client":
                    raise
                refusal = exc
            else:
                self._secret_in_use = index
                return grant
        raise refusal

    def _ask(self, server: str, secret: str, params: Mapping[str, str], seconds: float) -> Grant:
        session = OAuth2Session(
            self._client_id,
            secret,
            token_endpoint_auth_method="client_secret_post",  # noqa: S106 a method's name
        )
        session.mount("https://", self._adapter)
        session.mount("http://", self._adapter)
        try:
            body = session.fetch_token(
                f"{server}/oauth/token/",
                timeout=(wire.CONNECT_SECONDS, SILENCE_SECONDS, seconds),
                allow_redirects=False,
                # The library itself reads only some of the variables that may name it.
                verify=self._ca_bundle or True,
                **params,
            )
        except OAuthError as exc:  # also an error body that came with status 200
            raise AuthServerRefused(plain_code(exc.error)) from exc
        except UNREADABLE as exc:
            raise AuthServerUnreachable(type(exc).__name__, sent=_was_sent(exc)) from exc
        return self._read_grant(body, server)

    def _read_grant(self, body: Mapping[str, Any], server: str) -> Grant:
        try:
            expires_in = min(_integer(body.get("expires_in")) or 3600, MOST_SECONDS)
            return Grant(
                tokens=Tokens(
                    access=_token(body["access_token"]),
                    refresh=_token(body["refresh_token"]),
                    expires_at=int(time.time()) + expires_in,
                ),
                member_id=_member_id(body["member_id"]),
                client_endpoint=self.portal_endpoint(body["client_endpoint"]),
                server=server,
                scope=read_scope(body.get("scope")),
                status=str(body.get("status", ""))[:1],
            )
        except UNREADABLE as exc:
            raise AuthServerUnreachable("a token answer without its fields") from exc

    def app_info(self, server: str, access_token: str) -> AppInfo:
        """Whose token this is (b24pysdk: api/responses/bitrix_app_info_response.py).

        Raises AuthServerRefused when the server does not know it, AuthServerUnreachable.
        """
        try:
            answer = wire.post(
                self._http,
                f"{server}/rest/app.info",
                {"auth": access_token},
                seconds=SILENCE_SECONDS,
                whole=self._adapter.whole,
                most=self._adapter.most,
            )
        except (wire.NoAnswer, wire.Moved) as exc:
            raise AuthServerUnreachable(str(exc)) from exc
        if "error" in answer.body:
            raise AuthServerRefused(plain_code(answer.body["error"]))
        try:
            return self._read_app_info(answer.body["result"], server)
        except (KeyError, TypeError, ValueError, OverflowError) as exc:
            raise AuthServerUnreachable("an app.info answer without its fields") from exc

    def _read_app_info(self, result: Mapping[str, Any], server: str) -> AppInfo:
        install = result["install"]
        return AppInfo(
            client_id=str(result["client_id"]),
            member_id=_member_id(install["member_id"]),
            user_id=int(result["user_id"]),
            domain=str(install["domain"]).lower(),
            client_endpoint=self.portal_endpoint(install["client_endpoint"]),
            server=server,
            scope=read_scope(result.get("scope") or install.get("scope")),
            status=str(install.get("status", ""))[:1],
            installed=bool(install.get("installed")),
        )

    def portal_endpoint(self, value: object) -> str:
        """A portal's REST base in one spelling, ``https://portal/rest/``; raises ValueError."""
        parts = urlsplit(str(value))
        schemes = ("https", "http") if self._plain_http else ("https",)
        host = parts.netloc.lower()
        if parts.scheme not in schemes or not inbound.DOMAIN.fullmatch(host):
            raise ValueError("not a portal's endpoint")
        return f"{parts.scheme}://{host}/rest/"


def _was_sent(error: Exception) -> bool:
    """Whether the server may have acted: not when there never was a connection to it."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return False
    cause = error.args[0] if error.args else None
    return wire.was_sent(getattr(cause, "reason", cause))


def plain_code(value: object) -> str:
    """An error code fit for a log line: lower-case, ``unknown`` for anything odd."""
    code = str(value).lower()
    return code if CODE.fullmatch(code) else "unknown"


def read_scope(value: object) -> tuple[str, ...]:
    """Scopes, separated by commas or spaces, in order and without repeats."""
    return tuple(dict.fromkeys(part for part in re.split(r"[,\s]+", str(value or "")) if part))


def _origin(endpoint: str) -> str:
    try:
        parts = urlsplit(endpoint)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _member_id(value: object) -> str:
    if not inbound.MEMBER_ID.fullmatch(str(value)):
        raise ValueError("not a member id")
    return str(value).lower()


def _token(value: object) -> str:
    if not isinstance(value, str) or not value or not (value.isascii() and value.isprintable()):
        raise ValueError("not a token")
    return value


def _integer(value: object) -> int:
    text = str(value)
    return int(text[:18]) if text.isascii() and text.isdigit() else 0
