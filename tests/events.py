"""Events as the portals' queue sends them, for tests that need many."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from b24app.records import Installation
from b24app.resources import Resources

TYPE = "application/x-www-form-urlencoded"


def know(resources: Resources, number: int, address: str = "127.0.0.1:9") -> str:
    """Keep the record of a portal of this number, which nobody answers for; its member id."""
    member_id = f"{number:032x}"
    resources.installations.save(
        Installation(
            member_id=member_id,
            domain=address,
            client_endpoint=f"http://{address}/rest/",
            server_endpoint=f"{resources.oauth.servers[0]}/rest/",
            scope=("imbot",),
            status="L",
            application_token=token_of(member_id),
            installed_by=1,
            installed_at=int(time.time()),
        )
    )
    return member_id


def token_of(member_id: str) -> str:
    """The application token of such a portal."""
    return member_id[::-1]


def body(member_id: str, number: int, name: str = "ONSOMETHING", **more: str) -> bytes:
    """The form of the event of this number."""
    fields = {
        "event": name,
        "event_handler_id": "3",
        "data[number]": str(number),
        "ts": "1790000000",
        "auth[domain]": "aurora.bitrix24.com",
        "auth[member_id]": member_id,
        "auth[application_token]": token_of(member_id),
    }
    return urlencode(fields | more).encode()


def done(resources: Resources, member_id: str) -> dict[str, int]:
    """How many events of each name were done."""
    return {name: count for name, (count, _) in resources.inbox.tally(member_id).items()}
