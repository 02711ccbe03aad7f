"""How a chain, a trouble and an intent are written in the store, and read again.

A chain is ``version|state|expires|proven|sealed pair|issued|since|tried|reason|name``; the
scripts write the version.
"""

from __future__ import annotations

from collections.abc import Mapping

from b24app.records import ChainFacts, ChainState, Intent, Standing, Trouble


def chain_text(expires_at: int, proven_at: int, sealed: str, issued_at: int, name: str) -> str:
    """A living chain's text after its version; the name comes last, so it may hold anything."""
    return f"alive|{expires_at}|{proven_at}|{sealed}|{issued_at}|{issued_at}|0||{name}"


def standing_of(fields: Mapping[str, str]) -> Standing:
    """How a portal's access stands, by the hash of its chains."""
    in_use = fields.get("use", "")
    facts = [_facts(user, fields, in_use) for user in fields if user.isdigit()]
    facts.sort(key=lambda chain: (str(chain.user_id) == in_use, chain.proven_at), reverse=True)
    trouble = fields.get("trouble")
    return Standing(
        generation=int(fields.get("gen", 0)),
        chains=tuple(facts),
        trouble=_trouble(trouble) if trouble else None,
        located_at=int(fields.get("located", 0)),
    )


def _facts(user: str, fields: Mapping[str, str], in_use: str) -> ChainFacts:
    parts = fields[user].split("|", 9)
    version, state, expires, proven, sealed, issued, since, tried, reason, name = parts
    intent = fields.get(f"journal {user}")
    known = ChainState(state)
    if known is ChainState.ALIVE and user != in_use:
        known = ChainState.SPARE
    return ChainFacts(
        user_id=int(user),
        name=name,
        version=int(version),
        state=known,
        reason=reason,
        since=int(since),
        tried_at=int(tried),
        proven_at=int(proven),
        issued_at=int(issued),
        expires_at=int(expires),
        sealed=sealed,
        intent=_intent(intent) if intent else None,
    )


def _trouble(text: str) -> Trouble:
    reason, since, asked, refused_keys = text.split("|")
    return Trouble(reason, int(since), int(asked), refused_keys)


def _intent(text: str) -> Intent:
    version, owner, at = text.split("|")
    return Intent(int(version), owner, int(at))
