"""The import itself: put away, worked at, cut short and gone on with."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from b24app import keys
from b24app.actions import bulk
from b24app.records import ItemState, RunState, Verb
from tests.cast import typed_joint
from tests.conftest import environment
from tests.integration.definitions import (
    changed,
    export,
    is_here,
    states,
    upload,
)
from tests.integration.test_worker import WorkerProcess, wait_until


def test_an_upload_that_is_gone_is_told(settled, store, resources, work):
    address = upload(settled, changed("bots.0.name", "New"))
    settled.post(address + "/import")
    resources.redis.delete(keys.definitions(settled.portal.member_id))

    work()

    [run] = store.runs.all()
    assert states(store, run.id) == ["refused"]
    assert "not kept that long" in settled.get(f"/bulk/{run.id}").text
    assert settled.get(address).status_code == 404
    assert settled.post(address + "/import").status_code == 404
    for other in ("1", "x", "1:0", "²"):
        assert settled.get(f"/definitions/{other}").status_code == 404


def test_of_many_uploads_the_newest_stay_and_those_that_are_being_imported(
    settled, resources, store, work
):
    begun = upload(settled, changed("bots.0.name", "First"))
    settled.post(begun + "/import")
    addresses = [upload(settled, changed("bots.0.name", f"N{n}")) for n in range(5)]

    assert [settled.get(one).status_code for one in addresses] == [404, 404, 200, 200, 200]
    work()
    assert states(store, store.runs.all()[0].id) == ["done"]


def test_a_republication_that_was_cut_short_leaves_no_second_one(settled, store, work):
    """The worker was killed after the successor was recorded, before the old one went."""
    data = export(settled)
    store.chat_apps.unpublish()
    settled.chat_apps().clear()
    address = upload(settled, data)
    [run_id] = re.findall(r"/bulk/([0-9]+)", settled.post(address + "/import").text)[:1]
    run = store.runs.get(run_id)
    old = next(app for app in store.chat_apps.all() if app.code == "two")
    settled.post(f"/chat-apps/{old.id}/republication", {"version": str(old.version)})
    [item] = [one for one in store.runs.items(run) if one.name == "Orders"]
    store.runs.note(run, [replace(item, state=ItemState.SENT)])

    work()

    assert set(states(store, run_id)) == {"done"}
    assert len(settled.chat_apps()) == len(store.chat_apps.all()) == 3


def test_the_rest_calls_can_be_seen_before(settled, boris, borealis):
    address = upload(boris, export(settled))

    page = boris.post(address + "/import?rehearsal=1").text

    assert "imbot.v2.Bot.register" in page and "imbot.app.register" in page
    assert boris.bots() == [] and borealis.runs.all() == []


def test_a_killed_worker_is_followed_by_another_and_each_comes_once(
    settled, boris, borealis, world, resources, store_url, app_port
):
    document = json.loads(export(settled))
    [app, *_] = document["chat_apps"]
    document["chat_apps"] = [app | {"code": f"c{n}"} for n in range(24)]
    address = upload(boris, json.dumps(document).encode())
    world.faults.rest_delay = 0.15
    page = boris.post(address + "/import").text
    run = re.search(r"/bulk/([0-9]+)", page)[1]
    environ = environment(world, store_url, app_port)
    first = WorkerProcess(environ)
    try:
        wait_until(lambda: len(boris.chat_apps()) >= 8)
    finally:
        first.kill()
    world.faults.rest_delay = 0
    assert len(boris.chat_apps()) < 24
    assert borealis.runs.get(run).state is RunState.RUNNING
    resources.redis.delete(keys.edit_lock(boris.portal.member_id))  # its seconds go by

    boris.get(f"/bulk/{run}?part")
    second = WorkerProcess(environ)
    try:
        wait_until(lambda: borealis.runs.get(run).state is RunState.DONE)
    finally:
        second.kill()

    assert set(states(borealis, run)) == {"done"}
    assert sorted(one.code for one in boris.chat_apps()) == sorted(f"c{n}" for n in range(24))
    registered = [line for line in borealis.history(1000) if line.verb is Verb.REGISTER]
    named = [(line.thing, line.after["code"]) for line in registered if "code" in line.after]
    assert len(named) == len(set(named)) == 26
    assert is_here(boris, json.dumps(document).encode())


def test_a_connector_that_was_cut_short_before_its_lines_is_joined_to_them_then(
    settled, world, resources, store, work
):
    for line in (1, 2):
        version = store.connectors.get("b24app_mail").version
        settled.post(f"/connectors/b24app_mail/lines/{line}", typed_joint(version))
    joints = store.connectors.get("b24app_mail").joints
    data = export(settled)
    settled.post("/connectors/b24app_mail/unregistration")
    address = upload(settled, data)
    [run_id] = re.findall(r"/bulk/([0-9]+)", settled.post(address + "/import").text)[:1]
    trouble = {"code": "INTERNAL_SERVER_ERROR", "status": 500}
    world.faults.order("error", "imconnector.activate", after=1, times=8, **trouble)
    work()
    assert len(store.connectors.get("b24app_mail").joints) < len(joints) == 2

    world.faults.clear()
    resources.redis.delete(keys.bulk_worker(settled.portal.member_id))
    settled.get(f"/bulk/{run_id}?part")  # the open page asks how it goes
    work()

    assert states(store, run_id) == ["done"]
    assert store.connectors.get("b24app_mail").joints == joints


def test_the_parts_of_an_import_end_and_go_on_together(settled, boris, borealis, monkeypatch, work):
    monkeypatch.setattr(bulk, "MOST", 3)
    address = upload(boris, export(settled))
    boris.post(address + "/import")
    later, *_, first = borealis.runs.all()
    assert later.id != first.id

    boris.post(f"/bulk/{first.id}/cancellation")
    assert {run.state for run in borealis.runs.all()} == {RunState.CANCELLED}
    work()
    assert boris.bots() == []

    boris.post(f"/bulk/{first.id}/continuation")
    work()
    assert {run.state for run in borealis.runs.all()} == {RunState.DONE}
    assert is_here(boris, export(settled))
