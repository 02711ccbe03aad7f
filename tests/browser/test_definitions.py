"""Export and import in a real browser: from one portal's chat into another's."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import sign_in
from tests.browser.test_bots import OVERFLOW, said, section
from tests.browser.test_pages import inner, press_until_focused, weaknesses
from tests.cast import Person
from tests.integration.definitions import export, furnish

# What can be seen of the buttons above the text area: not the portal's numbers and signatures.
BUTTONS = """() => [...document.querySelectorAll("[data-chat-app]")].map((button) => [
    button.ariaLabel, button.textContent.trim(), button.querySelector("img")?.src ?? "",
    button.dataset.method, button.dataset.param ?? "", button.dataset.width ?? "",
    button.dataset.height ?? "", (button.dataset.src ?? "").split("?")[0],
])"""


def chat_buttons(page: Page, person: Person) -> list[list[str]]:
    """What the person sees above the text area of their chats: each chat with its own."""
    found = []
    page.goto(f"http://{person.portal.host}/chat")
    places = page.locator(".talks a").evaluate_all("links => links.map((link) => link.href)")
    for place in places:
        page.goto(place)
        found += page.evaluate(BUTTONS)
    return sorted(found)


def test_what_aurora_has_is_exported_and_looks_the_same_in_borealis(
    page, anna, boris, work, tmp_path
):
    anna.install()
    furnish(anna)
    boris.user.language = anna.user.language
    boris.install()
    sign_in(page, anna)
    frame = section(page, anna, "Export and import")
    expect(frame.get_by_text("Chat app: 3")).to_be_visible()
    with page.expect_download() as saved:
        frame.get_by_role("button", name="Save as a file").click()
    said(frame, "The file is in your downloads.")
    file = tmp_path / saved.value.suggested_filename
    saved.value.save_as(file)
    assert file.name.startswith("b24app-127.0.0.") and file.suffix == ".json"
    here = chat_buttons(page, anna)
    assert len({button[0] for button in here}) == 2 and any(button[2] for button in here)

    page.context.clear_cookies()
    sign_in(page, boris)
    assert chat_buttons(page, boris) == []
    frame = section(page, boris, "Export and import")
    frame.get_by_label("File of definitions").set_input_files(file)
    expect(frame.get_by_role("heading", name="What the import would do")).to_be_focused()
    expect(frame.get_by_role("heading", name="To be created: 8")).to_be_visible()
    frame.get_by_role("button", name="Import", exact=True).click()
    frame.get_by_role("dialog").get_by_role("button", name="Import").click()
    expect(frame.get_by_role("progressbar", name="0 of 8")).to_be_visible()
    work()
    expect(frame.get_by_role("progressbar", name="Finished: 8 of 8")).to_be_visible()

    there = chat_buttons(page, boris)
    assert len(there) >= 2 and {tuple(one) for one in there} == {tuple(one) for one in here}
    calls = len(boris.portal.rest_log)
    frame = section(page, boris, "Export and import")
    frame.get_by_label("File of definitions").set_input_files(file)
    expect(frame.get_by_role("heading", name="There is nothing to import")).to_be_visible()
    expect(frame.get_by_role("heading", name="The same already: 8")).to_be_visible()
    changing = [call.method for call in boris.portal.rest_log[calls:] if call.method != "profile"]
    assert changing == []


def test_a_wrong_file_is_told_where_it_was_chosen_and_a_right_one_comes_in_by_keyboard(
    page, anna, work
):
    anna.install()
    furnish(anna)
    document = json.loads(export(anna))
    document["chat_apps"][0]["code"] = "fourth"
    sign_in(page, anna)
    frame = section(page, anna, "Export and import")
    field = frame.get_by_label("File of definitions")
    page.locator("#app-frame").focus()
    press_until_focused(page, "File of definitions")
    field.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": b"{}"})
    expect(field).to_have_accessible_description(
        "The file was not taken, and nothing was kept of it. "
        "This is not a file of definitions: it was not exported here."
    )

    data = json.dumps(document).encode()
    field.set_input_files({"name": "x.json", "mimeType": "application/json", "buffer": data})
    expect(frame.get_by_role("heading", name="What the import would do")).to_be_focused()
    press_until_focused(page, "Import")
    page.keyboard.press("Enter")
    press_until_focused(page, "Import")
    page.keyboard.press("Enter")
    expect(frame.get_by_role("heading", name="Importing")).to_be_focused()
    work()

    expect(frame.get_by_role("progressbar", name="Finished: 1 of 1")).to_be_visible()
    assert "fourth" in {app.code for app in anna.chat_apps()}


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_everybody_can_export_and_import(page, anna, boris, work, scheme, width):
    anna.install()
    furnish(anna)
    document = json.loads(export(anna))
    document["chat_apps"][0] |= {"iframe_width": 700, "icon": ""}
    document["chat_apps"][1] |= {"kind": "command", "js_param": "/x"}
    document["commands"][0]["name"] = "another"
    anna.portal.chat_apps.clear()
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 900})
    sign_in(page, anna)
    frame = section(page, anna, "Export and import")
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0

    broken = {"name": "x.json", "mimeType": "application/json", "buffer": b"[]"}
    frame.get_by_label("File of definitions").set_input_files(broken)
    expect(frame.get_by_text("The file was not taken")).to_be_visible()
    assert weaknesses(page) == []

    data = json.dumps(document).encode()
    file = {"name": "x.json", "mimeType": "application/json", "buffer": data}
    frame.get_by_label("File of definitions").set_input_files(file)
    expect(frame.get_by_role("heading", name="To be changed: 1")).to_be_visible()
    for summary in frame.locator("summary").all():
        summary.click()
    expect(frame.locator("details [hx-get]")).to_have_count(0)
    assert weaknesses(page) == []
    assert inner(page).evaluate(OVERFLOW) <= 0
    frame.get_by_role("button", name="Import", exact=True).click()
    expect(frame.get_by_role("dialog")).to_be_visible()
    assert weaknesses(page) == []
