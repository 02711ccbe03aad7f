"""The authorization server: codes, token pairs, renewals, and proof of a token by app.info."""

import hmac
import secrets
import time
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, current_app, g, request

from sandbox import replies
from sandbox.faults import TOKEN_ERRORS
from sandbox.records import Code, Grant, Portal
from sandbox.world import World

blueprint = Blueprint("oauth", __name__)

ACCESS_SECONDS = 3600
REFRESH_SECONDS = 180 * 24 * 3600
CODE_SECONDS = 30

AFTER_THE_WORK = ("lost", "stall")


class TokenRefused(Exception):
    """The token endpoint says no: `code` of TOKEN_ERRORS and, if need be, another text."""

    def __init__(self, code: str, text: str | None = None) -> None:
        self.code = code
        self.status, usual = TOKEN_ERRORS[code]
        self.text = text or usual
        super().__init__(code)


def mint(
    world: World, portal: Portal, user_id: int, *, client_id: str | None = None, hops: int = 7
) -> Grant:
    """A new pair for this user, of our application unless `client_id` names another one.

    Earlier pairs stay as they are. `hops` is how long a chain of events the token may cause.
    """
    now = world.now()
    grant = Grant(
        access=secrets.token_hex(36),
        refresh=secrets.token_hex(36),
        client_id=client_id or world.card.client_id,
        member_id=portal.member_id,
        user_id=user_id,
        expires=int(now) + ACCESS_SECONDS,
        refresh_expires=int(now) + REFRESH_SECONDS,
        hops=hops,
    )
    world.add_grant(grant)
    return grant


def make_code(world: World, portal: Portal, user_id: int) -> str:
    """An authorization code of our application for this user: thirty seconds, one use."""
    code = Code(
        code=secrets.token_hex(36),
        client_id=world.card.client_id,
        member_id=portal.member_id,
        user_id=user_id,
        expires=world.now() + CODE_SECONDS,
    )
    with world.lock:
        world.codes[code.code] = code
        world.save()
    return code.code


def scope_of(world: World, portal: Portal, client_id: str) -> list[str]:
    """The scope granted to an application on a portal, `basic` not named."""
    install = portal.installs.get(client_id)
    if install is not None and install.scope:
        return install.scope
    return world.card.scope if client_id == world.card.client_id else []


def revoke(world: World, portal: Portal, client_id: str) -> None:
    """Kill every token and code of an application on a portal: what an uninstall does."""
    with world.lock:
        for grant in world.grants.values():
            if (grant.member_id, grant.client_id) == (portal.member_id, client_id):
                grant.revoked = True
        for code in world.codes.values():
            if (code.member_id, code.client_id) == (portal.member_id, client_id):
                code.used = True


def expire_access_tokens(world: World, portal: Portal, user_id: int | None = None) -> None:
    """Let the access tokens of a portal, or of one user of it, be expired from now on.

    Refresh tokens stay good.
    """
    with world.lock:
        for grant in world.grants.values():
            if grant.member_id == portal.member_id and user_id in (None, grant.user_id):
                grant.expires = min(grant.expires, int(world.now()) - 1)
        world.save()


def kill_refresh_tokens(world: World, portal: Portal, user_id: int | None = None) -> None:
    """Make the refresh tokens of a portal, or of one user of it, good for nothing."""
    with world.lock:
        for grant in world.grants.values():
            if grant.member_id == portal.member_id and user_id in (None, grant.user_id):
                grant.refresh_expires = 0
        world.save()


@blueprint.route("/oauth/token/", methods=["GET", "POST"])
@blueprint.route("/oauth/token", methods=["GET", "POST"])
def token() -> Response:
    world: World = current_app.extensions["world"]
    if g.portal is not None:
        return replies.not_here()
    if world.faults.token_delay:
        time.sleep(world.faults.token_delay)
    fault = world.faults.take_token()
    try:
        if fault in TOKEN_ERRORS:
            raise TokenRefused(fault)
        if fault == "hold":
            world.faults.wait_at_gate()
        elif fault and fault not in AFTER_THE_WORK:
            return replies.broken(fault)
        body = exchange(world, request.values.to_dict())
    except TokenRefused as refused:
        with world.lock:
            world.refused_renewals += request.values.get("grant_type") == "refresh_token"
        return _refusal(refused)
    if fault == "stall":
        world.faults.wait_at_gate()
    return replies.broken("drop") if fault == "lost" else replies.json_reply(body)


def _refusal(refused: TokenRefused) -> Response:
    body = {"error": refused.code}
    if refused.text:
        body["error_description"] = refused.text
    return replies.json_reply(body, refused.status)


def exchange(world: World, form: dict[str, str]) -> dict[str, Any]:
    """The answer of the token endpoint to these parameters. Raises TokenRefused."""
    client_id = form.get("client_id", "")
    if not client_id:
        raise TokenRefused("invalid_request", 'No "client_id" parameter found')
    secret = world.secret_of(client_id)
    if secret is None:
        raise TokenRefused("wrong_client")
    if not hmac.compare_digest(secret.encode(), form.get("client_secret", "").encode()):
        raise TokenRefused("invalid_client")
    match form.get("grant_type"):
        case "authorization_code":
            return _by_code(world, client_id, form.get("code", ""))
        case "refresh_token":
            return _by_refresh(world, client_id, form.get("refresh_token", ""))
    raise TokenRefused("invalid_request", 'Invalid "grant_type" parameter')


def _by_code(world: World, client_id: str, code: str) -> dict[str, Any]:
    if not code:
        raise TokenRefused("invalid_request", 'No "code" parameter found')
    with world.lock:
        row = world.codes.get(code)
        if row is None or row.client_id != client_id or row.used or row.expires < world.now():
            raise TokenRefused("invalid_grant", "Invalid or expired code")
        row.used = True
        portal = _installed(world, row.member_id, client_id)
        grant = mint(world, portal, row.user_id, client_id=client_id)
    return _pair(world, portal, grant)


def _by_refresh(world: World, client_id: str, refresh: str) -> dict[str, Any]:
    if not refresh:
        raise TokenRefused("invalid_request")
    with world.lock:
        grant = world.grant_by_refresh(refresh)
        if grant is None or grant.client_id != client_id:
            raise TokenRefused("invalid_grant")
        portal = _installed(world, grant.member_id, client_id)
        owner = portal.person(grant.user_id)  # a bot has tokens, too
        if grant.revoked or owner is None or not owner.is_active:
            raise TokenRefused("invalid_grant")
        if grant.refresh_expires < world.now() or not _may_renew(world, grant):
            raise TokenRefused("invalid_grant")
        if not grant.spent:
            grant.spent, grant.spent_at = True, world.now()
        fresh = mint(world, portal, grant.user_id, client_id=client_id)
        world.renewals += 1
    body = _pair(world, portal, fresh)
    return body | {"expires": fresh.expires, "user_id": fresh.user_id}


def _may_renew(world: World, grant: Grant) -> bool:
    """A refresh token works once, except within the grace or when the world is lenient."""
    if not grant.spent or world.faults.lenient_refresh:
        return True
    return world.now() - grant.spent_at < world.faults.refresh_grace


def _installed(world: World, member_id: str, client_id: str) -> Portal:
    portal = world.portal_by_member(member_id)
    install = portal.installs.get(client_id) if portal else None
    if portal is None or install is None or not install.active:
        raise TokenRefused(
            "NOT_INSTALLED" if world.profile == "source" else "invalid_client",
            "Application not installed",
        )
    if install.payment_expired:
        raise TokenRefused("PAYMENT_REQUIRED")
    return portal


def _pair(world: World, portal: Portal, grant: Grant) -> dict[str, Any]:
    return {
        "access_token": grant.access,
        "refresh_token": grant.refresh,
        "expires_in": ACCESS_SECONDS,
        "client_endpoint": f"http://{portal.host}/rest/",
        "server_endpoint": f"http://{world.auth_host}/rest/",
        "domain": world.auth_host,
        "member_id": portal.member_id,
        "scope": ",".join(scope_of(world, portal, grant.client_id)),
        "status": world.card.status,
    }


def app_info(world: World, access: str) -> dict[str, Any]:
    """What the authorization server tells of an access token, as the `result` of app.info.

    Raises replies.RestError: NO_AUTH_FOUND, invalid_client, expired_token, ERROR_OAUTH.
    """
    with world.lock:
        world.proofs += 1
        grant = world.grants.get(access)
    if not access:
        raise replies.RestError("NO_AUTH_FOUND", "Wrong authorization data", 401)
    portal = world.portal_by_member(grant.member_id) if grant else None
    if grant is None or portal is None:
        raise replies.RestError("invalid_client", "Invalid client", 400)
    install = portal.installs.get(grant.client_id)
    if install is None or not install.active or grant.revoked:
        raise replies.RestError("ERROR_OAUTH", "Application not installed", 401)
    if grant.expires < world.now():
        raise replies.RestError("expired_token", "The access token provided has expired", 401)
    scope = ",".join(scope_of(world, portal, grant.client_id))
    return {
        "client_id": grant.client_id,
        "scope": scope,
        "expires": datetime.fromtimestamp(grant.expires, UTC).isoformat(),
        "user_id": grant.user_id,
        "install": {
            "installed": install.installed,
            "version": install.version,
            "status": world.card.status,
            "scope": scope,
            "domain": portal.host,
            "uri": f"http://{portal.host}/",
            "client_endpoint": f"http://{portal.host}/rest/",
            "member_id": portal.member_id,
            "member_type": "cloud",
        },
    }
