"""POST /install, POST /: who gets in, and what is remembered."""

import pytest

from b24app import jobs
from b24app.store.inbox import CLAIMS
from sandbox import oauth

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def test_an_administrator_installs_and_the_portal_is_remembered(anna, resources):
    reply = anna.install()

    installation = resources.installations.get(anna.portal.member_id)
    assert reply.status_code == 200
    assert installation.domain == anna.portal.host
    assert installation.installed_by == anna.user.id
    assert (
        installation.application_token
        == anna.portal.installs[resources.settings.client_id].application_token
    )


def test_the_portal_counts_the_install_as_finished(anna, resources):
    anna.install()

    assert anna.portal.installs[resources.settings.client_id].installed


def test_installing_subscribes_to_the_life_cycle_events(anna):
    anna.install()

    bound = {binding.event for binding in anna.portal.bindings}
    assert {"ONAPPINSTALL", "ONAPPUPDATE", "ONAPPUNINSTALL"} <= bound


def test_installing_twice_changes_nothing_and_fails_nothing(anna, resources):
    anna.install()
    form = anna.frame_form()
    form.url = form.url.replace("/?", "/install?")

    reply = anna.send(form)

    assert reply.status_code == 200
    assert resources.installations.member_ids() == [anna.portal.member_id]


def test_an_administrator_opens_the_application_and_sees_the_list(anna):
    anna.install()

    reply = anna.open()

    assert reply.status_code == 200
    assert anna.session_token


def test_the_frame_may_be_shown_by_the_proven_portal_only(anna):
    anna.install()

    policy = anna.open().headers["Content-Security-Policy"]

    assert f"frame-ancestors http://{anna.portal.host}" == policy.split("; ")[-1]
    assert "unsafe-inline" not in policy


def test_a_page_is_not_stored_and_sets_no_cookie(anna):
    anna.install()

    headers = anna.open().headers

    assert headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in headers
    assert "X-Frame-Options" not in headers


def test_an_employee_gets_a_friendly_page_and_no_session(anna, egor):
    anna.install()

    reply = egor.open()

    assert reply.status_code == 403
    assert "administrator" in reply.text
    assert not egor.session_token


def test_an_employee_leaves_no_chain(anna, egor, resources):
    anna.install()
    egor.open()

    chains = resources.installations.chains(anna.portal.member_id)

    assert [chain.user_id for chain in chains] == [anna.user.id]


def test_a_portal_that_has_not_installed_gets_the_hint_how_to(anna, boris, resources):
    boris.at_portal("/apps/install", {})
    form = boris.frame_form()
    form.url = form.url.replace("/install?", "/?")

    reply = boris.send(form)

    assert reply.status_code == 404
    assert "installiert" in reply.text  # Boris reads German
    assert resources.installations.member_ids() == []


def test_outside_a_frame_the_page_explains_itself(anna):
    reply = anna.browser.get(anna.app_url + "/", timeout=5)

    assert reply.status_code == 200
    assert "Bitrix24" in reply.text


def test_opening_the_frame_stores_a_chain_and_does_not_spend_it(anna, world, resources):
    anna.install()
    anna.open()

    assert world.renewals == 0
    assert len(resources.installations.chains(anna.portal.member_id)) == 1


def test_the_code_flow_connects_a_portal(anna, world, resources):
    anna.at_portal("/apps/install", {})

    reply = anna.browser.get(
        f"{anna.app_url}/oauth/start", params={"domain": anna.portal.host}, timeout=10
    )

    assert reply.status_code == 200
    assert "The connection is made" in reply.text
    assert resources.installations.member_ids() == [anna.portal.member_id]


def test_a_code_flow_that_was_not_started_here_is_refused(anna, resources):
    reply = anna.browser.get(
        f"{anna.app_url}/", params={"code": "c" * 32, "state": "made-up"}, timeout=10
    )

    assert reply.status_code == 403
    assert resources.installations.member_ids() == []


@pytest.mark.parametrize(
    "domain", ["", "evil", "a b.c", "http://x.y", "x.y/path", "user@x.y", "a.b:99999", "a.b:0"]
)
def test_a_code_flow_needs_a_plausible_domain(anna, domain):
    reply = anna.browser.get(
        f"{anna.app_url}/oauth/start", params={"domain": domain}, timeout=5, allow_redirects=False
    )

    assert reply.status_code == 400


def install_event(person, world, **changes):
    """What the queue posts to the install address of an application without a page."""
    grant = oauth.mint(world, person.portal, person.user.id)
    return {
        "event": "ONAPPINSTALL",
        "data[VERSION]": "1",
        "data[LANGUAGE_ID]": "en",
        "auth[access_token]": grant.access,
        "auth[refresh_token]": grant.refresh,
        "auth[expires_in]": "3600",
        "auth[domain]": person.portal.host,
        "auth[server_endpoint]": f"http://{world.auth_host}/rest/",
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": "1" * 32,
    } | changes


def announce(person, event):
    return person.browser.post(f"{person.app_url}/install", data=event, timeout=10)


def test_an_api_only_install_arrives_as_an_event(anna, world, resources, work):
    """The queue posts ONAPPINSTALL to the install address; no frame, no browser."""
    anna.at_portal("/apps/install", {})
    asked = len(anna.portal.rest_log)

    reply = announce(anna, install_event(anna, world))

    assert reply.status_code == 200
    assert len(anna.portal.rest_log) == asked  # nobody waits while the queue does
    work()
    assert resources.installations.get(anna.portal.member_id).application_token == "1" * 32
    assert "ONAPPUNINSTALL" in {binding.event for binding in anna.portal.bindings}


def test_an_api_only_install_during_an_outage_of_the_authorization_server_is_not_lost(
    anna, world, resources, work
):
    """The queue sends it once, ever."""
    anna.at_portal("/apps/install", {})
    world.faults.order("html", "oauth/app.info", times=8)

    assert announce(anna, install_event(anna, world)).status_code == 200
    work()
    assert resources.installations.member_ids() == []

    world.faults.clear()
    resources.inbox.hurry(CLAIMS)
    jobs.look_around(resources)
    work()
    assert resources.installations.member_ids() == [anna.portal.member_id]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"event": "ONAPPUNINSTALL"}, 400),
        ({"data": "1"}, 400),
        ({"auth[access_token]": ""}, 403),
        ({"data[x]": "x" * 600_000}, 413),
    ],
)
def test_what_is_no_install_event_is_not_taken_in(anna, world, resources, changes, status):
    anna.at_portal("/apps/install", {})

    assert announce(anna, install_event(anna, world, **changes)).status_code == status
    assert resources.inbox.first(CLAIMS, 1) == []


def test_an_install_whose_subscription_fails_is_finished_by_a_job(anna, world, work):
    world.faults.order("html", "batch", times=4)

    assert anna.install().status_code == 200
    assert anna.portal.bindings == []
    work()

    assert "ONAPPUNINSTALL" in {binding.event for binding in anna.portal.bindings}


def test_a_reinstall_from_an_older_portal_keeps_the_application_token(anna, resources):
    """Older portals do not send it in the frame."""
    anna.install()
    before = resources.installations.get(anna.portal.member_id).application_token
    form = anna.frame_form()
    form.url = form.url.replace("/?", "/install?")
    del form.fields["APPLICATION_TOKEN"]

    anna.send(form)

    assert resources.installations.get(anna.portal.member_id).application_token == before


def test_an_installed_portal_we_lost_is_taken_in_again(anna, resources):
    anna.install()
    resources.installations.remove(anna.portal.member_id)

    assert anna.open().status_code == 200
    assert resources.installations.member_ids() == [anna.portal.member_id]


@pytest.mark.parametrize("origin", ["http://[", "null", "x", "https://a b"])
def test_an_odd_origin_breaks_nothing(anna, origin):
    reply = anna.browser.get(f"{anna.app_url}/healthz", headers={"Origin": origin}, timeout=5)

    assert reply.status_code == 200
    assert "frame-ancestors" in reply.headers["Content-Security-Policy"]


def test_tokens_in_the_address_are_not_read(anna):
    anna.at_portal("/apps/install", {})
    form = anna.frame_form()
    form.url += "&AUTH_ID=" + form.fields.pop("AUTH_ID")

    assert anna.send(form).status_code == 403
