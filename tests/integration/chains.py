"""What the tests of tokens share: time that goes by, a second administrator, a portal's call."""

from __future__ import annotations

import time
from collections.abc import Callable

from b24app import keys
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM, ChainFacts, ChainState
from b24app.resources import Resources
from sandbox.world import World
from tests.cast import Person

HOUR = 3600
# Where moments stand in a chain's text.
MOMENTS = (2, 3, 5, 6, 7)
# And where other fields do.
PLACES = {"state": 1, "sealed": 4, "since": 6, "tried": 7, "reason": 8}


def let_pass(resources: Resources, world: World, person: Person, seconds: int) -> None:
    """So much time goes by, in the world and for what is stored of the person's portal."""
    world.advance(seconds)
    grow_old(resources, person, seconds)


def grow_old(resources: Resources, person: Person, seconds: int) -> None:
    """What is stored of the person's chains is so much older than it was."""
    member_id = person.portal.member_id
    name = keys.chains(member_id)
    for field, text in resources.redis.hgetall(name).items():
        resources.redis.hset(name, field, _older(field, text, seconds))
    for due in resources.redis.zrange(keys.due(), 0, -1):
        if due.startswith(member_id):
            resources.redis.zincrby(keys.due(), -seconds, due)


def _older(field: str, text: str, seconds: int) -> str:
    if field in ("gen", "use", "kept") or field.startswith("was "):
        return text
    if field == "located":
        return str(int(text) - seconds)
    parts = text.split("|", 9)
    places = MOMENTS if field.isdigit() else (2,) if field.startswith("journal") else (1, 2)
    for place in places:
        parts[place] = str(max(0, int(parts[place]) - seconds))
    return "|".join(parts)


def until(happened: Callable[[], object]) -> None:
    """Wait for it, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def promote(egor: Person) -> None:
    """Egor was made an administrator, and opens the application."""
    egor.user.is_admin = True
    egor.open()


def call(resources: Resources, person: Person) -> str:
    """Call the person's portal with the stored chain, as a job does: whose access was it?"""
    rest = open_portal(resources, person.portal.member_id, SYSTEM).rest
    return str(rest.call("profile")["ID"])


def chain_of(resources: Resources, person: Person) -> ChainFacts:
    """How the person's own chain stands."""
    standing = resources.installations.ledger.read(person.portal.member_id)
    return next(facts for facts in standing.chains if facts.user_id == person.user.id)


def state_of(resources: Resources, person: Person) -> ChainState:
    return chain_of(resources, person).state


def spoil(resources: Resources, person: Person, **changes: str) -> None:
    """The person's chain stands like this from now on."""
    name, user = keys.chains(person.portal.member_id), str(person.user.id)
    parts = resources.redis.hget(name, user).split("|", 9)
    now = str(int(time.time()))
    for field, place in PLACES.items():
        parts[place] = changes.get(field, now if field in ("since", "tried") else parts[place])
    resources.redis.hset(name, user, "|".join(parts))
