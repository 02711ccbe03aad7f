"""Forged calls: refused, nothing stored, and no host of the caller's choosing is dialled."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from sandbox import oauth
from sandbox.world import World
from tests.cast import FrameForm, Person
from tests.widgets import KEY, keep_widget

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@dataclass
class Stranger:
    """A port of somebody else's that counts who connects."""

    listener: socket.socket
    address: str

    @property
    def was_dialled(self) -> bool:
        try:
            self.listener.accept()[0].close()
        except BlockingIOError:
            return False
        return True


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.setblocking(False)
        yield Stranger(listener, f"127.0.0.1:{listener.getsockname()[1]}")


@pytest.fixture
def genuine(anna: Person) -> FrameForm:
    """Anna's frame request on the portal that is being installed; tests spoil one thing."""
    anna.at_portal("/apps/install", {})
    return anna.frame_form()


def foreign_token(world: World, person: Person) -> str:
    """A valid access token of this person for another application of the same portal."""
    client_id = next(iter(world.foreign))
    return oauth.mint(world, person.portal, person.user.id, client_id=client_id).access


def test_a_made_up_token_of_an_unknown_portal_is_refused(anna, genuine, resources):
    genuine.fields |= {"AUTH_ID": "made-up", "member_id": "f" * 32}

    reply = anna.send(genuine)

    assert reply.status_code == 403
    assert resources.redis.dbsize() == 0


def test_a_token_of_another_application_is_refused(anna, genuine, world, resources):
    genuine.fields["AUTH_ID"] = foreign_token(world, anna)

    reply = anna.send(genuine)

    assert reply.status_code == 403
    assert resources.redis.dbsize() == 0


def test_auroras_token_does_not_install_borealis(anna, boris, genuine, resources):
    genuine.fields["member_id"] = boris.portal.member_id

    reply = anna.send(genuine)

    assert reply.status_code == 403
    assert resources.redis.dbsize() == 0


def test_a_domain_of_a_stranger_is_refused_and_never_dialled(anna, genuine, stranger, resources):
    genuine.url = genuine.url.replace(
        f"DOMAIN={anna.portal.host.replace(':', '%3A')}", f"DOMAIN={stranger.address}"
    )
    assert stranger.address in genuine.url

    reply = anna.send(genuine)

    assert reply.status_code == 403
    assert not stranger.was_dialled
    assert resources.redis.dbsize() == 0


def test_an_authorization_server_of_a_stranger_is_never_dialled(anna, genuine, stranger, resources):
    genuine.fields["SERVER_ENDPOINT"] = f"http://{stranger.address}/rest/"

    reply = anna.send(genuine)

    assert reply.status_code == 403
    assert not stranger.was_dialled
    assert resources.redis.dbsize() == 0


def test_endpoints_in_an_install_event_are_never_dialled(anna, genuine, world, stranger, resources):
    body = {
        "event": "ONAPPINSTALL",
        "auth[access_token]": genuine.fields["AUTH_ID"],
        "auth[refresh_token]": genuine.fields["REFRESH_ID"],
        "auth[domain]": stranger.address,
        "auth[client_endpoint]": f"http://{stranger.address}/rest/",
        "auth[server_endpoint]": f"http://{stranger.address}/rest/",
        "auth[member_id]": anna.portal.member_id,
        "auth[application_token]": "0" * 32,
    }

    for path in ("/install", "/events"):
        reply = anna.browser.post(anna.app_url + path, data=body, timeout=10)

        assert reply.status_code == 403
    assert not stranger.was_dialled
    assert resources.installations.member_ids() == []


def test_a_client_endpoint_of_a_stranger_is_ignored(anna, genuine, stranger, resources):
    genuine.fields["client_endpoint"] = f"http://{stranger.address}/rest/"

    anna.send(genuine)

    installation = resources.installations.get(anna.portal.member_id)
    assert installation.client_endpoint == f"http://{anna.portal.host}/rest/"
    assert not stranger.was_dialled


def test_a_code_flow_does_not_send_the_secret_to_a_stranger(anna, stranger, resources):
    state = resources.installations.start_code_flow(anna.portal.host)

    reply = anna.browser.get(
        f"{anna.app_url}/",
        params={"code": "c" * 32, "state": state, "server_domain": stranger.address},
        timeout=10,
    )

    assert reply.status_code == 403
    assert not stranger.was_dialled


def test_an_employee_cannot_install(anna, egor, world, resources):
    anna.at_portal("/apps/install", {})
    form = anna.frame_form()
    grant = oauth.mint(world, egor.portal, egor.user.id)
    form.fields |= {"AUTH_ID": grant.access, "REFRESH_ID": grant.refresh}

    reply = egor.send(form)

    assert reply.status_code == 403
    kept = {key.rpartition(":")[2] for key in resources.redis.scan_iter()}
    assert kept <= {"rate", "counters"}  # the portal was asked, and that is all


def test_an_expired_token_opens_nothing(anna, world):
    anna.install()
    form = anna.frame_form()
    world.advance(3700)

    reply = anna.send(form)

    assert reply.status_code == 403


def test_another_portals_refresh_token_in_a_genuine_frame_is_of_no_use(
    anna, boris, world, resources
):
    """Anna slips in a pair whose refresh half is Boris's: it is found out when it is spent."""
    anna.install()
    boris.install()
    form = anna.frame_form()
    form.fields["REFRESH_ID"] = oauth.mint(world, boris.portal, boris.user.id).refresh
    anna.send(form)
    oauth.expire_access_tokens(world, anna.portal)

    reply = anna.post(
        "/chat-apps",
        {
            "language": "en",
            "title": "X",
            "kind": "command",
            "js_method": "PUT",
            "js_param": "/help",
        },
    )

    assert reply.status_code == 409
    assert boris.chat_apps() == []


@pytest.mark.parametrize(
    "spoiled",
    [
        {"member_id": ""},
        {"member_id": "short"},
        {"AUTH_ID": "x" * 5000},
        {"PLACEMENT": "<script>"},
        {"SERVER_ENDPOINT": "x" * 3000},
        {"REFRESH_ID": "a\x00b"},
    ],
)
def test_a_malformed_frame_request_is_a_clear_400(anna, genuine, resources, spoiled):
    genuine.fields |= spoiled

    reply = anna.send(genuine)

    assert reply.status_code == 400
    assert resources.redis.dbsize() == 0


@pytest.mark.parametrize(
    "options", [r'{"%s": "\ud800"}', r'{"%s": ["\udfff"]}', r'{"\ud800": "%s"}']
)
@pytest.mark.parametrize(
    ("path", "placement", "name", "status"),
    [
        ("/", "DEFAULT", "any", 200),
        ("/install", "DEFAULT", "any", 200),
        (f"/widgets/{KEY}", "IM_TEXTAREA", "dialogId", 200),
        ("/connectors/setting", "SETTING_CONNECTOR", "CONNECTOR", 400),
    ],
)
def test_half_a_letter_in_a_frame_request_counts_as_nothing(
    anna, resources, path, placement, name, status, options
):
    anna.install()
    keep_widget(resources, anna)
    form = anna.frame_form()
    form.url = anna.app_url + path + "?" + form.url.partition("?")[2]
    form.fields |= {"PLACEMENT": placement, "PLACEMENT_OPTIONS": options % name}

    reply = anna.send(form)

    assert reply.status_code == status
