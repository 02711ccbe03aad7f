"""Names of the Redis keys, one function each: type, lifetime, owner.

Braces around the member id keep all keys of a portal in one slot of a cluster.
"""

from __future__ import annotations

PREFIX = "b24app"


def portals() -> str:
    """SET of member ids, for good. Who has an installation."""
    return f"{PREFIX}:portals"


def portal_prefix(member_id: str) -> str:
    """What every key of one portal begins with."""
    return f"{PREFIX}:{{{member_id}}}:"


def installation(member_id: str) -> str:
    """HASH, for good. The installation; the application token is sealed."""
    return f"{portal_prefix(member_id)}installation"


def chains(member_id: str) -> str:
    """HASH user id -> sealed JSON of that administrator's chain, for good."""
    return f"{portal_prefix(member_id)}chains"


def refresh_lock(member_id: str) -> str:
    """STRING with a random owner, 30 s. Held by the one who renews this portal's tokens."""
    return f"{portal_prefix(member_id)}refresh-lock"


def bots(member_id: str) -> str:
    """HASH bot id -> JSON, for good."""
    return f"{portal_prefix(member_id)}bots"


def commands(member_id: str) -> str:
    """HASH command id -> JSON, for good."""
    return f"{portal_prefix(member_id)}commands"


def chat_apps(member_id: str) -> str:
    """HASH chat app id -> JSON, for good. Few and small, so one hash is list and record."""
    return f"{portal_prefix(member_id)}chat-apps"


def rate(member_id: str) -> str:
    """HASH of the bucket: when it will be empty, how much it was narrowed; 10 min."""
    return f"{portal_prefix(member_id)}rate"


def blocked(member_id: str) -> str:
    """HASH method -> Unix second until which nobody calls it; an hour."""
    return f"{portal_prefix(member_id)}blocked"


def registrations(member_id: str) -> str:
    """SET of chat app codes, for good. Registrations whose answer may have been lost."""
    return f"{portal_prefix(member_id)}registrations"


def confirming(member_id: str) -> str:
    """STRING, 10 min. An uninstall of this portal is being confirmed already."""
    return f"{portal_prefix(member_id)}confirming"


def edit_lock(member_id: str) -> str:
    """STRING with a random owner, 150 s. Held while a record and the portal change together."""
    return f"{portal_prefix(member_id)}edit-lock"


def history(member_id: str) -> str:
    """STREAM, the newest 1,000. What changed, by whom."""
    return f"{portal_prefix(member_id)}history"


def oauth_state(nonce: str) -> str:
    """STRING, 10 min. A code flow that came back, so that it cannot come back twice."""
    return f"{PREFIX}:oauth-state:{nonce}"


def counters() -> str:
    """HASH counter with its labels -> number, for good. Shared by all processes."""
    return f"{PREFIX}:counters"


def of_portal(member_id: str) -> tuple[str, ...]:
    """Every key a portal may have: what a complete removal deletes."""
    return (
        installation(member_id),
        chains(member_id),
        refresh_lock(member_id),
        bots(member_id),
        commands(member_id),
        chat_apps(member_id),
        rate(member_id),
        blocked(member_id),
        registrations(member_id),
        confirming(member_id),
        edit_lock(member_id),
        history(member_id),
    )
