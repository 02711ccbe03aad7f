"""Work with many whose beginning is killed: what was put away is worked at all the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import redis

from b24app.records import SYSTEM
from b24app.resources import Resources
from b24app.settings import Settings
from b24app.store import bulk
from b24app.store.bulk import Runs
from b24app.store.server import open_redis
from tests import events

MOST_STEPS = 30
CHOSEN = [("7", "Board"), ("8", "Orders")]


class Killed(BaseException):
    """Nothing more is sent by this process."""


@contextmanager
def watched(settings: Settings, before: Callable[[int], None]) -> Iterator[redis.Redis]:
    """A process's store; ``before`` is called with the number of each command it would send."""
    client, sent = open_redis(settings.redis_url, "REDIS_URL", decode=True), list[int]()
    pool = client.connection_pool

    class Connection(pool.connection_class):  # type: ignore[name-defined,misc]
        def send_packed_command(self, *args, **kwargs):
            sent.append(len(sent))
            before(sent[-1])
            return super().send_packed_command(*args, **kwargs)

    pool.connection_class = Connection
    yield client
    pool.disconnect()


def begin(settings: Settings, member_id: str, before: Callable[[int], None]) -> bool:
    """Put a run away; False when the process was killed on the way."""
    with watched(settings, before) as client, suppress(Killed):
        Runs(client, member_id).create(SYSTEM, "unregister", "chat_app", CHOSEN)
        return True
    return False


def is_found(resources: Resources, member_id: str) -> bool:
    """Whether a worker comes to what there is to do; with nothing to do none has to."""
    nothing = Runs(resources.redis, member_id).next() is None
    return nothing or member_id in bulk.waiting(resources.redis)


def test_killed_at_any_step_of_its_beginning_a_run_is_found_or_not_there(resources, settings):
    for last in range(MOST_STEPS):
        member_id = events.know(resources, last)

        def die(step: int, last: int = last) -> None:
            if step >= last:
                raise Killed

        done = begin(settings, member_id, die)

        assert is_found(resources, member_id)
        if done:
            break
    [run] = Runs(resources.redis, member_id).all()
    assert 3 < last < MOST_STEPS - 1
    assert len(Runs(resources.redis, member_id).items(run)) == run.total == 2


def test_whoever_finds_nothing_meanwhile_does_not_hide_a_run_that_is_killed(resources, settings):
    """A worker takes the portal off the index before one step, and the process ends at another."""
    ended = 0
    for last in range(MOST_STEPS):
        for leaving in range(last):
            member_id = events.know(resources, 100 * (last + 1) + leaving)

            def meet(
                step: int, last: int = last, leaving: int = leaving, name: str = member_id
            ) -> None:
                if step == leaving:
                    Runs(resources.redis, name).leave()
                if step >= last:
                    raise Killed

            ended += begin(settings, member_id, meet)
            assert is_found(resources, member_id), (leaving, last)
        if ended:
            break
    assert ended
