"""Work with many things in a real browser: find, choose, watch, take back; for everybody."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import listed, open_app, sign_in
from tests.browser.test_bots import section
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import typed, typed_bot, typed_command

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def three(anna):
    """Three chat apps of Anna's."""
    anna.install()
    for name in ("Orders", "Order archive", "Weather"):
        anna.post("/chat-apps", typed(title=[name, ""]))
    return anna.chat_apps()


def test_the_found_ones_are_chosen_and_unregistered_and_all_of_it_is_taken_back(
    page, anna, three, work
):
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_label("Choose all that are shown").check()
    frame.get_by_label("Find in this list").fill("order")
    expect(listed(frame, "Weather")).to_be_hidden()
    frame.get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("heading", name="Unregister 2 chat apps?")).to_be_visible()
    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("progressbar", name="0 of 2")).to_be_visible()
    here = frame.get_by_role("navigation").locator("[aria-current]")
    expect(here).to_have_text("Chat apps")

    work()

    expect(frame.get_by_role("progressbar", name="Finished: 2 of 2")).to_be_visible()
    assert [app.lang[0]["TITLE"] for app in anna.chat_apps()] == ["Weather"]
    frame.get_by_role("button", name="Take it all back").click()
    frame.get_by_role("dialog").get_by_role("button", name="Register again").click()
    expect(frame.get_by_role("heading", name="Taking changes back")).to_be_focused()
    work()
    expect(frame.get_by_role("progressbar", name="Finished: 2 of 2")).to_be_visible()
    assert len(anna.chat_apps()) == 3


def test_rows_are_chosen_and_the_work_is_cancelled_by_keyboard_alone(page, anna, three):
    sign_in(page, anna)
    frame = open_app(page, anna)
    page.locator("#app-frame").focus()
    press_until_focused(page, "Choose “Weather”")
    page.keyboard.press("Space")
    press_until_focused(page, "Unregister")
    page.keyboard.press("Enter")
    press_until_focused(page, "Unregister")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Unregistering chat apps")).to_be_focused()
    press_until_focused(page, "Cancel the rest")
    with page.expect_response(lambda answer: answer.url.endswith("?part")):
        pass  # the page asked how it goes; the focus must not be lost by that
    expect(frame.get_by_role("button", name="Cancel the rest")).to_be_focused()
    page.keyboard.press("Enter")
    press_until_focused(page, "Stop")
    page.keyboard.press("Enter")

    expect(frame.get_by_role("progressbar", name="Cancelled after 0 of 1")).to_be_visible()
    assert len(anna.chat_apps()) == 3


def test_pressing_a_tick_does_not_open_the_row(page, anna, three):
    sign_in(page, anna)
    frame = open_app(page, anna)
    opened: list[str] = []
    page.on("request", lambda request: opened.append(request.url))

    frame.get_by_label("Choose “Weather”").check()

    expect(frame.get_by_text("Chosen: 1")).to_be_visible()
    expect(frame.get_by_role("heading", name="Chat apps")).to_be_visible()
    assert [url for url in opened if "/chat-apps/" in url] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_everybody_can_choose_and_watch(page, anna, three, work, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_label("Choose all that are shown").check()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0

    three[0].client_id = "app.of.another"
    frame.get_by_role("button", name="Unregister").click()
    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("progressbar")).to_be_visible()
    assert weaknesses(page) == []
    work()
    expect(frame.get_by_role("progressbar", name="Finished: 3 of 3")).to_be_visible()
    expect(frame.get_by_text("It belongs to another application").first).to_be_visible()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0


@pytest.mark.parametrize(("scheme", "width"), [("dark", 320), ("light", 1280)])
def test_bots_go_once_their_number_was_typed_and_what_goes_with_them_is_said(
    page, anna, work, scheme, width
):
    anna.install()
    for code in ("first", "second", "third"):
        anna.post("/bots", typed_bot(code=code, name=code.title(), last_name=""))
    first, second, _ = anna.bots()
    anna.post("/commands", typed_command(first.id))
    anna.post("/chat-apps", typed(bot_id=str(second.id)))
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = section(page, anna, "Bots")
    frame.get_by_label("Choose “First”").check()
    frame.get_by_label("Choose “Second”").check()
    frame.get_by_role("button", name="Delete").click()
    dialog = frame.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete 2 bots?")
    expect(dialog).to_contain_text("commands (1), chat apps (1), and the private chats")
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0
    yes = dialog.get_by_role("button", name="Delete")
    field = dialog.get_by_label("Type how many they are to confirm: 2")
    field.fill("3")
    expect(yes).to_be_disabled()
    field.fill("2")
    yes.click()
    expect(frame.get_by_role("heading", name="Deleting bots")).to_be_focused()

    work()

    expect(frame.get_by_role("progressbar", name="Finished: 2 of 2")).to_be_visible()
    assert [bot.code for bot in anna.bots()] == ["third"]
    frame.get_by_role("button", name="Bots", exact=True).last.click()
    expect(frame.get_by_label("Choose “Third”")).to_be_visible()
