"""The connection page in the portal: what is broken is said, mended, and gone when it is gone."""

import re

import pytest
from playwright.sync_api import expect

from sandbox import oauth, portal
from tests.browser.conftest import frame_of, open_app, sign_in
from tests.browser.test_pages import inner, press_until_focused, scheme, weaknesses

__all__ = ["scheme"]  # a fixture

WORKS = "Everything works."
BROKEN = "Something does not work."


@pytest.fixture
def settle(world, work):
    """Let every event arrive and be done."""

    def settling() -> None:
        assert world.drain()
        work()

    return settling


def lose_access(person, world) -> None:
    """What happens when the portal's grants are withdrawn."""
    oauth.expire_access_tokens(world, person.portal)
    oauth.kill_refresh_tokens(world, person.portal)


def examined(page, person, text: str = WORKS):
    """The frame with the connection page, once the report says this."""
    frame = open_app(page, person)
    frame.get_by_role("button", name="Connection").click()
    expect(frame.get_by_role("heading", name="Connection", exact=True)).to_be_focused()
    expect(frame.get_by_role("status").get_by_text(text)).to_be_visible()
    return frame


def install_row(person):
    return person.portal.installs[person.world.card.client_id]


def interrupt_the_installation(page, person):
    """The portal's library does not come, so the installer cannot tell the portal; the frame."""
    page.route(re.compile("b24jssdk"), lambda route: route.abort())
    person.at_portal("/apps/install", {})
    page.goto(f"http://{person.portal.host}/app")
    return frame_of(page)


def finish_by_the_report(page, person, frame) -> None:
    frame.get_by_role("button", name="Check the connection").click()
    line = frame.locator("#line-installation")
    expect(line.get_by_text("Needs mending")).to_be_visible()
    assert not install_row(person).installed

    page.unroute(re.compile("b24jssdk"))
    line.get_by_role("button", name="Finish the installation").click()

    expect(frame.get_by_role("heading", name="Put your first button into the chat")).to_be_visible()
    assert install_row(person).installed


def see_that_access_is_lost(frame) -> None:
    frame.get_by_role("button", name="Check again", exact=True).click()
    expect(frame.get_by_role("status").get_by_text(BROKEN)).to_be_visible()
    expect(frame.locator("#line-access").get_by_text("Needs mending")).to_be_visible()
    expect(frame.get_by_role("button", name="Connection needs mending")).to_be_visible()


def uninstall_in_the_portal(page, person) -> None:
    page.goto(f"http://{person.portal.host}/apps")
    page.get_by_role("button", name="Uninstall").first.click()
    page.get_by_role("checkbox", name="Delete settings and data too").check()
    page.get_by_role("dialog").get_by_role("button", name="Uninstall").click()
    expect(page.get_by_text("is uninstalled.")).to_be_visible()


def stored_of(person, resources) -> list[str]:
    left = resources.redis.keys(f"*{person.portal.member_id}*")
    return [key for key in left if not key.startswith("rq:")]


def test_from_an_interrupted_installation_to_one_after_the_uninstall(
    page, anna, world, resources, settle
):
    """The whole life of an installation, as the administrator sees it in the portal."""
    sign_in(page, anna)
    finish_by_the_report(page, anna, interrupt_the_installation(page, anna))
    settle()

    frame = examined(page, anna)
    lose_access(anna, world)
    see_that_access_is_lost(frame)
    expect(open_app(page, anna).get_by_text("works again")).to_be_visible()
    examined(page, anna)

    uninstall_in_the_portal(page, anna)
    settle()
    assert stored_of(anna, resources) == []

    page.get_by_role("button", name="Install").click()
    expect(frame_of(page).get_by_role("heading", name="Put your first button")).to_be_visible()
    settle()
    examined(page, anna)


def test_withdrawn_access_is_told_and_reconnecting_heals_it(page, anna, world, settle):
    anna.install()
    settle()
    sign_in(page, anna)
    frame = examined(page, anna)
    lose_access(anna, world)

    see_that_access_is_lost(frame)
    frame.get_by_role("button", name="Reconnect: Access to the portal").click()

    expect(frame.get_by_text("works again")).to_be_visible()
    examined(page, anna)


def test_what_is_missing_is_mended_by_keyboard_alone(page, anna, settle):
    anna.install()
    settle()
    anna.portal.bindings = anna.portal.bindings[:1]
    sign_in(page, anna)
    frame = examined(page, anna, BROKEN)

    press_until_focused(page, "Subscribe again")
    page.keyboard.press("Enter")

    expect(frame.get_by_text("The portal sends its events here.")).to_be_visible()
    expect(frame.get_by_role("status").get_by_text(WORKS)).to_be_visible()


def test_the_focus_stays_where_it_was_when_the_report_comes_anew(page, anna, world, settle):
    anna.install()
    settle()
    portal.finish_install(world, anna.portal, anna.user, finished=False)
    sign_in(page, anna)
    portal.finish_install(world, anna.portal, anna.user)
    world.faults.order("html", "batch")
    frame = examined(page, anna, BROKEN)

    frame.get_by_role("button", name="Check again: Answers of the portal").press("Enter")

    expect(frame.get_by_role("status").get_by_text(WORKS)).to_be_visible()
    assert inner(page).evaluate("() => document.activeElement.id") == "report"


def test_a_portal_that_does_not_react_is_told_how_to_go_on(page, anna, world, settle):
    anna.install()
    settle()
    sign_in(page, anna)
    lose_access(anna, world)
    page.route(re.compile("b24jssdk"), lambda route: route.abort())
    frame = open_app(page, anna, fits=False)
    lose_access(anna, world)
    frame.get_by_role("button", name="Connection").click()

    frame.get_by_role("button", name="Reconnect: Access to the portal").click()

    told = frame.locator("#unheard-access")
    expect(told).to_be_visible()
    expect(told).to_be_focused()


def test_axe_finds_nothing_on_a_report_in_order(page, anna, settle, scheme):
    anna.install()
    settle()
    sign_in(page, anna)
    examined(page, anna)

    assert weaknesses(page) == []


def test_axe_finds_nothing_on_a_report_with_faults_and_its_notice(
    page, anna, world, settle, scheme
):
    anna.install()
    settle()
    install_row(anna).scope = ["im"]
    sign_in(page, anna)
    frame = open_app(page, anna)
    expect(frame.get_by_text("The connection to your portal needs mending")).to_be_visible()
    assert weaknesses(page) == []

    lose_access(anna, world)
    frame.get_by_role("button", name="See what mends it").click()
    expect(frame.get_by_role("status").get_by_text(BROKEN)).to_be_visible()
    frame.get_by_text("The last events").click()
    assert weaknesses(page) == []


@pytest.mark.parametrize("width", [320, 768, 1920])
def test_nothing_of_the_report_is_cut_off_at_any_width(page, anna, world, settle, width):
    anna.install()
    settle()
    install_row(anna).scope = ["im"]
    lose_access(anna, world)
    anna.open()
    lose_access(anna, world)
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = open_app(page, anna)
    lose_access(anna, world)
    frame.get_by_role("button", name="See what mends it").click()
    expect(frame.get_by_role("status").get_by_text(BROKEN)).to_be_visible()
    frame.get_by_text("The last events").click()

    overflow = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert inner(page).evaluate(overflow) <= 0
