"""Every portal is looked at by itself, once a day."""

from __future__ import annotations

import time

from b24app import jobs_drift, keys
from b24app.actions import drift
from b24app.records import Look
from sandbox import oauth
from tests.integration.chains import HOUR, let_pass
from tests.integration.drifting import (
    add_command,
    change_widget,
    findings,
    remove_connector,
    rename_bot,
    requests_of,
)


def look_by_itself(app, resources, work) -> None:
    """What the worker does when everybody's turn has come."""
    with app.app_context():
        jobs_drift.enrol_for_looks()
        for name in resources.redis.zrangebyscore(keys.drift_due(), "-inf", "(inf"):
            resources.redis.zadd(keys.drift_due(), {name: 1})
        jobs_drift.look_at_drift()
    work()


def test_every_portal_is_looked_at_by_itself_once_a_day(app, resources, anna, boris, ours, work):
    boris.install()
    rename_bot(None, anna)
    since = len(boris.portal.rest_log)

    look_by_itself(app, resources, work)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert [finding[0] for finding in findings(ours)] == ["bot"]
    assert requests_of(boris, since) == ["batch"]
    due = resources.redis.zrange(keys.drift_due(), 0, -1, withscores=True)
    assert all(moment > time.time() + 86000 for _, moment in due)


def test_a_look_by_itself_changes_nothing(app, resources, anna, world, ours, work):
    for touch in (rename_bot, add_command, remove_connector, change_widget):
        touch(world, anna)
    changes = ours.store.history()

    look_by_itself(app, resources, work)

    assert len(findings(ours)) == 4
    assert ours.store.history() == changes
    assert anna.bots()[0].name == "Renamed"


def test_a_portal_without_living_access_is_passed_over(app, resources, anna, world, ours, work):
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)
    anna.post("/drift/look")
    since = len(anna.portal.rest_log)

    look_by_itself(app, resources, work)

    assert anna.portal.rest_log[since:] == []


def test_looks_renew_nothing_and_an_idle_portal_is_looked_at_when_somebody_is_back(
    app, resources, anna, world, ours, work
):
    since = len(anna.portal.rest_log)
    for _ in range(3):
        let_pass(resources, world, anna, 24 * HOUR)
        look_by_itself(app, resources, work)
    assert (world.renewals, anna.portal.rest_log[since:]) == (0, [])

    anna.open()
    since = len(anna.portal.rest_log)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert requests_of(anna, since) == ["batch"]
    assert world.renewals == 0
    [(_, moment)] = resources.redis.zrange(keys.drift_due(), 0, -1, withscores=True)
    assert moment > time.time() + 86000


def test_a_portal_whose_access_was_renewed_for_something_else_has_its_look(
    app, resources, anna, world, ours, work
):
    let_pass(resources, world, anna, HOUR)
    look_by_itself(app, resources, work)

    ours.rest.call("profile")
    since = len(anna.portal.rest_log)
    with app.app_context():
        jobs_drift.look_at_drift()
    work()

    assert requests_of(anna, since) == ["batch"]
    assert world.renewals == 1


def test_a_suspended_portal_is_passed_over(app, resources, anna, ours, work):
    resources.redis.hset(keys.installation(anna.portal.member_id), "state", "suspended")
    since = len(anna.portal.rest_log)

    look_by_itself(app, resources, work)

    assert anna.portal.rest_log[since:] == []


def test_a_portal_that_does_not_answer_waits_for_the_next_day(
    app, resources, anna, world, ours, work
):
    world.faults.order("html", "batch", times=20)

    look_by_itself(app, resources, work)

    assert ours.store.drift.look().trouble == "PortalUnreachable"
    assert len(resources.queue.failed_job_registry) == 0


def test_nothing_of_it_is_left_of_a_portal_that_was_removed(app, resources, anna, ours, work):
    look_by_itself(app, resources, work)
    member_id = anna.portal.member_id

    resources.installations.remove(member_id)
    drift.known(ours)
    ours.store.drift.note_look(Look(at=1))

    assert resources.redis.exists(keys.drift(member_id)) == 0
    assert resources.redis.zscore(keys.drift_due(), member_id) is None
