"""Who is at the door, proven before anything is believed.

The proof is ``app.info`` at a listed authorization server (is it a token of *our* application,
of *this* portal?) and ``profile`` at the endpoint that server names (who is it, an
administrator?). Addresses that came with the request are compared, never dialled.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from b24app.bitrix.inbound import Event, FrameRequest, read_language
from b24app.bitrix.oauth import AppInfo
from b24app.bitrix.rest import PATIENCE, Client
from b24app.errors import (
    AuthorizationLost,
    AuthServerRefused,
    AuthServerUnreachable,
    NotInstalled,
    Unproven,
)
from b24app.records import Actor, Installation, Lane, Patience, Rate
from b24app.resources import Resources
from b24app.store import RateBudget
from b24app.store.budget import NORMAL, rate_of


@dataclass(frozen=True)
class Claim:
    """What a caller says of itself, from a frame, an event or a code flow.

    ``patience`` is what all that is asked of the portal for this caller may wait, in all;
    ``longest`` how many seconds it has for one answer, if fewer than usual.
    """

    member_id: str
    domain: str
    server_endpoint: str
    access: str = field(repr=False)
    refresh: str = field(repr=False)
    expires_in: int
    application_token: str = field(repr=False)
    language: str = "en"
    patience: Patience = field(
        default_factory=lambda: Patience(PATIENCE[Lane.INTERACTIVE]), repr=False, compare=False
    )
    longest: float | None = None


@dataclass(frozen=True)
class Visitor:
    """A proven person in a proven portal.

    ``subscribed`` False: its events are not bound yet. ``healed``: this opening brought the
    access back that the portal had lost. ``finished`` False: the portal does not know yet that
    the installation is complete.
    """

    installation: Installation
    actor: Actor
    subscribed: bool = True
    healed: bool = False
    finished: bool = True


def claim_of_frame(frame: FrameRequest) -> Claim:
    """What a frame request says."""
    return Claim(
        member_id=frame.member_id,
        domain=frame.domain,
        server_endpoint=frame.server_endpoint,
        access=frame.auth_id,
        refresh=frame.refresh_id,
        expires_in=frame.auth_expires,
        application_token=frame.application_token,
        language=frame.language,
    )


def claim_of_event(event: Event) -> Claim:
    """What an ONAPPINSTALL event says."""
    language = event.data.get("LANGUAGE_ID") if isinstance(event.data, dict) else ""
    return Claim(
        member_id=event.auth.member_id,
        domain=event.auth.domain,
        server_endpoint=event.auth.server_endpoint,
        access=event.auth.access_token,
        refresh=event.auth.refresh_token,
        expires_in=event.auth.expires_in,
        application_token=event.auth.application_token,
        language=read_language(language),
    )


def recognise(resources: Resources, access: str) -> Visitor:
    """Whose access token this is, for a new session; raises as ``admit``.

    Who is no administrator (any more) keeps no chain.
    """
    info = _ask_servers(resources, resources.oauth.servers, access)
    installation = resources.installations.get(info.member_id)
    actor = identify(resources, info, access)
    if not actor.is_admin:
        resources.installations.drop_chain_of(info.member_id, actor.user_id)
    return Visitor(installation, actor)


def prove(resources: Resources, claim: Claim) -> AppInfo:
    """Ask the authorization server whose token was shown; raises Unproven when it is not so."""
    if not claim.access:
        raise Unproven("no access token", claim.member_id)
    servers = resources.oauth.servers
    if claim.server_endpoint:
        servers = (resources.oauth.server_of(claim.server_endpoint),)
    info = _ask_servers(resources, servers, claim.access)
    if info.member_id != claim.member_id:
        raise Unproven("token of another portal", claim.member_id)
    if claim.domain not in (info.domain, netloc(info.client_endpoint)):
        raise Unproven("domain of another portal", claim.member_id)
    return info


def _ask_servers(resources: Resources, servers: tuple[str, ...], access: str) -> AppInfo:
    """Whose token it is, from the first server that knows it.

    A server that is down is passed over; its outage is raised when nobody else knew the token.
    """
    outage: AuthServerUnreachable | None = None
    for server in servers:
        try:
            info = resources.oauth.app_info(server, access)
        except AuthServerUnreachable as exc:
            outage = exc
            continue
        except AuthServerRefused as exc:
            if exc.code == "payment_required":
                raise AuthorizationLost("", exc.code) from exc
            continue
        if info.client_id != resources.settings.client_id:
            raise Unproven("token of another application", info.member_id)
        return info
    raise outage or Unproven("no authorization server knows the access token")


def identify(
    resources: Resources,
    info: AppInfo,
    access: str,
    patience: Patience | None = None,
    longest: float | None = None,
) -> Actor:
    """Who the token's owner is, asked of the proven portal; raises Unproven.

    ``patience`` and ``longest`` as for ``client``: what else is asked in the same request may
    share the patience.
    """
    rest = client(resources, info.member_id, info.client_endpoint, access, patience, longest)
    profile = rest.call("profile", repeatable=True)
    if not isinstance(profile, dict) or str(profile.get("ID")) != str(info.user_id):
        raise Unproven("profile of another user", info.member_id)
    name = f"{profile.get('NAME') or ''} {profile.get('LAST_NAME') or ''}".strip()
    return Actor(info.user_id, name or f"#{info.user_id}", profile.get("ADMIN") is True)


def client(
    resources: Resources,
    member_id: str,
    endpoint: str,
    access: str,
    patience: Patience | None = None,
    longest: float | None = None,
) -> Client:
    """A REST client that has this one token and no other.

    All its calls together wait eight seconds, or as long as ``patience`` lasts; ``longest`` is how
    many seconds the portal has for one answer, if fewer than usual.
    """

    def token(stale: str | None = None) -> str:
        if stale is not None:
            raise AuthorizationLost(member_id, "expired_token")
        return access

    return Client(
        resources.http,
        endpoint,
        member_id=member_id,
        token=token,
        budget=RateBudget(resources.redis, member_id, _rate(resources, member_id)),
        patience=patience or Patience(PATIENCE[Lane.INTERACTIVE]),
        longest=longest,
        observe=resources.meter.record,
    )


def _rate(resources: Resources, member_id: str) -> Rate:
    """What everybody else counts with who calls this portal."""
    try:
        return rate_of(resources.installations.get(member_id).license)
    except NotInstalled:
        return NORMAL


def netloc(endpoint: str) -> str:
    """Host and port of an endpoint."""
    return urlsplit(endpoint).netloc
