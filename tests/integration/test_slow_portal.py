"""A portal that takes its time holds the worker for some seconds, and never longer."""

import dataclasses
import logging

import pytest

from b24app import jobs, keys
from b24app.actions import inbox, leaving, moving, talk
from b24app.store import PortalStore
from b24app.store.inbox import CLAIMS
from b24app.web import session
from sandbox import messenger
from sandbox import portal as deeds
from tests.cast import typed_connector
from tests.integration.life import look_again, send, state_of
from tests.integration.test_bot_answers import said_by, settle
from tests.integration.test_install import announce, install_event
from tests.widgets import KEY, keep_widget

SILENT = "The portal does not answer"
PATIENT, SLOW = 0.3, 1.0  # what a portal has for one answer here, and what it takes


@pytest.fixture
def slow(world):
    """From now on every answer of a portal takes its time, and is right."""

    def begin():
        world.faults.rest_delay = SLOW

    yield begin
    world.faults.rest_delay = 0


def set_aside(resources, name) -> int:
    return resources.redis.zcard(keys.inbox_later(name))


def test_an_event_whose_portal_is_slow_is_set_aside(anna, resources, work, slow, monkeypatch):
    anna.install()
    work()
    monkeypatch.setattr(jobs, "EVENT_PATIENCE", PATIENT)
    send(anna, resources, "ONAPPPAYMENT")
    slow()

    work()

    assert set_aside(resources, anna.portal.member_id) == 1


def test_a_claim_whose_portal_is_slow_is_set_aside(anna, world, resources, work, slow, monkeypatch):
    anna.at_portal("/apps/install", {})
    monkeypatch.setattr(inbox, "SECONDS", PATIENT)
    assert announce(anna, install_event(anna, world)).status_code == 200
    slow()

    work()

    assert set_aside(resources, CLAIMS) == 1
    assert resources.installations.member_ids() == []


def test_a_bot_whose_portal_is_slow_is_not_waited_for(
    anna, egor, world, work, slow, monkeypatch, caplog
):
    bot = settle(anna, world)
    work()
    monkeypatch.setattr(talk, "SECONDS", PATIENT)
    messenger.write(world, anna.portal, egor.user, str(bot.id), "Hi")
    assert world.drain()
    slow()

    with caplog.at_level(logging.WARNING):
        work()

    assert f"bot {bot.id} stays silent" in caplog.text


def test_nor_when_the_stored_chain_speaks_for_it(anna, world, resources, work, slow, monkeypatch):
    bot = settle(anna, world)
    work()
    monkeypatch.setattr(talk, "SECONDS", PATIENT)
    world.faults.order_event("no_tokens", times=2)
    assert messenger.invite(world, anna.portal, anna.user, anna.portal.bot(bot.id), "chat1")
    assert world.drain()
    slow()

    work()

    assert set_aside(resources, anna.portal.member_id) == 1
    assert said_by(anna, bot) == []


def test_a_slow_portal_is_rebound_another_time(anna, resources, work, slow, monkeypatch):
    anna.install()
    work()
    old = "https://old.example.com"
    PortalStore(resources.redis, anna.portal.member_id).note_addresses((old,))
    for number, row in enumerate(anna.portal.bindings):
        anna.portal.bindings[number] = dataclasses.replace(row, handler=f"{old}/events")
    monkeypatch.setattr(moving, "REBIND_PATIENCE", PATIENT)
    slow()
    resources.enqueue(jobs.rebind, anna.portal.member_id)

    work()

    assert resources.queue.scheduled_job_registry.count == 1


def test_a_slow_portal_that_may_be_paid_for_is_asked_another_time(
    anna, world, resources, work, slow, monkeypatch
):
    anna.install()
    work()
    deeds.set_payment(world, anna.portal, expired=True)
    assert world.drain()
    work()
    anna.portal.installs[world.card.client_id].payment_expired = False
    monkeypatch.setattr(leaving, "LOOK_PATIENCE", PATIENT)
    slow()

    look_again(resources, world, anna, work, 1900)
    look_again(resources, world, anna, work, 1900)

    assert state_of(anna, resources) == "suspended"


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/connectors", "Mail"),
        ("/connectors/b24app_mail", "Mail"),
        ("/widgets", "Board"),
        (f"/widgets/{KEY}/edit", "Board"),
    ],
)
def test_a_page_shows_our_list_and_does_not_wait_for_what_a_slow_portal_would_add(
    anna, resources, slow, monkeypatch, path, shown
):
    anna.install()
    anna.post("/connectors", typed_connector())
    keep_widget(resources, anna)
    usual = anna.get(path).text
    monkeypatch.setattr(session, "GLANCE_SECONDS", PATIENT)
    slow()

    reply = anna.get(path)

    assert reply.status_code == 200
    assert shown in reply.text
    assert SILENT in reply.text and SILENT not in usual
