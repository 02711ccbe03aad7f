"""What is stored of a portal, in the operator's words; nothing that is printed is secret."""

from __future__ import annotations

import time

from b24app.actions.presence import Presence
from b24app.records import ChainFacts, Departure, Installation, Life, PortalRow, Standing


def state_of(life: Life, standing: Standing) -> tuple[str, str]:
    """One word for the list, and the reason behind it."""
    word, reason = _access(standing)
    if life not in (Life.SUSPENDED, Life.UNINSTALLING):
        return word, reason
    told = life is Life.UNINSTALLING or standing.trouble is not None
    return life.value, reason if told else ""


def _access(standing: Standing) -> tuple[str, str]:
    if standing.trouble:
        return "troubled", standing.trouble.reason
    if standing.waiting:
        last = standing.chains[0] if standing.chains else None
        return "waiting", (last.reason or last.state.value) if last else "no_chain"
    return "works", ""


def renewed(row: PortalRow) -> str:
    """When any of its chains was renewed last."""
    return moment(max((chain.issued_at for chain in row.standing.chains), default=0))


def record(installation: Installation, standing: Standing) -> dict[str, str]:
    """What is known of the portal, each with its name."""
    state, reason = state_of(installation.state, standing)
    return {
        "member id": installation.member_id,
        "domain": installation.domain,
        "endpoint": installation.client_endpoint,
        "authorization": installation.server_endpoint,
        "state": f"{installation.state.value} since {moment(installation.since)}",
        "access": f"{state} {reason}".strip(),
        "scope": " ".join(installation.scope),
        "status": installation.status,
        "license": installation.license or "unknown",
        "language": installation.language,
        "installed": f"{moment(installation.installed_at)} by user {installation.installed_by}",
        "application token": "known" if installation.application_token else "unknown",
    }


def chain_line(chain: ChainFacts) -> str:
    """How one person's chain stands."""
    reason = f" ({chain.reason})" if chain.reason else ""
    return (
        f"user {chain.user_id} {chain.name}: {chain.state.value}{reason}"
        f" since {moment(chain.since)}, proven {moment(chain.proven_at)},"
        f" renewed {moment(chain.issued_at)}, access until {moment(chain.expires_at)}"
    )


def departure_line(departure: Departure) -> str:
    """How the confirmation of an uninstall stands, and what is to be done where nobody can tell."""
    heard = (
        f"{departure.word} since {moment(departure.word_since)}" if departure.word else "nothing"
    )
    line = f"announced {moment(departure.began)}, asked {departure.looks} times, heard: {heard}"
    if departure.word != Presence.UNKNOWN.value:
        return line
    return f"{line}; no chain can be asked, so if it is true, confirm it with portals forget"


def moment(seconds: int) -> str:
    """A Unix second in UTC."""
    if not seconds:
        return "never"
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
