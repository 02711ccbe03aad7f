"""The product's main job, in a real browser, in the portal's own frame."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FrameLocator, Page, expect

from tests.browser.conftest import frame_of, listed, open_app, sign_in
from tests.cast import Person, typed

ASSETS = Path(__file__).parent.parent / "assets"


def install(page: Page, person: Person) -> FrameLocator:
    """Press Install at the portal and wait until the application's list is there."""
    sign_in(page, person)
    page.goto(f"http://{person.portal.host}/apps")
    page.get_by_role("button", name="Install").click()
    page.wait_for_url("**install_finished=Y**")
    frame = frame_of(page)
    expect(frame.locator("#page").get_by_role("heading").first).to_be_visible()
    return frame


def title_field(frame: FrameLocator, language: str) -> object:
    """The title of the row whose language is chosen."""
    row = frame.locator("[data-row]").filter(has=frame.locator(f"option[value={language}]:checked"))
    return row.get_by_label("Title")


def drawn(page: Page, app_id: int) -> Image.Image:
    """The chat's button as it is on the screen."""
    button = page.locator(f'[data-chat-app="{app_id}"]').first
    return Image.open(io.BytesIO(button.screenshot())).convert("RGB")


def has_ink(image: Image.Image, colour: tuple[int, int, int]) -> bool:
    """Whether some pixel is close to the colour."""
    return any(
        all(abs(mine - wanted) < 24 for mine, wanted in zip(pixel, colour, strict=True))
        for pixel in image.get_flattened_data()
    )


INACTIVE, ACTIVE = (0xB3, 0xB7, 0xBC), (0x2F, 0xC7, 0xF7)


def test_anna_makes_a_chat_app_and_finds_it_in_the_chat(page, anna):
    frame = install(page, anna)

    frame.get_by_role("button", name="Create the first chat app").click()
    frame.get_by_label("Address").fill("https://pages.example.com/board")
    frame.get_by_label("Picture for the icon").set_input_files(ASSETS / "logo.png")
    expect(frame.get_by_text("New icon: it is used after saving.")).to_be_visible()
    title_field(frame, "en").fill("Board")
    title_field(frame, "de").fill("Tafel")
    frame.get_by_role("button", name="Create chat app").click()
    expect(listed(frame, "Board")).to_be_visible()

    [app] = anna.chat_apps()
    page.goto(f"http://{anna.portal.host}/chat?dialog=chat1")
    button = page.locator(f'[data-chat-app="{app.id}"]').first
    expect(button).to_have_accessible_name("Board")
    assert has_ink(drawn(page, app.id), INACTIVE)
    button.hover()
    assert has_ink(drawn(page, app.id), ACTIVE)
    page.locator("select[data-language]").first.select_option("de")
    expect(page.locator(f'[data-chat-app="{app.id}"]').first).to_have_accessible_name("Tafel")


def test_anna_changes_icon_and_title_republishes_and_sees_the_change(page, anna):
    install(page, anna)
    anna.open()
    anna.post("/chat-apps", typed())
    [old] = anna.chat_apps()

    frame = open_app(page, anna)
    listed(frame, "Board").click()
    title_field(frame, "de").fill("Brett")
    frame.get_by_label("Picture for the icon").set_input_files(ASSETS / "logo-on-white.jpg")
    expect(frame.get_by_text("New icon: it is used after saving.")).to_be_visible()
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.get_by_text("Does the chat still show the old icon?")).to_be_visible()
    assert old.icon == ""
    frame.get_by_role("button", name="Republish").first.click()
    frame.get_by_role("dialog").get_by_role("button", name="Republish").click()
    expect(frame.get_by_text("Republished.")).to_be_visible()

    [new] = anna.chat_apps()
    assert new.id != old.id
    assert Image.open(io.BytesIO(base64.b64decode(new.icon))).size == (108, 66)
    page.goto(f"http://{anna.portal.host}/chat?dialog=chat1")
    page.locator("select[data-language]").first.select_option("de")
    expect(page.locator(f'[data-chat-app="{new.id}"]').first).to_have_accessible_name("Brett")
    assert has_ink(drawn(page, new.id), INACTIVE)


def test_egor_finds_it_in_the_chat_and_cannot_change_it(page, anna, egor):
    anna.install()
    anna.post("/chat-apps", typed())

    sign_in(page, egor)
    frame = open_app(page, egor)
    expect(frame.get_by_text("This page is for administrators")).to_be_visible()
    page.goto(f"http://{egor.portal.host}/chat?dialog=chat1")

    assert page.locator("[data-chat-app]").count() >= 1


def test_an_app_for_administrators_is_not_in_egors_chat(page, anna, egor):
    anna.install()
    anna.post("/chat-apps", typed(admin_only="1"))

    sign_in(page, egor)
    page.goto(f"http://{egor.portal.host}/chat?dialog=chat1")

    assert page.locator("[data-chat-app]").count() == 0


def test_boris_sees_none_of_it(page, anna, boris):
    anna.install()
    anna.post("/chat-apps", typed())

    frame = install(page, boris)

    expect(frame.get_by_text("Board")).to_have_count(0)
    page.goto(f"http://{boris.portal.host}/chat")
    assert page.locator("[data-chat-app]").count() == 0


def test_unregistering_asks_with_the_apps_name(page, anna):
    anna.install()
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    frame = open_app(page, anna)
    listed(frame, "Board").click()

    frame.get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("dialog")).to_contain_text("Board")
    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()

    expect(frame.get_by_text("The chat app is unregistered.")).to_be_visible()
    assert anna.chat_apps() == []


def test_a_session_that_ended_is_renewed_and_the_request_repeated(page, anna, app):
    """The signing key was changed: the page notices a 401, asks the portal, and goes on."""
    anna.install()
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    frame = open_app(page, anna)
    known = app.extensions["b24app"]
    object.__setattr__(known.settings, "secret_key", "another key since this morning")

    listed(frame, "Board").click()

    expect(frame.get_by_role("heading", name="Board")).to_be_visible()


@pytest.mark.parametrize("label", ["Address", "Title"])
def test_a_wrong_field_keeps_what_was_typed(page, anna, label):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Create the first chat app").click()
    frame.get_by_label("Code").fill("kept-code")
    if label == "Title":
        frame.get_by_label("Address").fill("https://pages.example.com/")
    else:
        title_field(frame, "en").fill("Board")

    frame.get_by_role("button", name="Create chat app").click()

    expect(frame.get_by_label("Code")).to_have_value("kept-code")
    expect(frame.locator("[aria-invalid=true], #translations").first).to_be_visible()
    assert anna.chat_apps() == []
