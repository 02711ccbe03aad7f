"""A file that is given to the import: what is not right in it, how big it may be, who may."""

from __future__ import annotations

import json

import pytest

from b24app import keys
from b24app.actions import definition_schema, definitions
from b24app.records import Actor
from sandbox import oauth
from tests.integration.definitions import (
    changed,
    contents,
    export,
    good,
    multiply_commands,
    offer,
    upload,
)

ANNA = Actor(1, "Anna Sokolova", is_admin=True)


@pytest.mark.parametrize(
    ("data", "where", "what"),
    [
        (b"", "", "or it is damaged"),
        (b"\x89PNG\r\n\x1a\n", "", "or it is damaged"),
        (b"{", "", "or it is damaged"),
        (b"[" * 200_000, "", "or it is damaged"),
        (b'{"schema": NaN}', "", "or it is damaged"),
        (b'{"a": 1, "a": 2}', "", "or it is damaged"),
        (b'{"version": ' + b"9" * 5000 + b"}", "", "or it is damaged"),
        (json.dumps(good()).encode("utf-16"), "", "or it is damaged"),
        (b"[]", "", "was not exported here"),
        (b"{}", "", "was not exported here"),
        (changed("schema", "another"), "", "was not exported here"),
        (b'{"schema": "b24app-definitions", "version": 1, "\\ud800": 1}', "\\ud800", "no field of"),
        (changed("version", 2), "version", "newer version"),
        (changed("version", "1"), "version", "cannot stand here"),
        (changed("version", True), "version", "cannot stand here"),
        (changed("portal", None), "portal", "is missing"),
        (changed("connectors", {}), "connectors", "A list"),
        (changed("bots", [[]]), "bots[0]", "An object"),
        (changed("bots.0.name", None), "bots[0].name", "is missing"),
        (changed("bots.0.name", 5), "bots[0].name", "A text"),
        (changed("bots.0.name", "\ud800"), "bots[0].name", "A text"),
        (changed("bots.0.name", "x" * 2001), "bots[0].name", "too long"),
        (changed("bots.0.code", " "), "bots[0].code", "Please fill this in."),
        (changed("bots.0.hidden", "N"), "bots[0].hidden", "true or false"),
        (changed("bots.0.type", "spy"), "bots[0].type", "choose one"),
        (changed("bots.0.color", ["RED"]), "bots[0].color", "A text"),
        (changed("bots.0.hash", "x"), "bots[0].hash", "There is no field of this name"),
        (changed("bots.0.<b>", "x"), "bots[0].&lt;b&gt;", "There is no field of this name"),
        (changed("bots.0.welcome.0.text", 1), "bots[0].welcome[0].text", "A text"),
        (changed("bots.0.welcome", [{}] * 51), "bots[0].welcome", "too many"),
        (changed("bots.0.avatar", "A" * 400_001), "bots[0].avatar", "too long"),
        (changed("bots", good()["bots"] * 2), "bots[1]", "has this twice"),
        (changed("bots", good()["bots"] * 10_001), "", "too many definitions"),
        (changed("connectors", [{"size": 1.5}]), "connectors[0].size", "A whole number"),
        (changed("connectors", [{"size": True}]), "connectors[0].size", "A whole number"),
        (changed("connectors", [{"size": -1}]), "connectors[0].size", "too small"),
    ],
)
def test_a_file_that_is_not_right_says_what_and_where_and_leaves_nothing(
    anna, resources, data, where, what
):
    anna.install()

    reply = offer(anna, data)

    assert reply.status_code == 422
    assert what in reply.text
    assert f"<code>{where}</code>" in reply.text or not where
    assert "data-message" not in reply.text
    assert resources.redis.exists(keys.definitions(anna.portal.member_id)) == 0


@pytest.mark.parametrize(
    ("piece", "times"),
    [(b" ", 34_000_000), (b"[],", 1_000_000), (b'"",', 4_000_000), (b'"', 9_000_000)],
)
def test_a_file_that_is_too_big_is_not_read(anna, resources, piece, times):
    """By its bytes, or by what would be made of them."""
    anna.install()

    assert offer(anna, b'{"bots": [' + piece * times).status_code == 413
    assert resources.redis.exists(keys.definitions(anna.portal.member_id)) == 0


def test_a_file_of_thirty_megabytes_is_read(anna):
    anna.install()

    assert offer(anna, json.dumps(good()).encode() + b" " * 30_000_000).status_code == 200


def test_signs_in_texts_are_no_values():
    text = json.dumps(['{[,\\"' * 1_000_000, "\\"])

    assert definitions.fits(text.encode())
    assert not definitions.fits(b"[" * 1_000_001 + text.encode())


def test_where_the_file_is_too_big_to_come_back_it_is_said_before(settled, resources):
    assert "too big to be imported" not in settled.get("/definitions").text
    multiply_commands(settled, resources, 10_000)

    page = settled.get("/definitions").text

    assert "too big to be imported as a whole" in page
    assert "too many definitions" in offer(settled, export(settled)).text


def test_an_upload_waits_three_days_and_goes_with_the_portal(settled, resources):
    address = upload(settled, changed("bots.0.name", "New"))
    name = keys.definitions(settled.portal.member_id)
    assert 0 < resources.redis.ttl(name) <= 3 * 24 * 3600
    assert settled.get(address).status_code == 200

    resources.installations.remove(settled.portal.member_id)

    assert resources.redis.exists(name) == 0


def test_an_employee_may_not(settled, egor, world, store):
    data = export(settled)
    address = upload(settled, changed("bots.0.name", "New"))
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    assert egor.get("/definitions").status_code == 403
    assert egor.post("/definitions/file").status_code == 403
    assert offer(egor, data).status_code == 403
    assert egor.get(address).status_code == 403
    assert egor.post(address + "/import").status_code == 403
    assert store.runs.all() == []


def test_boris_sees_nothing_of_it(settled, boris, borealis, store):
    address = upload(settled, changed("bots.0.name", "New"))

    assert contents(export(boris)) == {name: [] for name in definition_schema.LISTS}
    assert boris.get(address).status_code == 404
    assert boris.post(address + "/import").status_code == 404
    assert store.runs.all() == borealis.runs.all() == []


def test_a_session_that_is_over_is_sent_to_open_again(settled):
    settled.session_token = "x"

    assert settled.post("/definitions/file").status_code == 401
    assert settled.get("/definitions").status_code == 401
