"""Whether a portal still has us, as the authorization server says to the stored chains."""

from __future__ import annotations

import time
from enum import Enum
from typing import Final

from b24app.actions import tokens
from b24app.actions.candidates import recent
from b24app.actions.reasons import GONE, ODD_ANSWER, UNPAID, WRONG_KEYS
from b24app.errors import AuthorizationLost, AuthServerRefused, AuthServerUnreachable, Busy
from b24app.records import ChainFacts, ChainState, Installation, Standing
from b24app.resources import Resources


class Presence(Enum):
    """What was heard: yes; no; every chain refused (``SPENT``: one by our own fault, perhaps); or
    nothing that counts. ``UNREADABLE`` and ``WORN`` are one chain's, that cannot tell: no key
    opens it or nothing is in it, or it was spent before there was anything to ask."""

    INSTALLED = "installed"
    GONE = "gone"
    SILENT = "silent"
    SPENT = "spent"
    UNPAID = "unpaid"
    WRONG_KEYS = "wrong keys"
    UNREACHABLE = "unreachable"
    UNKNOWN = "nobody to ask"
    UNREADABLE = "unreadable"
    WORN = "worn"


PLAIN: Final = frozenset({Presence.INSTALLED, Presence.GONE, Presence.UNPAID})
# What one chain could not learn keeps the others from proving that all are dead.
DOUBTS: Final = (Presence.UNREACHABLE, Presence.WRONG_KEYS, Presence.UNKNOWN, Presence.SPENT)


def presence(resources: Resources, installation: Installation, began: int = 0) -> Presence:
    """What the authorization server says of this portal, asked with one chain after the other.

    Access tokens are shown first, of all chains: that costs nothing, and only where nobody knows
    them any more a refresh token is spent. One chain that is let in outweighs all that are not.
    SILENT: every chain that can tell was refused by ``invalid_grant``. What was spent before this
    was first asked, at the Unix second ``began``, is no doubt now. Raises StoreUnavailable.
    """
    standing = resources.installations.ledger.read(installation.member_id)
    shown = set()
    for facts in standing.chains:
        word = _show(resources, installation, facts)
        if word in (Presence.INSTALLED, Presence.UNPAID, Presence.UNREACHABLE):
            return word
        shown.add(word)
    if Presence.GONE in shown:
        return Presence.GONE
    return _spend_one_after_the_other(resources, installation, standing, began)


def _show(resources: Resources, installation: Installation, facts: ChainFacts) -> Presence:
    """What is said to the chain's access token; UNKNOWN for one that is not known any more."""
    pair = resources.installations.ledger.open(installation.member_id, facts)
    if pair is None or pair.expires_at <= time.time():
        return Presence.UNKNOWN
    server = resources.oauth.server_of(installation.server_endpoint)
    try:
        known = resources.oauth.app_info(server, pair.access)
    except AuthServerUnreachable:
        return Presence.UNREACHABLE
    except AuthServerRefused as exc:
        return _meaning(exc.code) if exc.code in (*GONE, UNPAID) else Presence.UNKNOWN
    return Presence.INSTALLED if known.installed else Presence.UNKNOWN


def _spend_one_after_the_other(
    resources: Resources, installation: Installation, standing: Standing, began: int
) -> Presence:
    heard = set()
    for facts in standing.chains:
        word = _heard_lately(facts, standing) or _spend(resources, installation, facts)
        if word in PLAIN:
            return word
        is_worn = facts.state is ChainState.SPENT and facts.since < began
        heard.add(Presence.WORN if word is Presence.SPENT and is_worn else word)
    for word in (*DOUBTS, Presence.SILENT):
        if word in heard:
            return word
    return Presence.SPENT if Presence.WORN in heard else Presence.UNKNOWN


def _heard_lately(facts: ChainFacts, standing: Standing) -> Presence | None:
    """What was said to a chain that ended, when it was tried within the minute.

    A trouble that was noted at that time or later is why the chain was not answered then. A plain
    word is not repeated here: it may have been the portal's, and was heeded when it came.
    """
    if facts.living or not recent(facts.tried_at):
        return None
    trouble = standing.trouble
    unanswered = trouble is not None and trouble.asked_at >= facts.tried_at
    word = _meaning(trouble.reason if trouble and unanswered else facts.reason)
    return Presence.UNKNOWN if word in PLAIN else word


def _spend(resources: Resources, installation: Installation, facts: ChainFacts) -> Presence:
    try:
        tokens.renew_chain(resources, installation, facts.user_id)
    except AuthorizationLost as exc:
        return _meaning(exc.reason)
    except AuthServerRefused:
        return Presence.WRONG_KEYS
    except (AuthServerUnreachable, Busy):
        return Presence.UNREACHABLE
    return Presence.INSTALLED


MEANINGS: Final = {
    **dict.fromkeys(GONE, Presence.GONE),
    UNPAID: Presence.UNPAID,
    "invalid_grant": Presence.SILENT,
    "spent": Presence.SPENT,
    **dict.fromkeys(("unreadable", "invalid_request"), Presence.UNREADABLE),
    WRONG_KEYS: Presence.WRONG_KEYS,
    "unreachable": Presence.UNREACHABLE,
    ODD_ANSWER: Presence.UNREACHABLE,
}


def _meaning(reason: str) -> Presence:
    return MEANINGS.get(reason, Presence.UNKNOWN)
