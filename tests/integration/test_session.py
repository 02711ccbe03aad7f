"""The session token: signed, an hour long, renewed with a fresh token of the portal."""

import base64
import time

import time_machine

from tests.cast import typed


def renewed(person, world):
    """What fetch.js does on a 401: ask the portal for a pair, the application for a session."""
    pair = person.at_portal("/frame/auth", {}).json()
    return person.post("/session", {"AUTH_ID": pair["AUTH_ID"]})


def test_a_session_is_renewed_with_the_portals_word(installed, world):
    reply = renewed(installed, world)

    assert reply.status_code == 200
    installed.session_token = reply.json()["token"]
    assert installed.get("/chat-apps").status_code == 200


def test_a_forged_session_opens_nothing(installed):
    _, stamp, signature = installed.session_token.rsplit(".", 2)
    forged = base64.urlsafe_b64encode(b'{"member_id": "x"}').decode().rstrip("=")
    installed.session_token = f"{forged}.{stamp}.{signature}"

    assert installed.get("/chat-apps").status_code == 401


def test_a_session_ends_after_an_hour(installed):
    with time_machine.travel(time.time() + 3605):
        assert installed.get("/chat-apps").status_code == 401


def test_what_cannot_be_undone_needs_a_right_proven_within_ten_minutes(installed, world):
    """The page then renews its session, which asks the portal for the right again."""
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    with time_machine.travel(time.time() + 605):
        assert installed.get("/chat-apps").status_code == 200
        assert installed.post(f"/chat-apps/{app.id}/unregistration").status_code == 401
        installed.session_token = renewed(installed, world).json()["token"]
        assert installed.post(f"/chat-apps/{app.id}/unregistration").status_code == 200


def test_a_made_up_token_renews_nothing(installed):
    reply = installed.post("/session", {"AUTH_ID": "made-up"})

    assert reply.status_code == 403


def test_a_session_of_a_portal_that_left_opens_nothing(installed, resources):
    resources.installations.remove(installed.portal.member_id)

    assert installed.get("/chat-apps").status_code == 404
    assert installed.post("/chat-apps", typed()).status_code == 404
