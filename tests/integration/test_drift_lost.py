"""What our record knows to be lost, or a return left undone, is put back."""

from __future__ import annotations

from tests.integration.drifting import BOTH, KEY, MAIL, do, findings, offers, remove_bot


def lose_everything(anna, ours) -> None:
    """The portal has nothing of ours any more, and our record knows: the app was reinstalled."""
    portal = anna.portal
    for gone in (portal.bots, portal.chat_apps, portal.commands, portal.connectors):
        gone.clear()
    portal.placements.clear()
    ours.store.unpublish()


@BOTH
def test_what_our_record_knows_to_be_lost_is_a_difference_too(anna, world, ours, work):
    [command], [app], [bot] = anna.portal.commands.values(), anna.chat_apps(), anna.bots()
    lose_everything(anna, ours)

    reply = anna.post("/drift/look")
    seen = findings(ours)
    anna.post("/drift/check")
    work()

    lost = [("bot", bot.id), ("chat_app", app.id), ("command", command.id)]
    lost += [("connector", MAIL), ("widget", KEY)]
    assert seen == [(thing, str(number), "missing") for thing, number in lost]
    assert sorted(findings(ours)) == sorted(seen)
    assert [path for path in offers(reply) if path.endswith("restoration")] == [
        f"/drift/bot/{bot.id}/restoration",
        f"/drift/connector/{MAIL}/restoration",
        f"/drift/widget/{KEY}/restoration",
    ]


@BOTH
def test_what_was_lost_is_put_back_from_the_page(anna, world, ours, work):
    [bot] = anna.bots()
    lose_everything(anna, ours)

    replies = [do(anna, "bot", bot.id, "missing", "restoration")]
    work()
    replies += [
        do(anna, thing, number, "missing", "restoration")
        for thing, number in (("connector", MAIL), ("widget", KEY))
    ]

    assert [reply.status_code for reply in replies] == [200, 200, 200]
    [bot] = anna.bots()
    assert [command.bot_id for command in anna.portal.commands.values()] == [bot.id]
    assert [app.bot_id for app in anna.chat_apps()] == [bot.id]
    assert MAIL in anna.portal.connectors
    assert len([row for row in anna.portal.placements if row.handler.endswith(KEY)]) == 2
    anna.post("/drift/look")
    assert findings(ours) == []


def test_what_a_bots_return_left_undone_is_found_again(anna, world, ours, work):
    """The bot came back, and nobody called a worker for what belongs to it."""
    old, [command] = anna.bots()[0].id, anna.portal.commands.values()
    remove_bot(world, anna)
    record = ours.store.bots.get(old)
    anna.post(f"/bots/{old}/republication", {"version": record.version})
    [app] = ours.store.chat_apps.all()

    anna.post("/drift/look")
    seen = findings(ours)
    replies = [do(anna, thing, number, "missing", "restoration") for thing, number, _ in seen]

    assert seen == [
        ("chat_app", str(app.id), "missing"),
        ("command", str(command.id), "missing"),
    ]
    assert [reply.status_code for reply in replies] == [200, 200]
    assert len(anna.chat_apps()) == len(anna.portal.commands) == 1
    assert findings(ours) == []


def test_a_lost_chat_app_waits_for_its_bot(anna, world, ours):
    [app] = anna.chat_apps()
    lose_everything(anna, ours)
    anna.post("/drift/look")

    reply = do(anna, "chat_app", app.id, "missing", "restoration")

    assert reply.status_code == 422
    assert anna.chat_apps() == []
