"""Install, admit, connect: what happens at the door once the proof is there."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlencode

from b24app.actions import life, subscriptions
from b24app.actions.life import Sign
from b24app.actions.portal import Portal
from b24app.actions.proof import Claim, Visitor, client, identify, netloc, prove
from b24app.actions.reasons import REFUSED_KEYS
from b24app.bitrix.answers import as_map
from b24app.bitrix.calls import Rest
from b24app.bitrix.inbound import read_language
from b24app.bitrix.oauth import AppInfo, Grant
from b24app.errors import (
    AuthServerRefused,
    NotAdmin,
    NotInstalled,
    PortalError,
    PortalUnreachable,
    Unproven,
)
from b24app.records import Actor, Chain, Installation, Life, Tokens
from b24app.resources import Resources
from b24app.store import PortalStore

ACCESS_SECONDS: Final = 3600
CLOUD: Final = re.compile(r"[a-z0-9-]+\.bitrix24\.[a-z]{2,3}(\.[a-z]{2})?")


def install(resources: Resources, claim: Claim) -> Visitor:
    """Store the portal as installed and bind the events it is to tell; safe to repeat.

    Raises Unproven, NotAdmin; then nothing was stored. Also PortalUnreachable,
    AuthServerUnreachable, StoreUnavailable. Where the visitor says that nothing is subscribed
    yet, the caller must have a job see to it.
    """
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access, claim.patience, claim.longest)
    if not actor.is_admin:
        raise NotAdmin(f"user {actor.user_id} of portal {info.member_id}")
    return _install(resources, claim, info, actor)


def _install(resources: Resources, claim: Claim, info: AppInfo, actor: Actor) -> Visitor:
    known = _known(resources, info.member_id)
    installation = _installation(resources, info, claim, actor)
    over = known is not None and _is_over_an_old_one(known, installation)
    if known and over and known.client_id != installation.client_id:
        resources.installations.ledger.remove(info.member_id)  # another application's chains
    # Before anything new is stored: a late confirmation would take it away.
    life.move(resources, info.member_id, Sign.RETURNED, actor=actor)
    resources.installations.save(installation)
    healed = _keep_chain(resources, installation, actor, claim) and known is not None
    if known is None:
        life.born(resources, installation, actor)
    _note_whether_finished(resources, info, actor)
    resources.counters.add("installs", "ok")
    if over or healed:  # what the portal has lost must be found out as well: a job does it all
        return Visitor(installation, actor, subscribed=False, healed=healed)
    try:
        found = subscriptions.reconcile(_as_visitor(resources, installation, actor, claim))
    except (PortalError, PortalUnreachable):  # stored all the same; a job subscribes later
        return Visitor(installation, actor, subscribed=False)
    granted = replace(installation, scope=found.scope)
    return Visitor(learn(resources, granted, found.about), actor)


def _is_over_an_old_one(known: Installation, new: Installation) -> bool:
    """Whether the portal had uninstalled us and nobody told: another application token or id."""
    if known.state is Life.UNINSTALLING:
        return True
    if known.client_id not in ("", new.client_id):
        return True
    return known.application_token not in ("", new.application_token)


def _note_whether_finished(resources: Resources, info: AppInfo, actor: Actor) -> None:
    sign = Sign.FINISHED if info.installed else Sign.UNFINISHED
    life.move(resources, info.member_id, sign, actor=actor)


def _as_visitor(
    resources: Resources, installation: Installation, actor: Actor, claim: Claim
) -> Portal:
    """The portal, called with the one token that came along."""
    m, endpoint = installation.member_id, installation.client_endpoint
    return Portal(
        installation=installation,
        rest=client(resources, m, endpoint, claim.access, claim.patience, claim.longest),
        store=PortalStore(resources.redis, m),
        actor=actor,
        app_url=resources.settings.app_url,
    )


def admit(resources: Resources, claim: Claim) -> Visitor:
    """Prove who opened the frame of an installed portal; an administrator's chain is kept.

    Raises as ``install``, and NotInstalled when the portal has not finished installing us. A
    portal that has, and that we do not know (any more), is taken in again. A person who is no
    administrator is let through with ``is_admin`` False. After a change of our address or of what
    is granted, and once lost access is back, nothing is subscribed yet, and the caller must have a
    job see to it.
    """
    info = prove(resources, claim)
    actor = identify(resources, info, claim.access, claim.patience)
    known = _known(resources, info.member_id)
    if known is None or known.client_id not in ("", info.client_id):
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
    if "domain" in resources.installations.update(known, current):
        life.renamed(resources, info.member_id, known.domain, current.domain)
    healed = _keep_chain(resources, current, actor, claim)
    _note_whether_finished(resources, info, actor)
    is_bound = resources.settings.app_url in known.addresses
    subscribed = is_bound and set(current.scope) == set(known.scope) and not healed
    return Visitor(current, actor, subscribed, healed=healed, finished=info.installed)


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
        client_id=info.client_id,
    )


def _keep_chain(
    resources: Resources, installation: Installation, actor: Actor, claim: Claim
) -> bool:
    """Keep the pair that came along as this administrator's chain; it is not spent.

    Whether the portal had been waiting for it. Raises NotInstalled, with nothing kept, where the
    portal was removed in this very moment: no secret outlives its installation.
    """
    if not claim.refresh:
        return False
    seconds = min(claim.expires_in or ACCESS_SECONDS, ACCESS_SECONDS)
    pair = Tokens(claim.access, claim.refresh, int(time.time()) + seconds)
    chain = Chain(actor.user_id, pair, int(time.time()), actor.name)
    return resources.installations.keep_chain(installation.member_id, chain)


def inquire(rest: Rest) -> dict[str, Any]:
    """The portal's ``app.info``. Raises as the client's ``call``."""
    return as_map(rest.call("app.info", repeatable=True))


def learn(
    resources: Resources, installation: Installation, about: Mapping[str, Any]
) -> Installation:
    """Keep what a portal says of itself: language, status of the plan, and the license its
    limits follow from; whether it is installed and paid for. Whoever says that has let us in, so
    it has no trouble any more.
    """
    if not about:
        return installation
    resources.installations.ledger.clear_trouble(installation.member_id)
    learned = replace(
        installation,
        language=read_language(about.get("LANGUAGE_ID")),
        license=str(about.get("LICENSE") or "")[:64],
        status=str(about.get("STATUS") or installation.status)[:1],
    )
    with suppress(NotInstalled):  # removed in this very moment; it does not come back
        resources.installations.update(installation, learned)
    if about.get("PAYMENT_EXPIRED") == "Y":
        life.move(resources, installation.member_id, Sign.UNPAID)
    elif "INSTALLED" in about:
        is_finished = about["INSTALLED"] not in (False, "N")
        sign = Sign.FINISHED if is_finished else Sign.UNFINISHED
        life.move(resources, installation.member_id, sign)
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
        if exc.code in REFUSED_KEYS:
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
