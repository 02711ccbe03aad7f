"""The life of an installation: each step, and the complaint about other systems it answers."""

import re
from pathlib import Path

from b24app import jobs
from b24app.actions import subscriptions
from b24app.actions.life import STEPS, Sign
from b24app.records import Life
from sandbox import portal as deeds
from sandbox.server import Server
from tests.cast import typed
from tests.integration.chains import call
from tests.integration.life import (
    both_profiles,
    history,
    installs_page,
    make_things,
    published,
    send,
    state_of,
    story,
    uninstall,
)

ARCHITECTURE = Path(__file__).parent.parent.parent / "docs" / "architecture.md"


def install_again(person):
    """The installer page is opened in the frame of an installed application."""
    form = person.frame_form()
    form.url = form.url.replace("/?", "/install?")
    return person.send(form)


@both_profiles
def test_an_install_is_new_until_the_portal_says_that_it_is_finished(anna, resources, work):
    assert installs_page(anna).status_code == 200
    assert state_of(anna, resources) == "new"

    anna.at_portal("/frame/finish", {})
    anna.open()

    assert state_of(anna, resources) == "installed"
    assert story(anna, resources) == [("new", ""), ("installed", "finished")]
    assert history(anna, resources)[-1].user_name == "Anna Sokolova"


@both_profiles
def test_installs_that_finish_only_in_part_are_seen_as_such(anna, world, resources, work):
    """Complaint: the installation never finishes, events never come, no error anywhere."""
    installs_page(anna)

    form = anna.frame_form()
    form.url = form.url.replace("/install?", "/?")
    reply = anna.send(form)

    assert reply.status_code == 200
    assert state_of(anna, resources) == "new"


@both_profiles
def test_a_finish_whose_frame_was_closed_at_once_is_learned_from_the_event(
    anna, world, resources, work
):
    """Nobody opens the application afterwards; the portal's event tells."""
    installs_page(anna)
    anna.at_portal("/frame/finish", {})
    assert world.drain()

    work()

    assert state_of(anna, resources) == "installed"


@both_profiles
def test_a_forged_install_event_does_not_finish_anything(anna, world, resources, work):
    installs_page(anna)
    send(anna, resources, "ONAPPINSTALL", INSTALLED="Y", ACTIVE="Y", VERSION="1")

    work()

    assert state_of(anna, resources) == "new"


@both_profiles
def test_a_repeated_install_changes_nothing_and_writes_no_line(anna, resources, work):
    anna.install()
    anna.post("/chat-apps", typed())
    work()
    before = story(anna, resources)

    assert install_again(anna).status_code == 200
    work()

    assert state_of(anna, resources) == "installed"
    assert story(anna, resources) == before
    assert all(published(anna, resources))


@both_profiles
def test_an_install_over_an_old_one_finds_out_what_the_portal_has_lost(
    anna, world, resources, work
):
    """Complaint: a reinstall is broken because the uninstall was never heard of."""
    anna.install()
    bot = make_things(anna)
    work()
    world.faults.order_event("drop", "ONAPPUNINSTALL")
    world.faults.order_event("drop", "ONIMBOTV2DELETE")
    uninstall(anna)
    work()
    assert all(published(anna, resources))

    anna.install()
    work()

    assert not any(published(anna, resources))
    assert state_of(anna, resources) == "installed"
    assert call(resources, anna) == str(anna.user.id)
    assert anna.post(f"/bots/{bot.id}/republication", {"version": "2"}).status_code == 200
    assert [found.name for found in anna.bots()] == ["Helper"]


@both_profiles
def test_a_reinstall_with_a_new_client_id_begins_with_new_tokens_and_keeps_what_was_made(
    anna, world, resources, work
):
    """Complaint: a local application that is made anew has another client id, and all is lost."""
    anna.install()
    make_things(anna)
    work()
    before = resources.installations.get(anna.portal.member_id)
    as_if_installed_by_another(resources, anna)
    for bot in anna.bots():
        deeds.remove_bot(world, anna.portal, bot, 0)

    assert anna.open().status_code == 200
    work()

    after = resources.installations.get(anna.portal.member_id)
    assert after.client_id == before.client_id
    assert [chain.user_id for chain in resources.installations.chains(after.member_id)] == [1]
    assert not any(published(anna, resources))
    assert call(resources, anna) == str(anna.user.id)


def as_if_installed_by_another(resources, person) -> None:
    """The record is that of an application with another client id, with chains of its people."""
    name = f"b24app:{{{person.portal.member_id}}}:"
    resources.redis.hset(f"{name}installation", "client_id", "local.0123456789abcd.11111111")
    chain = resources.redis.hget(f"{name}chains", str(person.user.id))
    resources.redis.hset(f"{name}chains", "77", chain)


@both_profiles
def test_an_update_has_to_be_finished_again_and_loses_nothing(anna, world, resources, work):
    """Complaint: after an update the application does not react any more."""
    anna.install()
    make_things(anna)
    work()
    anna.at_portal("/apps/update", {})
    assert world.drain()
    work()
    assert state_of(anna, resources) == "new"

    anna.send(anna.frame_form())
    anna.at_portal("/frame/finish", {})
    anna.open()
    work()

    assert state_of(anna, resources) == "installed"
    assert story(anna, resources)[-2:] == [("new", "unfinished"), ("installed", "finished")]
    assert all(published(anna, resources))


@both_profiles
def test_a_renamed_portal_is_followed_and_written_down(anna, world, resources, work):
    """Complaint: the portal is renamed, and endless redirects follow."""
    anna.install()
    work()
    old = anna.portal.host
    with Server(world) as second:
        second.listen(f"127.0.0.9:{old.partition(':')[2]}")
        deeds.rename(world, anna.portal, f"127.0.0.9:{old.partition(':')[2]}")
        assert call(resources, anna) == str(anna.user.id)

    [line] = [line for line in history(anna, resources) if "domain" in line.after]
    assert (line.before, line.after) == ({"domain": old}, {"domain": anna.portal.host})
    assert state_of(anna, resources) == "installed"


def test_every_step_of_the_machine_has_its_states_and_its_guard():
    drawn = ARCHITECTURE.read_text()

    assert {step.sign for step in STEPS} == set(Sign)
    for step in STEPS:
        assert step.guard and step.done
        assert step.before <= set(Life)
        row = re.search(rf"^\| `{step.sign.value}` \|(.*?)\|(.*?)\|", drawn, re.MULTILINE)
        assert row, f"{step.sign} is not in docs/architecture.md"
        assert set(re.findall(r"`(\w+)`", row[1])) == {state.value for state in step.before}
        assert (step.after.value if step.after else "before") in row[2]


def test_what_is_bound_is_what_somebody_handles_and_the_drawing_names_all_of_it():
    families = [*subscriptions.BOTS.values(), *subscriptions.LINES.values()]
    bound = {*subscriptions.LIFE, *(event for names in families for event in names)}

    assert bound == set(jobs.HANDLERS)
    [told] = re.findall(r"^Bound is what somebody here handles.*$", ARCHITECTURE.read_text(), re.M)
    assert set(re.findall(r"ON[A-Z0-9]+", told)) == bound
