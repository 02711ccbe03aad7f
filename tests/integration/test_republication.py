"""Republishing a chat app: a successor with the new icon, then the old one goes."""

import pytest

from tests.cast import told, typed
from tests.pictures import SPRITE

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def test_a_new_icon_offers_to_republish(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", icon=SPRITE))

    assert "republication" in reply.text
    assert installed.chat_apps()[0].icon == ""  # the portal ignored it, as portals of 2026 do


def test_republishing_puts_a_successor_before_it_removes_the_old_one(installed):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    installed.post(f"/chat-apps/{old.id}", typed(version="1", icon=SPRITE))

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "2"})

    [new] = installed.chat_apps()
    assert new.id != old.id and new.icon == SPRITE
    assert str(new.id) in told(reply)
    methods = [call.method.rpartition(".")[2] for call in installed.portal.rest_log]
    assert methods[-3:] == ["register", "update", "unregister"]


def test_an_icon_can_be_changed_and_republished_again_and_again(installed):
    installed.post("/chat-apps", typed())

    for serial in range(3):
        [app] = installed.chat_apps()
        version = installed.get(f"/chat-apps/{app.id}").text.split('name="version" value="')[1]
        version = version.partition('"')[0]
        form = typed(version=version, iframe_width=str(500 + serial))
        assert installed.post(f"/chat-apps/{app.id}", form).status_code == 200
        reply = installed.post(
            f"/chat-apps/{app.id}/republication", {"version": str(int(version) + 1)}
        )
        assert reply.status_code == 200

    assert [app.iframe_width for app in installed.chat_apps()] == [502]


def test_a_successor_never_takes_another_apps_code(installed):
    installed.post("/chat-apps", typed(code="board"))
    installed.post("/chat-apps", typed(code="board-v2", title=["Other", "Andere"]))
    board, other = installed.chat_apps()

    reply = installed.post(f"/chat-apps/{board.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    assert other in installed.chat_apps()
    assert len({app.code for app in installed.chat_apps()}) == 2


@pytest.mark.parametrize("fault", ["expired", "html"])
def test_a_republication_half_way_is_told_whatever_went_wrong(installed, world, fault):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    if fault == "expired":
        world.faults.order("error", "imbot.app.unregister", code="expired_token", status=401)
        world.faults.order_token("drop", times=4)
    else:
        world.faults.order("html", "imbot.app.unregister", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 200
    assert "works too" in told(reply)


def test_after_a_lost_answer_the_next_try_says_what_is_true(installed, world):
    """The portal has the first try under the same code; the second one brings it up to date."""
    world.faults.order("lost", "imbot.app.register", times=4)
    installed.post("/chat-apps", typed(code="board"))

    reply = installed.post("/chat-apps", typed(code="board", iframe_url="https://other.example/"))

    assert reply.status_code == 200
    [app] = installed.chat_apps()
    assert app.iframe.startswith("https://other.example/")
    page = installed.get(f"/chat-apps/{app.id}").text
    assert "https://other.example/" in page and app.hash in page


def test_the_hash_survives_republishing(installed):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()

    installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert installed.chat_apps()[0].hash == old.hash
    assert len(old.hash) == 32


def test_a_republication_that_cannot_begin_leaves_the_old_one_working(installed, world):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    world.faults.order("html", "imbot.app.register", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert reply.status_code == 502
    assert [app.id for app in installed.chat_apps()] == [old.id]
    assert installed.get(f"/chat-apps/{old.id}").status_code == 200


def test_a_republication_that_stops_half_way_says_that_both_work(installed, world):
    installed.post("/chat-apps", typed())
    [old] = installed.chat_apps()
    world.faults.order("html", "imbot.app.unregister", times=9)

    reply = installed.post(f"/chat-apps/{old.id}/republication", {"version": "1"})

    assert len(installed.chat_apps()) == 2
    assert "works too" in told(reply)
    assert installed.get(f"/chat-apps/{old.id}").status_code == 200
