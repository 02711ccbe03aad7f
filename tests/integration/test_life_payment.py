"""A portal that has not paid is suspended, and works again once it has paid."""

from sandbox import oauth
from sandbox import portal as deeds
from tests.cast import typed
from tests.integration.life import both_profiles, look_again, send, state_of, story


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
