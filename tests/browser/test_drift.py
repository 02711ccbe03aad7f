"""The page of differences in a real browser: look, take a value over, ask for chat apps."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from sandbox.records import Bot
from sandbox.records_channels import Connector
from tests.browser.conftest import open_app, sign_in
from tests.browser.test_history import OVERFLOW
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import typed, typed_bot, typed_command, typed_connector


@pytest.fixture
def furnished(anna):
    """Anna, with a bot, a command, a chat app and a connector."""
    anna.install()
    anna.post("/bots", typed_bot())
    [bot] = anna.bots()
    anna.post("/commands", typed_command(bot.id))
    anna.post("/chat-apps", typed(bot_id=bot.id))
    anna.post("/connectors", typed_connector())
    return anna


def test_a_difference_is_found_and_settled_by_keyboard_alone(page, furnished, work):
    anna = furnished
    sign_in(page, anna)
    frame = open_app(page, anna)
    page.locator("#app-frame").focus()
    press_until_focused(page, "Differences")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Differences")).to_be_visible()
    expect(frame.get_by_text("Everything is in order.").first).to_be_visible()

    anna.bots()[0].name = "Renamed"
    press_until_focused(page, "Look now")
    page.keyboard.press("Enter")
    row = frame.locator(".change", has_text="Helper of Aurora")
    expect(row.get_by_role("cell", name="Renamed")).to_be_visible()
    press_until_focused(page, "Take the portal's values")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog")).to_be_visible()
    press_until_focused(page, "Take the portal's values")
    page.keyboard.press("Enter")

    expect(frame.get_by_text("Your list has the portal's values.")).to_be_visible()
    expect(frame.get_by_role("heading", name="Differences")).to_be_focused()
    expect(frame.locator(".change")).to_have_count(0)
    assert anna.bots()[0].name == "Renamed"


def test_chat_apps_are_asked_for_with_progress(page, furnished, work):
    anna = furnished
    anna.portal.chat_apps.clear()
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Differences").click()
    frame.get_by_role("button", name="Ask for each").click()
    expect(frame.get_by_role("progressbar", name="Chat apps asked for")).to_be_visible()
    work()

    row = frame.locator(".change", has_text="Board")
    expect(row.get_by_text("Not on the portal")).to_be_visible()
    row.get_by_role("button", name="Put it back on the portal").click()

    expect(frame.get_by_text("It is on the portal again.")).to_be_visible()
    assert [app.code for app in anna.chat_apps()] == ["board-v2"]


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_everybody_can_read_the_page_of_differences(page, furnished, world, work, scheme, width):
    anna = furnished
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Differences").click()
    expect(frame.get_by_text("Everything is in order.").first).to_be_visible()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0

    every_kind_of_difference(anna, world)
    anna.post("/drift/check")
    work()
    frame.get_by_role("button", name="Look now").click()
    expect(frame.locator(".change")).not_to_have_count(0)
    frame.locator("summary").first.click()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0

    frame.get_by_role("button", name="Delete on the portal").click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert weaknesses(page) == []


def every_kind_of_difference(anna, world) -> None:
    """What can go wrong behind our back, one of each."""
    home, client_id = anna.portal, world.card.client_id
    home.bots.append(Bot(home.take_id(), "second", client_id, "Second", "Bot", api="v2"))
    anna.bots()[0].name, anna.bots()[0].last_name = "Renamed", "by somebody with a very long name"
    home.remove_command(next(iter(home.commands.values())))
    home.connectors["b24app_mail"].name = "Their mail"
    other = Connector("other_mail", next(iter(world.foreign)), "Other mail", {})
    home.connectors["other_mail"] = other
    home.chat_apps.clear()
    home.bindings = [row for row in home.bindings if row.event != "ONAPPUPDATE"]
