"""Every page: readable by everybody, by keyboard alone, light and dark, wide and narrow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, Route, expect

from tests.browser.conftest import frame_of, listed, open_app, sign_in
from tests.cast import typed

ASSETS = Path(__file__).parent.parent / "assets"
SECOND = typed(code="two", kind="command", js_method="SEND", js_param="/help", hidden="1")


def inner(page: Page) -> Frame:
    """The application's frame as a frame, to run scripts in."""
    return next(frame for frame in page.frames if "|" in frame.name)


def weaknesses(page: Page) -> list[str]:
    """What axe finds in the application's frame and on the portal's page around it."""
    found = []
    for place in (page, inner(page)):
        result = Axe().run(place)
        found += [f"{row['id']}: {row['help']}" for row in result.response["violations"]]
    return found


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def test_axe_finds_nothing_on_any_page_of_an_administrator(page, anna, scheme):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    assert weaknesses(page) == []  # the empty list

    frame.get_by_role("button", name="Create the first chat app").click()
    expect(frame.get_by_role("heading", name="New chat app")).to_be_visible()
    assert weaknesses(page) == []

    frame.get_by_role("button", name="Create chat app").click()
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    assert weaknesses(page) == []  # with errors at their fields

    anna.post("/chat-apps", typed())
    anna.post("/chat-apps", SECOND)
    frame = open_app(page, anna)
    expect(frame.get_by_role("table")).to_be_visible()
    assert weaknesses(page) == []

    listed(frame, "Board").last.click()
    expect(frame.get_by_role("heading", name="Board")).to_be_visible()
    frame.get_by_label("Picture for the icon").set_input_files(ASSETS / "logo.png")
    expect(frame.get_by_text("New icon: it is used after saving.")).to_be_visible()
    assert weaknesses(page) == []

    frame.get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert weaknesses(page) == []


def test_axe_finds_nothing_on_a_conflict(page, anna, scheme):
    anna.install()
    anna.post("/chat-apps", typed())
    [app] = anna.chat_apps()
    sign_in(page, anna)
    frame = open_app(page, anna)
    listed(frame, "Board").click()
    expect(frame.get_by_role("heading", name="Board")).to_be_visible()
    anna.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="500"))

    frame.get_by_label("Height").fill("333")
    frame.get_by_role("button", name="Save", exact=True).click()

    expect(frame.get_by_text("Another administrator saved meanwhile")).to_be_visible()
    assert weaknesses(page) == []
    frame.get_by_role("button", name="Keep mine").first.click()
    expect(frame.get_by_text("Saved. The portal has accepted the change.")).to_be_visible()
    assert app.iframe_height == 333


def test_axe_finds_nothing_on_an_employees_page(page, anna, egor, scheme):
    anna.install()
    sign_in(page, egor)
    open_app(page, egor)

    assert weaknesses(page) == []


def test_axe_finds_nothing_outside_a_portal(page, anna, scheme):
    page.goto(anna.app_url + "/")

    assert Axe().run(page).response["violations"] == []


def press_until_focused(page: Page, name: str, tries: int = 60) -> None:
    """Press Tab until the element with this accessible name has the focus."""
    for _ in range(tries):
        page.keyboard.press("Tab")
        focused = inner(page).evaluate(
            "() => { const e = document.activeElement;"
            " return e ? (e.getAttribute('aria-label') || e.labels?.[0]?.innerText"
            " || e.innerText || '') : '' }"
        )
        if focused.strip().startswith(name):
            return
    raise AssertionError(f"{name} cannot be reached with Tab")


def test_a_chat_app_is_made_and_removed_by_keyboard_alone(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    page.locator("#app-frame").focus()

    press_until_focused(page, "Create the first chat app")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="New chat app")).to_be_focused()
    press_until_focused(page, "Address")
    page.keyboard.type("https://pages.example.com/")
    press_until_focused(page, "Title")
    page.keyboard.type("Keys only")
    page.keyboard.press("Enter")
    expect(listed(frame, "Keys only")).to_be_visible()
    assert [row["TITLE"] for row in anna.chat_apps()[0].lang] == ["Keys only"]

    press_until_focused(page, "Keys only")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Keys only")).to_be_focused()
    press_until_focused(page, "Unregister")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("dialog")).to_be_visible()
    press_until_focused(page, "Unregister")
    page.keyboard.press("Enter")
    expect(frame.get_by_text("The chat app is unregistered.")).to_be_visible()
    assert anna.chat_apps() == []


def test_rows_of_languages_come_and_go_without_losing_the_focus(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Create the first chat app").click()
    expect(frame.get_by_role("heading", name="New chat app")).to_be_visible()
    before = frame.locator("[data-row]").count()

    frame.get_by_role("button", name="Add a language").click()
    assert frame.locator("[data-row]").count() == before + 1
    assert inner(page).evaluate("() => document.activeElement.name") == "language"
    frame.locator("[data-row]").last.get_by_label("Remove this language").click()

    assert frame.locator("[data-row]").count() == before
    assert inner(page).evaluate("() => document.activeElement.tagName") == "INPUT"


def test_no_language_can_be_chosen_twice(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Create the first chat app").click()
    expect(frame.get_by_role("heading", name="New chat app")).to_be_visible()

    selects = frame.locator("[data-row] select")
    chosen = [selects.nth(number).input_value() for number in range(selects.count())]

    assert len(chosen) == len(set(chosen)) >= 2
    first = selects.first
    for language in chosen[1:]:
        expect(first.locator(f"option[value={language}]")).to_be_disabled()


def test_the_preview_follows_what_is_typed(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = open_app(page, anna)
    frame.get_by_role("button", name="Create the first chat app").click()

    frame.locator("[data-row]").first.get_by_label("Title").fill("Live words")

    expect(
        frame.locator("[data-behaviour=preview]").get_by_text("Live words").first
    ).to_be_visible()


def test_the_preview_begins_in_the_language_of_the_person(page, anna):
    anna.install()
    anna.user.language = "de"
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    frame = open_app(page, anna)

    listed(frame, "Tafel").click()

    preview = frame.locator("[data-behaviour=preview]")
    expect(preview.get_by_text("Tafel").first).to_be_visible()
    expect(preview.locator("select")).to_have_value("de")


@pytest.mark.parametrize("width", [320, 390])
def test_a_conflict_is_read_without_scrolling_to_the_side(page, anna, width):
    anna.install()
    anna.post("/chat-apps", typed())
    [app] = anna.chat_apps()
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    listed(frame, "Board").click()
    expect(frame.get_by_role("heading", name="Board")).to_be_visible()
    anna.post(f"/chat-apps/{app.id}", typed(version="1", iframe_popup="1", context="USER"))

    frame.get_by_label("Height").fill("333")
    frame.get_by_role("button", name="Save", exact=True).click()

    expect(frame.get_by_text("Another administrator saved meanwhile")).to_be_visible()
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert inner(page).evaluate(overflow) <= 0
    row = frame.get_by_role("row", name="Stays open between chats no yes")
    field = row.get_by_role("rowheader")
    lines = (
        "cell => { const r = document.createRange(); r.selectNodeContents(cell);"
        " return r.getClientRects().length }"
    )
    assert field.evaluate(lines) == 1


@pytest.mark.parametrize("width", [320, 390, 768, 1280, 1920])
def test_nothing_is_cut_off_at_any_width(page, anna, width):
    anna.install()
    anna.post("/chat-apps", typed(title=["Überaus lange Bezeichnung" * 3, "Tafel"]))
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"

    assert inner(page).evaluate(overflow) <= 0
    listed(frame, "Überaus").click()
    expect(frame.get_by_role("heading", name="Überaus")).to_be_visible()
    assert inner(page).evaluate(overflow) <= 0


def test_the_browser_blocks_third_party_storage_here(page, anna):
    """What all tests of this folder rest on: the frame has neither cookies nor storage."""
    anna.install()
    sign_in(page, anna)
    open_app(page, anna)

    blocked = inner(page).evaluate(
        "() => { try { localStorage.length; return false } catch { return true } }"
    )
    assert blocked
    assert [cookie for cookie in page.context.cookies() if "127.0.0.1" in cookie["domain"]] == []


def test_the_first_load_is_light_and_does_not_wait_for_the_portals_library(page, anna):
    """60 KB at most as sent, without the SDK; the page works while the SDK hangs."""
    anna.install()
    anna.post("/chat-apps", typed())
    page.route(re.compile("b24jssdk"), lambda route: None)  # never answered
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    sign_in(page, anna)
    with page.expect_request(re.compile("b24jssdk")):
        frame = open_app(page, anna, fits=False)

    listed(frame, "Board").click()

    expect(frame.get_by_role("heading", name="Board")).to_be_visible()
    files = {url for url in asked if url.startswith(f"{anna.app_url}/static/")}
    weights = [weight(url) for url in files if "b24jssdk" not in url]
    assert len(weights) > 20
    assert sum(weights) + len(anna.open().content) <= 60 * 1024


def test_what_is_pressed_before_the_scripts_have_started_is_done_then(page, anna):
    held: list[Route] = []
    anna.install()
    page.route(re.compile(re.escape(anna.app_url) + ".*/main.js"), lambda route: held.append(route))
    sign_in(page, anna)
    page.goto(f"http://{anna.portal.host}/app", wait_until="commit")
    frame = frame_of(page)
    create = frame.get_by_role("button", name="Create the first chat app")

    create.press("Enter")
    expect(create).to_have_attribute("data-early", "")
    held[0].continue_()

    expect(frame.get_by_role("heading", name="New chat app")).to_be_focused()


def weight(url: str) -> int:
    """Bytes of a static file as a browser gets it."""
    answer = requests.get(url, headers={"Accept-Encoding": "gzip"}, timeout=5, stream=True)
    assert "immutable" in answer.headers["Cache-Control"]
    return len(answer.raw.read(decode_content=False))


@pytest.mark.parametrize("dialog", ["chat1", "chat2"])
def test_the_chat_opens_the_page_with_the_classic_parameters(page, anna, dialog):
    anna.install()
    anna.post("/chat-apps", typed())
    [app] = anna.chat_apps()
    sign_in(page, anna)
    page.goto(f"http://{anna.portal.host}/chat?dialog={dialog}")

    page.get_by_text("Chat applications").click()
    page.locator(f'[data-chat-app="{app.id}"]').first.click()

    source = page.locator("#popup iframe").get_attribute("src")
    assert source.startswith("https://pages.example.com/board?")
    for name in ("BOT_ID", "APP_ID", "DOMAIN_HASH", "USER_HASH", "DIALOG_ID", "LANG"):
        assert f"{name}=" in source


def test_the_frame_is_told_apart_from_the_portal(page, anna):
    anna.install()
    sign_in(page, anna)
    open_app(page, anna)

    assert frame_of(page).locator("body").count() == 1
    assert inner(page).url.startswith(anna.app_url)


def test_axe_finds_nothing_on_the_installer(page, anna, scheme):
    """The portal's library never comes: the page says how to go on."""
    page.route(re.compile("b24jssdk"), lambda route: route.abort())
    anna.at_portal("/apps/install", {})
    sign_in(page, anna)
    page.goto(f"http://{anna.portal.host}/app")
    expect(frame_of(page).get_by_role("button", name="Try once more")).to_be_visible()

    assert weaknesses(page) == []


def test_axe_finds_nothing_on_failures_and_offers(page, anna, world, scheme):
    anna.install()
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    frame = open_app(page, anna)
    listed(frame, "Board").click()
    expect(frame.get_by_role("heading", name="Board")).to_be_visible()

    world.faults.order("html", "imbot.app.update", times=4)
    frame.get_by_label("Height").fill("333")
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.get_by_text("The portal does not answer")).to_be_visible()
    expect(frame.locator("[data-message]")).to_be_focused()
    expect(frame.get_by_label("Height")).to_have_value("333")
    assert weaknesses(page) == []

    frame.get_by_label("Picture for the icon").set_input_files(ASSETS / "logo.png")
    expect(frame.get_by_text("New icon: it is used after saving.")).to_be_visible()
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.get_by_text("Does the chat still show the old icon?")).to_be_visible()
    assert weaknesses(page) == []


@pytest.mark.parametrize("path", ["/desktop", "/apps", "/chat", "/chat?dialog=chat1", "/events"])
def test_axe_finds_nothing_on_the_sandbox_portals_pages(page, anna, scheme, path):
    anna.install()
    anna.post("/chat-apps", typed())
    sign_in(page, anna)
    page.goto(f"http://{anna.portal.host}{path}")

    assert Axe().run(page).response["violations"] == []
