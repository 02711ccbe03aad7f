"""Work with many things at once: its progress, its results, cancelling, a worker that is killed."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from b24app import keys
from b24app.actions import bulk
from b24app.records import Actor, BotApi, Hint, ItemState, RunState, Verb
from b24app.records import Command as OurCommand
from b24app.store import PortalStore, codecs
from b24app.web import rehearsals
from sandbox import oauth
from sandbox.records import Command
from tests.cast import typed, typed_bot, typed_command, typed_connector, typed_joint, typed_widget
from tests.conftest import CLIENT_ID, environment
from tests.integration.life import both_profiles
from tests.integration.test_worker import WorkerProcess, wait_until

INSTALLING = 1  # batches the installation itself has sent
ANNA = Actor(1, "Anna Sokolova", is_admin=True)


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture
def store(installed, resources):
    """What the application keeps of Anna's portal."""
    return PortalStore(resources.redis, installed.portal.member_id)


@pytest.fixture
def three(installed):
    """Three chat apps of Anna's portal."""
    for code in ("one", "two", "three"):
        installed.post("/chat-apps", typed(code=code, title=[f"Board {code}", ""]))
    return list(installed.chat_apps())


def many_commands(person, store, count: int) -> list[Command]:
    """Commands of one bot, on the portal and in our records, without a call for each."""
    person.post("/chat-apps", typed())
    [bot] = store.bots.all()
    made = []
    for number in range(count):
        command = Command(person.portal.take_id(), bot.id, f"c{number}", CLIENT_ID)
        person.portal.add_command(command)
        ours = OurCommand(command.id, bot.id, command.command, (Hint("en", f"C {number}"),))
        store.commands.save(ours, seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)
        made.append(command)
    return made


def begin(person, verb: str, thing: str, ids) -> str:
    """Start a run; returns its id."""
    reply = person.post("/bulk", {"verb": verb, "thing": thing, "id": [str(one) for one in ids]})
    assert reply.status_code == 200, reply.text
    return re.search(r"/bulk/([0-9]+)", reply.text)[1]


def states(store, run_id: str) -> list[str]:
    return [item.state.value for item in store.runs.items(store.runs.get(run_id))]


@both_profiles
def test_the_chosen_chat_apps_are_unregistered_and_the_others_stay(installed, three, store, work):
    run = begin(installed, "unregister", "chat_app", [three[0].id, three[2].id])

    work()

    assert installed.chat_apps() == [three[1]]
    assert [app.code for app in store.chat_apps.all()] == ["two"]
    assert states(store, run) == ["done", "done"]
    page = installed.get(f"/bulk/{run}").text
    assert "Finished: 2 of 2" in page and "Board one" in page and 'hx-trigger="load' not in page


def test_every_removed_one_has_its_history_line_and_can_be_put_back(installed, three, store, work):
    before = len(store.history())
    begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()

    lines = store.history()[: len(store.history()) - before]
    assert [(line.verb, line.user_name) for line in lines] == [("unregister", "Anna Sokolova")] * 3
    installed.post(f"/history/{lines[0].id}/undo")
    assert [app.code for app in installed.chat_apps()] == ["three"]


def test_before_the_worker_comes_the_bar_stands_at_nothing(installed, three, store):
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])

    part = installed.get(f"/bulk/{run}?part").text

    assert 'max="3" value="0"' in part and "load delay:1s" in part
    assert "<h1" not in part


@both_profiles
def test_already_gone_counts_as_done_and_not_ours_is_refused(installed, three, store, work):
    _, gone, stolen = three
    installed.chat_apps().remove(gone)
    stolen.client_id = "app.of.another"

    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()

    assert states(store, run) == ["done", "gone", "refused"]
    assert [app.code for app in store.chat_apps.all()] == ["three"]
    page = installed.get(f"/bulk/{run}").text
    assert "belongs to another application" in page
    assert 'max="3" value="3"' in page


@both_profiles
def test_one_that_fails_does_not_hold_up_the_others(installed, three, world, store, work):
    world.faults.order("error", "imbot.app.unregister", code="WRONG_REQUEST")

    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()

    assert states(store, run) == ["failed", "done", "done"]
    assert "WRONG_REQUEST" not in installed.get(f"/bulk/{run}").text


def after_the_pause(person, resources, run: str, work) -> None:
    """The pause is over; the open page asks how it goes, and the worker is called."""
    resources.redis.delete(keys.bulk_worker(person.portal.member_id))
    person.get(f"/bulk/{run}?part")
    work()


def test_a_run_waits_while_the_portal_is_in_trouble_and_then_goes_on(
    installed, three, world, store, work, resources
):
    world.faults.order("html", "batch")
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()
    page = installed.get(f"/bulk/{run}").text
    assert "Waiting to try again" in page and 'value="0"' in page

    after_the_pause(installed, resources, run, work)

    assert states(store, run) == ["done", "done", "done"]
    assert "Waiting to try again" not in installed.get(f"/bulk/{run}").text


def test_what_was_done_although_the_answer_was_lost_counts_as_done(
    installed, three, world, store, work, resources
):
    world.faults.order("lost", "batch")
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()
    assert states(store, run) == ["sent", "sent", "sent"]

    after_the_pause(installed, resources, run, work)

    assert states(store, run) == ["done", "done", "done"]
    assert store.chat_apps.all() == []


def test_a_portal_that_stays_in_trouble_stops_the_run_and_says_so(
    installed, three, world, store, work, resources
):
    world.faults.order("html", "batch", times=50)
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()
    while store.runs.get(run).state is RunState.RUNNING:
        after_the_pause(installed, resources, run, work)
    page = installed.get(f"/bulk/{run}").text
    assert "Stopped after 0 of 3" in page and "does not answer" in page

    world.faults.clear()
    installed.post(f"/bulk/{run}/continuation")
    after_the_pause(installed, resources, run, work)

    assert states(store, run) == ["done", "done", "done"]


def test_a_lost_right_stops_the_run_at_once(installed, three, world, store, work):
    world.faults.order("error", "batch", code="ACCESS_DENIED", status=403)
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()

    assert store.runs.get(run).state is RunState.STOPPED
    assert "permission is missing" in installed.get(f"/bulk/{run}").text
    assert len(store.chat_apps.all()) == 3


def test_a_cancelled_run_leaves_the_rest_and_can_go_on(installed, three, store, work):
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    assert "Cancelled after 0 of 3" in installed.post(f"/bulk/{run}/cancellation").text
    work()
    assert len(installed.chat_apps()) == 3

    installed.post(f"/bulk/{run}/continuation")
    work()

    assert installed.chat_apps() == []
    assert states(store, run) == ["done", "done", "done"]


def test_cancelling_what_is_finished_changes_nothing(installed, three, store, work):
    run = begin(installed, "unregister", "chat_app", [three[0].id])
    work()

    assert "Finished" in installed.post(f"/bulk/{run}/cancellation").text
    assert "Finished" in installed.post(f"/bulk/{run}/continuation").text


def test_all_of_a_run_is_taken_back_at_once(installed, three, store, work):
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])
    work()

    reply = installed.post(f"/bulk/{run}/undo")
    work()

    assert reply.status_code == 200
    assert {app.code for app in installed.chat_apps()} == {"one", "two", "three"}
    assert installed.post(f"/bulk/{run}/undo").status_code == 422  # nothing is left to take back


@both_profiles
def test_after_a_reinstallation_everything_is_published_again(installed, three, store, work):
    installed.portal.chat_apps.clear()
    store.unpublish()

    run = begin(installed, "republish", "chat_app", [app.id for app in three])
    work()

    assert len(installed.chat_apps()) == 3
    assert all(app.published for app in store.chat_apps.all())
    assert states(store, run) == ["done", "done", "done"]


def test_an_old_one_that_stays_is_named_counted_and_one_press_away(
    installed, three, world, store, work
):
    world.faults.order("error", "imbot.app.unregister", code="WRONG_REQUEST")

    run = begin(installed, "republish", "chat_app", [app.id for app in three])
    work()

    old, newest = three[0].id, max(app.id for app in store.chat_apps.all())
    part = installed.get(f"/bulk/{run}?part")
    assert f"The old one, number {old}, could not be removed" in part.text
    assert f'hx-get="/chat-apps/{old}"' in part.text
    assert f"Number on the portal: {newest}" in part.text and "Done: 3" in part.text
    assert "With a note: 1" in part.text and 'class="actions"' not in part.text
    told = json.loads(part.headers["HX-Trigger"])["message"]
    assert told == {"kind": "warning", "text": "Finished: 3 of 3 · With a note: 1"}


def test_a_republication_that_was_half_done_is_not_done_twice(installed, three, store, work):
    """The worker was killed after the successor was recorded, before it was noted."""
    app = store.chat_apps.get(three[0].id)
    run = begin(installed, "republish", "chat_app", [app.id])
    installed.post(f"/chat-apps/{app.id}/republication", {"version": str(app.version)})
    [item] = store.runs.items(store.runs.get(run))
    store.runs.note(store.runs.get(run), [replace(item, state=ItemState.SENT)])

    work()

    assert states(store, run) == ["done"]
    assert len(installed.chat_apps()) == 3


@both_profiles
def test_commands_are_unregistered_fifty_in_a_request(installed, store, work):
    made = many_commands(installed, store, 120)
    run = begin(installed, "unregister", "command", [command.id for command in made])

    work()

    assert installed.portal.commands == {}
    assert store.commands.all() == []
    assert states(store, run) == ["done"] * 120
    assert len(installed.calls("batch")) - INSTALLING == 3


@both_profiles
def test_commands_of_an_old_bot_go_the_old_way(installed, store, work):
    [command] = many_commands(installed, store, 1)
    [bot] = store.bots.all()
    store.bots.save(
        replace(bot, api=BotApi.V1), seen=bot.version, actor=ANNA, verb=Verb.UPDATE, before=bot
    )

    begin(installed, "unregister", "command", [command.id])
    work()

    assert len(installed.calls("imbot.command.unregister")) == 1
    assert installed.portal.commands == {}


@pytest.fixture
def two_bots(installed):
    """Two bots of Anna's portal: the first with two commands and two chat apps."""
    for code in ("first", "second"):
        installed.post("/bots", typed_bot(code=code, name=code.title(), last_name=""))
    first, second = installed.bots()
    for name in ("help", "time"):
        installed.post("/commands", typed_command(first.id, name=name))
    for code in ("one", "two"):
        installed.post("/chat-apps", typed(code=code, bot_id=str(first.id)))
    return first, second


def delete_bots(person, bots, typed_number: str):
    form = {"verb": "unregister", "thing": "bot", "id": [str(bot.id) for bot in bots]}
    return person.post("/bulk", form | {"confirmation": typed_number})


@pytest.mark.parametrize("number", ["", "1", "3", "two", "First"])
def test_bots_go_only_when_their_number_was_typed(installed, two_bots, store, number):
    reply = delete_bots(installed, two_bots, number)

    assert reply.status_code == 422 and "Another number was typed" in reply.text
    assert store.runs.all() == [] and len(installed.bots()) == 2


@both_profiles
def test_bots_are_deleted_with_all_they_own_and_all_of_it_is_taken_back(
    installed, two_bots, store, work
):
    page = delete_bots(installed, two_bots, " 2 ").text
    run = re.search(r"/bulk/([0-9]+)", page)[1]
    work()
    assert states(store, run) == ["done", "done"]
    assert installed.bots() == [] and installed.chat_apps() == []
    assert store.bots.all() == [] and store.commands.all() == [] and store.chat_apps.all() == []

    installed.post(f"/bulk/{run}/undo")
    work()

    assert {bot.code for bot in installed.bots()} == {"first", "second"}
    assert {app.code for app in installed.chat_apps()} == {"one", "two"}
    assert {one.command for one in installed.portal.commands.values()} == {"help", "time"}
    owner = next(bot for bot in installed.bots() if bot.code == "first")
    assert {app.bot_id for app in store.chat_apps.all()} == {owner.id}
    assert installed.post(f"/bulk/{run}/undo").status_code == 422


def give_commands(person, store, resources, bot, first: int, count: int) -> None:
    """So many commands of a bot more in our records; the portal forgets its own with the bot."""
    known = store.commands.all()[0]
    numbers = range(first, first + count)
    more = [replace(known, id=number, bot_id=bot.id, name=f"n{number}") for number in numbers]
    written = {str(one.id): codecs.COMMAND.write(one) for one in more}
    resources.redis.hset(keys.commands(person.portal.member_id), mapping=written)


def test_before_more_than_a_run_takes_is_taken_back_all_of_it_is_counted(
    installed, two_bots, store, resources, work, monkeypatch
):
    monkeypatch.setattr(rehearsals, "SHOWN", 3)
    first, second = two_bots
    give_commands(installed, store, resources, first, 500_000, 486)
    give_commands(installed, store, resources, second, 600_000, 510)
    page = delete_bots(installed, two_bots, "2").text
    run = re.search(r"/bulk/([0-9]+)", page)[1]
    work()
    assert states(store, run) == ["done", "done"] and store.commands.all() == []

    looked = installed.post(f"/bulk/{run}/undo?rehearsal=1").text

    shown = len(re.findall(r"<code>imbot[^<]+register</code>", looked, re.I))
    [left] = re.findall(r"Things that follow in the same way: ([0-9]+)\.", looked)
    assert (shown, int(left)) == (1, 486 + 510 + 4 + 2 - 1)
    installed.post(f"/bulk/{run}/undo")
    assert [one.total for one in store.runs.all() if one.verb == "undo"] == [2, 1000]


@both_profiles
def test_a_bot_that_is_gone_counts_as_done_and_a_strangers_is_refused(
    installed, two_bots, store, world, work
):
    gone, stolen = two_bots
    installed.portal.bots.remove(gone)
    stolen.client_id = next(iter(world.foreign))

    page = delete_bots(installed, two_bots, "2").text
    work()

    assert states(store, re.search(r"/bulk/([0-9]+)", page)[1]) == ["gone", "refused"]
    assert [bot.code for bot in store.bots.all()] == ["second"]
    assert stolen in installed.portal.bots


def test_deleting_a_bot_that_was_cut_short_is_ended_and_counts_as_done(
    installed, two_bots, store, resources, work
):
    """The worker was killed after the portal had deleted the bot, before our list knew."""
    first, _ = two_bots
    page = delete_bots(installed, [first], "1").text
    run = store.runs.get(re.search(r"/bulk/([0-9]+)", page)[1])
    [item] = store.runs.items(run)
    store.runs.note(run, [replace(item, state=ItemState.SENT)])
    installed.portal.bots.remove(first)

    work()

    assert states(store, run.id) == ["done"]
    assert [bot.code for bot in store.bots.all()] == ["second"] and store.chat_apps.all() == []


@both_profiles
def test_bots_that_were_lost_are_published_again(installed, two_bots, store, work):
    first, second = two_bots
    installed.portal.bots.remove(first)
    store.bots.unpublish()

    run = begin(installed, "republish", "bot", [first.id, second.id])
    work()

    assert states(store, run) == ["done", "done"]
    assert {bot.code for bot in installed.bots()} == {"first", "second"}
    assert all(bot.published for bot in store.bots.all())
    back = next(bot for bot in installed.bots() if bot.code == "first")
    assert back.id != first.id and {one.bot_id for one in store.commands.all()} == {back.id}


def test_publishing_a_bot_again_that_was_cut_short_is_ended(installed, two_bots, store, work):
    """The worker was killed after the successor was recorded, before it had its belongings."""
    first, _ = two_bots
    run = store.runs.get(begin(installed, "republish", "bot", [first.id]))
    [item] = store.runs.items(run)
    old = store.bots.get(first.id)
    apps = store.chat_apps.all()
    installed.portal.bots.remove(first)
    installed.post(f"/bots/{first.id}/republication", {"version": str(old.version)})
    store.bots.save(old, seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)
    for app in apps:
        moved = store.chat_apps.get(app.id)
        store.chat_apps.save(
            replace(moved, bot_id=old.id),
            seen=moved.version,
            actor=ANNA,
            verb=Verb.UPDATE,
            before=moved,
        )
    store.runs.note(run, [replace(item, state=ItemState.SENT)])

    work()

    assert states(store, run.id) == ["done"]
    back = next(bot for bot in installed.bots() if bot.code == "first")
    assert sorted(bot.id for bot in store.bots.all()) == sorted(one.id for one in installed.bots())
    assert {app.bot_id for app in store.chat_apps.all()} == {back.id}


def many_chat_apps(person, store, resources, count: int, size: int) -> int:
    """So many chat apps more in our records, with icons of ``size`` bytes; their first number."""
    app, first = store.chat_apps.all()[-1], 500_000
    icon = b"\x89PNG" + bytes(size)
    more = [replace(app, id=first + n, code=f"many-{n}", icon=icon) for n in range(count)]
    written = {str(one.id): codecs.CHAT_APP.write(one) for one in more}
    resources.redis.hset(keys.chat_apps(person.portal.member_id), mapping=written)
    return first


def test_one_of_many_is_published_again_without_reading_the_others(
    installed, three, store, resources, work
):
    many_chat_apps(installed, store, resources, 200, size=10_000)
    begin(installed, "republish", "chat_app", [app.id for app in three])
    before = resources.redis.info("stats")["total_net_output_bytes"]

    work()

    told = resources.redis.info("stats")["total_net_output_bytes"] - before
    assert len({app.id for app in installed.chat_apps()} & {app.id for app in three}) == 0
    assert told < 200 * 10_000  # what a single look at all of them would have cost


def test_a_successor_has_a_code_that_none_of_the_others_has(installed, three, store, work):
    one = next(app for app in store.chat_apps.all() if app.code == "one")
    installed.post("/chat-apps", typed(code=f"one-v{one.version + 1}"))

    begin(installed, "republish", "chat_app", [one.id])
    work()

    codes = sorted(app.code for app in store.chat_apps.all())
    assert codes == ["one-v2", "one-v3", "three", "two"]


@pytest.mark.parametrize("title", ['"code": "fake"', '", "code": "fake', '\\", "code": "fake'])
def test_a_title_that_looks_like_a_code_is_none(installed, store, title):
    installed.post("/chat-apps", typed(code="real", title=[title, ""]))

    assert store.chat_apps.all()[0].title("en") == title
    assert store.chat_apps.texts("code") == {"real"}


@pytest.fixture
def two_connectors(installed):
    """Two connectors of Anna's portal; the first is connected to an open line."""
    for name in ("mail", "post"):
        installed.post("/connectors", typed_connector(id=f"b24app_{name}", name=name.title()))
    installed.post("/connectors/b24app_mail/lines/1", typed_joint(1))
    return ["b24app_mail", "b24app_post"]


@both_profiles
def test_connectors_are_unregistered_and_come_back_with_their_lines(
    installed, two_connectors, store, work
):
    before = store.connectors.get("b24app_mail").joints
    assert before
    run = begin(installed, "unregister", "connector", two_connectors)
    work()
    assert states(store, run) == ["done", "done"]
    assert installed.portal.connectors == {} and store.connectors.all() == []

    installed.post(f"/bulk/{run}/undo")
    work()

    assert set(installed.portal.connectors) == set(two_connectors)
    assert store.connectors.get("b24app_mail").joints == before


@both_profiles
def test_a_strangers_connector_is_never_named_to_the_portal(
    installed, two_connectors, store, world, work
):
    gone, stolen = two_connectors
    del installed.portal.connectors[gone]
    installed.portal.connectors[stolen].client_id = next(iter(world.foreign))
    installed.portal.connectors[stolen].name = "Somebody's"

    run = begin(installed, "unregister", "connector", [*two_connectors, "livechat"])
    work()

    assert states(store, run) == ["gone", "refused"]
    assert installed.calls("imconnector.unregister") == []
    assert "belongs to another application" in installed.get(f"/bulk/{run}").text


def test_connectors_that_were_lost_are_published_again(installed, two_connectors, store, work):
    installed.portal.connectors.clear()
    store.connectors.unpublish()

    run = begin(installed, "republish", "connector", two_connectors)
    work()

    assert states(store, run) == ["done", "done"]
    assert set(installed.portal.connectors) == set(two_connectors)
    assert all(one.published for one in store.connectors.all())


@both_profiles
def test_widgets_are_unregistered_and_come_back_at_their_places(installed, store, work):
    for letter in "ab":
        reply = installed.post("/widgets", typed_widget(letter * 22, code=letter))
        assert reply.status_code == 200
    before = sorted((one.code, one.handler) for one in installed.portal.placements)
    run = begin(installed, "unregister", "widget", ["a" * 22, "b" * 22])
    work()
    assert states(store, run) == ["done", "done"]
    assert store.widgets.all() == []
    assert [one for one in installed.portal.placements if "/widgets/" in one.handler] == []

    installed.post(f"/bulk/{run}/undo")
    work()

    assert sorted((one.code, one.handler) for one in installed.portal.placements) == before


def test_of_bots_and_connectors_an_employee_may_do_nothing_and_boris_finds_none(
    installed, two_bots, two_connectors, egor, boris, world, store
):
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]
    boris.install()

    assert delete_bots(egor, two_bots, "2").status_code == 403
    assert delete_bots(boris, two_bots, "2").status_code == 422
    form = {"verb": "unregister", "thing": "connector", "id": two_connectors}
    assert egor.post("/bulk", form).status_code == 403
    assert boris.post("/bulk", form).status_code == 422
    assert store.runs.all() == []


@pytest.mark.parametrize(
    ("verb", "thing", "ids", "sentence"),
    [
        ("unregister", "chat_app", [], "Nothing was chosen"),
        ("unregister", "chat_app", ["999", "x", ""], "Nothing was chosen"),
        ("unregister", "line", ["1"], "choose one of the list"),
        ("unregister", "bot", ["1"], "Nothing was chosen"),
        ("forget", "chat_app", ["1"], "choose one of the list"),
        ("undo", "chat_app", ["1"], "choose one of the list"),
    ],
)
def test_what_cannot_be_done_to_many_is_told(installed, three, store, verb, thing, ids, sentence):
    reply = installed.post("/bulk", {"verb": verb, "thing": thing, "id": ids})

    assert reply.status_code == 422 and sentence in reply.text
    assert store.runs.all() == []


def test_only_the_newest_runs_are_kept(installed, three, store, work):
    for _ in range(25):
        begin(installed, "unregister", "chat_app", [three[0].id])
        installed.post(f"/bulk/{store.runs.all()[0].id}/cancellation")

    assert len(store.runs.all()) <= 21
    assert "Unregistering chat apps" in installed.get("/bulk").text


def test_no_job_carries_more_than_the_portals_id(installed, three, resources):
    begin(installed, "unregister", "chat_app", [app.id for app in three])

    found = [job.args for job in resources.queue.jobs if job.func_name.endswith("jobs_bulk.work")]
    assert found == [(installed.portal.member_id,)]


def test_two_workers_do_not_do_the_same(installed, three, store, resources):
    run = begin(installed, "unregister", "chat_app", [app.id for app in three])

    with store.runs.working() as mine:
        assert mine
        assert not bulk.work(resources, installed.portal.member_id)
        assert states(store, run) == ["waiting"] * 3


def test_a_portal_that_is_gone_leaves_no_work_behind(installed, three, store, resources, work):
    begin(installed, "unregister", "chat_app", [app.id for app in three])
    resources.installations.remove(installed.portal.member_id)

    work()

    assert bulk.waiting(resources) == []
    assert resources.redis.keys("*bulk*") == []


def test_an_employee_may_not(installed, three, egor, world, store):
    run = begin(installed, "unregister", "chat_app", [three[0].id])
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    form = {"verb": "unregister", "thing": "chat_app", "id": [str(three[1].id)]}
    assert egor.post("/bulk", form).status_code == 403
    assert egor.get("/bulk").status_code == 403
    assert egor.get(f"/bulk/{run}").status_code == 403
    for act in ("cancellation", "continuation", "undo"):
        assert egor.post(f"/bulk/{run}/{act}").status_code == 403
    assert len(store.runs.all()) == 1


def test_boris_does_not_even_see_it(installed, three, boris, store):
    boris.install()
    run = begin(installed, "unregister", "chat_app", [three[0].id])

    form = {"verb": "unregister", "thing": "chat_app", "id": [str(three[1].id)]}
    assert boris.post("/bulk", form).status_code == 422
    assert boris.get(f"/bulk/{run}").status_code == 404
    for act in ("cancellation", "continuation", "undo"):
        assert boris.post(f"/bulk/{run}/{act}").status_code == 404
    assert store.runs.get(run).state is RunState.RUNNING


def test_a_killed_worker_is_followed_by_another_and_each_is_removed_once(
    installed, store, world, resources, store_url, app_port
):
    """300 commands, the worker and all its children killed half-way, without warning."""
    made = many_commands(installed, store, 300)
    world.faults.rest_delay = 0.25
    run = begin(installed, "unregister", "command", [command.id for command in made])
    environ = environment(world, store_url, app_port)
    first = WorkerProcess(environ)
    try:
        wait_until(lambda: len(installed.portal.commands) <= 150)
    finally:
        first.kill()
    world.faults.rest_delay = 0
    left = len(installed.portal.commands)
    asked = len(installed.calls("batch"))
    page = installed.get(f"/bulk/{run}").text
    [shown] = re.findall(r'max="300" value="([0-9]+)"', page)
    assert 0 < left <= 150
    assert int(shown) == 300 - len(store.commands.all()) <= 300 - left

    second = WorkerProcess(environ)
    try:
        wait_until(lambda: store.runs.get(run).state is RunState.DONE)
    finally:
        second.kill()

    assert installed.portal.commands == {}
    assert store.commands.all() == []
    assert states(store, run) == ["done"] * 300
    assert len(installed.calls("batch")) - asked <= 7
    removals = [line for line in store.history(1000) if line.verb is Verb.UNREGISTER]
    assert sorted(line.thing_id for line in removals) == sorted(str(one.id) for one in made)
    assert 'max="300" value="300"' in installed.get(f"/bulk/{run}").text
