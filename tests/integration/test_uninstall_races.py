"""A removal and an install or opening that meet, at every moment of one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest
from werkzeug.datastructures import MultiDict

from b24app import jobs, keys
from b24app.actions import installs, leaving, life
from b24app.actions.life import Sign
from b24app.actions.proof import Claim, claim_of_frame
from b24app.bitrix.inbound import read_frame
from b24app.errors import NotInstalled
from b24app.records import SYSTEM, ItemState
from b24app.resources import Resources, open_resources
from b24app.settings import Settings
from b24app.store import PortalStore
from tests import events
from tests.cast import Person
from tests.integration.chains import call
from tests.integration.life import keys_of

MOST_MOMENTS = 200


@contextmanager
def interrupted(
    settings: Settings, moment: int, rival: Callable[[], object]
) -> Iterator[tuple[Resources, list[int]]]:
    """Resources before whose command of this number to the store ``rival`` does all it does; and
    the numbers of the commands that were sent."""
    known, sent = open_resources(settings), list[int]()
    pool = known.redis.connection_pool

    class Connection(pool.connection_class):  # type: ignore[misc, name-defined]
        def send_packed_command(self, *args, **kwargs):
            sent.append(len(sent))
            if len(sent) == moment + 1:
                rival()
            return super().send_packed_command(*args, **kwargs)

    pool.connection_class = Connection
    yield known, sent
    known.redis.close()
    known.queue.connection.close()
    known.http.clear()


def claim_of(person: Person) -> Claim:
    """What the person's frame shows when it is opened."""
    form = person.frame_form()
    query = MultiDict(parse_qsl(urlsplit(form.url).query))
    return claim_of_frame(read_frame(query, MultiDict(form.fields)))


def depart(person: Person, resources: Resources, *, clean: bool = True) -> Callable[[], object]:
    """An uninstall was announced and has been confirmed; what is left to do is the removal."""
    member_id = person.portal.member_id
    installation = resources.installations.get(member_id)
    leaving.announce(resources, installation, clean=clean)
    departure = resources.installations.departures.read(member_id)
    assert departure
    return lambda: leaving.forget(resources, installation, clean=clean, departure=departure.id)


def is_sound(person: Person, resources: Resources) -> bool:
    """Whether the portal is installed and nothing about it contradicts that."""
    member_id, known = person.portal.member_id, resources.installations
    assert known.get(member_id).state in ("new", "installed")
    assert known.departures.read(member_id) is None
    assert known.member_ids() == [member_id]
    assert [chain.user_id for chain in known.chains(member_id)] == [person.user.id]
    return call(resources, person) == str(person.user.id)


class Killed(BaseException):
    """Nothing of the process gets any further."""


def test_no_moment_of_an_install_leaves_a_portal_that_the_index_does_not_name(
    anna, resources, settings
):
    """Whoever walks the index would never see it: its secrets would keep their old key."""
    anna.install()
    claim, member_id = claim_of(anna), anna.portal.member_id

    def kill() -> None:
        raise Killed

    for moment in range(MOST_MOMENTS):
        resources.installations.remove(member_id)
        with interrupted(settings, moment, kill) as (known, sent), suppress(Killed):
            installs.install(known, claim)

        if resources.redis.exists(keys.installation(member_id)):
            assert resources.installations.member_ids() == [member_id]
        if len(sent) <= moment:
            break
    assert 10 < len(sent) <= moment


def test_no_moment_of_an_install_lets_a_late_confirmation_remove_it(
    anna, resources, settings, work
):
    anna.install()
    work()
    claim = claim_of(anna)
    for moment in range(MOST_MOMENTS):
        removal = depart(anna, resources)
        with interrupted(settings, moment, removal) as (known, sent):
            installs.install(known, claim)

        assert is_sound(anna, resources)
        if len(sent) <= moment:
            break
    assert 10 < len(sent) <= moment


@pytest.mark.parametrize("clean", [True, False])
def test_no_moment_of_a_late_confirmation_takes_from_a_newer_install(
    anna, resources, settings, work, clean
):
    anna.install()
    work()
    claim, member_id = claim_of(anna), anna.portal.member_id
    due = resources.redis.zrange(keys.due(), 0, -1)

    def install_again() -> None:
        installs.install(resources, claim)
        resources.enqueue(jobs.resubscribe, member_id)

    for moment in range(MOST_MOMENTS):
        depart(anna, resources, clean=clean)
        departure = resources.installations.departures.read(member_id)
        installation = resources.installations.get(member_id)
        with interrupted(settings, moment, install_again) as (known, sent):
            leaving.forget(known, installation, clean=clean, departure=departure.id)
        if len(sent) <= moment:
            break

        assert is_sound(anna, resources)
        assert resources.redis.zrange(keys.due(), 0, -1) == due
        assert [job.args for job in resources.queue.jobs] == [(member_id,)]
        resources.queue.empty()
        resources.redis.delete(keys.rate(member_id))  # many installs, and no time goes by
    assert 5 < len(sent) <= moment


def test_an_opening_that_meets_a_removal_leaves_no_secret_behind(anna, resources, settings, work):
    anna.install()
    work()
    claim, member_id = claim_of(anna), anna.portal.member_id
    for moment in range(MOST_MOMENTS):
        installation = resources.installations.get(member_id)

        def remove(installation=installation) -> None:
            leaving.forget(resources, installation, clean=True)

        with interrupted(settings, moment, remove) as (known, sent), suppress(NotInstalled):
            installs.admit(known, claim)
        if len(sent) <= moment:
            break

        if not resources.installations.member_ids():
            kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
            assert kept <= {"rate"}
            assert resources.redis.zcard(keys.due()) == 0
            installs.install(resources, claim)
        assert is_sound(anna, resources)
    assert 5 < len(sent) <= moment


def met_by_a_removal(
    resources: Resources, settings: Settings, step: Callable[[Resources, str], object]
) -> int:
    """Do a step of a portal, once for each command in which its removal may come between; asserts
    that nothing of the portal is left each time. Returns at how many moments it came."""
    for moment in range(MOST_MOMENTS):
        member_id = events.know(resources, moment)
        installation = resources.installations.get(member_id)

        def remove(installation=installation) -> None:
            leaving.forget(resources, installation, clean=True)

        with interrupted(settings, moment, remove) as (known, sent), suppress(NotInstalled):
            step(known, member_id)
        if len(sent) <= moment:
            break

        left = resources.redis.keys(keys.portal_prefix(member_id) + "*")
        assert [key for key in left if not key.endswith((":edit-lock", ":bulk-worker"))] == []
    return moment


def test_a_step_in_the_life_of_a_portal_writes_no_history_after_its_removal(resources, settings):
    def step(known: Resources, member_id: str) -> None:
        life.move(known, member_id, Sign.UNPAID)
        life.renamed(known, member_id, "old.example.com", "new.example.com")

    assert met_by_a_removal(resources, settings, step) > 3


def test_work_with_many_things_leaves_nothing_after_the_removal_of_the_portal(resources, settings):
    def step(known: Resources, member_id: str) -> None:
        runs = PortalStore(known.redis, member_id).runs
        run = runs.create(SYSTEM, "unregister", "command", [("1", "/help"), ("2", "/way")])
        runs.note(run, [replace(item, state=ItemState.SENT) for item in runs.items(run)])

    assert met_by_a_removal(resources, settings, step) > 3
