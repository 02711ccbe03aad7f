"""What the portal tells us of: bound at the present address, and only there."""

import dataclasses

import pytest

from b24app import jobs
from b24app.actions import doctor, subscriptions
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from sandbox.world import Binding
from tests.cast import typed_bot

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

LIFE = {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL", "ONAPPPAYMENT"}
LINES = {"ONIMCONNECTORLINEDELETE", "ONIMCONNECTORSTATUSDELETE"}
OLD = "https://old.example.com"


def bound(person, address=None):
    """Which events the portal sends to this address of ours."""
    handler = f"{address or person.app_url}/events"
    return {row.event for row in person.portal.bindings if row.handler == handler}


def portal_of(person, resources, **changes):
    portal = open_portal(resources, person.portal.member_id, SYSTEM)
    return dataclasses.replace(portal, **changes) if changes else portal


def bind(person, event, handler, client_id=None):
    client_id = client_id or person.world.card.client_id
    row = Binding(event, handler, 0, client_id, id=person.portal.take_id())
    person.portal.bindings.append(row)


def test_an_install_binds_what_is_to_be_told(anna, world):
    anna.install()

    assert bound(anna) == LIFE | LINES


def test_without_the_scope_of_open_lines_their_events_are_not_asked_for(anna, world, resources):
    anna.at_portal("/apps/install", {})
    anna.portal.installs[world.card.client_id].scope = ["imbot", "im"]
    form = anna.frame_form()

    assert anna.send(form).status_code == 200

    assert bound(anna) == LIFE
    assert subscriptions.state(portal_of(anna, resources)).sound


def install_without_lines(person):
    person.at_portal("/apps/install", {})
    grant(person, ["imbot", "im"])
    assert person.send(person.frame_form()).status_code == 200
    person.at_portal("/frame/finish", {})


def grant(person, scope):
    person.portal.installs[person.world.card.client_id].scope = scope


def test_what_an_update_grants_is_bound_with_it(anna, world, resources, work):
    """Complaint: an update asks for a permission, and its events come only much later."""
    install_without_lines(anna)
    work()
    assert bound(anna) == LIFE
    grant(anna, ["imbot", "im", "imopenlines"])
    anna.at_portal("/apps/update", {})
    assert world.drain()

    work()

    assert bound(anna) == LIFE | LINES
    assert "imopenlines" in portal_of(anna, resources).installation.scope
    assert subscriptions.state(portal_of(anna, resources)).sound


def test_what_was_granted_without_a_word_is_missed_by_the_doctor_and_bound_by_its_button(
    anna, world, resources, work
):
    install_without_lines(anna)
    world.drain()
    work()
    grant(anna, ["imbot", "im", "imopenlines"])
    portal = portal_of(anna, resources)

    lines = doctor.examine(resources, portal.installation)
    [found] = [line for line in lines if line.topic == "subscriptions"]

    assert set(found.facts["missing"]) == LINES
    calls = len(anna.calls("batch"))
    assert subscriptions.reconcile(portal).sound
    assert bound(anna) == LIFE | LINES
    assert len(anna.calls("batch")) == calls + 2  # the difference needs one of its own


def test_what_was_granted_meanwhile_is_bound_when_the_application_is_opened(anna, work):
    install_without_lines(anna)
    work()
    grant(anna, ["imbot", "im", "imopenlines"])
    anna.open()

    work()

    assert bound(anna) == LIFE | LINES


def test_a_permission_that_was_taken_away_is_not_missed(anna, world, resources, work):
    anna.install()
    work()
    grant(anna, ["imbot", "im"])
    anna.portal.bindings = [row for row in anna.portal.bindings if row.event in LIFE]

    assert subscriptions.state(portal_of(anna, resources)).sound


def test_looking_changes_nothing(anna, resources):
    anna.install()
    anna.portal.bindings = [row for row in anna.portal.bindings if row.event != "ONAPPPAYMENT"]
    rows = list(anna.portal.bindings)

    found = subscriptions.state(portal_of(anna, resources))

    assert found.missing == ("ONAPPPAYMENT",)
    assert not found.sound
    assert anna.portal.bindings == rows


def test_what_is_missing_is_bound_again_in_one_batch(anna, resources):
    anna.install()
    anna.portal.bindings.clear()
    calls = len(anna.calls("batch"))

    found = subscriptions.reconcile(portal_of(anna, resources))

    assert found.sound
    assert bound(anna) == LIFE | LINES
    assert len(anna.calls("batch")) == calls + 1


def test_binding_twice_binds_once(anna, resources):
    anna.install()

    subscriptions.reconcile(portal_of(anna, resources))

    assert len(anna.portal.bindings) == len(LIFE | LINES)


def test_after_a_move_the_old_address_is_told_nothing_any_more(anna, resources):
    anna.install()
    moved = portal_of(anna, resources, app_url="https://new.example.com")
    assert subscriptions.state(moved).stale

    found = subscriptions.reconcile(moved)

    assert found.sound
    assert bound(anna, "https://new.example.com") == LIFE | LINES
    assert bound(anna) == set()
    assert portal_of(anna, resources).installation.addresses == ("https://new.example.com",)


def test_what_others_have_bound_is_left_alone(anna, resources):
    """Another place where the same application runs, another path, another application."""
    anna.install()
    bind(anna, "ONAPPUPDATE", f"{OLD}/events")
    bind(anna, "ONAPPUPDATE", f"{anna.app_url}/other")
    bind(anna, "ONAPPUPDATE", f"{anna.app_url}/events", client_id="app.other.1")

    found = subscriptions.reconcile(portal_of(anna, resources))

    assert set(found.others) == {
        ("ONAPPUPDATE", f"{OLD}/events"),
        ("ONAPPUPDATE", f"{anna.app_url}/other"),
    }
    assert bound(anna, OLD) == {"ONAPPUPDATE"}
    assert len([row for row in anna.portal.bindings if row.client_id == "app.other.1"]) == 1


def test_an_event_this_portal_does_not_have_is_no_fault(anna, world, resources):
    """The granted scope was narrowed since the frame was opened last."""
    anna.install()
    anna.portal.bindings.clear()
    anna.portal.installs[world.card.client_id].scope = ["imbot"]

    assert subscriptions.reconcile(portal_of(anna, resources)).missing == ()
    assert bound(anna) == LIFE


def test_after_an_update_everything_is_bound_again_the_bots_events_too(
    anna, world, resources, work
):
    """Complaint: events that never come after an update, and no error anywhere."""
    anna.install()
    anna.post("/bots", typed_bot())
    work()
    anna.at_portal("/apps/update", {})
    assert world.drain()

    work()

    bots = {"ONIMBOTV2JOINCHAT", "ONIMBOTV2DELETE", "ONIMBOTV2COMMANDADD"}
    assert bound(anna) >= LIFE | LINES | bots
    assert subscriptions.state(portal_of(anna, resources)).sound


def test_an_employees_event_cannot_make_us_bind_elsewhere(anna, egor, resources, app):
    anna.install()
    with app.app_context():
        jobs.resubscribe(anna.portal.member_id)

    assert {row.handler for row in anna.portal.bindings} == {f"{anna.app_url}/events"}
