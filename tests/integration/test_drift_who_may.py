"""Who may look at differences and do something about them."""

from __future__ import annotations

import time

import pytest
import time_machine

from sandbox import oauth
from tests.integration.drifting import do, findings, opened, rename_bot


def test_an_employee_may_neither_look_nor_do_anything(anna, egor, world, ours):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]
    rename_bot(world, anna)
    anna.post("/drift/look")
    number = anna.bots()[0].id

    answers = [
        egor.get("/drift"),
        egor.post("/drift/look"),
        egor.post("/drift/check"),
        egor.get("/drift/check"),
        do(egor, "bot", number, "different", "adoption"),
    ]

    assert [answer.status_code for answer in answers] == [403] * 5
    assert ours.store.bots.get(number).name == "Helper"


def test_another_portals_administrator_sees_nothing_of_it(anna, boris, world, ours, resources):
    boris.install()
    rename_bot(world, anna)
    anna.post("/drift/look")
    number = anna.bots()[0].id

    seen = boris.post("/drift/look")
    tried = do(boris, "bot", number, "different", "adoption")

    assert (seen.status_code, tried.status_code) == (200, 200)
    assert findings(opened(boris, resources)) == []
    assert ("bot", str(number), "different") in findings(ours)
    assert ours.store.bots.get(number).name == "Helper"


def test_a_deed_needs_a_fresh_session_and_a_look_does_not(anna, world, ours):
    rename_bot(world, anna)
    number = anna.bots()[0].id

    with time_machine.travel(time.time() + 605):
        tried = do(anna, "bot", number, "different", "adoption")
        looked = anna.get("/drift")

    assert (tried.status_code, looked.status_code) == (401, 200)
    assert ours.store.bots.get(number).name == "Helper"


@pytest.mark.parametrize(
    ("path", "how"),
    [
        ("bot/1/destruction", "missing"),
        ("bot/1/removal", "vanished"),
        ("bot/1/removal", ""),
    ],
)
def test_a_deed_nobody_offered_is_refused(anna, ours, path, how):
    assert anna.post(f"/drift/{path}", {"how": how}).status_code == 400
