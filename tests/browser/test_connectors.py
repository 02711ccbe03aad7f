"""Connectors in a real browser: from the click to the portal's record, and the contact centre."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from sandbox.connectors import status_of
from tests.browser.conftest import frame_of, listed, sign_in
from tests.browser.test_bots import OVERFLOW, said, section
from tests.browser.test_pages import inner, weaknesses
from tests.cast import typed_connector, typed_joint

DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><path d="M0 0h9v9z"/></svg>'


@pytest.fixture(params=["light", "dark"])
def scheme(request, page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


def test_anna_makes_a_connector_connects_it_and_unregisters_it(page, anna):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Connectors")

    frame.get_by_role("button", name="Create the first connector").click()
    expect(frame.get_by_role("heading", name="New connector")).to_be_visible()
    frame.get_by_role("textbox", name="Name").fill("Mail")
    frame.get_by_role("textbox", name="Id").fill("b24app_mail")
    file = {"name": "mail.svg", "mimeType": "image/svg+xml", "buffer": DRAWING}
    frame.get_by_label("Drawing for the icon").set_input_files(file)
    expect(frame.get_by_text("New icon: it is used after saving.")).to_be_visible()
    frame.get_by_label("Colour", exact=True).fill("#ff5752")
    preview = frame.locator("[data-behaviour=tile]")
    expect(preview.get_by_text("Mail")).to_have_count(2)
    expect(preview.locator("rect").first).to_have_attribute("fill", "#ff5752")
    expect(preview.locator("img").first).to_have_attribute("src", re.compile("M0%200h9v9z"))
    frame.get_by_role("button", name="Create connector").click()
    said(frame, "“Mail” is in the contact centre now. Connect it to an Open Channel.")
    [connector] = anna.portal.connectors.values()
    assert (connector.id, connector.icon["COLOR"]) == ("b24app_mail", "#ff5752")

    frame.get_by_role("button", name="Set up Website").click()
    expect(frame.get_by_role("heading", name="Mail: Website")).to_be_focused()
    frame.get_by_label("Address of the channel").fill("https://mail.example.com/")
    frame.get_by_role("button", name="Connect", exact=True).click()
    said(frame, "Connected and saved.")
    status = status_of(anna.portal, "b24app_mail", 1)
    assert status.is_fine and status.data["url"] == "https://mail.example.com/"

    frame.get_by_role("button", name="Mail", exact=True).click()
    frame.get_by_role("button", name="Unregister").click()
    expect(frame.get_by_role("dialog")).to_contain_text("It comes off 1 Open Channel:")
    frame.get_by_role("dialog").get_by_role("button", name="Unregister").click()
    said(frame, "The connector is unregistered. It came off 1 Open Channel.")
    assert anna.portal.connectors == {}


def test_anna_sets_up_a_line_in_the_contact_centre(page, anna):
    anna.install()
    anna.post("/connectors", typed_connector())
    sign_in(page, anna)
    page.goto(f"http://{anna.portal.host}/contact-center")

    page.get_by_role("link", name="Set up Mail for Sales").click()
    frame = frame_of(page)
    expect(frame.get_by_role("heading", name="Mail: Sales")).to_be_visible()
    assert weaknesses(page) == []
    frame.get_by_role("textbox", name="Name of the channel").fill("Sales by mail")
    frame.get_by_role("button", name="Connect", exact=True).click()
    said(frame, "Connected and saved.")
    status = status_of(anna.portal, "b24app_mail", 2)
    assert status.is_fine and status.data["name"] == "Sales by mail"

    frame.get_by_role("button", name="Disconnect").click()
    frame.get_by_role("dialog").get_by_role("button", name="Disconnect").click()
    said(frame, "It is off this Open Channel.")
    assert not status_of(anna.portal, "b24app_mail", 2).is_active


def test_axe_finds_nothing_on_the_connectors_pages(page, anna, scheme):
    anna.install()
    sign_in(page, anna)
    frame = section(page, anna, "Connectors")
    assert weaknesses(page) == []  # the empty list

    frame.get_by_role("button", name="Create the first connector").click()
    frame.get_by_role("button", name="Create connector").click()
    expect(frame.locator("[aria-invalid=true]").first).to_be_visible()
    assert weaknesses(page) == []

    anna.post("/connectors", typed_connector())
    anna.post("/connectors/b24app_mail/lines/1", typed_joint(1))
    frame = section(page, anna, "Connectors")
    expect(frame.get_by_role("table")).to_be_visible()
    assert weaknesses(page) == []

    listed(frame, "Mail").click()
    expect(frame.get_by_role("button", name="Set up Sales")).to_be_visible()
    assert weaknesses(page) == []

    frame.get_by_role("button", name="Set up Website").click()
    frame.get_by_label("Address of the channel").fill("nowhere")
    frame.get_by_role("button", name="Save", exact=True).click()
    expect(frame.locator("[aria-invalid=true]")).to_be_visible()
    assert weaknesses(page) == []


@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_of_connectors_is_cut_off_at_any_width(page, anna, width):
    anna.install()
    name = "Überaus" * 12
    made = typed_connector(id="b24app_" + "m" * 43, name=name)
    assert anna.post("/connectors", made).status_code == 200
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)

    frame = section(page, anna, "Connectors")
    assert inner(page).evaluate(OVERFLOW) <= 0
    listed(frame, "Überaus").click()
    expect(frame.locator("form[data-behaviour=guard]")).to_be_visible()
    assert inner(page).evaluate(OVERFLOW) <= 0
    frame.get_by_role("button", name="Set up Website").click()
    expect(frame.locator("#joint")).to_be_visible()
    assert inner(page).evaluate(OVERFLOW) <= 0
