"""An uninstall that is confirmed: everything of the portal goes, unless it was installed again."""

from b24app import jobs
from b24app.actions.portal import open_portal
from b24app.records import SYSTEM
from tests.cast import typed
from tests.integration.chains import promote
from tests.integration.life import (
    TWO_MINUTES,
    both_profiles,
    forge_uninstall,
    keys_of,
    later,
    look_again,
    state_of,
    story,
    uninstall,
)


def everything_stored(client) -> str:
    """All keys of a Redis with all they hold, as one text."""
    parts = []
    for key in client.scan_iter():
        kind = client.type(key)
        kind = kind.decode() if isinstance(kind, bytes) else kind
        read = {
            "string": client.get,
            "hash": client.hgetall,
            "set": client.smembers,
            "list": lambda name: client.lrange(name, 0, -1),
            "zset": lambda name: client.zrange(name, 0, -1),
            "stream": client.xrange,
        }[kind]
        parts.append(f"{key} {read(key)}")
    return "\n".join(parts)


@both_profiles
def test_after_an_uninstall_nothing_of_the_portal_is_left_anywhere(
    anna, egor, boris, world, resources, work
):
    """Complaint: a reinstall that breaks because the uninstall left data behind."""
    anna.install()
    boris.install()
    promote(egor)
    anna.post("/chat-apps", typed())
    work()
    resources.enqueue(jobs.resubscribe, anna.portal.member_id, after=3600)
    uninstall(anna)

    work()

    assert keys_of(anna, resources) == []
    assert resources.installations.member_ids() == [boris.portal.member_id]
    for client in (resources.redis, resources.queue.connection):
        stored = everything_stored(client)
        assert boris.portal.member_id in stored
        assert anna.portal.member_id not in stored


@both_profiles
def test_jobs_of_the_portal_leave_the_queue_with_it(anna, world, resources, work):
    anna.install()
    work()
    member_id = anna.portal.member_id
    resources.queue.enqueue("b24app.jobs.no_such_job", member_id)
    work()  # it fails for good
    resources.enqueue(jobs.resubscribe, member_id, after=60)
    assert resources.queue.failed_job_registry.count == 1
    uninstall(anna)

    work()

    assert resources.queue.failed_job_registry.count == 0
    assert resources.queue.scheduled_job_registry.count == 0


def test_uninstalling_without_cleaning_keeps_what_was_made_but_no_secret(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    uninstall(anna, clean=False)

    work()

    kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
    assert kept - {"rate"} == {"bots", "chat-apps", "history", "people"}  # the rate runs out
    assert story(anna, resources)[-1] == ("gone", "")


def test_after_a_reinstall_the_list_says_what_is_not_there_and_republishing_brings_it_back(
    anna, world, resources, work
):
    anna.install()
    anna.post("/chat-apps", typed())
    [old] = anna.chat_apps()
    uninstall(anna, clean=False)
    work()

    anna.install()
    assert anna.chat_apps() == []
    assert "Not on the portal" in anna.get("/chat-apps").text
    reply = anna.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    [new] = anna.chat_apps()
    assert new.lang == old.lang
    assert "Not on the portal" not in anna.get("/chat-apps").text


@both_profiles
def test_a_late_confirmation_does_not_remove_a_newer_install(anna, world, resources, work):
    anna.install()
    work()
    world.faults.order("html", "oauth/app.info", times=1)
    uninstall(anna)
    work()
    assert state_of(anna, resources) == "uninstalling"

    anna.install()
    work()
    look_again(resources, world, anna, work, 24 * 3600)

    assert state_of(anna, resources) == "installed"
    assert anna.open().status_code == 200
    assert resources.installations.chains(anna.portal.member_id)


@both_profiles
def test_a_confirmation_overtaken_by_an_install_changes_nothing(anna, world, resources, work):
    """It has heard its word, and stood still while the portal was installed again."""
    anna.install()
    work()
    forge_uninstall(anna, resources)
    work()
    departure = resources.installations.departures.read(anna.portal.member_id)
    again(anna)

    assert not resources.installations.remove(anna.portal.member_id, departure.id)
    assert not resources.installations.remove_secrets(anna.portal.member_id, departure.id)
    assert anna.open().status_code == 200


def again(person) -> None:
    """The install page is opened in the frame once more."""
    form = person.frame_form()
    form.url = form.url.replace("/?", "/install?")
    assert person.send(form).status_code == 200


def test_whether_everything_goes_is_what_the_portal_has_said_each_time(
    anna, world, resources, work
):
    """An event that asks for more, sent beside the true one, deletes nothing more."""
    anna.install()
    anna.post("/chat-apps", typed())
    work()
    forge_uninstall(anna, resources)
    uninstall(anna, clean=False)

    work()
    look_again(resources, world, anna, work, TWO_MINUTES)

    kept = {key.rpartition(":")[2] for key in keys_of(anna, resources)}
    assert {"bots", "chat-apps", "history"} <= kept


def test_an_edit_under_way_leaves_nothing_behind(anna, world, resources, work):
    anna.install()
    work()
    later(resources, world, anna, 0)
    store = open_portal(resources, anna.portal.member_id, SYSTEM).store
    with store.editing():
        store.begin_registration("half-done")
        uninstall(anna)

    work()

    assert keys_of(anna, resources) == []
