"""A person's edit gets in while work with many things goes on."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from b24app import keys
from b24app.actions import bulk, bulk_steps, chat_apps, drafts
from b24app.actions.drafts import Draft
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM, Lane, Rate, Translation, Verb
from b24app.store import RateBudget
from b24app.store.budget import SHARE, rate_of
from tests.integration.test_worker import wait_until

DRAFT = Draft(iframe_url="https://pages.example.com/", translations=(Translation("en", "Board"),))
MANY = 40


@pytest.fixture
def portal(anna, resources):
    """Anna's portal with one chat app of hers and many that are published again."""
    anna.install()
    member_id = anna.portal.member_id
    self_made = open_portal(resources, member_id, SYSTEM)
    for number in range(MANY + 1):
        chat_apps.register(self_made, replace(DRAFT, code=f"app{number}"))
        resources.redis.delete(keys.rate(member_id))
    everything = [str(app.id) for app in self_made.store.chat_apps.all() if app.code != "app0"]
    bulk.start(self_made, Verb.REPUBLISH, "chat_app", everything)
    return open_portal(resources, member_id, SYSTEM)


@pytest.fixture
def run(portal, resources) -> Iterator:
    """Work at the run; in the end the rest of it is left undone."""
    member_id = portal.installation.member_id
    with ThreadPoolExecutor(1) as pool:

        def work() -> None:
            pool.submit(bulk.work, resources, member_id)
            wait_until(lambda: _is_worked_at(resources, member_id))

        yield work
        bulk.cancel(portal, portal.store.runs.all()[0].id)
        resources.redis.delete(keys.rate(member_id))


def _is_worked_at(resources, member_id: str) -> bool:
    return resources.redis.get(keys.bulk_worker(member_id)) is not None


def budget_of(resources, portal) -> tuple[RateBudget, Rate]:
    rate = rate_of(portal.installation.license)
    return RateBudget(resources.redis, portal.installation.member_id, rate), rate


def edit(resources, portal, width: int) -> None:
    """Anna changes her own chat app, as a page would."""
    hers = open_portal(resources, portal.installation.member_id, SYSTEM)
    [app] = [one for one in hers.store.chat_apps.all() if one.code == "app0"]
    draft = replace(drafts.of_chat_app(app), iframe_width=str(width))
    assert chat_apps.update(hers, app.id, draft).iframe_width == width


def published_again(portal) -> int:
    return sum(line.verb is Verb.REPUBLISH for line in portal.store.history(1000))


def test_work_that_waits_for_the_portals_limits_keeps_nobody_from_editing(
    anna, world, resources, portal, run
):
    """It begins to edit when there is room for all of a step, and not before."""
    budget, rate = budget_of(resources, portal)
    while budget.look().level < SHARE[Lane.BULK] + 0.02:
        budget.take("profile", Lane.INTERACTIVE, 30)
    world.faults.rest_delay = 0.1
    run()

    wait_until(lambda: resources.redis.exists(keys.edit_lock(portal.installation.member_id)))

    begun = 1  # the first request of the step may be under way
    room = SHARE[Lane.BULK] - bulk_steps.REQUESTS / rate.size
    assert budget.look().level <= room + begun / rate.size


def published_before_the_edit(portal) -> int:
    lines = [line.verb for line in portal.store.history(1000)]
    return lines[lines.index(Verb.UPDATE) :].count(Verb.REPUBLISH)


def _waits_or_is_done(resources, mark: str, saved: Future[None]) -> bool:
    return bool(resources.redis.exists(mark)) or saved.done()


def test_whoever_waits_goes_before_the_next_step(anna, world, resources, portal, run):
    """One step may be under way when somebody comes; the next one waits for them."""
    world.faults.rest_delay = 0.1
    mark = keys.edit_waiting(portal.installation.member_id)
    run()
    wait_until(lambda: published_again(portal) > 0)
    passed = []
    with ThreadPoolExecutor(1) as person:
        for width in range(500, 505):
            saved = person.submit(edit, resources, portal, width)
            wait_until(partial(_waits_or_is_done, resources, mark, saved))
            before = published_again(portal)
            saved.result()
            passed.append(published_before_the_edit(portal) - before)

    assert max(passed) <= 1
    wait_until(lambda: published_again(portal) > before)
