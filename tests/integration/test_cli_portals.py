"""``flask --app app portals …``: what the operator sees and does, and never a secret."""

import time
import uuid
from dataclasses import replace

import pytest
from rq.job import Job

from b24app import cli, create_app, keys
from b24app.actions import doctor
from b24app.records import Actor, Verb
from b24app.store import PortalStore, RateBudget, access
from sandbox import oauth, portal
from tests.cast import typed

ANNA = Actor(1, "Anna Sokolova", True)


@pytest.fixture
def run(app):
    """Run one command as the operator would; what it printed and how it ended."""

    def command(*arguments: str, answer: str = ""):
        return app.test_cli_runner().invoke(args=["portals", *arguments], input=answer)

    return command


@pytest.fixture
def settled(anna, work, world):
    anna.install()
    world.drain()
    work()
    return anna


def lose_access(person, world) -> None:
    oauth.expire_access_tokens(world, person.portal)
    oauth.kill_refresh_tokens(world, person.portal)


def test_the_list_has_a_line_for_each_portal_with_its_state(settled, boris, world, run):
    boris.install()
    lose_access(boris, world)
    run("doctor", boris.portal.member_id)

    lines = sorted(run("list").output.splitlines(), key=lambda line: line.split()[2])

    assert [line.split()[:4] for line in lines] == [
        [boris.portal.member_id, boris.portal.host, "waiting", "invalid_grant"],
        [settled.portal.member_id, settled.portal.host, "works", "-"],
    ]
    assert all(line.split()[4].endswith("Z") for line in lines)


def test_the_list_can_show_those_in_trouble_only(settled, boris, world, run):
    boris.install()
    lose_access(boris, world)
    run("doctor", boris.portal.member_id)

    assert boris.portal.host in run("list", "--troubled").output
    assert settled.portal.host not in run("list", "--troubled").output


def test_the_list_tells_a_suspended_portal_from_a_broken_one(settled, resources, run):
    resources.redis.hset(keys.installation(settled.portal.member_id), "state", "suspended")

    assert run("list", "--troubled").output.split()[2] == "suspended"
    assert "suspended since" in run("show", settled.portal.host).output


def test_the_list_of_very_many_portals_is_read_in_few_questions(resources, run):
    """Two thousand portals cost some tens of commands' round trips, not four thousand."""
    member_ids = [uuid.uuid4().hex for _ in range(2000)]
    with resources.redis.pipeline(transaction=False) as pipe:
        pipe.sadd(keys.portals(), *member_ids)
        for number, member_id in enumerate(member_ids):
            fields = {"domain": f"p{number}.example.com", "installed_at": 1}
            pipe.hset(keys.installation(member_id), mapping=fields)
        pipe.execute()
    reads = resources.redis.info("stats")["total_reads_processed"]

    output = run("list").output

    assert len(set(output.splitlines())) == 2000
    assert resources.redis.info("stats")["total_reads_processed"] - reads < 200


def test_a_portal_is_shown_by_its_domain_or_its_member_id(settled, run):
    by_domain = run("show", settled.portal.host)

    assert by_domain.exit_code == 0
    assert by_domain.output == run("show", settled.portal.member_id).output
    assert "user 1 Anna Sokolova: alive" in by_domain.output


def test_the_doctor_prints_the_lines_of_the_page_and_ends_well(settled, run):
    result = run("doctor", settled.portal.host)

    assert result.exit_code == 0
    topics = [line.split()[1] for line in result.output.splitlines() if line.startswith("green")]
    assert topics == list(doctor.TOPICS)


def test_the_doctor_ends_with_1_when_something_is_red(settled, world, run):
    portal.finish_install(world, settled.portal, settled.user, finished=False)

    result = run("doctor", settled.portal.host)

    assert result.exit_code == 1
    assert "red    installation" in result.output


def test_the_doctor_tells_why_access_is_lost(settled, world, run):
    lose_access(settled, world)

    result = run("doctor", settled.portal.host)

    assert result.exit_code == 1
    assert "no chain lives" in result.output
    assert "dead (invalid_grant)" in result.output


def test_the_doctor_says_what_to_do_about_every_line_that_is_not_green(
    settled, world, resources, run
):
    member_id = settled.portal.member_id
    settled.portal.bindings = settled.portal.bindings[:1]
    RateBudget(resources.redis, member_id).block("imbot.app.update", time.time() + 300)

    output = run("doctor", settled.portal.host).output

    assert "portals bind binds them" in output
    assert "paused by the portal: imbot.app.update until" in output
    assert "goes on by itself then" in output


def test_binding_again_mends_what_the_doctor_found(settled, run):
    settled.portal.bindings = settled.portal.bindings[:1]

    result = run("bind", settled.portal.host)

    assert result.exit_code == 0
    assert f"all bound to {settled.app_url}/events" in result.output
    assert run("doctor", settled.portal.host).exit_code == 0


def test_binding_that_comes_to_nothing_says_what_is_missing(settled, world, run):
    settled.portal.bindings = [row for row in settled.portal.bindings if row.event != "ONAPPUPDATE"]
    world.faults.order("error", "event.bind", code="ERROR_CORE", status=400, times=9)

    result = run("bind", settled.portal.host)

    assert result.exit_code == 1
    assert "still not bound: ONAPPUPDATE" in result.output


def test_a_refresh_renews_once_now(settled, world, run):
    result = run("refresh", settled.portal.host)

    assert result.exit_code == 0
    assert world.renewals == 1


def test_a_refresh_that_is_refused_says_who_can_mend_it(settled, world, run):
    world.faults.order_token("wrong_client", times=3)

    result = run("refresh", settled.portal.host)

    assert result.exit_code == 1
    assert "B24_CLIENT_ID" in result.output


def test_an_unknown_portal_is_a_clear_line(app, run):
    for command in ("show", "doctor", "refresh", "bind", "forget"):
        result = run(command, "nowhere.example.com")
        assert result.exit_code == 1
        assert "no such portal is installed" in result.output


def test_forgetting_asks_first(settled, resources, run):
    result = run("forget", settled.portal.host, answer="n\n")

    assert result.exit_code == 1
    assert resources.installations.member_ids() == [settled.portal.member_id]


def test_forgetting_leaves_nothing_of_the_portal(settled, boris, resources, run):
    boris.install()
    settled.post("/chat-apps", typed())
    PortalStore(resources.redis, settled.portal.member_id).note(
        ANNA, Verb.UPDATE, ("installation", settled.portal.member_id), {}, {}
    )

    result = run("forget", settled.portal.host, "--yes")

    assert result.exit_code == 0
    left = resources.redis.keys(f"*{settled.portal.member_id}*")
    assert [key for key in left if not key.startswith("rq:")] == []
    assert resources.installations.member_ids() == [boris.portal.member_id]


def test_nothing_that_is_printed_holds_a_secret(settled, world, run):
    name = settled.portal.host
    output = "".join(
        run(*arguments).output
        for arguments in (("list",), ("show", name), ("doctor", name), ("refresh", name))
    )

    secrets = [world.card.client_secret]
    secrets += [token for grant in world.grants.values() for token in (grant.access, grant.refresh)]
    secrets += [settled.portal.installs[world.card.client_id].application_token]
    assert [secret for secret in secrets if secret in output] == []


@pytest.mark.parametrize(
    "arguments",
    [
        "portals list",
        "portals show aurora",
        "portals forget aurora --yes",
        "jobs failed",
        "jobs retry --all",
        "keys rotate",
        "worker",
    ],
)
def test_a_store_that_is_away_is_one_plain_line(settings, tmp_path, monkeypatch, arguments):
    monkeypatch.setattr(cli, "PATIENCE", 0)
    nowhere = f"unix://{tmp_path / 'nowhere'}"
    app = create_app(replace(settings, redis_url=nowhere, queue_redis_url=nowhere))

    result = app.test_cli_runner().invoke(args=arguments.split())

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "do" in result.output and "not answer (ConnectionError)" in result.output


def test_a_failed_job_that_went_meanwhile_is_passed_over(app, resources, work):
    for _ in range(2):
        resources.queue.enqueue("b24app.jobs.no_such_job")
    work()  # they fail for good
    [gone, _] = resources.queue.failed_job_registry.get_job_ids()
    resources.queue.connection.delete(Job.key_for(gone))

    result = app.test_cli_runner().invoke(args=["jobs", "retry", "--all"])

    assert result.exit_code == 0
    assert "1 will run again" in result.output


def test_a_portal_that_is_edited_at_this_moment_is_not_forgotten_under_the_edit(
    settled, resources, run, monkeypatch
):
    monkeypatch.setattr(access, "WAIT_SECONDS", 0.1)
    store = PortalStore(resources.redis, settled.portal.member_id)

    with store.editing():
        result = run("forget", settled.portal.host, "--yes")

    assert result.exit_code == 1
    assert "nothing is deleted, try again" in result.output
    assert settled.open().status_code == 200
    assert run("forget", settled.portal.host, "--yes").exit_code == 0
