"""Before it is applied, in a real browser: the REST calls of a save, and of what is confirmed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import listed, open_app, sign_in
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import typed

OVERFLOW = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def frame(page, anna):
    """Anna's page, with the form of a chat app open in it."""
    anna.install()
    anna.post("/chat-apps", typed(title=["Orders", "Aufträge"]))
    sign_in(page, anna)
    frame = open_app(page, anna)
    listed(frame, "Orders").click()
    return frame


def test_the_calls_of_a_save_are_shown_and_none_is_made(page, anna, frame):
    before = len(anna.calls("imbot.app.update"))
    frame.get_by_label("Title").first.fill("Purchases")
    frame.get_by_role("button", name="Show REST calls").click()

    dialog = frame.get_by_role("dialog", name="REST calls")
    expect(dialog.get_by_text("imbot.app.update")).to_be_visible()
    expect(dialog.get_by_text("Purchases")).to_be_visible()
    page.keyboard.press("Escape")
    expect(frame.get_by_label("Title").first).to_have_value("Purchases")
    assert len(anna.calls("imbot.app.update")) == before


def test_what_is_confirmed_shows_its_calls_before_and_is_done_after(page, anna, frame):
    frame.get_by_role("button", name="Unregister").click()
    press_until_focused(page, "Show REST calls")
    page.keyboard.press("Enter")
    calls = frame.get_by_role("dialog", name="REST calls")
    expect(calls.get_by_text("imbot.app.unregister")).to_be_visible()
    calls.get_by_role("button", name="Close").click()
    assert len(anna.chat_apps()) == 1

    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()

    expect(frame.get_by_text("The chat app is unregistered.")).to_be_visible()
    assert anna.chat_apps() == []


def test_a_form_with_a_mistake_says_so_in_place_of_the_calls(frame):
    frame.get_by_label("Title").first.fill("")
    frame.get_by_label("Title").nth(1).fill("")
    frame.get_by_role("button", name="Show REST calls").click()
    expect(frame.get_by_role("heading", name="Not saved")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_calls_can_be_read_by_everybody(page, frame, scheme):
    page.emulate_media(color_scheme=scheme)
    frame.get_by_role("button", name="Republish").first.click()
    frame.get_by_role("button", name="Show REST calls").last.click()
    expect(frame.get_by_text("imbot.app.register")).to_be_visible()
    assert weaknesses(page) == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert inner(page).evaluate(OVERFLOW) <= 0
