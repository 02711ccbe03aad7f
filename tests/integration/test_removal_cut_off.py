"""A removal whose process is killed, at every step: it is brought to its end all the same."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from b24app import jobs, keys
from b24app.actions import leaving
from b24app.records import SYSTEM, Chain, Tokens, Verb
from b24app.resources import Resources, open_resources
from b24app.settings import Settings
from b24app.store import PortalStore
from tests import events
from tests.integration.test_uninstall import everything_stored
from tests.store.battery import chat_app

MOST_STEPS = 100
ENOUGH = 120


class Killed(BaseException):
    """Nothing more is sent by this process."""


@contextmanager
def mortal(settings: Settings, steps: int) -> Iterator[tuple[Resources, list[int]]]:
    """Resources of a process that is killed after so many commands to store and queue; and the
    numbers of those it has sent or wanted to."""
    known, sent = open_resources(settings), list[int]()
    pools = [known.redis.connection_pool, known.queue.connection.connection_pool]
    for pool in pools:
        pool.connection_class = _mortal(pool.connection_class, steps, sent)
    yield known, sent
    for pool in pools:
        pool.disconnect()
    known.http.clear()


def _mortal(kind: type, steps: int, sent: list[int]) -> type:
    class Connection(kind):  # type: ignore[misc]
        def send_packed_command(self, *args, **kwargs):
            sent.append(len(sent))
            if len(sent) > steps:
                raise Killed
            return super().send_packed_command(*args, **kwargs)

    return Connection


def settle_in(resources: Resources, number: int, *, clean: bool) -> str:
    """A portal that is on every index there is, and whose uninstall was announced."""
    member_id = events.know(resources, number)
    pair = Tokens("access", "refresh", int(time.time()) + 3600)
    resources.installations.keep_chain(member_id, Chain(1, pair, int(time.time()), "Anna"))
    resources.installations.turns.enrol({member_id: time.time()})
    store = PortalStore(resources.redis, member_id)
    store.chat_apps.save(chat_app(), seen=0, actor=SYSTEM, verb=Verb.REGISTER, before=None)
    store.runs.create(SYSTEM, "unregister", "chat_app", [("7", "Board")])
    resources.inbox.put(member_id, events.token_of(member_id), events.body(member_id, 1))
    resources.redis.sadd(keys.dead_letter_inboxes(), member_id)
    resources.enqueue(jobs.resubscribe, member_id, after=3600)
    leaving.announce(resources, resources.installations.get(member_id), clean=clean)
    return member_id


def is_planned(resources: Resources, member_id: str) -> bool:
    """Whether somebody looks at the portal soon."""
    moment = resources.redis.zscore(keys.looks(), member_id)
    return moment is not None and moment < time.time() + ENOUGH


def elsewhere(resources: Resources, member_id: str) -> list[str]:
    """What names the portal outside of its own keys, in store and queue, which are one here."""
    own = keys.portal_prefix(member_id)
    lines = everything_stored(resources.queue.connection).splitlines()
    return [line for line in lines if member_id in line and own not in line.split(" ")[0]]


@pytest.mark.parametrize("clean", [True, False])
def test_killed_at_any_step_of_a_removal_the_next_look_ends_it(resources, settings, clean):
    for steps in range(MOST_STEPS):
        member_id = settle_in(resources, steps, clean=clean)
        departure = resources.installations.departures.read(member_id)
        installation = resources.installations.get(member_id)

        def remove(known, installation=installation, departure=departure) -> bool:
            return leaving.forget(known, installation, clean=clean, departure=departure.id)

        with mortal(settings, steps) as (known, sent), suppress(Killed):
            remove(known)
        was_killed = len(sent) > steps
        assert not was_killed or is_planned(resources, member_id)
        resources.redis.delete(keys.edit_lock(member_id))  # its lease has run out
        if resources.installations.departures.read(member_id):
            remove(resources)  # nothing had happened yet: it is confirmed once more
        elif was_killed:
            leaving.look(resources, member_id)

        assert elsewhere(resources, member_id) == []
        assert is_gone(resources, member_id) if clean else is_retired(resources, member_id)
        if not was_killed:
            break
    assert 15 < steps < MOST_STEPS - 1


def is_gone(resources: Resources, member_id: str) -> bool:
    return not resources.redis.keys(keys.portal_prefix(member_id) + "*")


def is_retired(resources: Resources, member_id: str) -> bool:
    """What was made is kept, noted as not on the portal; one line says that the portal is gone."""
    store = PortalStore(resources.redis, member_id)
    assert [app.published for app in store.chat_apps.all()] == [False]
    ends = [line for line in store.history() if line.after.get("state") == "gone"]
    return len(ends) == 1 and member_id not in resources.installations.member_ids()
