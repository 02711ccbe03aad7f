"""Install, admit, connect, uninstall: what happens at the door once the proof is there."""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import replace
from enum import Enum
from typing import Any, Final
from urllib.parse import urlencode

from b24app.actions import tokens
from b24app.actions.proof import Claim, Visitor, client, identify, netloc, prove
from b24app.bitrix.answers import as_map
from b24app.bitrix.inbound import Event, read_language
from b24app.bitrix.oauth import AppInfo, Grant
from b24app.bitrix.rest import Client
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    BadApplicationToken,
    NotAdmin,
    NotInstalled,
    PortalError,
    PortalUnreachable,
    Unproven,
)
from b24app.records import Actor, Chain, Installation, Tokens
from b24app.resources import Resources
from b24app.store import PortalStore

SUBSCRIPTIONS: Final = ("ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL")
ACCESS_SECONDS: Final = 3600
# The authorization server's plain word that the portal has uninstalled us.
GONE: Final = frozenset({"not_installed", "error_oauth"})
CLOUD: Final = re.compile(r"[a-z0-9-]+\.bitrix24\.[a-z]{2,3}(\.[a-z]{2})?")


class Presence(Enum):
    """Whether a portal still has us: yes, no, or every chain is dead and nobody says why."""

    INSTALLED = "installed"
    GONE = "gone"
    SILENT = "silent"


def install(resources: Resources, claim: Claim) -> Visitor:
    """Store the portal as installed and subscribe to its life-cycle events; safe to repeat.

    Raises Unproven, NotAdmin; then nothing was stored. Also PortalUnreachable,
    AuthServerUnreachable, StoreUnavailable. A subscription that failed is told by the visitor.
    """
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access)
    if not actor.is_admin:
        raise NotAdmin(f"user {actor.user_id} of portal {info.member_id}")
    return _install(resources, claim, info, actor)


def _install(resources: Resources, claim: Claim, info: AppInfo, actor: Actor) -> Visitor:
    installation = _installation(resources, info, claim, actor)
    resources.installations.save(installation)
    _keep_chain(resources, installation, actor, claim)
    resources.counters.add("installs", "ok")
    rest = client(resources, info.member_id, info.client_endpoint, claim.access)
    try:
        about = subscribe(rest, resources.settings.app_url)
    except (PortalError, PortalUnreachable):  # stored all the same; a job subscribes later
        return Visitor(installation, actor, subscribed=False)
    return Visitor(learn(resources, installation, about), actor)


def admit(resources: Resources, claim: Claim) -> Visitor:
    """Prove who opened the frame of an installed portal; an administrator's chain is kept.

    Raises as ``install``, and NotInstalled when the portal has not finished installing us. A
    portal that has, and that we do not know (any more), is taken in again. A person who is no
    administrator is let through with ``is_admin`` False.
    """
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access)
    known = _known(resources, info.member_id)
    if known is None:
        if not (info.installed and actor.is_admin):
            raise NotInstalled(info.member_id)
        return _install(resources, claim, info, actor)
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


def _known(resources: Resources, member_id: str) -> Installation | None:
    try:
        return resources.installations.get(member_id)
    except NotInstalled:
        return None


def _installation(resources: Resources, info: AppInfo, claim: Claim, actor: Actor) -> Installation:
    """The new record; older portals do not send the application token, so a known one stays."""
    known = _known(resources, info.member_id)
    token = claim.application_token or (known.application_token if known else "")
    return Installation(
        member_id=info.member_id,
        domain=netloc(info.client_endpoint),
        client_endpoint=info.client_endpoint,
        server_endpoint=f"{info.server}/rest/",
        scope=info.scope,
        status=info.status,
        application_token=token,
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


def subscribe(rest: Client, app_url: str) -> dict[str, Any]:
    """Bind the life-cycle events in one batch; returns the portal's ``app.info``.

    A handler that is already bound is fine. Raises the portal's refusal of any other kind,
    PortalUnreachable for an answer without results.
    """
    handler = f"{app_url}/events"
    commands = {
        event: f"event.bind?{urlencode({'event': event, 'handler': handler})}"
        for event in SUBSCRIPTIONS
    }
    commands["info"] = "app.info"
    results = rest.batch(commands, known={"ERROR_CORE"}, repeatable=True)
    return as_map(results.get("info"))


def learn(
    resources: Resources, installation: Installation, about: Mapping[str, Any]
) -> Installation:
    """Keep what a portal says of itself: its language, and the license its limits follow from."""
    learned = replace(
        installation,
        language=read_language(about.get("LANGUAGE_ID")),
        license=str(about.get("LICENSE") or "")[:64],
    )
    if learned != installation:
        resources.installations.save(learned)
    return learned


def begin_code_flow(resources: Resources, domain: str) -> str:
    """The portal's authorization page for a code flow that starts now."""
    scheme = "http" if resources.settings.sandbox else "https"
    state = resources.installations.start_code_flow(domain)
    query = urlencode({"client_id": resources.settings.client_id, "state": state})
    return f"{scheme}://{domain}/oauth/authorize/?{query}"


def is_cloud(domain: str) -> bool:
    """Whether the domain is Bitrix24's own cloud, where a browser may be sent at once."""
    return CLOUD.fullmatch(domain) is not None


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
    claim = _claim_of_grant(_exchange(resources, server, code), domain)
    if _known(resources, claim.member_id):
        return admit(resources, claim)
    return install(resources, claim)


def _exchange(resources: Resources, server: str, code: str) -> Grant:
    try:
        return resources.oauth.exchange(server, code)
    except AuthServerRefused as exc:
        if exc.code in tokens.WRONG_KEYS:
            raise
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


def presence(resources: Resources, installation: Installation) -> Presence:
    """What the authorization server says of this portal, asked with the stored chains.

    The access token in use is shown first; a refresh token is only spent when that one is not
    known any more. Raises AuthServerUnreachable, AuthServerRefused, or AuthorizationLost for a
    reason that confirms nothing.
    """
    chains = resources.installations.chains(installation.member_id)
    server = resources.oauth.server_of(installation.server_endpoint)
    for chain in chains[:1]:
        try:
            if resources.oauth.app_info(server, chain.tokens.access).installed:
                return Presence.INSTALLED
        except AuthServerRefused:
            break  # expired or revoked: only a renewal tells which
    try:
        tokens.renew(resources, installation, chains[0].tokens.access if chains else None)
    except AuthorizationLost as exc:
        if exc.reason in GONE:
            return Presence.GONE
        if exc.reason == "invalid_grant":
            return Presence.SILENT
        raise
    return Presence.INSTALLED


def forget(resources: Resources, installation: Installation, *, clean: bool) -> None:
    """Remove a portal that is gone: everything when ``clean``, else only what is secret.

    What stays is noted as not on the portal any more: an uninstall removes bots and chat apps
    there (bitrix-modules: rest/lib/appTable.php, im/lib/bot.php).
    """
    if clean:
        resources.installations.remove(installation.member_id)
    else:
        PortalStore(resources.redis, installation.member_id).unpublish()
        resources.installations.remove_secrets(installation.member_id)


def forget_secrets(resources: Resources, installation: Installation) -> None:
    """Remove what is secret of a portal that may still have us; everything else stays true."""
    resources.installations.remove_secrets(installation.member_id)
