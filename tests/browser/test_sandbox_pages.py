"""The sandbox portal's own messengers and contact centre, in a browser and without the app."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page, expect
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from sandbox import oauth
from sandbox import portal as deeds
from sandbox.world import World
from tests.cast import Person
from tests.conftest import Quiet

# A widget that shows what the portal answers, and asks on a press.
WIDGET = """<!doctype html><html lang="en"><title>Widget</title><h1>Widget</h1>
<pre></pre><button id="write">Write</button><button id="close">Close</button><script>
const [host, , sid] = window.name.split("|"), portal = "http://" + host
const ask = (name) => parent.postMessage(name + ":cb:" + sid, portal)
addEventListener("message", ({ data }) => { document.querySelector("pre").textContent += data })
document.getElementById("close").onclick = () => ask("closeApplication")
document.getElementById("write").onclick = () => parent.postMessage({ requestId: "r", callback: "c",
  method: "im:setImTextareaContent", params: { text: "From the widget" }, appSid: sid }, portal)
ask("getInitData")
</script></html>"""

ICON = {"DATA_IMAGE": "data:image/svg+xml,%3Csvg/%3E", "COLOR": "#69acc0"}
PLACES = ("IM_TEXTAREA", "IM_SIDEBAR", "IM_CONTEXT_MENU", "IM_NAVIGATION")


@pytest.fixture(params=["light", "dark"])
def scheme(request, page: Page) -> str:
    page.emulate_media(color_scheme=request.param, reduced_motion="reduce")
    return request.param


@pytest.fixture
def pages(app_port: int) -> Iterator[str]:
    """The origin where every address answers with the widget."""

    @Request.application
    def answer(_: Request) -> Response:
        return Response(WIDGET, mimetype="text/html")

    server = make_server("127.0.0.1", app_port, answer, threaded=True, request_handler=Quiet)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{app_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def portal(world: World, page: Page, pages: str) -> Iterator[str]:
    """Aurora's origin, with a bot, a command, widgets and a connector; Anna is signed in."""
    home = world.portal("aurora")
    deeds.install(world, home, home.users[1])
    deeds.finish_install(world, home, home.users[1])
    anna = Person(world, home, home.users[1], pages)
    token = oauth.mint(world, home, 1).access

    def call(method: str, **params: object) -> object:
        url = f"http://{home.host}/rest/{method}"
        body = anna.browser.post(url, json={"auth": token, **params}, timeout=10).json()
        assert "error" not in body, body
        return body["result"]

    bot = {"code": "desk", "properties": {"name": "Desk bot"}}
    bot_id = call("imbot.v2.Bot.register", fields=bot)["bot"]["id"]
    for name in ("help", "hello"):
        command = {"command": name, "title": {"en": f"Do {name}"}, "common": True}
        call("imbot.v2.Command.register", botId=bot_id, fields=command)
    for code in PLACES:
        titles = {"en": {"TITLE": f"Board {code[3:].lower()}"}}
        icon = {"iconName": "fa-rocket", "width": 400, "height": 200}
        handler = f"{pages}/{code}"
        call("placement.bind", PLACEMENT=code, HANDLER=handler, LANG_ALL=titles, OPTIONS=icon)
    call("imconnector.register", ID="m", NAME="Mail", ICON=ICON, PLACEMENT_HANDLER=pages)
    page.context.add_cookies([{"name": "sandbox_user", "value": "1", "url": f"http://{home.host}"}])
    yield f"http://{home.host}"
    anna.browser.close()


def widget(page: Page, code: str) -> Frame:
    """The frame of the widget itself, two frames deep, once the portal has answered it."""
    place = page.locator("iframe[src*='/online/widget/']").content_frame
    expect(place.frame_locator("iframe[name*='|']").locator("pre")).to_contain_text(code)
    return next(frame for frame in page.frames if frame.url.split("?")[0].endswith(code))


def test_a_command_is_chosen_by_keyboard_and_sent(page: Page, portal: str, world: World):
    page.goto(f"{portal}/chat?dialog=chat1")
    area = page.get_by_label("Message", exact=True)

    area.press_sequentially("/he")
    expect(page.get_by_text("2 commands")).to_be_attached()
    area.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(area).to_have_value("/hello ")
    expect(area).to_be_focused()
    area.press_sequentially("there")
    area.press("Enter")

    expect(page.locator(".line--own").last).to_contain_text("/hello there")
    assert world.portal("aurora").messages[-1].text == "/hello there"


def test_what_others_write_appears_by_itself(page: Page, portal: str, world: World):
    page.goto(f"{portal}/online?dialog=chat1")
    home = world.portal("aurora")
    egor = Person(world, home, home.users[2], "")

    egor.at_portal("/chat/send", {"dialog": "chat1", "text": "Here I am"})
    egor.browser.close()

    expect(page.get_by_role("log")).to_contain_text("Here I am")


def test_a_widget_of_the_text_area_writes_into_it_and_closes(page: Page, portal: str):
    page.goto(f"{portal}/online?dialog=chat1")
    button = page.get_by_role("button", name="Board textarea")
    button.click()
    found = widget(page, "IM_TEXTAREA")

    found.click("#write")
    expect(page.get_by_label("Message", exact=True)).to_have_value("From the widget")
    expect(page.get_by_role("button", name="Close")).to_be_visible()
    found.click("#close")

    expect(page.locator("#widget-popup")).to_be_hidden()
    expect(button).to_be_focused()


def test_widgets_of_bar_message_and_navigation_open_in_their_places(page: Page, portal: str):
    page.goto(f"{portal}/online?dialog=chat1")

    page.get_by_role("button", name="Board sidebar").click()
    widget(page, "IM_SIDEBAR")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("button", name="Board sidebar")).to_be_focused()

    page.get_by_label("More for the message of Egor").press("Enter")
    page.get_by_role("button", name="Board context_menu").last.press("Enter")
    widget(page, "IM_CONTEXT_MENU")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)

    page.get_by_role("link", name="Board navigation").click()
    widget(page, "IM_NAVIGATION")


@pytest.mark.parametrize("path", ["/chat?dialog=chat1", "/online", "/contact-center", "/apps"])
def test_axe_finds_nothing_on_these_pages(page: Page, portal: str, scheme: str, path: str):
    page.goto(f"{portal}{path}")
    if "chat" in path:
        page.get_by_label("Message", exact=True).press_sequentially("/he")
        expect(page.get_by_text("2 commands")).to_be_attached()
    if path == "/online":
        page.get_by_role("button", name="Board sidebar").click()
        widget(page, "IM_SIDEBAR")

    assert Axe().run(page).response["violations"] == []
