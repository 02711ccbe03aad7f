"""The commands page over HTTP: list, create, edit, republish, unregister, conflicts, who may."""

import pytest

from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import told, typed_bot, typed_command

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@pytest.fixture(params=["new", "old"])
def family(request, world) -> str:
    """Which methods the portal has when the bot is registered."""
    if request.param == "old":
        world.faults.order(
            "error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404, times=100
        )
    return request.param


@pytest.fixture
def bot(installed, family):
    """A bot of ours."""
    installed.post("/bots", typed_bot())
    return installed.bots()[0]


@pytest.fixture
def new_bot(installed):
    """A bot that answers to the second family."""
    installed.post("/bots", typed_bot())
    return installed.bots()[0]


def commands(person):
    """The commands of a person's portal, asked of the portal."""
    return list(person.portal.commands.values())


def words(command) -> dict[str, tuple[str, str]]:
    """Title and hint by language, as the portal has them."""
    return {row["LANGUAGE_ID"]: (row["TITLE"], row["PARAMS"]) for row in command.lang}


def methods(person) -> set[str]:
    """The methods of commands that were called."""
    return {call.method for call in person.portal.rest_log if ".command." in call.method}


def test_a_command_is_registered_with_the_methods_of_its_bot(installed, bot, family):
    reply = installed.post("/commands", typed_command(bot.id, common="1", extranet="1"))

    assert told(reply) == "/help works in the chat now."
    [command] = commands(installed)
    assert (command.bot_id, command.command) == (bot.id, "help")
    assert (command.common, command.hidden, command.extranet_support) == (True, False, True)
    assert words(command) == {
        "en": ("Shows the way", "[topic]"),
        "de": ("Zeigt den Weg", "[Thema]"),
    }
    expected = {
        "new": {"imbot.v2.command.list", "imbot.v2.command.register"},
        "old": {"imbot.command.register", "imbot.command.update"},
    }
    assert methods(installed) == expected[family]


def test_the_list_shows_the_commands_by_bot_in_the_administrators_language(installed, new_bot):
    installed.post("/bots", typed_bot(code="second", name="Second"))
    installed.post("/commands", typed_command(new_bot.id))
    installed.at_portal("/language", {"language": "de", "next": "/desktop"})
    installed.open()

    page = installed.get("/commands").text

    assert page.index("Helper of Aurora") < page.index("/help") < page.index("Second")
    assert "Zeigt den Weg" in page and "[Thema]" in page


def test_without_a_bot_there_is_no_command(installed):
    assert "/bots/new" in installed.get("/commands").text
    reply = installed.post("/commands", typed_command(1))

    assert reply.status_code == 422
    assert "choose one of the list" in reply.text


def test_what_the_bot_answers_is_kept_with_us(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id, replies=["Line one.\r\nLine two."]))
    [command] = commands(installed)

    assert "Line one.\nLine two." in installed.get(f"/commands/{command.id}").text


WRONG = [
    ({"name": ""}, "Command: Please fill this in"),
    ({"name": "two words"}, "without spaces"),
    ({"name": "0"}, "without spaces"),
    ({"name": "x" * 51}, "50 at most"),
    ({"name": "//help"}, "without spaces"),
    ({"title": ["", ""], "params": ["", ""]}, "in at least one language"),
    ({"title": ["", "Zeigt den Weg"]}, "Please fill this in"),
    ({"title": ["x" * 256, ""], "params": ["", ""]}, "At most 255 characters"),
    ({"language": ["en", "en"]}, "already in the list"),
    ({"language": ["en", "x"]}, "choose one of the list"),
    ({"replies": ["x" * 2001]}, "Reply (English): At most 2,000 characters"),
    ({"bot_id": "999"}, "choose one of the list"),
    ({"bot_id": "²"}, "choose one of the list"),
]


def test_each_wrong_field_is_named_and_what_was_typed_is_kept(installed, new_bot):
    for spoiled, sentence in WRONG:
        reply = installed.post(
            "/commands", typed_command(new_bot.id, params=["kept", ""]) | spoiled
        )

        assert reply.status_code == 422, spoiled
        assert sentence in reply.text
        assert "kept" in reply.text or "params" in spoiled
    assert commands(installed) == []


def test_names_the_messenger_understands_are_taken(installed, bot):
    for name in ("/help", "помощь", "a.b-c+d_1"):
        installed.post("/commands", typed_command(bot.id, name=name))

    assert [one.command for one in commands(installed)] == ["help", "помощь", "a.b-c+d_1"]


def test_a_bot_has_one_command_of_a_name_and_another_bot_may_have_it_too(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    installed.post("/bots", typed_bot(code="second"))
    second = installed.bots()[1]

    twice = installed.post("/commands", typed_command(new_bot.id, name="/help"))
    other = installed.post("/commands", typed_command(second.id))

    assert twice.status_code == 422 and "already has a command of this name" in twice.text
    assert other.status_code == 200
    assert len(commands(installed)) == 2


def test_after_a_lost_answer_the_next_try_says_what_is_true(installed, bot, world, family):
    method = {"new": "imbot.v2.Command.register", "old": "imbot.command.register"}[family]
    world.faults.order("lost", method, times=9)
    assert installed.post("/commands", typed_command(bot.id)).status_code in (502, 503)
    world.faults.clear()

    reply = installed.post("/commands", typed_command(bot.id, hidden="1", title=["New", ""]))

    assert reply.status_code == 422  # German has a hint and no title
    form = typed_command(bot.id, hidden="1", title=["New", "Neu"])
    assert installed.post("/commands", form).status_code == 200
    [command] = commands(installed)
    assert command.hidden
    assert words(command)["de"] == ("Neu", "[Thema]")


def test_only_what_changed_is_sent(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)

    reply = installed.post(
        f"/commands/{command.id}", typed_command(new_bot.id, version="1", hidden="1")
    )

    assert told(reply) == "Saved."
    [call] = installed.calls("imbot.v2.Command.update")
    assert call["fields"] == {"hidden": True}


def test_a_language_that_is_taken_away_goes_from_the_portal_too(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)
    form = typed_command(bot.id, version="1", language=["en", "br"], title=["Way", "Caminho"])

    installed.post(f"/commands/{command.id}", form | {"params": ["", "[tema]"]})

    assert words(command) == {"en": ("Way", ""), "br": ("Caminho", "[tema]")}


def test_a_new_name_and_new_users_of_a_new_bots_command(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    installed.post("/commands", typed_command(new_bot.id, name="other"))
    command, other = commands(installed)
    form = typed_command(new_bot.id, version="1", name="way", common="1")

    installed.post(f"/commands/{command.id}", form)
    taken = installed.post(
        f"/commands/{other.id}", typed_command(new_bot.id, version="1", name="way")
    )

    assert (command.command, command.common) == ("way", True)
    assert taken.status_code == 422 and "already has a command of this name" in taken.text


def test_a_name_somebody_else_took_meanwhile_is_a_field_to_mend(installed, new_bot, world):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    world.faults.order("error", "imbot.v2.Command.update", code="COMMAND_ALREADY_EXISTS")

    reply = installed.post(
        f"/commands/{command.id}", typed_command(new_bot.id, version="1", name="way")
    )

    assert reply.status_code == 422
    assert "already has a command of this name" in reply.text


@pytest.mark.parametrize("family", ["old"], indirect=True)
def test_an_old_bots_command_keeps_its_name_and_its_users(installed, bot):
    """The portal takes both in an update and forgets them."""
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)

    page = installed.get(f"/commands/{command.id}").text
    form = typed_command(bot.id, version="1", name="way", common="1", hidden="1")
    reply = installed.post(f"/commands/{command.id}", form)

    assert 'id="name"' not in page and 'name="common"' not in page
    assert told(reply) == "Saved."
    assert (command.command, command.common, command.hidden) == ("help", False, True)
    [_registered, call] = installed.calls("imbot.command.update")
    assert call["FIELDS"] == {"HIDDEN": "Y"}
    assert "<code>/help</code>" in reply.text


def test_what_only_the_bot_answers_is_not_sent(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)
    since = len(installed.portal.rest_log)

    reply = installed.post(
        f"/commands/{command.id}", typed_command(bot.id, version="1", replies=["Turn right."])
    )

    assert told(reply) == "Saved."
    assert installed.portal.rest_log[since:] == []
    assert "Turn right." in installed.get(f"/commands/{command.id}").text


def test_saving_without_a_change_calls_nothing(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)

    reply = installed.post(f"/commands/{command.id}", typed_command(new_bot.id, version="1"))

    assert "Nothing was changed" in told(reply)
    assert {method for method in methods(installed) if method.endswith("update")} == set()


def test_two_administrators_saving_at_once_see_both_versions(installed, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    url = f"/commands/{command.id}"
    installed.post(url, typed_command(new_bot.id, version="1", title=["First", "Weg"]))

    form = typed_command(new_bot.id, version="1", title=["Second", "Weg"], replies=["Mine"])
    reply = installed.post(url, form)

    assert reply.status_code == 409
    for text in ("First", "Second", "Reply: English", "Turn left.", "Mine"):
        assert text in reply.text
    assert words(command)["en"][0] == "First"


def test_a_portal_that_refuses_changes_nothing_in_our_record(installed, new_bot, world):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    world.faults.order("error", "imbot.v2.Command.update", code="COMMAND_TITLE_INVALID")

    reply = installed.post(
        f"/commands/{command.id}", typed_command(new_bot.id, version="1", hidden="1")
    )

    assert reply.status_code == 502
    assert "COMMAND_TITLE_INVALID" not in reply.text
    assert 'name="version" value="1"' in installed.get(f"/commands/{command.id}").text


def test_a_command_that_is_gone_can_be_put_back(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [old] = commands(installed)
    installed.portal.remove_command(old)
    reply = installed.post(f"/commands/{old.id}", typed_command(bot.id, version="1", hidden="1"))
    assert "The portal does not have it any more" in reply.text

    reply = installed.post(f"/commands/{old.id}/republication", {"version": "1"})

    [new] = commands(installed)
    assert new.id != old.id
    assert words(new) == words(old)
    assert "as it is saved here" in told(reply)
    assert installed.get(f"/commands/{old.id}").status_code == 404
    assert installed.get(f"/commands/{new.id}").status_code == 200


def test_republishing_a_command_that_is_there_makes_it_as_it_is_saved(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)
    command.hidden, command.lang = True, [{"LANGUAGE_ID": "en", "TITLE": "X", "PARAMS": ""}]

    installed.post(f"/commands/{command.id}/republication", {"version": "1"})

    assert commands(installed) == [command]
    assert not command.hidden
    assert words(command)["en"] == ("Shows the way", "[topic]")


def test_a_command_whose_bot_is_gone_says_where_to_begin(installed, new_bot, resources):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    PortalStore(resources.redis, installed.portal.member_id).unpublish()

    page = installed.get(f"/commands/{command.id}").text

    assert "Republish the bot first" in page
    assert f"/bots/{new_bot.id}" in page


def test_unregistering_takes_it_out_of_the_chat(installed, bot, family):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)

    reply = installed.post(f"/commands/{command.id}/unregistration")

    assert told(reply) == "The command is unregistered."
    assert commands(installed) == []
    assert installed.get(f"/commands/{command.id}").status_code == 404
    gone = {"new": "imbot.v2.command.unregister", "old": "imbot.command.unregister"}
    assert gone[family] in methods(installed)


def test_what_belongs_to_another_application_stays_until_it_is_taken_off(installed, bot, world):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)
    command.client_id = bot.client_id = next(iter(world.foreign))

    reply = installed.post(f"/commands/{command.id}/unregistration")

    assert reply.status_code == 409
    assert "another application" in reply.text
    assert f"/commands/{command.id}/removal" in reply.text
    assert installed.post(f"/commands/{command.id}/removal").status_code == 200
    assert installed.get(f"/commands/{command.id}").status_code == 404
    assert commands(installed) == [command]


def test_what_is_ours_cannot_be_taken_off_the_list(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)

    assert installed.post(f"/commands/{command.id}/removal").status_code == 400
    assert installed.get(f"/commands/{command.id}").status_code == 200


def test_what_is_gone_can_be_taken_off_the_list(installed, bot):
    installed.post("/commands", typed_command(bot.id))
    [command] = commands(installed)
    installed.portal.remove_command(command)

    assert installed.post(f"/commands/{command.id}/removal").status_code == 200
    assert installed.get(f"/commands/{command.id}").status_code == 404


ROUTES = ["", "/new", "/{id}"]
DEEDS = ["", "/{id}", "/{id}/republication", "/{id}/unregistration", "/{id}/removal"]


def test_an_employee_may_do_none_of_it(installed, egor, world, new_bot):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    paths = [f"/commands{route}".format(id=command.id) for route in ROUTES]
    deeds = [f"/commands{deed}".format(id=command.id) for deed in DEEDS]
    statuses = {egor.get(path).status_code for path in paths}
    statuses |= {egor.post(deed, typed_command(new_bot.id)).status_code for deed in deeds}

    assert statuses == {403}
    assert commands(installed) == [command]


def test_boris_does_not_even_see_it(installed, boris, new_bot):
    boris.install()
    installed.post("/commands", typed_command(new_bot.id, name="secret"))
    [command] = commands(installed)

    assert "secret" not in boris.get("/commands").text
    assert boris.get(f"/commands/{command.id}").status_code == 404
    for deed in DEEDS[1:]:
        path = f"/commands{deed}".format(id=command.id)
        assert boris.post(path, typed_command(new_bot.id)).status_code == 404
    assert boris.post("/commands", typed_command(new_bot.id)).status_code == 422
    assert commands(installed) == [command]


def test_without_a_session_nothing_is_shown(installed):
    installed.session_token = ""

    statuses = {installed.get(f"/commands{route}".format(id=1)).status_code for route in ROUTES}
    statuses |= {installed.post(f"/commands{deed}".format(id=1)).status_code for deed in DEEDS}

    assert statuses == {401}


def test_every_change_is_a_history_line(installed, new_bot, resources):
    installed.post("/commands", typed_command(new_bot.id))
    [command] = commands(installed)
    url = f"/commands/{command.id}"
    installed.post(url, typed_command(new_bot.id, version="1", name="way"))
    installed.post(f"{url}/unregistration")

    lines = PortalStore(resources.redis, installed.portal.member_id).history()
    assert [(line.thing, line.verb) for line in lines[:3]] == [
        ("command", "unregister"),
        ("command", "update"),
        ("command", "register"),
    ]
    assert (lines[1].before["name"], lines[1].after["name"]) == ("help", "way")
