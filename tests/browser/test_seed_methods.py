"""The five methods this application is about, in a real browser: from the click to the portal.

Each test ends with what the portal was asked, what it holds and what its chat shows.
"""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from b24app.store import PortalStore
from sandbox.connectors import status_of
from tests.browser.conftest import at_rest, listed, open_app, sign_in
from tests.browser.test_bots import said, section
from tests.browser.test_main_job import title_field
from tests.cast import Person, typed, typed_bot, typed_command, typed_connector, typed_joint

ASSETS = Path(__file__).parent.parent / "assets"
SPRITE = base64.b64encode((ASSETS / "sprite.png").read_bytes()).decode()
COMMANDS = ("help", "way", "menu", "news", "bye")
CHAT_APPS = ("Board", "Orders", "Weather")


@pytest.fixture
def old_bot(anna, world):
    """A bot of Anna's portal, which is too old for the second family of methods."""
    anna.install()
    world.faults.order("error", "method.get", code="ERROR_METHOD_NOT_FOUND", status=404)
    anna.post("/bots", typed_bot())
    [bot] = anna.bots()
    assert bot.api == "v1"
    return bot


def test_imbot_app_update_from_the_click_to_the_chat(page, anna):
    anna.install()
    anna.post("/chat-apps", typed(icon=SPRITE))
    [app] = anna.chat_apps()
    sign_in(page, anna)
    frame = open_app(page, anna)
    opened(frame, "Board")

    title_field(frame, "de").fill("Brett")
    frame.get_by_label("Width").fill("512")
    frame.get_by_role("button", name="Save", exact=True).click()

    said(frame, "Saved. The portal has accepted the change.")
    asked = anna.calls("imbot.app.update")[-1]
    assert (asked["APP_ID"], asked["FIELDS"]["IFRAME_WIDTH"]) == (app.id, 512)
    assert [row["TITLE"] for row in app.lang] == ["Board", "Brett"]
    assert app.iframe_width == 512
    in_chat(page, anna)
    page.locator("select[data-language]").first.select_option("de")
    expect(page.locator(f'[data-chat-app="{app.id}"]').first).to_have_accessible_name("Brett")


def test_imbot_app_unregister_from_the_click_to_the_chat(page, anna):
    anna.install()
    anna.post("/chat-apps", typed(icon=SPRITE))
    [app] = anna.chat_apps()
    sign_in(page, anna)
    frame = open_app(page, anna)
    opened(frame, "Board")

    confirmed(frame, "Unregister")

    said(frame, "The chat app is unregistered.")
    assert anna.calls("imbot.app.unregister") == [{"APP_ID": app.id, "auth": "***"}]
    assert anna.chat_apps() == []
    in_chat(page, anna)
    expect(page.locator("[data-chat-app]")).to_have_count(0)


def test_imbot_unregister_from_the_click_to_the_chat(page, anna, old_bot):
    sign_in(page, anna)
    frame = section(page, anna, "Bots")
    opened(frame, "Helper of Aurora")

    delete(frame, "Helper of Aurora")

    said(frame, "The bot is deleted.")
    assert anna.calls("imbot.unregister") == [{"BOT_ID": old_bot.id, "auth": "***"}]
    assert anna.bots() == []
    in_chat(page, anna)
    expect(page.get_by_role("link", name="Helper of Aurora")).to_have_count(0)


def test_imbot_command_unregister_from_the_click_to_the_chat(page, anna, old_bot):
    anna.post("/commands", typed_command(old_bot.id, common="1"))
    [command] = anna.portal.commands.values()
    sign_in(page, anna)
    in_chat(page, anna)
    expect(page.locator("[data-command='/help']")).to_have_count(1)
    frame = section(page, anna, "Commands")
    opened(frame, "/help")

    confirmed(frame, "Unregister")

    said(frame, "The command is unregistered.")
    asked = anna.calls("imbot.command.unregister")
    assert asked == [{"COMMAND_ID": command.id, "auth": "***"}]
    assert anna.portal.commands == {}
    in_chat(page, anna)
    expect(page.locator("[data-command]")).to_have_count(0)


def test_imconnector_unregister_from_the_click_to_the_contact_centre(page, anna):
    anna.install()
    anna.post("/connectors", typed_connector())
    anna.post("/connectors/b24app_mail/lines/1", typed_joint(1))
    assert status_of(anna.portal, "b24app_mail", 1).is_fine
    sign_in(page, anna)
    frame = section(page, anna, "Connectors")
    opened(frame, "Mail")

    confirmed(frame, "Unregister")

    said(frame, "The connector is unregistered. It came off 1 Open Channel.")
    assert anna.calls("imconnector.unregister") == [{"ID": "b24app_mail", "auth": "***"}]
    assert anna.portal.connectors == {}
    assert not status_of(anna.portal, "b24app_mail", 1).is_active
    page.goto(f"http://{anna.portal.host}/contact-center")
    expect(page.get_by_role("link", name=re.compile("Set up Mail"))).to_have_count(0)


def test_a_deleted_bot_is_taken_back_with_all_it_owned(page, anna, work, resources):
    """Three chat apps and five commands go with it; all of it comes back with new numbers."""
    old = furnish(anna)
    sign_in(page, anna)
    frame = section(page, anna, "Bots")
    opened(frame, "Helper of Aurora")
    frame.get_by_role("button", name="Delete").click()
    expect(frame.get_by_role("dialog")).to_contain_text("5 commands")
    expect(frame.get_by_role("dialog")).to_contain_text("3 chat apps")
    frame.get_by_role("dialog").get_by_role("textbox").fill("Helper of Aurora")
    frame.get_by_role("dialog").get_by_role("button", name="Delete").click()
    said(frame, "The bot is deleted.")
    assert (anna.bots(), anna.chat_apps(), anna.portal.commands) == ([], [], {})

    frame.get_by_role("navigation").get_by_role("button", name="Activity").click()
    removal = frame.locator(".change").filter(has_text="Unregistered").first
    expect(removal.get_by_role("heading", name="Helper of Aurora")).to_be_visible()
    removal.get_by_role("button", name="Undo").click()
    frame.get_by_role("dialog").get_by_role("button", name="Register again").click()
    expect(frame.get_by_role("progressbar", name="0 of 8")).to_be_visible()
    work()

    expect(frame.get_by_role("progressbar", name="Finished: 8 of 8")).to_be_visible()
    [bot] = anna.bots()
    assert {one.bot_id for one in (*anna.chat_apps(), *anna.portal.commands.values())} == {bot.id}
    assert sorted(app.lang[0]["TITLE"] for app in anna.chat_apps()) == sorted(CHAT_APPS)
    assert sorted(one.command for one in anna.portal.commands.values()) == sorted(COMMANDS)
    assert not old & numbers(anna)
    store = PortalStore(resources.redis, anna.portal.member_id)
    known = (*store.bots.all(), *store.chat_apps.all(), *store.commands.all())
    assert {one.id for one in known} == numbers(anna)
    in_chat(page, anna)
    for app in anna.chat_apps():
        button = page.locator(f'[data-chat-app="{app.id}"]').first
        expect(button).to_have_accessible_name(app.lang[0]["TITLE"])
    for name in COMMANDS:
        expect(page.locator(f"[data-command='/{name}']")).to_have_count(1)


def furnish(anna: Person) -> set[int]:
    """A bot with three chat apps and five commands; their numbers."""
    anna.install()
    anna.post("/bots", typed_bot())
    [bot] = anna.bots()
    for name in COMMANDS:
        anna.post("/commands", typed_command(bot.id, name=name, common="1"))
    for title in CHAT_APPS:
        anna.post("/chat-apps", typed(bot_id=str(bot.id), icon=SPRITE, title=[title, title]))
    assert len(numbers(anna)) == 1 + len(COMMANDS) + len(CHAT_APPS)
    return numbers(anna)


def numbers(anna: Person) -> set[int]:
    """The numbers of all bots, chat apps and commands on the portal."""
    things = (*anna.bots(), *anna.chat_apps(), *anna.portal.commands.values())
    return {thing.id for thing in things}


def opened(frame: FrameLocator, title: str) -> None:
    """Press a row of the list and wait until the buttons of its page do what they say."""
    listed(frame, title).click()
    expect(frame.locator("form[data-behaviour~=guard]")).to_be_visible()
    at_rest(frame)


def confirmed(frame: FrameLocator, name: str) -> None:
    """Press a button that asks first, and agree."""
    frame.get_by_role("button", name=name).click()
    frame.get_by_role("dialog").get_by_role("button", name=name).click()


def delete(frame: FrameLocator, full_name: str) -> None:
    """Press Delete, type the bot's name, and agree."""
    frame.get_by_role("button", name="Delete").click()
    frame.get_by_role("dialog").get_by_role("textbox").fill(full_name)
    frame.get_by_role("dialog").get_by_role("button", name="Delete").click()


def in_chat(page: Page, person: Person) -> None:
    """Look at a chat of the portal."""
    page.goto(f"http://{person.portal.host}/chat?dialog=chat1")
