"""Which chain is tried, in which order, and how often."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from b24app.records import ChainFacts, ChainState, Standing, used_until

# Nobody asks the authorization server more often about what it has refused.
PAUSE_SECONDS: Final = 60


def candidates(standing: Standing) -> Iterator[ChainFacts]:
    """Whom to try, in this order: the chain in use, spares that cost nothing, other spares.

    Last come those that do not live, each once a minute: one odd answer bricks nobody for ever.
    """
    in_use = [facts for facts in standing.chains if facts.state is ChainState.ALIVE]
    spares = [facts for facts in standing.chains if facts.state is ChainState.SPARE]
    yield from in_use
    yield from sorted(spares, key=near_end)
    for facts in standing.chains:
        if not facts.living and may_be_tried(facts):
            yield facts


def may_be_tried(facts: ChainFacts) -> bool:
    """Whether it lives, or was not tried within the minute.

    To see whether a key opens it nobody is asked: another process may have lacked that key.
    """
    return facts.living or facts.state is ChainState.UNREADABLE or not recent(facts.tried_at)


def near_end(facts: ChainFacts) -> bool:
    """Whether its access token is not shown any more."""
    return used_until(facts.issued_at, facts.expires_at) <= time.time()


def recent(moment: int) -> bool:
    """Whether it is less than a minute ago: then nobody asks again."""
    return time.time() < moment + PAUSE_SECONDS
