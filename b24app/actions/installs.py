"""Install, admit, connect, uninstall: what happens at the door once the proof is there."""

from __future__ import annotations

import hmac
import time
from dataclasses import replace
from typing import Final
from urllib.parse import urlencode

from b24app.actions import tokens
from b24app.actions.proof import Claim, Visitor, client, identify, netloc, prove
from b24app.bitrix.inbound import Event
from b24app.bitrix.oauth import AppInfo, Grant
from b24app.bitrix.rest import Client
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    BadApplicationToken,
    NotAdmin,
    NotInstalled,
    Unproven,
)
from b24app.records import Actor, Chain, Installation, Tokens
from b24app.resources import Resources

SUBSCRIPTIONS: Final = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL")
ACCESS_SECONDS: Final = 3600
GONE: Final = frozenset({"no_chain", "not_installed", "error_oauth"})


def install(resources: Resources, claim: Claim) -> Visitor:
    """Store the portal as installed and subscribe to its life-cycle events; safe to repeat.

    Raises Unproven, NotAdmin; then nothing was stored. Also PortalUnreachable,
    AuthServerUnreachable, StoreUnavailable.
    """
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access)
    if not actor.is_admin:
        raise NotAdmin(f"user {actor.user_id} of portal {info.member_id}")
    installation = _installation(info, claim, actor)
    resources.installations.save(installation)
    _keep_chain(resources, installation, actor, claim)
    rest = client(resources, info.member_id, info.client_endpoint, claim.access)
    language = subscribe(rest, resources.settings.app_url)
    if language and language != installation.language:
        installation = replace(installation, language=language)
        resources.installations.save(installation)
    resources.counters.add("installs", "ok")
    return Visitor(installation, actor)


def admit(resources: Resources, claim: Claim) -> Visitor:
    """Prove who opened the frame of an installed portal; an administrator's chain is kept.

    Raises NotInstalled before anything is dialled, else as ``install``. A person who is no
    administrator is let through with ``is_admin`` False.
    """
    known = resources.installations.get(claim.member_id)
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access)
    if not actor.is_admin:
        resources.installations.drop_chain_of(info.member_id, actor.user_id)
        return Visitor(known, actor)
    current = replace(
        known,
        domain=netloc(info.client_endpoint),
        client_endpoint=info.client_endpoint,
        server_endpoint=f"{info.server}/rest/",
        scope=info.scope or known.scope,
        application_token=claim.application_token or known.application_token,
    )
    if current != known:
        resources.installations.save(current)
    _keep_chain(resources, current, actor, claim)
    return Visitor(current, actor)


def _installation(info: AppInfo, claim: Claim, actor: Actor) -> Installation:
    return Installation(
        member_id=info.member_id,
        domain=netloc(info.client_endpoint),
        client_endpoint=info.client_endpoint,
        server_endpoint=f"{info.server}/rest/",
        scope=info.scope,
        status=info.status,
        application_token=claim.application_token,
        installed_by=actor.user_id,
        installed_at=int(time.time()),
        language=claim.language,
    )


def _keep_chain(
    resources: Resources, installation: Installation, actor: Actor, claim: Claim
) -> None:
    """Keep the pair that came along as this administrator's chain; it is not spent."""
    if not claim.refresh:
        return
    seconds = min(claim.expires_in or ACCESS_SECONDS, ACCESS_SECONDS)
    pair = Tokens(claim.access, claim.refresh, int(time.time()) + seconds)
    resources.installations.keep_chain(
        installation.member_id, Chain(actor.user_id, pair, int(time.time()))
    )


def subscribe(rest: Client, app_url: str) -> str:
    """Bind the life-cycle events in one batch; returns the portal's language.

    A handler that is already bound is fine, and each item fails for itself.
    """
    handler = f"{app_url}/events"
    commands = {
        event: f"event.bind?{urlencode({'event': event, 'handler': handler})}"
        for event in SUBSCRIPTIONS
    }
    answer = rest.call("batch", {"halt": 0, "cmd": {**commands, "info": "app.info"}})
    results = answer.get("result") or {}
    info = results.get("info") if isinstance(results, dict) else None
    return str(info.get("LANGUAGE_ID") or "") if isinstance(info, dict) else ""


def begin_code_flow(resources: Resources, domain: str) -> str:
    """The portal's authorization page for a code flow that starts now."""
    scheme = "http" if resources.settings.sandbox else "https"
    state = resources.installations.start_code_flow(domain)
    query = urlencode({"client_id": resources.settings.client_id, "state": state})
    return f"{scheme}://{domain}/oauth/authorize/?{query}"


def finish_code_flow(resources: Resources, *, code: str, state: str, server_domain: str) -> Visitor:
    """Trade the code that came back and store what it proves, as an install or a chain.

    Raises Unproven for a flow that was not started here, NotAdmin.
    """
    domain = resources.installations.take_code_flow(state)
    if domain is None:
        raise Unproven("code flow was not started here")
    scheme = "http" if resources.settings.sandbox else "https"
    server = (
        resources.oauth.server_of(f"{scheme}://{server_domain}/rest/")
        if server_domain
        else resources.oauth.servers[0]
    )
    grant = _exchange(resources, server, code)
    claim = _claim_of_grant(grant, domain)
    try:
        return admit(resources, claim)
    except NotInstalled:
        return install(resources, claim)


def _exchange(resources: Resources, server: str, code: str) -> Grant:
    try:
        return resources.oauth.exchange(server, code)
    except AuthServerRefused as exc:
        raise Unproven(f"code refused: {exc.code}") from exc


def _claim_of_grant(grant: Grant, domain: str) -> Claim:
    return Claim(
        member_id=grant.member_id,
        domain=domain,
        server_endpoint=f"{grant.server}/rest/",
        access=grant.tokens.access,
        refresh=grant.tokens.refresh,
        expires_in=ACCESS_SECONDS,
        application_token="",
    )


def believe(resources: Resources, event: Event) -> Installation:
    """The installation an event belongs to; raises BadApplicationToken.

    The application token travels through every employee's browser, so an event that is
    believed may start work, and never destroys anything by itself.
    """
    try:
        installation = resources.installations.get(event.auth.member_id)
    except NotInstalled as exc:
        raise BadApplicationToken("event of an unknown portal", event.auth.member_id) from exc
    expected, shown = installation.application_token, event.auth.application_token
    if not expected or not hmac.compare_digest(expected.encode(), shown.encode()):
        raise BadApplicationToken("wrong application token", event.auth.member_id)
    return installation


def is_gone(resources: Resources, installation: Installation) -> bool:
    """Whether the authorization server says that the portal has uninstalled us.

    Asked with the stored chain, whose access token is taken for spent. Raises
    AuthServerUnreachable, or AuthorizationLost for a reason that confirms nothing.
    """
    chains = resources.installations.chains(installation.member_id)
    stale = chains[0].tokens.access if chains else None
    try:
        tokens.renew(resources, installation, stale)
    except AuthorizationLost as exc:
        if exc.reason in GONE:
            return True
        raise
    return False


def forget(resources: Resources, installation: Installation, *, clean: bool) -> bool:
    """Remove a portal that is gone; False when a newer install took its place.

    ``clean`` removes everything, else only what is secret.
    """
    member_id = installation.member_id
    try:
        if resources.installations.get(member_id).installed_at != installation.installed_at:
            return False
    except NotInstalled:
        return False
    if clean:
        resources.installations.remove(member_id)
    else:
        resources.installations.remove_secrets(member_id)
    return True
