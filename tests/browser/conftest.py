"""A real browser in front of the portal. Third-party cookies are blocked, as by default."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, FrameLocator, Locator, Page, expect, sync_playwright

from tests.cast import Person

ARGUMENTS = ["--disable-background-networking", "--disable-component-update", "--disable-sync"]
PATIENCE = 10_000
# Some frames later the browser knows where the frame is for a press, too.
FITS = """content => new Promise((done, fail) => {
  const end = performance.now() + 10000
  let frames = 0
  const look = () => {
    frames = Number(content.dataset.fit) <= innerHeight ? frames + 1 : 0
    if (frames > 4) return done()
    if (performance.now() > end) {
      return fail(new Error(`asked for ${content.dataset.fit}, has ${innerHeight}`))
    }
    requestAnimationFrame(look)
  }
  requestAnimationFrame(() => requestAnimationFrame(look))
})"""


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the system's when there is one, else Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.getuid() == 0 else [])]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """An empty tab of a person's own; what the page complains about fails the test."""
    size = {"width": 1280, "height": 900}
    # A page of another company, where a test has one, has a certificate nobody signed.
    context = browser.new_context(locale="en-US", viewport=size, ignore_https_errors=True)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda line: (
            complaints.append(line.text) if "Content Security Policy" in line.text else None
        ),
    )
    yield page
    context.close()
    assert complaints == []


def sign_in(page: Page, person: Person) -> None:
    """Choose the person on the portal's sign-in page."""
    page.goto(f"http://{person.portal.host}/")
    page.get_by_role("button", name=person.user.name).click()
    page.wait_for_url("**/desktop")


def frame_of(page: Page) -> FrameLocator:
    """The application inside the portal's page."""
    return page.frame_locator("iframe[name*='|']")


def open_app(page: Page, person: Person, *, fits: bool = True) -> FrameLocator:
    """Open the application from the portal's menu and wait for its list.

    With ``fits`` also until the frame has its height, which takes the portal's library.
    """
    page.goto(f"http://{person.portal.host}/app")
    frame = frame_of(page)
    frame.get_by_role("heading", level=1).first.wait_for()
    if fits and frame.locator("[data-fit]").count():  # a page that refuses stays as it is
        at_rest(frame)
    return frame


def at_rest(frame: FrameLocator) -> None:
    """Wait until the page is swapped in and the portal has given the frame the height it asks for.

    Nobody presses a button that is still moving away under the pointer.
    """
    expect(frame.locator(".htmx-added")).to_have_count(0)  # a few milliseconds after the swap
    frame.locator("[data-fit]").evaluate(FITS)


def listed(frame: FrameLocator, title: str) -> Locator:
    """The chat app's row in the list; the form's preview has a button of the same name."""
    return frame.get_by_role("table").get_by_role("button", name=title)
