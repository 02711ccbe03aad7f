"""A picture is picked for a chat app in a browser: by keyboard, by name, instead of a file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import at_rest, listed, open_app, sign_in
from tests.browser.test_bots import OVERFLOW, section
from tests.browser.test_pages import inner, press_until_focused, weaknesses

ASSETS = Path(__file__).parent.parent / "assets"
NEW = "New icon: it is used after saving."


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def new_form(page: Page, person) -> FrameLocator:
    person.install()
    sign_in(page, person)
    frame = open_app(page, person)
    frame.get_by_role("button", name="Create the first chat app").click()
    expect(frame.get_by_role("heading", name="New chat app")).to_be_focused()
    return frame


def pictures(frame: FrameLocator) -> FrameLocator:
    """The form with its pictures open."""
    frame.get_by_text("Or pick a ready picture").click()
    expect(frame.get_by_role("radio", name="rocket")).to_be_visible()
    at_rest(frame)
    return frame


def sprite(frame: FrameLocator) -> str:
    return frame.locator("input[name=icon]").input_value()


def test_anna_picks_an_icon_by_keyboard_and_the_chat_shows_it(page, anna):
    frame = new_form(page, anna)
    press_until_focused(page, "Address")
    page.keyboard.type("https://pages.example.com/")
    press_until_focused(page, "Or pick a ready picture")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("radio", name="rocket")).to_be_visible()
    press_until_focused(page, "Name of the picture")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    expect(frame.get_by_role("radio", name="star")).not_to_be_checked()
    expect(frame.get_by_role("radio", name="rocket")).to_be_checked()
    expect(frame.get_by_role("radio", name="rocket")).to_be_focused()
    expect(frame.get_by_text(NEW)).to_be_visible()
    rocket = sprite(frame)

    page.keyboard.press("ArrowRight")
    expect(frame.locator("input[name=icon]")).not_to_have_value(rocket)
    star = sprite(frame)
    shown = frame.locator("[data-behaviour=preview] .half").first
    expect(shown).to_have_attribute("src", f"data:image/png;base64,{star}")
    press_until_focused(page, "Title")
    page.keyboard.type("Starred")
    page.keyboard.press("Enter")
    expect(listed(frame, "Starred")).to_be_visible()
    [app] = anna.chat_apps()
    assert app.icon == star

    page.goto(f"http://{anna.portal.host}/chat?dialog=chat1")
    button = page.get_by_role("button", name="Starred").first
    expect(button.locator("img")).to_have_attribute("src", f"data:image/png;base64,{star}")


def test_a_picture_is_found_by_a_word_and_enter_takes_it_without_saving(page, anna):
    frame = pictures(new_form(page, anna))
    name = frame.get_by_label("Name of the picture")

    name.press_sequentially("umbr")
    expect(frame.get_by_role("radiogroup", name="Pictures").get_by_role("radio")).to_have_count(1)
    expect(frame.get_by_role("radio", name="umbrella")).not_to_be_checked()
    name.press("Enter")

    expect(frame.get_by_text(NEW)).to_be_visible()
    expect(name).to_have_value("fa-umbrella")
    expect(frame.get_by_role("radio", name="umbrella")).to_be_checked()
    expect(frame.get_by_role("heading", name="New chat app")).to_be_visible()
    assert anna.chat_apps() == []


def test_a_name_nobody_knows_is_said_and_the_icon_stays(page, anna):
    frame = pictures(new_form(page, anna))
    frame.get_by_role("radio", name="heart").check()
    expect(frame.get_by_text(NEW)).to_be_visible()
    heart = sprite(frame)

    frame.get_by_label("Name of the picture").fill("unheard of")

    expect(frame.get_by_text("There is no picture of this name.")).to_be_visible()
    frame.get_by_label("Name of the picture").press("Tab")
    expect(frame.get_by_text("There is no picture of this name.")).to_be_visible()
    assert sprite(frame) == heart
    frame.get_by_label("Name of the picture").fill("")
    expect(frame.get_by_text("There is no picture of this name.")).to_be_hidden()
    expect(frame.get_by_role("radio", name="rocket")).to_be_visible()


def test_what_is_chosen_last_is_the_icon_a_file_or_a_picture(page, anna):
    frame = pictures(new_form(page, anna))
    icon, rocket = frame.locator("input[name=icon]"), frame.get_by_role("radio", name="rocket")
    file = frame.get_by_label("Picture for the icon")
    rocket.check()
    expect(icon).not_to_have_value("")
    picked = sprite(frame)

    file.set_input_files(ASSETS / "logo.png")
    expect(icon).not_to_have_value(picked)
    expect(rocket).not_to_be_checked()
    expect(frame.get_by_label("Name of the picture")).to_have_value("")
    rocket.check()
    expect(icon).to_have_value(picked)
    frame.get_by_text("Keep the picture's own colours").click()

    assert file.evaluate("field => field.files.length") == 0  # so the file is not sent again
    expect(icon).to_have_value(picked)


def test_the_font_and_the_list_come_only_when_they_are_opened(page, anna):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    frame = new_form(page, anna)
    assert not [url for url in asked if "glyph" in url or "font-awesome" in url]

    with page.expect_request(re.compile("fontawesome-webfont.woff2")):
        pictures(frame)

    frame.get_by_text("Or pick a ready picture").click()
    expect(frame.get_by_role("radio", name="rocket")).to_be_hidden()
    pictures(frame)
    assert len([url for url in asked if url.endswith("/chat-apps/glyphs")]) == 1


def test_looking_at_the_pictures_changes_nothing(page, anna):
    frame = pictures(new_form(page, anna))

    frame.get_by_role("button", name="Cancel").click()

    expect(frame.get_by_role("button", name="Create the first chat app")).to_be_visible()


def test_when_the_pictures_cannot_come_they_can_be_asked_for_again(page, anna):
    frame = new_form(page, anna)
    page.route(re.compile("/chat-apps/glyphs$"), lambda route: route.abort())
    frame.get_by_text("Or pick a ready picture").click()
    expect(frame.get_by_text("The application did not answer")).to_be_visible()

    page.unroute(re.compile("/chat-apps/glyphs$"))
    frame.get_by_text("Or pick a ready picture").click()
    pictures(frame)


@pytest.mark.parametrize("width", [320, 1280])
def test_axe_finds_nothing_among_the_pictures_and_nothing_is_cut_off(page, anna, scheme, width):
    page.set_viewport_size({"width": width, "height": 900})
    frame = pictures(new_form(page, anna))
    frame.get_by_role("radio", name="rocket").check()
    expect(frame.get_by_text(NEW)).to_be_visible()

    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0


def test_a_widgets_picture_is_found_in_the_same_way(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Widgets")
    frame.get_by_role("button", name="Create the first widget").click()
    frame.get_by_role("checkbox", name="Text area").check()
    name = frame.get_by_label("Name of the picture")

    name.fill("umbr")
    frame.get_by_role("radio", name="umbrella").check()

    expect(name).to_have_value("fa-umbrella")
    mark = frame.locator("figure:visible [data-glyph] i").first
    expect(mark).to_have_class("fa fa-umbrella")
