"""The activity page in a real browser: look, filter, take back; by keyboard; for everybody."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import at_rest, open_app, sign_in
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import typed

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def changed(anna):
    """A chat app of Anna's whose width was changed from 400 to 512."""
    anna.install()
    anna.post("/chat-apps", typed())
    [app] = anna.chat_apps()
    anna.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    return app


def test_a_change_is_found_and_taken_back_by_keyboard_alone(page, anna, changed):
    sign_in(page, anna)
    frame = open_app(page, anna)
    page.locator("#app-frame").focus()
    press_until_focused(page, "Activity")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Activity")).to_be_focused()

    press_until_focused(page, "What")
    page.keyboard.press("C")  # the first kind that begins so
    expect(frame.locator(".change")).to_have_count(2)
    expect(frame.get_by_label("What", exact=True)).to_be_focused()
    press_until_focused(page, "Undo")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog")).to_be_visible()
    press_until_focused(page, "Take back")
    page.keyboard.press("Enter")

    expect(frame.get_by_text("The portal has the values from before.")).to_be_visible()
    expect(frame.get_by_role("heading", name="Activity")).to_be_focused()
    assert changed.iframe_width == 400
    expect(frame.locator(".change").nth(1).get_by_text("Taken back")).to_be_visible()


def test_older_changes_come_below_and_reading_goes_on_there(page, anna, changed):
    for version in range(2, 30):
        anna.post(
            f"/chat-apps/{changed.id}", typed(version=version, iframe_width=str(400 + version))
        )
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Activity").click()
    with page.expect_response(re.compile(r"/history\?")):
        frame.get_by_label("What", exact=True).select_option(label="Chat app")
    expect(frame.locator(".htmx-request")).to_have_count(0)
    expect(frame.locator(".change")).to_have_count(25)
    at_rest(frame)

    frame.get_by_role("button", name="Show older changes").click()

    expect(frame.locator(".change")).to_have_count(30)
    expect(frame.locator(".change").nth(25).get_by_role("heading")).to_be_focused()


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_everybody_can_read_the_activity_page(page, anna, changed, scheme, width):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Activity").click()
    expect(frame.get_by_role("heading", name="Activity")).to_be_visible()
    frame.get_by_text("What was registered").first.click()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0

    anna.post(f"/chat-apps/{changed.id}", typed(version="2", iframe_width="640"))
    frame.get_by_role("button", name="Undo").first.click()
    frame.get_by_role("dialog").get_by_role("button", name="Take back").click()
    expect(frame.get_by_text("was changed since")).to_be_visible()
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0
