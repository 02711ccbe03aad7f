"""/connection: the doctor's report, and who may read it."""

import json
import re
import time
from dataclasses import replace

import pytest
import requests

from b24app import keys
from b24app.actions.findings import Mend
from b24app.actions.portal import open_portal
from b24app.errors import PortalUnreachable
from b24app.records import SYSTEM
from b24app.store import PortalStore, RateBudget
from sandbox import oauth, portal
from tests.cast import Person
from tests.integration.chains import HOUR, let_pass


def lines(reply) -> dict[str, str]:
    """The report's lines by topic: their health."""
    found = re.findall(r'class="check check--(\w+)" id="line-([\w-]+)"', reply.text)
    return {topic: health for health, topic in found}


def line(reply, topic: str) -> str:
    """The part of the page that holds this line."""
    return reply.text.partition(f'id="line-{topic}"')[2].partition('id="line-')[0]


def mends(reply, topic: str) -> str:
    """What the line's button does; empty without a button."""
    part = line(reply, topic)
    for mend, sign in {
        Mend.BIND: 'hx-post="/connection/subscriptions"',
        Mend.CHECK: 'hx-get="/connection/checks"',
        Mend.RECONNECT: 'data-deed="reconnect"',
        Mend.FINISH: 'data-deed="finish"',
        Mend.RETRY: 'hx-post="/connection/retries"',
    }.items():
        if sign in part:
            return mend
    return ""


@pytest.fixture
def settled(anna, work, world) -> Person:
    """Anna, with the application installed and every event of it done."""
    anna.install()
    world.drain()
    work()
    return anna


def lose_access(anna: Person, world) -> None:
    """What happens when the portal's grants are withdrawn."""
    oauth.expire_access_tokens(world, anna.portal)
    oauth.kill_refresh_tokens(world, anna.portal)


def requests_of(person: Person, since: int) -> list[str]:
    """What the person's portal was asked after its first ``since`` calls; a batch counts as one."""
    items = ("app.info", "scope", "event.get", "server.time")
    return [call.method for call in person.portal.rest_log[since:] if call.method not in items]


@pytest.mark.parametrize("world", ["source", "documented"], indirect=True)
def test_a_fresh_installation_is_in_order_in_every_line(settled):
    reply = settled.get("/connection/checks")

    assert reply.status_code == 200
    assert set(lines(reply).values()) == {"green"}
    assert "Everything works." in reply.text


def test_the_page_is_there_before_anybody_is_asked(settled, world):
    calls, proofs = len(settled.portal.rest_log), world.proofs

    reply = settled.get("/connection")

    assert reply.status_code == 200
    assert (len(settled.portal.rest_log), world.proofs) == (calls, proofs)
    assert lines(reply)["portal"] == "pending"
    assert lines(reply)["access"] == "green"
    assert 'hx-get="/connection/checks" hx-trigger="load"' in reply.text


def test_the_report_costs_one_batch_and_one_call_of_the_authorization_server(settled, world):
    calls, proofs = len(settled.portal.rest_log), world.proofs

    settled.get("/connection/checks")

    assert requests_of(settled, calls) == ["batch"]
    assert (world.proofs - proofs, world.renewals) == (1, 0)


def test_an_hour_later_the_one_call_is_the_renewal(settled, world, resources):
    let_pass(resources, world, settled, HOUR + 1)
    calls, proofs = len(settled.portal.rest_log), world.proofs

    reply = settled.get("/connection/checks")

    assert requests_of(settled, calls) == ["batch"]
    assert (world.proofs - proofs, world.renewals) == (0, 1)
    assert "renewed" in line(reply, "server")
    assert lines(reply)["server"] == "green"


def test_lost_access_is_told_with_the_way_to_mend_it(settled, world):
    lose_access(settled, world)

    reply = settled.get("/connection/checks")

    assert reply.status_code == 200
    assert lines(reply)["access"] == "red"
    assert mends(reply, "access") == Mend.RECONNECT
    assert "Ended" in line(reply, "access")
    assert "Anna Sokolova" in line(reply, "access")
    assert lines(reply)["scopes"] == "green"  # still known from the frame


def test_opening_the_application_again_heals_it_and_says_so_once(settled, world):
    lose_access(settled, world)
    settled.get("/connection/checks")

    first, second = settled.open(), settled.open()

    assert "works again" in first.text
    assert "works again" not in second.text
    assert lines(settled.get("/connection/checks"))["access"] == "green"


def test_an_ended_plan_is_told_with_its_moment(settled, world):
    oauth.expire_access_tokens(world, settled.portal)
    world.faults.order_token("PAYMENT_REQUIRED")

    reply = settled.get("/connection/checks")

    assert lines(reply)["access"] == "red"
    assert "subscription has ended" in line(reply, "access")


def test_wrong_keys_are_told_as_nobodys_fault_in_the_portal(settled, world):
    oauth.expire_access_tokens(world, settled.portal)
    world.faults.order_token("wrong_client", times=3)

    reply = settled.get("/connection/checks")

    assert lines(reply)["access"] == lines(reply)["server"] == "red"
    assert "your portal is not to blame" in line(reply, "access")


def test_an_installation_that_was_not_finished_can_be_finished(settled, world):
    portal.finish_install(world, settled.portal, settled.user, finished=False)

    reply = settled.get("/connection/checks")

    assert lines(reply)["installation"] == "red"
    assert mends(reply, "installation") == Mend.FINISH


def test_an_installer_that_was_interrupted_offers_the_report(anna):
    anna.at_portal("/apps/install", {})
    reply = anna.send(anna.frame_form())
    anna.session_token = re.search(r'name="session-token" content="([^"]+)"', reply.text)[1]

    assert 'hx-get="/connection"' in reply.text
    assert lines(anna.get("/connection/checks"))["installation"] == "red"


@pytest.mark.parametrize(
    ("scope", "health", "loss"),
    [
        ("imbot", "red", "no chat apps, bots and commands"),
        ("imopenlines", "amber", "no connectors"),
        ("placement", "amber", "no widgets in the new messenger"),
    ],
)
def test_a_missing_permission_is_told_with_what_it_takes_away(settled, world, scope, health, loss):
    install = settled.portal.installs[world.card.client_id]
    install.scope = [name for name in world.card.scope if name != scope]

    reply = settled.get("/connection/checks")

    assert lines(reply)["scopes"] == health
    assert loss in line(reply, "scopes")


def test_a_missing_subscription_is_bound_again_by_its_button(settled):
    settled.portal.bindings = [
        row for row in settled.portal.bindings if row.event != "ONAPPUNINSTALL"
    ]
    reply = settled.get("/connection/checks")
    assert lines(reply)["subscriptions"] == "red"
    assert "ONAPPUNINSTALL" in line(reply, "subscriptions")
    assert mends(reply, "subscriptions") == Mend.BIND

    done = settled.post("/connection/subscriptions")

    assert "The portal sends its events here." in done.headers["HX-Trigger"]
    assert lines(settled.get("/connection/checks"))["subscriptions"] == "green"


def test_a_subscription_at_an_earlier_address_is_ended_by_its_button(settled, resources):
    store = PortalStore(resources.redis, settled.portal.member_id)
    store.note_addresses(("https://before.example.com", settled.app_url))
    [first, *_] = settled.portal.bindings
    settled.portal.bindings.append(replace(first, handler="https://before.example.com/events"))
    reply = settled.get("/connection/checks")
    assert lines(reply)["subscriptions"] == "amber"
    assert "https://before.example.com/events" in line(reply, "subscriptions")

    settled.post("/connection/subscriptions")

    assert {row.handler for row in settled.portal.bindings} == {f"{settled.app_url}/events"}
    assert lines(settled.get("/connection/checks"))["subscriptions"] == "green"


def test_events_the_portal_still_does_not_send_are_named(settled, world):
    """The portal refuses a binding as if it were there already, and does not list it."""
    settled.portal.bindings = [row for row in settled.portal.bindings if row.event != "ONAPPUPDATE"]
    world.faults.order("error", "event.bind", code="ERROR_CORE", status=400, times=9)

    done = settled.post("/connection/subscriptions")

    told = json.loads(done.headers["HX-Trigger"])["message"]
    assert told["kind"] == "error"
    assert "still does not send: ONAPPUPDATE." in told["text"]
    assert lines(settled.get("/connection/checks"))["subscriptions"] == "red"


def test_events_that_could_not_be_done_are_run_again_by_their_button(
    settled, world, resources, work
):
    member_id = settled.portal.member_id
    settled.portal.bindings.clear()
    world.faults.order("error", "event.bind", code="ACCESS_DENIED", status=403, times=9)
    token = settled.portal.installs[world.card.client_id].application_token
    send_event(settled, "ONAPPUPDATE", token)
    work()
    assert len(resources.inbox.dead_letters(member_id)) == 1
    reply = settled.get("/connection/checks")
    assert lines(reply)["events"] == "amber"
    assert mends(reply, "events") == Mend.RETRY
    world.faults.clear()

    done = settled.post("/connection/retries")
    work()

    assert "1 event runs again." in done.headers["HX-Trigger"]
    assert resources.inbox.dead_letters(member_id) == []
    reply = settled.get("/connection/checks")
    assert lines(reply)["events"] == lines(reply)["subscriptions"] == "green"


def test_boris_runs_no_event_of_aurora_again(settled, boris, world, resources, work):
    settled.portal.bindings.clear()
    world.faults.order("error", "event.bind", code="ACCESS_DENIED", status=403, times=9)
    token = settled.portal.installs[world.card.client_id].application_token
    send_event(settled, "ONAPPUPDATE", token)
    work()
    world.faults.clear()
    boris.install()

    boris.post("/connection/retries")

    assert len(resources.inbox.dead_letters(settled.portal.member_id)) == 1


@pytest.mark.parametrize(("seconds", "health"), [(5, "green"), (120, "amber"), (900, "red")])
def test_clocks_that_differ_are_told(settled, world, seconds, health):
    world.advance(seconds)

    assert lines(settled.get("/connection/checks"))["clock"] == health


def test_a_silent_portal_does_not_take_the_page_away(settled, world):
    world.faults.order("html", "batch", times=9)

    reply = settled.get("/connection/checks")

    assert reply.status_code == 200
    assert lines(reply)["portal"] == "red"
    assert lines(reply)["access"] == "green"
    assert lines(reply)["clock"] == lines(reply)["subscriptions"] == "amber"
    assert mends(reply, "portal") == Mend.CHECK


def test_a_hanging_portal_has_as_long_as_the_caller_says(settled, world, resources):
    world.faults.order("hang", "profile", seconds=8)
    rest = open_portal(resources, settled.portal.member_id, SYSTEM, longest=0.3).rest
    began = time.monotonic()

    with pytest.raises(PortalUnreachable):
        rest.call("profile")

    assert time.monotonic() - began < 8  # it did not wait for the portal to give up


def test_a_portal_that_was_deleted_is_told_as_such(settled):
    settled.portal.deleted = True

    assert "was deleted" in line(settled.get("/connection/checks"), "portal")


def test_a_silent_authorization_server_is_told_and_blames_nobody(settled, world):
    world.faults.order("drop", "oauth/app.info")

    reply = settled.get("/connection/checks")

    assert lines(reply)["server"] == "amber"
    assert lines(reply)["access"] == lines(reply)["portal"] == "green"


def test_a_narrowed_budget_and_paused_methods_are_told(settled, resources):
    budget = RateBudget(resources.redis, settled.portal.member_id)
    budget.narrow()
    assert "of the usual speed" in line(settled.get("/connection"), "budget")

    budget.block("imbot.app.update", time.time() + 300)
    reply = settled.get("/connection")

    assert lines(reply)["budget"] == "amber"
    assert mends(reply, "budget") == Mend.CHECK
    assert "imbot.app.update is back on" in line(reply, "budget")


def send_event(person: Person, name: str, token: str, stamp: int = 1) -> int:
    """An event as the portal's queue sends it, or as somebody forges it."""
    form = {
        "event": name,
        "ts": str(stamp),
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": token,
    }
    return requests.post(f"{person.app_url}/events", data=form, timeout=20).status_code


def test_the_last_events_are_shown_with_what_became_of_them(settled, world, work):
    token = settled.portal.installs[world.card.client_id].application_token
    assert send_event(settled, "ONAPPTEST", token) == 200
    assert send_event(settled, "ONAPPTEST", token) == 200  # the same once more
    assert send_event(settled, "ONAPPUNINSTALL", "0" * 32) == 403
    work()

    part = line(settled.get("/connection"), "events")

    assert part.count("ONAPPTEST") >= 2
    assert "Done" in part
    assert "Came twice, done once" in part
    assert "ONAPPUNINSTALL" in part
    assert "Not from your portal, refused" in part


def test_a_flood_of_forged_events_hides_no_true_one(settled):
    for stamp in range(15):
        send_event(settled, "ONAPPUNINSTALL", "0" * 32, stamp)

    reply = settled.get("/connection")

    assert lines(reply)["events"] == "amber"
    assert "open the application again: that brings its present signature" in line(reply, "events")
    assert "ONAPPINSTALL" in line(reply, "events")
    assert line(reply, "events").count("refused") < 15


def test_a_strangers_event_leaves_nothing(anna, resources):
    send_event(anna, "ONAPPUNINSTALL", "0" * 32)

    assert not resources.redis.keys("*events-*")


def test_an_address_the_portal_does_not_know_is_told(settled):
    headers = {
        "HX-Request": "true",
        "Authorization": f"Bearer {settled.session_token}",
        "HX-Current-URL": "https://other.example.com/?LANG=en",
    }

    reply = requests.get(f"{settled.app_url}/connection", headers=headers, timeout=20)

    assert lines(reply)["address"] == "red"
    assert "https://other.example.com" in line(reply, "address")


def test_an_unknown_application_token_is_told(settled, resources):
    settled.portal.installs[resources.settings.client_id].application_token = ""
    resources.redis.hset(keys.installation(settled.portal.member_id), "application_token", "")

    reply = settled.get("/connection")

    assert lines(reply)["token"] == "amber"
    assert mends(reply, "token") == Mend.RECONNECT


def test_what_is_wrong_is_said_when_the_application_is_opened(settled, world):
    install = settled.portal.installs[world.card.client_id]
    install.scope = ["im"]

    reply = settled.open()

    assert reply.status_code == 200
    notice = reply.text.partition('id="notice"')[2].partition("<main")[0]
    assert "Without imbot: no chat apps, bots and commands." in notice
    assert 'hx-get="/connection"' in notice
    assert "needs mending" in reply.text.partition('id="connection-mark"')[2][:400]


def test_an_installation_that_is_not_finished_is_said_when_it_is_opened(settled, world):
    portal.finish_install(world, settled.portal, settled.user, finished=False)
    form = settled.frame_form()
    form.url = form.url.replace("/install?", "/?")

    notice = settled.send(form).text.partition('id="notice"')[2].partition("<main")[0]

    assert "has not been told that the installation is complete" in notice


def test_an_application_that_is_not_paid_for_is_told_as_paused(settled, world):
    settled.portal.installs[world.card.client_id].payment_expired = True

    reply = settled.get("/connection/checks")

    assert lines(reply)["installation"] == "red"
    assert "goes on by itself" in line(reply, "installation")


def test_a_suspended_installation_is_told_before_anybody_is_asked(settled, resources):
    resources.redis.hset(keys.installation(settled.portal.member_id), "state", "suspended")

    assert lines(settled.get("/connection"))["installation"] == "red"


def test_an_uninstall_that_is_being_confirmed_is_told(settled, world, work):
    token = settled.portal.installs[world.card.client_id].application_token
    send_event(settled, "ONAPPUNINSTALL", token)
    work()

    for path in ("/connection", "/connection/checks"):
        reply = settled.get(path)
        assert lines(reply)["installation"] == "amber"
        assert "uninstalled there" in line(reply, "installation")


def test_an_employee_may_not_read_it(settled, egor, world):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    assert egor.get("/connection").status_code == 403
    assert egor.get("/connection/checks").status_code == 403
    assert egor.post("/connection/subscriptions").status_code == 403
    assert egor.post("/connection/retries").status_code == 403


def test_without_a_session_nothing_is_read(settled):
    settled.session_token = "old"

    assert settled.get("/connection").status_code == 401
    assert settled.get("/connection/checks").status_code == 401


def test_boris_sees_his_own_portal_and_nothing_of_auroras(settled, boris):
    boris.install()

    reply = boris.get("/connection/checks")

    assert reply.status_code == 200
    assert boris.portal.host in reply.text
    for foreign in (settled.portal.host, settled.portal.member_id, "Anna"):
        assert foreign not in reply.text


def test_no_secret_is_on_the_page(settled, world, resources):
    reply = settled.get("/connection/checks")

    secrets = [grant.access for grant in world.grants.values()]
    secrets += [grant.refresh for grant in world.grants.values()]
    secrets += [settled.portal.installs[world.card.client_id].application_token]
    secrets += [world.card.client_secret]
    assert [secret for secret in secrets if secret in reply.text] == []
