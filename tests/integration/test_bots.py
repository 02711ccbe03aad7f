"""The bots page over HTTP: list, create, edit, republish, delete, conflicts, who may."""

import base64
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from b24app import keys
from b24app.store import PortalStore, codecs
from b24app.store.changes import KEPT
from sandbox import messenger, oauth
from sandbox.records import Bot
from tests.cast import typed, typed_bot, typed_command

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ASSETS = Path(__file__).parent.parent / "assets"
FULL_NAME = "Helper of Aurora"


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture
def old_portal(installed, world):
    """A portal without the second family of methods."""
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404, times=1000)
    return installed


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def strangers_bot(world, portal, code="helper") -> Bot:
    """A bot of another application on the portal."""
    bot = Bot(portal.take_id(), code, next(iter(world.foreign)), "Stranger")
    portal.bots.append(bot)
    return bot


def picture() -> str:
    """A finished avatar as the form sends it."""
    out = io.BytesIO()
    Image.new("RGB", (256, 256), (200, 30, 60)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


def history_of(installed, resources):
    return PortalStore(resources.redis, installed.portal.member_id).history()


def test_a_bot_is_registered_with_the_newest_methods(installed):
    reply = installed.post("/bots", typed_bot())

    assert reply.status_code == 200
    assert FULL_NAME in told(reply)
    [bot] = installed.bots()
    assert (bot.api, bot.code, bot.name, bot.last_name) == ("v2", "helper", "Helper", "of Aurora")
    assert (bot.properties["color"], bot.properties["gender"]) == ("lightBlue", "F")
    assert (bot.is_hidden, bot.is_reactions_enabled, bot.event_mode) == (False, True, "webhook")
    assert bot.webhook_url == f"{installed.app_url}/events"


def test_an_old_portal_gets_it_the_old_way_and_the_administrator_sees_no_difference(old_portal):
    reply = old_portal.post("/bots", typed_bot())

    assert FULL_NAME in told(reply)
    [bot] = old_portal.bots()
    assert (bot.api, bot.code, bot.name) == ("v1", "helper", "Helper")
    assert bot.properties["COLOR"] == "LIGHT_BLUE"
    [call] = old_portal.calls("imbot.register")
    assert call["EVENT_HANDLER"] == f"{old_portal.app_url}/events"


def test_what_it_says_in_welcome_is_kept_with_us(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    page = installed.get(f"/bots/{bot.id}").text

    assert "Hello!\nAsk me anything." in page


def test_the_avatar_reaches_the_portal_as_it_was_previewed(installed):
    installed.post("/bots", typed_bot(avatar=picture()))

    assert installed.bots()[0].properties["avatar"] == picture()


def test_any_picture_becomes_an_avatar_before_it_is_saved(installed):
    logo = (ASSETS / "logo.png").read_bytes()

    reply = installed.post("/bots/avatar", files={"file": ("logo.png", logo, "image/png")})

    assert reply.status_code == 200
    made = reply.text.split('name="avatar" value="')[1].partition('"')[0]
    assert Image.open(io.BytesIO(base64.b64decode(made))).size == (256, 256)
    assert installed.post("/bots", typed_bot(avatar=made)).status_code == 200
    assert installed.bots()[0].properties["avatar"] == made


def test_a_file_that_is_no_picture_gets_a_sentence(installed):
    for data in (b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a??"):
        reply = installed.post("/bots/avatar", files={"file": ("x.png", data, "image/png")})

        assert reply.status_code == 422
        assert "Choose" in reply.text


WRONG = [
    ({"name": " "}, "Name: Please fill this in"),
    ({"name": "x" * 51}, "At most 50 characters"),
    ({"last_name": "x" * 51}, "At most 50 characters"),
    ({"position": "x" * 256}, "At most 255 characters"),
    ({"code": "not a code!"}, "A Latin letter first"),
    ({"color": "ORANGE"}, "choose one of the list"),
    ({"gender": "X"}, "choose one of the list"),
    ({"type": "network"}, "choose one of the list"),
    ({"avatar": "bm90IGEgcG5n"}, "Choose"),
    ({"avatar": "***"}, "damaged"),
    ({"welcome": ["x" * 2001, ""]}, "Welcome (English): At most 2,000 characters"),
    ({"welcome_language": ["en", "en"], "welcome": ["a", "b"]}, "already in the list"),
]


def test_each_wrong_field_is_named_and_what_was_typed_is_kept(installed):
    for spoiled, sentence in WRONG:
        reply = installed.post("/bots", typed_bot(position="kept text") | spoiled)

        assert reply.status_code == 422, spoiled
        assert sentence in reply.text
        assert "kept text" in reply.text or "position" in spoiled
    assert installed.bots() == []


def test_odd_fields_never_break_the_page(installed):
    many = {"welcome_language": ["en"] * 400, "welcome": ["x"] * 400}
    for odd in (many, {"avatar": "é"}, {"version": "x", "name": ""}):
        assert installed.post("/bots", typed_bot(**odd)).status_code in (413, 422)


def test_what_an_old_portal_cannot_do_is_said_and_not_dropped(old_portal):
    for wish in ({"type": "personal"}, {"hidden": "1"}, {"reactions": ""}):
        reply = old_portal.post("/bots", typed_bot(**wish))

        assert reply.status_code == 422
        assert "does not offer this to bots" in reply.text
    assert old_portal.bots() == []


def test_an_empty_code_is_made_of_the_name_and_is_nobody_elses(installed, boris):
    boris.install()
    for person in (installed, installed, boris):
        person.post("/bots", typed_bot(code=""))

    first, second = (bot.code for bot in installed.bots())
    assert first.startswith("helper_") and second == f"{first}_2"
    assert [bot.code for bot in boris.bots()] == [first]


def test_two_bots_of_ours_cannot_have_one_code(installed):
    installed.post("/bots", typed_bot())

    reply = installed.post("/bots", typed_bot(name="Other"))

    assert reply.status_code == 422
    assert "Another bot already has this code" in reply.text
    assert len(installed.bots()) == 1


def test_all_bots_share_one_event_address(old_portal):
    old_portal.post("/bots", typed_bot())
    old_portal.post("/bots", typed_bot(code="second"))

    handlers = {row.handler for row in old_portal.portal.bindings if "IMBOT" in row.event}
    assert handlers == {f"{old_portal.app_url}/events"}


@pytest.mark.parametrize("family", ["new", "old"])
def test_another_applications_bot_is_never_taken_for_ours(installed, world, family):
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    stranger = strangers_bot(world, installed.portal)

    reply = installed.post("/bots", typed_bot())

    assert reply.status_code == 422
    assert "A bot of another application has this code" in reply.text
    assert installed.get(f"/bots/{stranger.id}").status_code == 404
    assert (stranger.name, installed.bots()) == ("Stranger", [])


def test_a_strangers_bot_that_no_list_shows_is_noticed_after_the_registration(old_portal, world):
    """A network bot is not listed, and the first family answers a taken code with it."""
    stranger = strangers_bot(world, old_portal.portal)
    stranger.type = "network"

    reply = old_portal.post("/bots", typed_bot())

    assert reply.status_code == 422
    assert "A bot of another application has this code" in reply.text
    assert old_portal.get(f"/bots/{stranger.id}").status_code == 404
    assert stranger.name == "Stranger"


def test_our_code_for_the_first_chat_apps_bot_may_be_taken_too(installed, world):
    installed.post("/chat-apps", typed())
    [mine] = installed.bots()
    mine.client_id = next(iter(world.foreign))
    installed.post(f"/bots/{mine.id}/removal")

    reply = installed.post("/chat-apps", typed(code="again"))

    assert reply.status_code == 200
    assert [bot.code for bot in installed.bots()] == [f"{mine.code}_2"]


@pytest.mark.parametrize("family", ["new", "old"])
def test_after_a_lost_answer_the_next_try_says_what_is_true(installed, world, family):
    method = "imbot.v2.Bot.register"
    if family == "old":
        method = "imbot.register"
        world.faults.order(
            "error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404, times=9
        )
    world.faults.order("lost", method, times=9)
    assert installed.post("/bots", typed_bot()).status_code in (502, 503)
    world.faults.clear()
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)

    reply = installed.post("/bots", typed_bot(name="Second try"))

    assert reply.status_code == 200
    [bot] = installed.bots()
    assert bot.name == "Second try"
    assert "Second try" in installed.get(f"/bots/{bot.id}").text


def test_a_hiccup_of_the_portal_is_not_even_noticed(installed, world):
    for fault in ("html", "lost", "truncated"):
        world.faults.order(fault, "imbot.v2.Bot.register")
        assert installed.post("/bots", typed_bot(code=fault)).status_code == 200

    assert [bot.code for bot in installed.bots()] == ["html", "lost", "truncated"]


def test_an_old_portal_takes_five_bots_and_says_so_at_the_sixth(old_portal):
    for number in range(5):
        old_portal.post("/bots", typed_bot(code=f"bot-{number}"))

    reply = old_portal.post("/bots", typed_bot(code="one-more"))

    assert reply.status_code == 502
    assert "takes no more bots" in reply.text
    assert len(old_portal.bots()) == 5


def test_a_new_portals_limit_is_a_sentence(installed, world):
    world.faults.bot_limit = 1
    installed.post("/bots", typed_bot())

    reply = installed.post("/bots", typed_bot(code="second"))

    assert "takes no more bots" in reply.text


@pytest.mark.parametrize("family", ["new", "old"])
def test_a_change_goes_to_the_family_that_knows_the_bot(installed, world, family):
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    reply = installed.post(f"/bots/{bot.id}", typed_bot(version="1", last_name="", color="RED"))

    assert told(reply) == "Saved."
    assert (bot.name, bot.last_name) == ("Helper", "")
    asked = {"new": "imbot.v2.Bot.update", "old": "imbot.update"}[family]
    assert installed.calls(asked)


def test_the_other_properties_survive_a_change_of_one(installed):
    """The second family clears what it is not given."""
    installed.post("/bots", typed_bot(avatar=picture()))
    [bot] = installed.bots()

    installed.post(f"/bots/{bot.id}", typed_bot(version="1", position="Elsewhere"))

    assert (bot.name, bot.last_name) == ("Helper", "of Aurora")
    [call] = installed.calls("imbot.v2.Bot.update")
    assert call["fields"]["properties"] == {
        "name": "Helper",
        "lastName": "of Aurora",
        "workPosition": "Elsewhere",
        "gender": "F",
        "color": "lightBlue",
    }


def test_hidden_and_reactions_can_be_changed(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    installed.post(f"/bots/{bot.id}", typed_bot(version="1", hidden="1", reactions=""))

    assert (bot.is_hidden, bot.is_reactions_enabled) == (True, False)


def test_what_only_we_say_is_not_sent(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    reply = installed.post(f"/bots/{bot.id}", typed_bot(version="1", welcome=["Hi", "Hallo"]))

    assert told(reply) == "Saved."
    assert installed.calls("imbot.v2.Bot.update") == []
    assert "Hallo" in installed.get(f"/bots/{bot.id}").text


def test_saving_without_a_change_calls_nothing(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    reply = installed.post(f"/bots/{bot.id}", typed_bot(version="1"))

    assert "Nothing was changed" in told(reply)
    assert installed.calls("imbot.v2.Bot.update") == []


def test_code_and_type_cannot_be_changed_later(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    installed.post(f"/bots/{bot.id}", typed_bot(version="1", code="x", type="openline", name="N"))

    assert (bot.code, bot.type, bot.name) == ("helper", "bot", "N")
    assert "<code>helper</code>" in installed.get(f"/bots/{bot.id}").text


def test_an_old_bot_is_not_asked_for_what_it_cannot_do(old_portal):
    old_portal.post("/bots", typed_bot())
    [bot] = old_portal.bots()

    page = old_portal.get(f"/bots/{bot.id}").text
    reply = old_portal.post(f"/bots/{bot.id}", typed_bot(version="1", hidden="1", name="New"))

    assert 'name="reactions"' not in page
    assert told(reply) == "Saved."
    assert bot.name == "New"


def test_two_administrators_saving_at_once_see_both_versions(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="First", welcome=["A", ""]))

    reply = installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="Second"))

    assert reply.status_code == 409
    assert "First" in reply.text and "Second" in reply.text
    assert "Welcome: English" in reply.text
    assert bot.name == "First"


def test_a_portal_that_refuses_changes_nothing_in_our_record(installed, world):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    world.faults.order("error", "imbot.v2.Bot.update", code="WRONG_REQUEST")

    reply = installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="New"))

    assert reply.status_code == 502
    assert "WRONG_REQUEST" not in reply.text
    assert FULL_NAME in installed.get(f"/bots/{bot.id}").text


def test_a_bot_that_is_gone_can_be_put_back_with_what_it_had(installed):
    installed.post("/bots", typed_bot())
    [old] = installed.bots()
    installed.post("/commands", typed_command(old.id))
    installed.portal.bots.clear()
    installed.portal.commands.clear()
    reply = installed.post(f"/bots/{old.id}", typed_bot(version="1", name="New"))
    assert "The portal does not have it any more" in reply.text

    reply = installed.post(f"/bots/{old.id}/republication", {"version": "1"})

    [new] = installed.bots()
    assert (new.code, new.name) == ("helper", "Helper") and new.id != old.id
    assert str(new.id) in told(reply)
    assert installed.get(f"/bots/{old.id}").status_code == 404
    assert "1 command" in installed.get(f"/bots/{new.id}").text
    assert "Not on the portal" in installed.get("/commands").text


def test_republishing_a_bot_that_is_there_makes_it_as_it_is_saved(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    bot.name = "Changed by somebody else"

    reply = installed.post(f"/bots/{bot.id}/republication", {"version": "1"})

    assert "as it is saved here" in told(reply)
    assert [one.name for one in installed.bots()] == ["Helper"]


def test_republishing_meets_a_newer_version(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="First"))

    bare = installed.post(f"/bots/{bot.id}/republication", {"version": "1"})
    reply = installed.post(f"/bots/{bot.id}/republication", typed_bot(version="1", name="Mine"))

    assert (bare.status_code, reply.status_code) == (409, 409)
    assert "First" in reply.text and "Mine" in reply.text


def test_after_an_uninstall_the_list_offers_to_put_the_bot_back(installed, resources):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    PortalStore(resources.redis, installed.portal.member_id).unpublish()

    page = installed.get(f"/bots/{bot.id}").text

    assert "Not on the portal" in installed.get("/bots").text
    assert f"/bots/{bot.id}/republication" in page


def test_a_bot_is_not_deleted_without_its_name(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    for typed_name in ("", "Helper", "helper of aurora", "Egor"):
        reply = installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": typed_name})
        assert reply.status_code == 422
        assert "Nothing was deleted." in reply.text
    assert installed.bots() == [bot]


def test_the_page_says_what_goes_with_the_bot(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    installed.post("/chat-apps", typed(bot_id=str(bot.id)))
    for name in ("help", "more"):
        installed.post("/commands", typed_command(bot.id, name=name))

    page = installed.get(f"/bots/{bot.id}").text

    assert "2 commands, 1 chat app and 0 private chats" in page


def test_whoever_deletes_more_than_activity_keeps_is_told_so_before(installed, resources):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    store = PortalStore(resources.redis, installed.portal.member_id)
    installed.post("/commands", typed_command(bot.id))
    [first] = store.commands.all()
    more = [replace(first, id=100_000 + number, name=f"c{number}") for number in range(KEPT)]
    written = {str(one.id): codecs.COMMAND.write(one) for one in more}
    resources.redis.hset(keys.commands(installed.portal.member_id), mapping=written)

    lost = "Activity keeps the newest 1,000 changes: {} of these cannot come back."
    assert lost.format(2) in installed.get(f"/bots/{bot.id}").text
    assert lost.format(2) in installed.get("/history?thing=bot").text
    page = installed.get("/bots").text
    assert f'data-lines="{KEPT + 2}"' in page
    assert f'data-kept="{KEPT}" data-beyond="{lost.format("{n}")}"' in page


@pytest.mark.parametrize("family", ["new", "old"])
def test_deleting_a_bot_takes_all_it_had_and_history_keeps_it(installed, world, resources, family):
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    installed.post("/bots", typed_bot(avatar=picture()))
    [bot] = installed.bots()
    installed.post("/chat-apps", typed(bot_id=str(bot.id)))
    installed.post("/commands", typed_command(bot.id))

    reply = installed.post(
        f"/bots/{bot.id}/unregistration", {"confirmation": "  Helper of  Aurora "}
    )

    assert told(reply) == "The bot is deleted."
    assert (installed.bots(), installed.portal.commands, installed.chat_apps()) == ([], {}, [])
    lines = history_of(installed, resources)[:3]
    assert [(line.thing, line.verb) for line in lines] == [
        ("bot", "unregister"),
        ("chat_app", "unregister"),
        ("command", "unregister"),
    ]
    assert (lines[0].before["avatar"], lines[0].before["code"]) == (picture(), "helper")
    assert lines[1].before["iframe_url"] == "https://pages.example.com/board"
    assert lines[2].before["translations"][0]["title"] == "Shows the way"
    assert "Board" not in installed.get("/chat-apps").text


def test_deleting_what_is_gone_already_is_done(installed):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    installed.portal.bots.clear()

    reply = installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": FULL_NAME})

    assert "already" in told(reply)
    assert installed.get(f"/bots/{bot.id}").status_code == 404


@pytest.mark.parametrize("family", ["new", "old"])
def test_what_belongs_to_another_application_stays_until_it_is_taken_off(installed, world, family):
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    bot.client_id = next(iter(world.foreign))

    refused = installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="New"))
    reply = installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": FULL_NAME})

    for page in (refused, reply):
        assert page.status_code == 409
        assert "another application" in page.text
        assert f"/bots/{bot.id}/removal" in page.text
    assert installed.post(f"/bots/{bot.id}/removal").status_code == 200
    assert installed.get(f"/bots/{bot.id}").status_code == 404
    assert bot in installed.portal.bots


@pytest.mark.parametrize("family", ["new", "old"])
def test_what_is_ours_cannot_be_taken_off_the_list(installed, world, family):
    if family == "old":
        world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()

    assert installed.post(f"/bots/{bot.id}/removal").status_code == 400
    assert installed.get(f"/bots/{bot.id}").status_code == 200


def test_what_is_gone_can_be_taken_off_the_list(old_portal):
    old_portal.post("/bots", typed_bot())
    [bot] = old_portal.bots()
    old_portal.portal.bots.clear()

    assert old_portal.post(f"/bots/{bot.id}/removal").status_code == 200
    assert old_portal.get(f"/bots/{bot.id}").status_code == 404


ROUTES = ["", "/new", "/{id}"]
DEEDS = ["", "/{id}", "/{id}/republication", "/{id}/unregistration", "/{id}/removal", "/avatar"]


def test_an_employee_may_do_none_of_it(installed, egor, world):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    statuses = {egor.get(f"/bots{route}".format(id=bot.id)).status_code for route in ROUTES}
    form = typed_bot(confirmation=FULL_NAME)
    statuses |= {egor.post(f"/bots{deed}".format(id=bot.id), form).status_code for deed in DEEDS}

    assert statuses == {403}
    assert installed.bots() == [bot]


def test_boris_does_not_even_see_it(installed, boris):
    boris.install()
    installed.post("/bots", typed_bot(name="Secret helper"))
    [bot] = installed.bots()

    assert "Secret helper" not in boris.get("/bots").text
    for deed in DEEDS[1:-1]:
        form = typed_bot(confirmation="Secret helper of Aurora")
        assert boris.post(f"/bots{deed}".format(id=bot.id), form).status_code == 404
    assert boris.get(f"/bots/{bot.id}").status_code == 404
    assert installed.bots() == [bot]


def test_without_a_session_nothing_is_shown(installed):
    installed.session_token = ""

    statuses = {installed.get(f"/bots{route}".format(id=1)).status_code for route in ROUTES}
    statuses |= {installed.post(f"/bots{deed}".format(id=1)).status_code for deed in DEEDS}

    assert statuses == {401}


def test_every_change_is_a_history_line(installed, resources):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    installed.post(f"/bots/{bot.id}", typed_bot(version="1", name="New"))

    update, register = history_of(installed, resources)[:2]
    assert [(line.thing, line.verb) for line in (update, register)] == [
        ("bot", "update"),
        ("bot", "register"),
    ]
    assert (update.before["name"], update.after["name"]) == ("Helper", "New")
    assert "code" not in update.before


def test_before_a_bot_is_deleted_its_private_chats_are_counted(installed, egor, world):
    installed.post("/bots", typed_bot())
    [bot] = installed.bots()
    assert "0 chat apps and 0 private chats." in installed.get(f"/bots/{bot.id}").text

    for person in (installed, egor):
        assert messenger.open_dialog(world, installed.portal, person.user, str(bot.id))
    counted = installed.get(f"/bots/{bot.id}").text
    world.faults.order("error", "imbot.v2.Bot.get", code="ACCESS_DENIED", status=403)
    untold = installed.get(f"/bots/{bot.id}").text

    assert "0 chat apps and 2 private chats." in counted
    assert "the private chats of everybody who has written with it" in untold


def test_of_an_old_bot_nobody_can_count_the_private_chats(old_portal):
    old_portal.post("/bots", typed_bot())

    page = old_portal.get(f"/bots/{old_portal.bots()[0].id}").text

    assert "The portal does not tell how many chats this bot has." in page
