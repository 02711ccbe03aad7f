"""What is taken in is kept sealed, done in order, once, and in fair turns."""

import time

import pytest

from b24app import jobs, keys
from b24app.actions import inbox
from b24app.actions.inbox import TURN_EVENTS, read
from b24app.store import inbox as store
from tests import events


@pytest.fixture
def send(app):
    """Post one event; returns the status."""
    web = app.test_client()

    def post(member_id: str, number: int, name: str = "ONSOMETHING", **more: str) -> int:
        body = events.body(member_id, number, name, **more)
        return web.post("/events", data=body, content_type=events.TYPE).status_code

    return post


@pytest.fixture
def aurora(resources) -> str:
    """Member id of a portal that is known and answers to nobody."""
    return events.know(resources, 1)


@pytest.fixture
def borealis(resources) -> str:
    return events.know(resources, 2)


def numbers(member_id, resources, seen):
    """A handler that notes the numbers of the events it is given."""
    return lambda happening: seen.append(int(happening.event.data["number"]))


def test_what_waits_is_sealed(send, aurora, resources):
    send(aurora, 1, **{"auth[access_token]": "a-token-of-somebody"})

    [stored] = resources.redis.lrange(keys.inbox(aurora), 0, -1)

    assert "a-token-of-somebody" not in stored
    assert events.token_of(aurora) not in stored
    [entry] = resources.inbox.first(aurora, 10)
    assert b"a-token-of-somebody" in entry.body
    assert "a-token" not in repr(entry)


def test_events_are_done_in_the_order_they_came(send, aurora, resources):
    for number in range(20):
        send(aurora, number)
    seen: list[int] = []

    assert read(resources, aurora, numbers(aurora, resources, seen)) is False

    assert seen == list(range(20))
    assert resources.inbox.waiting() == []


def test_a_flood_of_one_portal_lets_the_others_have_their_turn(
    send, aurora, borealis, resources, work
):
    """Borealis's one event comes after 200 of Aurora's, and is done after the first turn."""
    for number in range(4 * TURN_EVENTS):
        send(aurora, number)
    send(borealis, 1)
    turns = [job.args[0] for job in resources.queue.jobs]
    assert turns == [aurora, borealis]

    work()

    assert events.done(resources, aurora) == {"ONSOMETHING": 4 * TURN_EVENTS}
    assert events.done(resources, borealis) == {"ONSOMETHING": 1}


def test_a_turn_ends_after_some_events_and_asks_for_the_next(send, aurora, resources):
    for number in range(TURN_EVENTS + 5):
        send(aurora, number)
    seen: list[int] = []

    more = read(resources, aurora, numbers(aurora, resources, seen))

    assert more is True
    assert len(seen) == TURN_EVENTS


def test_while_somebody_reads_nobody_else_does(send, aurora, resources):
    send(aurora, 1)
    assert resources.inbox.open(aurora, "somebody")
    seen: list[int] = []

    assert read(resources, aurora, numbers(aurora, resources, seen)) is False

    assert seen == []


def test_a_reader_that_was_overtaken_takes_nothing_out(send, aurora, resources):
    """It stood still for longer than its lease, and wakes up after another one was done."""
    send(aurora, 1)
    send(aurora, 2)
    [first, second] = resources.inbox.first(aurora, 10)
    resources.inbox.open(aurora, "slow")
    resources.redis.delete(keys.inbox_reader(aurora))  # its lease ran out
    resources.inbox.open(aurora, "quick")
    assert resources.inbox.done(aurora, first, "ONSOMETHING")

    assert resources.inbox.begin(aurora, "slow", second) == 0
    assert resources.inbox.done(aurora, first, "ONSOMETHING") is False
    assert resources.inbox.close(aurora, "slow") is False

    assert events.done(resources, aurora) == {"ONSOMETHING": 1}
    assert resources.inbox.begin(aurora, "quick", second) == 1


def test_an_event_that_came_while_the_reader_left_is_not_forgotten(send, aurora, resources):
    resources.inbox.open(aurora, "reader")
    send(aurora, 1)

    assert resources.inbox.close(aurora, "reader") is True


def test_an_event_that_fails_lets_the_others_pass(send, aurora, resources):
    for number in range(3):
        send(aurora, number)
    seen: list[int] = []

    def handle(happening: inbox.Happening) -> None:
        if happening.event.data["number"] == "0":
            raise OSError("no room")
        numbers(aurora, resources, seen)(happening)

    read(resources, aurora, handle)

    assert seen == [1, 2]
    assert resources.inbox.first(aurora, 10) == []
    assert resources.inbox.waiting() == [aurora]  # the first one is due again later


def fail_for_good(resources, member_id, reason="no room") -> None:
    """Let the portal's only event fail as often as it may."""

    def handle(happening: inbox.Happening) -> None:
        raise OSError(reason)

    for _ in range(len(inbox.PAUSES) + 1):
        read(resources, member_id, handle)
        resources.inbox.hurry(member_id)


def test_after_its_last_try_an_event_is_a_dead_letter_with_its_reason(send, aurora, resources):
    send(aurora, 1)

    fail_for_good(resources, aurora)

    [letter] = resources.inbox.dead_letters(aurora)
    assert (letter.tries, letter.reason) == (len(inbox.PAUSES), "OSError: no room")
    assert resources.inbox.dead_letter_inboxes() == [aurora]
    assert resources.redis.hgetall(keys.inbox_state(aurora)) == {}


def test_a_dead_letter_says_no_secret(send, aurora, resources):
    send(aurora, 1)

    fail_for_good(resources, aurora, "POST https://x/?auth=abcdefghijklmnop refused")

    [letter] = resources.inbox.dead_letters(aurora)
    assert "abcdefgh" not in letter.reason


def test_an_operator_sees_what_failed_and_runs_it_again(app, send, aurora, resources, work):
    send(aurora, 1)
    fail_for_good(resources, aurora)
    run = app.test_cli_runner().invoke

    shown = run(args=["jobs", "failed"]).output
    name = shown.split()[0]
    again = run(args=["jobs", "retry", name])
    work()

    assert aurora in shown and "OSError: no room" in shown and "1 failed" in shown
    assert "1 will run again" in again.output
    assert events.done(resources, aurora) == {"ONSOMETHING": 1}
    assert "nothing failed" in run(args=["jobs", "failed"]).output


def test_an_operator_runs_everything_again_also_what_only_waits(
    app, send, aurora, borealis, resources, work
):
    send(aurora, 1)
    fail_for_good(resources, aurora)
    send(borealis, 1)
    read(resources, borealis, lambda _: 1 / 0)

    reply = app.test_cli_runner().invoke(args=["jobs", "retry", "--all"])
    jobs.look_around(resources)
    work()

    assert "2 will run again" in reply.output
    assert events.done(resources, aurora) == events.done(resources, borealis)


def test_an_operator_who_names_nothing_known_is_told_so(app, resources):
    run = app.test_cli_runner().invoke

    assert run(args=["jobs", "retry"]).exit_code == 2
    assert run(args=["jobs", "retry", "nobody"]).exit_code == 1


def test_a_job_that_failed_for_good_is_listed_and_run_again(app, resources, aurora, work):
    """Nobody answers for this portal, so its job fails as often as it may."""
    resources.queue.enqueue(jobs.resubscribe, aurora)
    work()
    run = app.test_cli_runner().invoke

    shown = run(args=["jobs", "failed"]).output
    reply = run(args=["jobs", "retry", "--all"])

    assert f"resubscribe {aurora}" in shown and "AuthorizationLost" in shown
    assert "1 will run again" in reply.output
    assert resources.queue.count == 1


def test_an_event_that_kills_its_reader_each_time_is_a_dead_letter(send, aurora, resources):
    """It does not keep the events behind it waiting for ever."""
    send(aurora, 1)
    send(aurora, 2)
    for _ in range(inbox.MOST_BEGUN):
        resources.inbox.open(aurora, "killed")
        resources.inbox.begin(aurora, "killed", resources.inbox.first(aurora, 1)[0])
        resources.redis.delete(keys.inbox_reader(aurora))

    read(resources, aurora, numbers(aurora, resources, []))

    [letter] = resources.inbox.dead_letters(aurora)
    assert letter.reason == f"the worker ended {inbox.MOST_BEGUN} times"
    assert events.done(resources, aurora) == {"ONSOMETHING": 1}


def test_a_handler_knows_whether_an_earlier_try_may_have_been_done(send, aurora, resources):
    send(aurora, 1)
    resources.inbox.open(aurora, "killed")
    resources.inbox.begin(aurora, "killed", resources.inbox.first(aurora, 1)[0])
    resources.redis.delete(keys.inbox_reader(aurora))
    seen: list[bool] = []

    read(resources, aurora, lambda happening: seen.append(happening.again))

    assert seen == [True]


def test_events_of_a_portal_that_is_gone_go_too(send, aurora, resources, work):
    send(aurora, 1)
    resources.installations.remove_secrets(aurora)

    work()

    assert [key for key in resources.redis.scan_iter() if aurora in key] == []
    assert resources.inbox.waiting() == []


def test_a_full_inbox_takes_nothing_more_and_forgets_nothing(send, aurora, resources):
    text = "x" * 400_000
    codes = [send(aurora, number, **{"data[text]": text}) for number in range(130)]

    kept = codes.index(503)
    assert set(codes[:kept]) == {200} and set(codes[kept:]) == {503}
    assert 400_000 * kept < store.MOST_BYTES
    assert len(resources.inbox.first(aurora, 200)) == kept


def test_what_a_killed_process_left_without_a_note_is_found(send, aurora, resources, app, work):
    """Killed after the event was put away and before anybody was told."""
    send(aurora, 1)
    resources.queue.empty()
    resources.redis.delete(keys.inboxes(), keys.inbox_reader(aurora))

    with app.app_context():
        jobs.look_everywhere()
    work()

    assert events.done(resources, aurora) == {"ONSOMETHING": 1}


def test_what_runs_by_itself_is_planned_once_however_many_ask(resources):
    shortest = min(jobs.PERIODIC.values())
    while time.time() % shortest > shortest - 1:  # the next run is planned anew in a moment
        time.sleep(0.05)
    for _ in range(3):
        jobs.look_around(resources)

    planned = resources.queue.scheduled_job_registry.get_job_ids()
    assert len(planned) == len(jobs.PERIODIC)
    times = [
        resources.queue.scheduled_job_registry.get_scheduled_time(job).timestamp()
        for job in planned
    ]
    assert all(time.time() - 1 <= at <= time.time() + 3601 for at in times)


def test_names_made_up_by_a_stranger_do_not_fill_the_store(send, aurora, resources, work):
    for number in range(store.MOST_NAMES + 50):
        send(aurora, number, f"ONMADEUP{number}")

    work()

    tally = events.done(resources, aurora)
    assert len(tally) == store.MOST_NAMES + 1
    assert tally["other"] == 50
