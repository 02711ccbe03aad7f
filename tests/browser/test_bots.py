"""Bots and commands in a real browser: from the click to the portal's record and back."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import at_rest, listed, open_app, sign_in
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import Person, typed, typed_bot, typed_command

ASSETS = Path(__file__).parent.parent / "assets"
OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def section(page: Page, person: Person, name: str) -> FrameLocator:
    """The application, with this entry of its navigation pressed."""
    frame = open_app(page, person)
    entry = frame.get_by_role("navigation").get_by_role("button", name=name)
    entry.click()
    expect(entry).to_have_attribute("aria-current", "page")
    expect(frame.get_by_role("navigation").locator("[aria-current]")).to_have_count(1)
    at_rest(frame)
    return frame


def said(frame: FrameLocator, text: str) -> None:
    """The message was read out."""
    expect(frame.get_by_role("status").get_by_text(text)).to_be_visible()


def test_anna_makes_a_bot_changes_it_and_deletes_it(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Bots")

    frame.get_by_role("button", name="Create the first bot").click()
    expect(frame.get_by_role("heading", name="New bot")).to_be_visible()
    frame.get_by_role("textbox", name="Name").first.fill("Helper")
    frame.get_by_label("Last name").fill("of Aurora")
    frame.get_by_label("Picture for the avatar").set_input_files(ASSETS / "logo.png")
    expect(frame.get_by_text("New avatar: it is used after saving.")).to_be_visible()
    frame.get_by_role("radio", name="Pink").check()
    frame.get_by_label("Text").first.fill("Hello!")
    preview = frame.locator("[data-behaviour=mirror]")
    expect(preview.get_by_text("Helper of Aurora")).to_be_visible()
    expect(preview.get_by_text("Hello!")).to_be_visible()
    frame.get_by_role("button", name="Create bot").click()
    said(frame, "“Helper of Aurora” is on the portal now.")
    [bot] = anna.bots()
    assert (bot.name, bot.properties["color"]) == ("Helper", "pink")
    avatar = Image.open(io.BytesIO(base64.b64decode(bot.properties["avatar"])))
    assert avatar.size == (256, 256)

    listed(frame, "Helper of Aurora").click()
    frame.get_by_label("Position").fill("Knows the way")
    frame.get_by_role("button", name="Save", exact=True).click()
    said(frame, "Saved.")
    assert bot.properties["workPosition"] == "Knows the way"

    frame.get_by_role("button", name="Delete").click()
    dialog = frame.get_by_role("dialog")
    yes = dialog.get_by_role("button", name="Delete")
    expect(dialog).to_contain_text("The chats are lost for good")
    expect(yes).to_be_disabled()
    dialog.get_by_role("textbox").fill("Helper")
    expect(yes).to_be_disabled()
    dialog.get_by_role("textbox").fill("Helper of Aurora")
    yes.click()
    said(frame, "The bot is deleted.")
    assert anna.bots() == []


def test_anna_makes_a_command_changes_it_and_unregisters_it(page, anna):
    anna.install()
    anna.post("/bots", typed_bot())
    sign_in(page, anna)
    frame = section(page, anna, "Commands")

    frame.get_by_role("button", name="Create a command").click()
    expect(frame.get_by_role("heading", name="New command")).to_be_visible()
    frame.get_by_role("textbox", name="Command").fill("help")
    frame.get_by_label("What it does").first.fill("Shows the way")
    frame.get_by_label("What may follow it").first.fill("[topic]")
    frame.locator("[data-rows=replies]").get_by_label("Text").fill("Turn left.")
    preview = frame.locator("[data-behaviour=mirror]")
    for text in ("/help [topic]", "Shows the way", "Turn left."):
        expect(preview.get_by_text(text)).to_be_visible()
    frame.get_by_role("button", name="Create command").click()
    said(frame, "/help works in the chat now.")
    [command] = anna.portal.commands.values()
    assert [(row["TITLE"], row["PARAMS"]) for row in command.lang] == [("Shows the way", "[topic]")]

    listed(frame, "/help").click()
    frame.get_by_label("In all chats").check()
    frame.get_by_role("button", name="Save", exact=True).click()
    said(frame, "Saved.")
    assert command.common

    frame.get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("dialog")).to_contain_text("/help")
    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    said(frame, "The command is unregistered.")
    assert anna.portal.commands == {}


def test_a_bot_is_deleted_by_keyboard_alone(page, anna):
    anna.install()
    anna.post("/bots", typed_bot())
    sign_in(page, anna)
    frame = section(page, anna, "Bots")

    press_until_focused(page, "Helper of Aurora")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Helper of Aurora").first).to_be_focused()
    press_until_focused(page, "Delete", tries=90)
    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog").get_by_role("textbox")).to_be_focused()
    page.keyboard.type("Helper")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog")).to_be_visible()
    page.keyboard.type(" of Aurora")
    page.keyboard.press("Enter")

    said(frame, "The bot is deleted.")
    assert anna.bots() == []


def test_axe_finds_nothing_on_the_bots_pages(page, anna, scheme):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Bots")
    assert weaknesses(page) == []  # the empty list

    frame.get_by_role("button", name="Create the first bot").click()
    expect(frame.get_by_role("heading", name="New bot")).to_be_visible()
    frame.get_by_role("button", name="Create bot").click()
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    assert weaknesses(page) == []  # the form with errors at their fields

    anna.post("/bots", typed_bot())
    anna.post("/bots", typed_bot(code="second", name="Second", hidden="1"))
    frame = section(page, anna, "Bots")
    expect(frame.get_by_role("table")).to_be_visible()
    assert weaknesses(page) == []

    listed(frame, "Helper of Aurora").click()
    frame.get_by_label("Picture for the avatar").set_input_files(ASSETS / "logo.png")
    expect(frame.get_by_text("New avatar: it is used after saving.")).to_be_visible()
    assert weaknesses(page) == []

    frame.get_by_role("button", name="Delete").click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert weaknesses(page) == []


def test_axe_finds_nothing_on_the_commands_pages(page, anna, scheme):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Commands")
    assert weaknesses(page) == []  # no bot yet

    anna.post("/bots", typed_bot())
    frame = section(page, anna, "Commands")
    frame.get_by_role("button", name="Create a command").click()
    frame.get_by_role("button", name="Create command").click()
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    assert weaknesses(page) == []

    [bot] = anna.bots()
    anna.post("/commands", typed_command(bot.id, hidden="1"))
    frame = section(page, anna, "Commands")
    expect(frame.get_by_role("table")).to_be_visible()
    assert weaknesses(page) == []

    listed(frame, "/help").click()
    [command] = anna.portal.commands.values()
    anna.post(f"/commands/{command.id}", typed_command(bot.id, version="1", name="way"))
    frame.get_by_label("What may follow it").first.fill("[other]")
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.get_by_text("Another administrator saved meanwhile")).to_be_visible()
    assert weaknesses(page) == []


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_of_bots_and_commands_is_cut_off_at_any_width(page, anna, width):
    anna.install()
    anna.post("/bots", typed_bot(name="Überaus" * 7, position="Langebezeichnung" * 9))
    [bot] = anna.bots()
    anna.post("/chat-apps", typed(bot_id=str(bot.id)))
    anna.post("/commands", typed_command(bot.id, name="x" * 50))
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)

    for name, item in (("Bots", "Überaus"), ("Commands", "/xxx")):
        frame = section(page, anna, name)
        assert inner(page).evaluate(OVERFLOW) <= 0
        listed(frame, item).click()
        expect(frame.locator("form[data-behaviour=guard]")).to_be_visible()
        assert inner(page).evaluate(OVERFLOW) <= 0


def test_the_navigation_shows_where_one_is_also_after_a_failure(page, anna, world):
    anna.install()
    anna.post("/bots", typed_bot())
    sign_in(page, anna)
    frame = section(page, anna, "Bots")
    listed(frame, "Helper of Aurora").click()
    world.faults.order("html", "imbot.v2.Bot.update", times=9)
    frame.get_by_label("Position").fill("Elsewhere")

    frame.get_by_role("button", name="Save", exact=True).click()

    expect(frame.locator("[data-message]")).to_be_focused()
    expect(frame.get_by_label("Position")).to_have_value("Elsewhere")
    current = frame.get_by_role("navigation").locator("[aria-current]")
    expect(current).to_have_text("Bots")
    expect(frame.get_by_role("button", name="To the list of bots")).to_be_visible()
