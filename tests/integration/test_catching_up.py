"""What a portal told while nobody could ask it is made good once its access is back."""

import dataclasses

from b24app import jobs
from b24app.actions import happenings
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from b24app.store import PortalStore
from sandbox import connectors as channels
from sandbox import oauth
from sandbox import portal as deeds
from sandbox.bot_events import Cause
from tests.cast import typed, typed_bot, typed_connector, typed_joint
from tests.integration.life import both_profiles, later, look_again, send, state_of

MAIL = "b24app_mail"


def store_of(person, resources):
    return PortalStore(resources.redis, person.portal.member_id)


def lose_access(person, resources):
    """Nothing that is stored lets us in any more."""
    oauth.expire_access_tokens(person.world, person.portal)
    oauth.kill_refresh_tokens(person.world, person.portal)
    later(resources, person.world, person, 3700)


def make_bot(person, code="helper"):
    assert person.post("/bots", typed_bot(code=code)).status_code == 200
    return next(bot for bot in person.bots() if bot.code == code)


def remove(person, bot):
    deeds.remove_bot(person.world, person.portal, person.portal.bot(bot.id), person.user.id)
    assert person.world.drain()


def join(person):
    """A connector of ours, connected to the open line Website."""
    assert person.post("/connectors", typed_connector()).status_code == 200
    assert person.post(f"/connectors/{MAIL}/lines/1", typed_joint(1)).status_code == 200


def take_off(person):
    channels.detach(person.world, person.portal, MAIL, 1, Cause(person.user.id))
    assert person.world.drain()


def bound(person):
    return {row.event for row in person.portal.bindings}


@both_profiles
def test_a_bot_deleted_while_there_was_no_access_is_noticed_at_the_next_opening(
    anna, world, resources, work
):
    anna.install()
    bot = make_bot(anna)
    anna.post("/chat-apps", typed(bot_id=str(bot.id)))
    work()
    lose_access(anna, resources)
    remove(anna, bot)
    work()
    store = store_of(anna, resources)
    assert [one.published for one in store.bots.all()] == [True]

    anna.open()
    work()

    assert [one.published for one in (*store.bots.all(), *store.chat_apps.all())] == [False, False]


@both_profiles
def test_a_connector_taken_off_its_line_without_our_access_is_noticed_too(
    anna, world, resources, work
):
    anna.install()
    join(anna)
    work()
    lose_access(anna, resources)
    take_off(anna)
    work()

    anna.open()
    work()

    [connector] = store_of(anna, resources).connectors.all()
    assert (connector.published, connector.joints) == (True, ())


@both_profiles
def test_a_line_whose_channel_is_in_error_stays_connected(anna, world, resources, work):
    """To the portal such a line is out of order, and still active."""
    anna.install()
    join(anna)
    work()
    next(one for one in anna.portal.statuses if one.connector == MAIL).has_error = True
    send(anna, resources, "ONIMCONNECTORSTATUSDELETE", connector=MAIL, line="1")
    work()
    lose_access(anna, resources)
    send(anna, resources, "ONAPPPAYMENT")
    work()

    anna.open()
    work()

    [connector] = store_of(anna, resources).connectors.all()
    assert connector.joint(1)


@both_profiles
def test_an_update_that_met_no_access_is_done_after_the_next_opening(anna, world, resources, work):
    anna.install()
    make_bot(anna)
    work()
    told, member_id = bound(anna), anna.portal.member_id
    lose_access(anna, resources)
    anna.at_portal("/apps/update", {})
    assert world.drain()
    work()
    [letter] = resources.inbox.dead_letters(member_id)
    assert letter.reason.startswith("AuthorizationLost")

    anna.open()
    work()

    assert resources.inbox.dead_letters(member_id) == []
    assert resources.inbox.tally(member_id)["ONAPPUPDATE"][0] == 1
    handled = {name for name in told if name in jobs.HANDLERS}
    assert bound(anna) >= handled


def test_what_failed_for_another_reason_still_waits_for_a_person(anna, world, resources, work):
    anna.install()
    work()
    inbox, member_id = resources.inbox, anna.portal.member_id
    assert send(anna, resources, "ONAPPPAYMENT") == 200
    inbox.open(member_id, "reader")
    [entry] = inbox.first(member_id, 1)
    inbox.begin(member_id, "reader", entry)
    inbox.bury(member_id, entry, "ValueError: of another kind")
    inbox.close(member_id, "reader")
    lose_access(anna, resources)

    anna.open()
    work()

    [letter] = inbox.dead_letters(member_id)
    assert letter.id == entry.id


@both_profiles
def test_access_that_came_back_through_the_code_flow_catches_up_as_well(
    anna, world, resources, work
):
    anna.install()
    bot = make_bot(anna)
    work()
    lose_access(anna, resources)
    remove(anna, bot)
    work()

    reply = anna.browser.get(
        f"{anna.app_url}/oauth/start", params={"domain": anna.portal.host}, timeout=10
    )
    work()

    assert "The connection is made" in reply.text
    assert [one.published for one in store_of(anna, resources).bots.all()] == [False]


@both_profiles
def test_an_install_that_brings_access_back_catches_up_as_well(anna, world, resources, work):
    anna.install()
    bot = make_bot(anna)
    work()
    lose_access(anna, resources)
    remove(anna, bot)
    work()
    form = anna.frame_form()
    path = dataclasses.replace(form, url=form.url.replace("/?", "/install?"))

    assert anna.send(path).status_code == 200
    work()

    assert [one.published for one in store_of(anna, resources).bots.all()] == [False]


@both_profiles
def test_what_an_unpaid_portal_has_told_is_made_good_when_it_is_paid_for(
    anna, world, resources, work
):
    """Nobody opens anything: the look that finds it paid for has the rest done."""
    anna.install()
    bot = make_bot(anna)
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    world.faults.order_event("drop", times=9)
    remove(anna, bot)
    anna.portal.installs[world.card.client_id].payment_expired = False
    assert state_of(anna, resources) == "suspended"

    look_again(resources, world, anna, work, 3700)

    assert state_of(anna, resources) == "installed"
    assert [one.published for one in store_of(anna, resources).bots.all()] == [False]


def test_a_review_goes_on_from_where_it_stopped(anna, world, resources, work, monkeypatch):
    """With no time at all it asks after one thing, and lets other portals have their turn."""
    anna.install()
    bots = [make_bot(anna, code) for code in ("first", "second", "third")]
    join(anna)
    work()
    world.faults.order_event("drop", times=9)
    for bot in bots:
        remove(anna, bot)
    take_off(anna)
    portal = open_portal(resources, anna.portal.member_id, SYSTEM)

    stopped = happenings.review(portal, seconds=0)

    store = store_of(anna, resources)
    assert stopped == f"bot {bots[0].id:012}"
    assert [store.bots.get(bot.id).published for bot in bots] == [False, True, True]
    monkeypatch.setattr(jobs, "EVENT_PATIENCE", 0)
    resources.enqueue(jobs.review, anna.portal.member_id, stopped)
    work()
    assert [bot.published for bot in store.bots.all()] == [False, False, False]
    assert store.connectors.get(MAIL).joints == ()


def test_a_flood_of_forged_updates_goes_on_reviewing_once(anna, resources, work, app, monkeypatch):
    anna.install()
    for code in ("first", "second"):
        make_bot(anna, code)
    work()
    monkeypatch.setattr(jobs, "EVENT_PATIENCE", 0)

    with app.app_context():
        for _ in range(5):
            jobs.resubscribe(anna.portal.member_id)

    assert resources.queue.count == 1
