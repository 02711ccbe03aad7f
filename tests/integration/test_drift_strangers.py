"""What is on the portal and may not be ours: connectors, events, other addresses."""

from __future__ import annotations

from dataclasses import replace

from b24app import keys
from sandbox.records_channels import Connector
from tests.cast import typed_connector
from tests.integration.drifting import BOTH, KEY, MAIL, do, findings, look_and_do, offers, told


def test_another_applications_connector_is_shown_and_never_touched(anna, world, ours):
    stranger = Connector("other_mail", next(iter(world.foreign)), "Other mail", {})
    anna.portal.connectors["other_mail"] = stranger

    reply = anna.post("/drift/look")
    since = len(anna.portal.rest_log)
    answers = [
        do(anna, "connector", "other_mail", "unknown", deed)
        for deed in ("restoration", "adoption", "removal")
    ]

    assert findings(ours) == []
    assert "Connectors that are not on your list" in reply.text
    assert "other_mail" in reply.text
    assert all("nothing was done" in told(answer) for answer in answers)
    assert anna.portal.connectors["other_mail"] is stranger
    methods = {call.method for call in anna.portal.rest_log[since:]}
    assert not methods & {"imconnector.unregister", "imconnector.register"}


def test_a_connector_that_another_application_took_over_can_only_be_forgotten(anna, world, ours):
    anna.portal.connectors[MAIL].client_id = next(iter(world.foreign))
    anna.portal.connectors[MAIL].name = "Their mail"

    reply = anna.post("/drift/look")
    refused = do(anna, "connector", MAIL, "different", "restoration")
    done = do(anna, "connector", MAIL, "different", "removal")

    assert offers(reply) == [f"/drift/connector/{MAIL}/removal"]
    assert "does not say whose it is" in reply.text
    assert (refused.status_code, done.status_code) == (422, 200)
    assert anna.portal.connectors[MAIL].name == "Their mail"
    assert ours.store.connectors.all() == []


@BOTH
def test_a_connector_whose_change_was_not_answered_can_be_sent_again(anna, world, ours):
    world.faults.order("lost", "imconnector.register", times=5)
    anna.post(f"/connectors/{MAIL}", typed_connector(version="1", name="Letters"))
    world.faults.rest.clear()

    reply = anna.post("/drift/look")
    done = do(anna, "connector", MAIL, "different", "restoration")

    assert offers(reply) == [f"/drift/connector/{MAIL}/restoration"]
    assert done.status_code == 200
    assert anna.portal.connectors[MAIL].name == "Mail"
    assert findings(ours) == []


def test_a_connector_that_was_registered_without_an_answer_is_told_and_left(anna, world, ours):
    world.faults.order("lost", "imconnector.register", times=5)
    anna.post("/connectors", typed_connector(id="b24app_fax", name="Fax"))
    world.faults.rest.clear()

    reply = anna.post("/drift/look")

    assert findings(ours) == [("connector", "b24app_fax", "unknown")]
    assert offers(reply) == []
    assert "create it again under the same id" in reply.text


@BOTH
def test_events_that_are_not_sent_are_bound_again(anna, world, ours, work):
    lost = ("ONAPPUPDATE", "ONIMCONNECTORLINEDELETE")
    anna.portal.bindings = [row for row in anna.portal.bindings if row.event not in lost]

    seen = anna.post("/drift/look")
    done = look_and_do(anna, work, "subscription", "missing", "missing", "restoration")

    assert all(f"<code>{event}</code>" in seen.text for event in lost)
    assert told(done) == "Done. The portal sends its events here."
    assert set(lost) <= {row.event for row in anna.portal.bindings}
    assert findings(ours) == []


def test_events_at_an_earlier_address_of_ours_are_unbound(anna, world, ours, resources, work):
    old = "https://old.example.com"
    name = keys.installation(anna.portal.member_id)
    resources.redis.hset(name, "addresses", f"{ours.app_url} {old}")
    row = next(row for row in anna.portal.bindings if row.event == "ONAPPUPDATE")
    anna.portal.bindings.append(replace(row, handler=f"{old}/events"))

    anna.post("/drift/look")
    seen = findings(ours)
    look_and_do(anna, work, "subscription", "stale", "unknown", "removal")

    assert seen == [("subscription", "stale", "unknown")]
    assert [row for row in anna.portal.bindings if row.handler.startswith(old)] == []
    assert findings(ours) == []


def test_what_is_at_an_origin_that_was_never_ours_is_left_alone(anna, world, ours):
    row = next(row for row in anna.portal.placements if row.handler.endswith(KEY))
    elsewhere = replace(row, handler=f"https://staging.example.com/widgets/{'s' * 22}")
    anna.portal.placements.append(elsewhere)

    anna.post("/drift/look")

    assert findings(ours) == []
