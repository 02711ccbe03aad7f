"""What no portal lists is asked for, one by one."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest

from b24app.actions.portal import Portal
from b24app.records import Verb
from sandbox.records import ChatApp
from tests.cast import Person, typed, typed_bot, typed_command
from tests.integration.drifting import (
    do,
    findings,
    offers,
    opened,
    requests_of,
    told,
    without_the_newer_family,
)


def test_chat_apps_are_asked_for_one_by_one_and_nothing_is_changed(anna, world, ours, work):
    [app] = anna.chat_apps()
    before = replace(app)

    begun = anna.post("/drift/check")
    work()
    ended = anna.get("/drift/check")

    assert "Chat apps cannot be listed" in begun.text
    assert 'hx-get="/drift/check"' in begun.text
    assert ended.headers["HX-Retarget"] == "#page"
    assert "1 of 1" in ended.text
    assert (anna.chat_apps(), findings(ours)) == ([before], [])


@pytest.mark.parametrize("deed", ["restoration", "removal"])
def test_a_chat_app_that_is_gone_is_found_by_asking(anna, world, ours, work, deed):
    [app] = anna.chat_apps()
    anna.portal.chat_apps.remove(app)
    anna.post("/drift/check")
    work()
    seen = findings(ours)

    reply = do(anna, "chat_app", app.id, "missing", deed)

    assert seen == [("chat_app", str(app.id), "missing")]
    assert reply.status_code == 200
    assert findings(ours) == []
    assert len(anna.chat_apps()) == len(ours.store.chat_apps.all()) == (deed == "restoration")


def test_a_chat_app_of_another_application_can_only_be_forgotten(anna, world, ours, work):
    [app] = anna.chat_apps()
    app.client_id = next(iter(world.foreign))
    anna.post("/drift/check")
    work()

    page = anna.get("/drift")
    do(anna, "chat_app", app.id, "missing", "removal")

    assert offers(page) == [f"/drift/chat_app/{app.id}/removal"]
    assert (anna.chat_apps(), ours.store.chat_apps.all()) == ([app], [])


def test_commands_of_an_old_portal_are_asked_for_too(anna, world, resources, work):
    without_the_newer_family(world)
    anna.install()
    anna.post("/bots", typed_bot())
    for name in ("one", "two"):
        anna.post("/commands", typed_command(anna.bots()[0].id, name=name))
    first = next(iter(anna.portal.commands.values()))
    anna.portal.remove_command(first)
    here = opened(anna, resources)

    anna.post("/drift/check")
    work()
    seen = findings(here)
    do(anna, "command", first.id, "missing", "restoration")

    assert seen == [("command", str(first.id), "missing")]
    assert sorted(row.command for row in anna.portal.commands.values()) == ["one", "two"]
    assert findings(here) == []


def many_chat_apps(person: Person, count: int) -> None:
    """So many chat apps more, on the portal and on our list."""
    for number in range(count):
        person.post("/chat-apps", typed(code=f"n{number}"))


def test_a_check_goes_on_where_it_was_stopped(anna, ours, work, resources):
    many_chat_apps(anna, 3)
    anna.post("/drift/check")
    check, last = ours.store.drift.check(), anna.chat_apps()[-1].id
    ours.store.drift.note_check(replace(check, done=3, place=("chat_app", last - 1)))
    since = len(anna.portal.rest_log)

    work()

    check = ours.store.drift.check()
    assert (check.done, check.total, check.running) == (4, 4, False)
    asked = [call.params for call in anna.portal.rest_log[since:] if "imbot.app" in call.method]
    assert asked == [{"APP_ID": str(last)}]


def test_a_check_asks_for_fifty_in_a_request_and_tells_how_far_it_is(anna, ours, work):
    actor = {"actor": ours.actor, "verb": Verb.REGISTER, "before": None}
    for number in range(60):
        app = replace(ours.store.chat_apps.all()[-1], id=5000 + number, code=f"n{number}")
        ours.store.chat_apps.save(app, seen=0, **actor)
    anna.post("/drift/check")
    since = len(anna.portal.rest_log)

    work()

    assert requests_of(anna, since) == ["batch", "batch"]
    assert ours.store.drift.check().done == 61
    assert len(findings(ours)) == 60


def test_a_check_that_lost_its_worker_is_taken_up_by_whoever_looks(anna, ours, work, resources):
    anna.post("/drift/check")
    resources.queue.empty()
    check = ours.store.drift.check()
    ours.store.drift.note_check(replace(check, beat=int(time.time()) - 1000))

    shown = anna.get("/drift/check")
    work()

    assert "0 of 1" in shown.text
    assert ours.store.drift.check().done == 1


def republish(person: Person, of: Portal, app: ChatApp) -> ChatApp:
    """Publish a chat app again from its own page; the one there is now."""
    version = of.store.chat_apps.get(app.id).version
    assert (
        person.post(f"/chat-apps/{app.id}/republication", {"version": version}).status_code == 200
    )
    [now] = person.chat_apps()
    return now


@pytest.mark.parametrize("deed", ["restoration", "removal"])
def test_what_was_mended_elsewhere_since_it_was_asked_for_is_told_no_more(anna, ours, work, deed):
    [app] = anna.chat_apps()
    anna.portal.chat_apps.remove(app)
    anna.post("/drift/check")
    work()
    now = republish(anna, ours, app)

    page = anna.get("/drift")
    done = do(anna, "chat_app", app.id, "missing", deed)
    looked = anna.post("/drift/look")

    assert offers(page) == []
    assert (done.status_code, "nothing was done" in told(done)) == (200, True)
    assert told(looked).startswith("Everything is in order.")
    assert [one.id for one in ours.store.chat_apps.all()] == [now.id]


def test_what_is_known_to_be_there_since_it_was_asked_for_is_told_no_more(anna, ours, work):
    """Another administrator took the portal's word for it while this one's page was open."""
    shelf = ours.store.chat_apps
    [record] = shelf.all()
    lost = replace(record, published=False)
    shelf.save(lost, seen=record.version, actor=ours.actor, verb=Verb.UPDATE, before=record)
    anna.post("/drift/check")
    work()
    seen, [lost] = findings(ours), shelf.all()
    shelf.save(
        replace(lost, published=True),
        seen=lost.version,
        actor=ours.actor,
        verb=Verb.UPDATE,
        before=lost,
    )

    done = do(anna, "chat_app", record.id, "different", "adoption")

    assert seen == [("chat_app", str(record.id), "different")]
    assert (findings(ours), "nothing was done" in told(done)) == ([], True)
