"""Signing in to a sandbox portal, and what keeps other sites out of its pages."""

from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox_pages.browsing import AUTH, BOREALIS, CLIENT_ID, Person


def test_a_stranger_chooses_among_the_people_of_this_portal(stranger):
    reply = stranger.get("/")

    assert "Anna Sokolova" in reply.text
    assert "Egor Lindt" in reply.text
    assert "Boris" not in reply.text
    assert 'href="//127.0.0.3:8010/"' in reply.text


def test_signing_in_sets_a_cookie_of_this_portal_and_leads_home(stranger):
    reply = stranger.post("/signin", user=1)

    assert (reply.status_code, reply.location) == (303, "/desktop")
    assert "sandbox_user=1" in reply.headers["Set-Cookie"]
    assert "SameSite=Lax" in reply.headers["Set-Cookie"]


def test_a_stranger_is_sent_to_sign_in_and_back(stranger):
    reply = stranger.get("/chat", dialog="2")

    back = parse_qs(urlsplit(reply.location).query)["next"][0]
    assert (reply.status_code, back) == (302, "/chat?dialog=2")
    assert stranger.post("/signin", user=1, next=back).location == "/chat?dialog=2"


@pytest.mark.parametrize(
    "elsewhere", ["//evil.test/", "http://evil.test/", "/\\evil.test", "/\t/x"]
)
def test_signing_in_never_leads_to_another_site(stranger, elsewhere):
    assert stranger.post("/signin", user=1, next=elsewhere).location == "/desktop"


@pytest.mark.parametrize("number", ["9", "", "Anna", "-1", "1" * 5000])
def test_nobody_signs_in_as_a_user_the_portal_does_not_have(stranger, number):
    assert stranger.post("/signin", user=number).status_code == 400


def test_signing_out_forgets_the_person(anna):
    assert anna.post("/signout").location == "/"

    assert anna.get("/desktop").status_code == 302


def test_a_person_of_one_portal_is_a_stranger_at_the_other(site):
    egor_at_borealis = Person(site, BOREALIS)
    egor_at_borealis.client.set_cookie("sandbox_user", "2", domain="127.0.0.3")

    assert egor_at_borealis.get("/desktop").status_code == 302


def test_the_authorization_server_has_no_pages(site):
    for path in ("/", "/desktop", "/chat", "/app", "/signout"):
        assert Person(site, AUTH).get(path).status_code == 404, path


def test_a_form_of_another_site_is_refused(anna, aurora):
    reply = anna.post("/apps/install", headers={"Origin": "http://evil.test"})

    assert reply.status_code == 403
    assert CLIENT_ID not in aurora.installs


def test_pages_run_own_scripts_only_and_are_framed_by_their_portal_alone(anna):
    policy = anna.get("/desktop").headers["Content-Security-Policy"]

    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert "unsafe" not in policy
