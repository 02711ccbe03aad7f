"""Chat apps: every documented answer to an update and to a removal, and what comes of it.

b24restdocs: chats/outdated/create-app: imbot-app-update.md, imbot-app-unregister.md.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from b24app.store import PortalStore
from tests.cast import typed
from tests.integration.answers import (
    ACCESS,
    FOREIGN,
    NO,
    PASSING,
    SUCCESS,
    SYSTEM,
    Stage,
    foreign,
    gone,
    hurried,
    own,
)

__all__ = ["hurried"]

pytestmark = [
    pytest.mark.parametrize("world", ["source", "documented"], indirect=True),
    pytest.mark.usefixtures("hurried"),
]

STAYS = "Somebody removed it there. Your settings are kept."
REMOVAL = [
    SUCCESS,
    gone("CHAT_APP_ID_ERROR"),
    foreign("APP_ID_ERROR"),
    own("WRONG_REQUEST", 400, NO),
]
UPDATE = [
    SUCCESS,
    foreign("APP_ID_ERROR"),
    own("APP_ID_ERROR", 400, FOREIGN, replied=409),
    own("IFRAME_HTTPS", 400, NO),
    own("WRONG_REQUEST", 400, NO),
    own("CHAT_APP_ID_ERROR", 400, STAYS, replied=409),
    own("CHAT_APP_ID_ERROR", 400, STAYS, replied=409, kind="gone"),
]


@pytest.fixture
def place(anna, resources) -> Callable[[], str]:
    """Registers a chat app of Anna's; its address."""
    anna.install()

    def register() -> str:
        anna.post("/chat-apps", typed())
        [app] = PortalStore(resources.redis, anna.portal.member_id).chat_apps.all()
        return f"/chat-apps/{app.id}"

    return register


@pytest.fixture
def removal(anna, world, resources, place) -> Stage:
    """Anna unregisters a chat app."""
    return Stage(
        person=anna,
        world=world,
        resources=resources,
        method="imbot.app.unregister",
        shelf="chat_apps",
        place=place,
        press=lambda url: anna.post(f"{url}/unregistration"),
        spoil=lambda url, how: _spoil(anna, how),
        done="The chat app is unregistered.",
    )


@pytest.fixture
def update(anna, world, resources, place) -> Stage:
    """Anna gives a chat app another width, each time one that it has not had."""
    store = PortalStore(resources.redis, anna.portal.member_id)

    def press(url: str):
        [app] = store.chat_apps.all()
        wider = typed(version=app.version, iframe_width=str(app.iframe_width + 1))
        return anna.post(url, wider)

    return Stage(
        person=anna,
        world=world,
        resources=resources,
        method="imbot.app.update",
        shelf="chat_apps",
        place=place,
        press=press,
        spoil=lambda url, how: _spoil(anna, how),
        done="Saved. The portal has accepted the change.",
        removes=False,
    )


def test_each_answer_to_a_removal(removal):
    assert removal.go_through(REMOVAL)


def test_each_answer_to_a_removal_that_any_method_may_give(removal):
    assert removal.go_through([*SYSTEM, *PASSING])


def test_each_answer_to_a_removal_that_costs_the_access(removal):
    assert removal.go_through(ACCESS)


def test_each_answer_to_an_update(update):
    assert update.go_through(UPDATE)


def test_each_answer_to_an_update_that_any_method_may_give(update):
    assert update.go_through([*SYSTEM, *PASSING])


def test_each_answer_to_an_update_that_costs_the_access(update):
    assert update.go_through(ACCESS)


def test_one_that_another_application_has_can_be_taken_off_the_list_from_there(update, anna):
    """The sentence speaks of it, so there is a button for it."""
    url = update.place()
    _spoil(anna, "foreign")

    reply = update.press(url)

    assert f'hx-post="{url}/removal"' in reply.text


def _spoil(anna, how: str) -> Callable[[], None]:
    [app] = anna.chat_apps()
    if how == "gone":
        anna.chat_apps().remove(app)
        return lambda: None
    app.client_id, ours = "app.of.another", app.client_id
    return lambda: setattr(app, "client_id", ours)
