"""The life of an installation: each step, and the complaint about other systems it answers."""

import re
from pathlib import Path

import pytest

from b24app import jobs
from b24app.actions import subscriptions
from b24app.actions.life import STEPS, Sign
from b24app.records import Life
from b24app.store import PortalStore
from sandbox import oauth
from sandbox import portal as deeds
from sandbox.server import Server
from tests.cast import typed, typed_bot, typed_command
from tests.integration.chains import call
from tests.integration.life import look_again, send, state_of, story, uninstall

both_profiles = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ARCHITECTURE = Path(__file__).parent.parent.parent / "docs" / "architecture.md"


def installs_page(person):
    """The installer opens in the frame; nobody goes on from there."""
    person.at_portal("/apps/install", {})
    return person.send(person.frame_form())


def install_again(person):
    """The installer page is opened in the frame of an installed application."""
    form = person.frame_form()
    form.url = form.url.replace("/?", "/install?")
    return person.send(form)


def history(person, resources):
    return PortalStore(resources.redis, person.portal.member_id).history()


def published(person, resources):
    store = PortalStore(resources.redis, person.portal.member_id)
    shelves = (store.bots, store.commands, store.chat_apps)
    return [thing.published for shelf in shelves for thing in shelf.all()]


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


def make_things(person):
    """A bot with a command and a chat app; the bot on the portal."""
    assert person.post("/bots", typed_bot()).status_code == 200
    [bot] = person.bots()
    assert person.post("/commands", typed_command(bot.id)).status_code == 200
    assert person.post("/chat-apps", typed(bot_id=str(bot.id))).status_code == 200
    return bot


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
def test_a_payment_that_is_over_suspends_and_one_that_is_made_resumes_by_itself(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    assert state_of(anna, resources) == "suspended"
    assert anna.portal.member_id in resources.installations.member_ids()

    deeds.set_payment(world, anna.portal, expired=False, days=30)
    assert world.drain()
    work()

    assert state_of(anna, resources) == "installed"
    assert story(anna, resources)[-2:] == [("suspended", "unpaid"), ("installed", "finished")]
    assert anna.open().status_code == 200
    assert "Board" in anna.get("/chat-apps").text


@both_profiles
def test_a_payment_nobody_told_of_is_found_by_looking(anna, world, resources, work):
    """Complaint: events lost while the server was down."""
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    anna.portal.installs[world.card.client_id].payment_expired = False

    look_again(resources, world, anna, work, 3600)

    assert state_of(anna, resources) == "installed"


def test_an_unpaid_portal_is_asked_more_and_more_seldom(anna, world, resources, work):
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()

    looked = 0
    for _ in range(60):  # two months, day by day
        before = len(anna.portal.rest_log)
        look_again(resources, world, anna, work, 24 * 3600)
        looked += len(anna.portal.rest_log) > before

    assert state_of(anna, resources) == "suspended"
    assert looked < 25


def test_payment_required_from_the_authorization_server_suspends(anna, world, resources, work):
    """Complaint: refresh failures without a reason."""
    anna.install()
    work()
    oauth.expire_access_tokens(world, anna.portal)
    world.faults.order_token("PAYMENT_REQUIRED")

    anna.get("/connection/checks")

    assert state_of(anna, resources) == "suspended"
    assert story(anna, resources)[-1] == ("suspended", "unpaid")


@both_profiles
def test_opening_the_frame_of_a_suspended_portal_resumes_it(anna, world, resources, work):
    """Only a portal that is paid for opens the frame."""
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    anna.portal.installs[world.card.client_id].payment_expired = False

    anna.open()

    assert state_of(anna, resources) == "installed"


@both_profiles
def test_a_forged_payment_event_suspends_nobody(anna, world, resources, work):
    anna.install()
    work()
    send(anna, resources, "ONAPPPAYMENT", PAYMENT_EXPIRED="Y", STATUS="P")

    work()

    assert state_of(anna, resources) == "installed"


@both_profiles
def test_an_uninstall_of_a_suspended_portal_is_confirmed_as_well(anna, world, resources, work):
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    send(anna, resources, "ONAPPUNINSTALL", CLEAN="1")
    deeds.uninstall(world, anna.portal, anna.user, clean=True)

    work()

    assert resources.installations.member_ids() == []


@both_profiles
def test_a_forged_uninstall_of_a_suspended_portal_leaves_it_suspended(anna, world, resources, work):
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    send(anna, resources, "ONAPPUNINSTALL", CLEAN="1")
    work()

    look_again(resources, world, anna, work, 120)

    assert state_of(anna, resources) == "suspended"


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


@both_profiles
def test_a_bot_deleted_in_the_portal_is_marked_with_all_that_belonged_to_it(
    anna, world, resources, work
):
    anna.install()
    bot = make_things(anna)
    work()
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    assert world.drain()

    work()

    assert not any(published(anna, resources))
    told = [line for line in history(anna, resources) if line.after.get("published") is False]
    assert sorted(line.thing for line in told) == ["bot", "chat_app", "command"]
    assert {line.user_name for line in told} == {"system"}


@both_profiles
def test_a_bot_of_the_first_family_is_marked_too(anna, world, resources, work):
    anna.install()
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    bot = make_things(anna)
    work()
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    assert world.drain()

    work()

    assert not any(published(anna, resources))


@both_profiles
def test_a_bot_we_removed_ourselves_has_no_second_line(anna, world, resources, work):
    anna.install()
    bot = make_things(anna)
    work()
    typed_name = {"confirmation": "Helper of Aurora"}
    assert anna.post(f"/bots/{bot.id}/unregistration", typed_name).status_code == 200
    lines = len(history(anna, resources))
    assert world.drain()

    work()

    assert len(history(anna, resources)) == lines


@both_profiles
@pytest.mark.parametrize("name", ["ONIMBOTDELETE", "ONIMBOTV2DELETE"])
def test_a_forged_deletion_of_a_bot_marks_nothing(anna, world, resources, work, name):
    anna.install()
    bot = make_things(anna)
    work()
    fields = {"BOT_ID": str(bot.id)} if name == "ONIMBOTDELETE" else {"bot][id": str(bot.id)}
    assert send(anna, resources, name, **fields) == 200
    work()
    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)

    work()

    assert all(published(anna, resources))
    assert resources.inbox.dead_letters(anna.portal.member_id) == []


@both_profiles
def test_a_deletion_that_is_told_before_it_is_done_is_asked_about_again(
    anna, world, resources, work
):
    """The event leaves the portal before the bot does."""
    anna.install()
    bot = make_things(anna)
    work()
    send(anna, resources, "ONIMBOTV2DELETE", **{"bot][id": str(bot.id)})
    work()
    world.faults.order_event("drop", "ONIMBOTV2DELETE")
    deeds.remove_bot(world, anna.portal, anna.portal.bot(bot.id), anna.user.id)
    resources.inbox.hurry(anna.portal.member_id)
    jobs.look_around(resources)

    work()

    assert not any(published(anna, resources))


def register_connector(person, resources) -> None:
    """A connector of ours on the portal, active on line 1."""
    params = {
        "ID": "mail",
        "NAME": "Mail",
        "ICON": {"DATA_IMAGE": "data:image/svg+xml,x"},
        "PLACEMENT_HANDLER": f"{person.app_url}/connectors/setting",
    }
    rest = jobs.open_portal(resources, person.portal.member_id, jobs.SYSTEM).rest
    rest.call("imconnector.register", params)
    rest.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": 1})


@both_profiles
def test_a_connector_taken_off_a_line_is_written_down_once(anna, world, resources, work):
    anna.install()
    register_connector(anna, resources)
    work()
    world.faults.order_event("twice", "ONIMCONNECTORSTATUSDELETE")
    rest = jobs.open_portal(resources, anna.portal.member_id, jobs.SYSTEM).rest
    rest.call("imconnector.activate", {"CONNECTOR": "mail", "LINE": 1, "ACTIVE": 0})
    assert world.drain()

    work()

    [line] = [line for line in history(anna, resources) if line.thing == "connector"]
    assert (line.thing_id, line.after) == ("mail", {"line": 0, "active": False})


@both_profiles
def test_a_connector_that_is_still_active_is_not_said_to_be_off(anna, world, resources, work):
    anna.install()
    register_connector(anna, resources)
    work()
    send(anna, resources, "ONIMCONNECTORSTATUSDELETE", connector="mail", line="1")

    work()

    assert [line for line in history(anna, resources) if line.thing == "connector"] == []


@both_profiles
def test_a_deleted_line_is_written_down_and_a_forged_one_is_not(anna, world, resources, work):
    anna.install()
    work()
    [first, second, *_] = [line.id for line in anna.portal.lines]
    anna.at_portal("/contact-center/lines/delete", {"line": str(second)})
    assert world.drain()
    send_scalar(anna, resources, first)

    work()

    lines = [line for line in history(anna, resources) if line.thing == "line"]
    assert [line.thing_id for line in lines] == [str(second)]


def send_scalar(person, resources, number) -> None:
    """ONIMCONNECTORLINEDELETE has a bare number for its data."""
    installation = resources.installations.get(person.portal.member_id)
    body = {
        "event": "ONIMCONNECTORLINEDELETE",
        "data": str(number),
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": installation.application_token,
    }
    assert person.browser.post(person.app_url + "/events", data=body, timeout=10).status_code == 200


@both_profiles
def test_a_flood_of_forged_news_does_not_push_out_what_people_did(anna, world, resources, work):
    anna.install()
    work()
    for number in range(1000, 1060):
        send_scalar(anna, resources, number)

    work()

    assert len([line for line in history(anna, resources) if line.thing == "line"]) <= 20


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


def test_what_is_suspended_is_still_looked_at_after_everything_was_started_anew(
    anna, world, resources, work
):
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    resources.queue.empty()
    anna.portal.installs[world.card.client_id].payment_expired = False
    look_again(resources, world, anna, work, 3700)

    assert state_of(anna, resources) == "installed"
