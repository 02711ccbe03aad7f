"""A page made for the classic messenger, in both messengers, without a change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, FrameLocator, Page, expect

from b24app.records import Place
from b24app.store import PortalStore
from tests.browser.conftest import sign_in
from tests.cast import typed
from tests.classic_page import ClassicPage, serve_classic_page, serve_redirection
from tests.widgets import bind, keep_widget

BY_HAND = "It is in the text area: press Enter to send it."


@pytest.fixture
def classic(tmp_path: Path) -> Iterator[ClassicPage]:
    with serve_classic_page(tmp_path / "certificates") as page:
        yield page


@pytest.fixture
def widget(app, anna, resources, classic):
    """Anna's chat app with that page, and the widget of it; both for everybody."""
    anna.install()
    anna.post("/chat-apps", typed(code="board", iframe_url=f"{classic.origin}/board?team=5"))
    [chat_app] = PortalStore(resources.redis, anna.portal.member_id).chat_apps.all()
    classic.hash = chat_app.hash
    return keep_widget(resources, anna, chat_app)


def in_classic(page: Page, person) -> FrameLocator:
    """Open the chat app in the classic messenger; the page in its popup."""
    page.goto(f"http://{person.portal.host}/chat?dialog=chat1")
    page.locator("summary", has_text="Chat applications").click()
    page.locator("[data-chat-app]").first.click()
    return page.frame_locator("#popup iframe")


def in_widget(page: Page, person, path="/online?dialog=chat1") -> FrameLocator:
    """Open the widget in the new messenger; the page, three frames deep."""
    page.goto(f"http://{person.portal.host}{path}")
    button = page.locator("button[data-widget]").first
    if button.is_visible():
        button.click()
    return gateway(page).frame_locator("#gateway iframe")


def gateway(page: Page) -> FrameLocator:
    """Our page in the widget."""
    place = page.frame_locator("iframe[src*='/online/widget/']")
    return place.frame_locator("iframe[name*='|']")


def press(board: FrameLocator, name: str) -> None:
    board.get_by_role("button", name=name).click()


def area(page: Page):
    return page.get_by_label("Message", exact=True)


@pytest.mark.parametrize("who", ["anna", "egor"])
@pytest.mark.parametrize("open_it", [in_classic, in_widget])
def test_a_classic_page_works_the_same_in_both_messengers(
    page, anna, widget, classic, request, open_it, who
):
    person = request.getfixturevalue(who)
    bind(anna, widget)
    sign_in(page, person)

    board = open_it(page, person)

    expect(board.get_by_text("domain is genuine")).to_be_visible()
    expect(board.get_by_text("user is genuine")).to_be_visible()
    press(board, "Put")
    expect(area(page)).to_have_value("Put by the page ")
    press(board, "Send")
    expect(page.locator(".line--own").last).to_contain_text("Sent by the page")
    message = person.portal.messages[-1]
    assert (message.author, message.text) == (person.user.id, "Sent by the page")
    press(board, "Leave")
    expect(page.locator("#popup, #widget-popup").locator("iframe")).to_have_count(0)


def test_a_page_that_leads_to_another_origin_works_there(page, anna, resources, classic):
    anna.install()
    anna.post("/chat-apps", typed(code="board", iframe_url="https://pages.example.com/board"))
    [chat_app] = PortalStore(resources.redis, anna.portal.member_id).chat_apps.all()
    classic.hash = chat_app.hash
    with serve_redirection(classic) as first:
        widget = keep_widget(resources, anna, chat_app, iframe_url=f"{first}/board")
        bind(anna, widget)
        sign_in(page, anna)

        board = in_widget(page, anna)

        expect(board.get_by_text("domain is genuine")).to_be_visible()
        press(board, "Put")
        expect(area(page)).to_have_value("Put by the page ")


def test_once_a_page_has_spoken_no_other_origin_is_heard(page, anna, widget):
    """The number alone is not enough: the page before it, or one it frames, may have seen it."""
    bind(anna, widget)
    sign_in(page, anna)
    board = in_widget(page, anna)
    press(board, "Put")
    expect(area(page)).to_have_value("Put by the page ")
    inner, ours = frames(page)
    words = {"action": "put", "message": "Stolen"}
    words["uniqueLoadId"] = inner.evaluate("frameCommunication.uniqueLoadId")

    ours.evaluate(
        """data => {
          const source = document.querySelector("iframe").contentWindow
          const origin = "https://elsewhere.example.com"
          window.dispatchEvent(new MessageEvent("message", { data, source, origin }))
        }""",
        json.dumps(words),
    )
    press(board, "Support")

    expect(gateway(page).get_by_role("status")).to_contain_text("support chat")
    expect(area(page)).to_have_value("Put by the page ")


def test_both_messengers_tell_the_page_the_same(page, anna, widget, classic):
    bind(anna, widget)
    sign_in(page, anna)

    expect(in_classic(page, anna).get_by_text("dialog chat1")).to_be_visible()
    expect(in_widget(page, anna).get_by_text("dialog chat1")).to_be_visible()

    [old, new] = classic.visits
    assert old == new
    assert old["team"] == "5"
    assert classic.referers[1] == f"{anna.app_url}/"


def test_a_forged_visit_is_seen_by_the_page(page, anna, widget, classic):
    classic.hash = "another"
    bind(anna, widget)
    sign_in(page, anna)

    board = in_widget(page, anna)

    expect(board.get_by_text("domain is forged")).to_be_visible()
    expect(board.get_by_text("user is forged")).to_be_visible()


def test_without_the_permission_the_text_waits_for_enter(page, anna, widget, world):
    bind(anna, widget)
    sign_in(page, anna)
    board = in_widget(page, anna)
    world.card.scope.remove("im")

    press(board, "Send")

    expect(gateway(page).get_by_role("status")).to_contain_text(BY_HAND)
    expect(area(page)).to_have_value("Sent by the page")
    area(page).press("Enter")
    expect(page.locator(".line--own").last).to_contain_text("Sent by the page")


def test_a_message_nobody_knows_the_fate_of_is_not_offered_again(page, anna, widget, world):
    bind(anna, widget)
    sign_in(page, anna)
    board = in_widget(page, anna)
    world.faults.order("lost", "im.message.add")

    press(board, "Send")

    words = "It is not certain whether the message was sent."
    expect(gateway(page).get_by_role("status")).to_contain_text(words)
    expect(area(page)).to_have_value("")


def test_a_number_is_called_by_the_portal(page, anna, widget):
    bind(anna, widget)
    sign_in(page, anna)

    press(in_widget(page, anna), "Call")

    page.wait_for_url("**/chat?call=123456")
    expect(page.locator("#call")).to_contain_text("123456")


def test_what_has_no_equivalent_is_told(page, anna, widget):
    """In the messenger's navigation there is no chat to write in, and nothing to close."""
    row = bind(anna, widget, Place.NAVIGATION)
    sign_in(page, anna)
    board = in_widget(page, anna, f"/online?widget={row.id}")
    said = gateway(page).get_by_role("status")

    press(board, "Support")
    expect(said).to_contain_text("A widget cannot open a support chat.")
    press(board, "Put")
    expect(said).to_contain_text("The text could not be put into the text area.")
    press(board, "Send")
    expect(said).to_contain_text("The message was not sent.")
    press(board, "Leave")
    expect(said).to_contain_text("The portal did not close the widget.")
    assert anna.calls("im.message.add") == []


def test_only_the_page_itself_with_its_own_number_is_heard(page, anna, widget):
    """A word from elsewhere, with another number, or not of the language, does nothing."""
    bind(anna, widget)
    sign_in(page, anna)
    board = in_widget(page, anna)
    expect(board.get_by_text("user is genuine")).to_be_visible()
    inner, ours = frames(page)

    number = inner.evaluate("frameCommunication.uniqueLoadId")
    put = {"action": "put", "message": "Stolen"}
    for words in (put, put | {"uniqueLoadId": "1"}, put | {"uniqueLoadId": number}):
        ours.evaluate("words => window.postMessage(JSON.stringify(words), '*')", words)
    for words in (put, put | {"uniqueLoadId": "1"}):
        inner.evaluate("words => parent.postMessage(JSON.stringify(words), '*')", words)
    for data in ("null", "[]", "{", '{"action": "toString"}', '"put"'):
        inner.evaluate("data => parent.postMessage(data, '*')", data)
    inner.evaluate("words => parent.postMessage(words, '*')", put | {"uniqueLoadId": number})
    inner.evaluate("words => frameCommunicationSend(words)", {"action": "constructor"})
    press(board, "Put")

    expect(area(page)).to_have_value("Put by the page ")
    expect(gateway(page).locator(".toast")).to_have_count(0)


def frames(page: Page) -> tuple[Frame, Frame]:
    """The page's own frame, and ours around it."""
    inner = next(frame for frame in page.frames if "/board?" in frame.url)
    assert inner.parent_frame
    return inner, inner.parent_frame


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_the_widget_and_it_fits_a_narrow_one(page, anna, widget, scheme):
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": 320, "height": 640})
    bind(anna, widget)
    sign_in(page, anna)
    board = in_widget(page, anna)
    press(board, "Support")
    expect(gateway(page).get_by_role("status")).to_contain_text("support chat")
    _, ours = frames(page)

    assert ours.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert Axe().run(page).response["violations"] == []
    gateway(page).get_by_role("button", name="Close this message").press("Enter")
    expect(gateway(page).locator(".toast")).to_have_count(0)
