"""Widgets in a real browser: a chat app moves to the new messenger, and the pages are sound."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import listed, sign_in
from tests.browser.test_bots import OVERFLOW, said, section
from tests.browser.test_pages import inner, weaknesses
from tests.cast import typed, typed_widget

EVERYWHERE = ["IM_TEXTAREA", "IM_SIDEBAR", "IM_CONTEXT_MENU", "IM_NAVIGATION"]


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def places(person) -> set[str]:
    return {row.code for row in person.portal.placements}


def test_anna_moves_a_chat_app_to_the_new_messenger(page, anna):
    anna.install()
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    frame = section(page, anna, "Chat apps")
    listed(frame, "Board").click()

    frame.get_by_role("button", name="Publish in the new messenger").click()
    expect(frame.get_by_role("heading", name="Publish in the new messenger")).to_be_focused()
    expect(frame.get_by_role("row", name="Icon Gets lost")).to_be_visible()
    frame.get_by_role("checkbox", name="Sidebar of the chat").check()
    frame.get_by_role("radio", name="rocket").check()
    frame.get_by_role("radio", name="Orange").check()
    expect(frame.get_by_label("Name of the picture")).to_have_value("fa-rocket")
    preview = frame.locator("[data-behaviour=mirror]")
    expect(preview.get_by_text("Board")).to_have_count(4)
    expect(preview.locator("figure:visible")).to_have_count(2)
    mark = preview.locator("figure:visible [data-glyph]").first
    expect(mark.locator("circle")).to_have_attribute("fill", "#e8a441")
    sign = mark.locator("i").evaluate("mark => getComputedStyle(mark, '::before').content")
    assert sign == '"\uf135"'  # the rocket of Font Awesome 4
    frame.get_by_role("button", name="Publish", exact=True).click()
    said(frame, "“Board” is in the new messenger now.")
    assert places(anna) == {"IM_TEXTAREA", "IM_SIDEBAR"}

    frame.get_by_role("button", name="Remove from the classic messenger").click()
    assert len(anna.chat_apps()) == 1
    frame.get_by_role("dialog").get_by_role("button", name="Remove").click()
    said(frame, "Moved. It is in the new messenger only.")
    assert anna.chat_apps() == []

    page.goto(f"http://{anna.portal.host}/online?dialog=chat1")
    button = page.get_by_role("group", name="Widgets of the text area").get_by_role("button")
    expect(button).to_have_accessible_name("Board")
    expect(button.locator("svg")).to_have_attribute("data-icon", "fa-rocket")
    aside = page.get_by_role("complementary", name="About this chat")
    expect(aside.get_by_role("button", name="Board")).to_be_visible()


def test_only_what_the_chosen_places_know_is_asked(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Widgets")
    frame.get_by_role("button", name="Create the first widget").click()
    width, picture = frame.get_by_label("Width, px"), frame.get_by_label("Name of the picture")
    orange, kinds = frame.get_by_role("radio", name="Orange"), frame.get_by_label("Group chats")
    for place, shown in [
        ("Text area", (width, picture, orange, kinds)),
        ("Sidebar of the chat", (picture, orange, kinds)),
        ("Menu of a message", (kinds,)),
        ("Navigation", (picture,)),
    ]:
        box = frame.get_by_role("checkbox", name=place)
        box.check()
        for field in (width, picture, orange, kinds):
            assert field.is_visible() is (field in shown), (place, field)
        box.uncheck()
    expect(frame.get_by_text("Choose a place to see it there.")).to_be_visible()

    frame.get_by_role("checkbox", name="Menu of a message").check()
    kinds.check()
    expect(frame.get_by_label("All chats")).not_to_be_checked()
    frame.get_by_label("All chats").check()
    expect(kinds).not_to_be_checked()


def test_a_picture_nobody_knows_is_told_of_while_typing(page, anna):
    anna.install()
    anna.post("/widgets", typed_widget())
    sign_in(page, anna)
    frame = section(page, anna, "Widgets")
    listed(frame, "Board").click()
    field, word = frame.get_by_label("Name of the picture"), frame.get_by_text("no picture of this")

    field.fill("fa-no-such-thing")
    expect(word).to_be_visible()
    field.fill("fa-anchor")
    expect(word).to_be_hidden()
    frame.get_by_role("button", name="Save", exact=True).click()
    said(frame, "Saved. The portal has accepted the change.")
    assert {row.options["iconName"] for row in anna.portal.placements} == {"fa-anchor"}


def test_axe_finds_nothing_on_the_widgets_pages(page, anna, scheme):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Widgets")
    assert weaknesses(page) == []  # the empty list

    frame.get_by_role("button", name="Create the first widget").click()
    expect(frame.get_by_role("heading", name="New widget")).to_be_visible()
    frame.get_by_role("button", name="Create widget").click()
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    assert weaknesses(page) == []

    anna.post("/widgets", typed_widget(places=EVERYWHERE))
    anna.portal.placements.pop()
    frame = section(page, anna, "Widgets")
    expect(frame.get_by_role("table")).to_be_visible()
    assert weaknesses(page) == []
    listed(frame, "Board").click()
    expect(frame.get_by_text("The portal has something different")).to_be_visible()
    assert weaknesses(page) == []

    anna.post("/chat-apps", typed(context="CALL", iframe_popup="1"))
    anna.post("/chat-apps", typed(kind="command", js_param="/help", title=["Help", ""]))
    for title, text in [("Board", "What becomes of it"), ("Help", "has no equivalent")]:
        frame = section(page, anna, "Chat apps")
        listed(frame, title).click()
        frame.get_by_role("button", name="Publish in the new messenger").click()
        expect(frame.get_by_text(text)).to_be_visible()
        assert weaknesses(page) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_of_widgets_is_cut_off_at_any_width(page, anna, width):
    anna.install()
    name = "Überaus" * 12
    anna.post("/widgets", typed_widget(places=EVERYWHERE, title=[name, name]))
    anna.post("/chat-apps", typed(title=[name, name]))
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)

    frame = section(page, anna, "Widgets")
    assert inner(page).evaluate(OVERFLOW) <= 0
    listed(frame, "Überaus").click()
    expect(frame.locator("#widget")).to_be_visible()
    assert inner(page).evaluate(OVERFLOW) <= 0
    frame = section(page, anna, "Chat apps")
    listed(frame, "Überaus").click()
    frame.get_by_role("button", name="Publish in the new messenger").click()
    expect(frame.locator("#widget")).to_be_visible()
    assert inner(page).evaluate(OVERFLOW) <= 0
