"""The cast: Anna and Egor of portal Aurora, Boris of portal Borealis. It never changes.

Each is a person with a browser of their own, at the sandbox portal and, through the frame
request the portal makes, at the application; everything travels over HTTP.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

import requests

from sandbox.world import Bot, ChatApp, Portal, User, World

TIMEOUT = 20


@dataclass
class FrameForm:
    """The form with which a portal's page opens the application."""

    url: str
    fields: dict[str, str]


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: FrameForm | None = None
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and "|" in values.get("target", ""):
            self.found, self._inside = FrameForm(values["action"], {}), True
        elif tag == "input" and self._inside and self.found:
            self.found.fields[values["name"]] = values["value"]

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False


@dataclass
class Person:
    """Somebody at a portal, with what their open page of the application knows."""

    world: World
    portal: Portal
    user: User
    app_url: str
    session_token: str = ""
    browser: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        self.browser.trust_env = False
        self.at_portal("/signin", {"user": str(self.user.id)})

    def at_portal(self, path: str, form: dict[str, str] | None = None) -> requests.Response:
        """Open a page of the portal, or send one of its forms."""
        url = f"http://{self.portal.host}{path}"
        if form is None:
            return self.browser.get(url, timeout=TIMEOUT)
        return self.browser.post(url, data=form, timeout=TIMEOUT)

    def frame_form(self, path: str = "/app") -> FrameForm:
        """What this page of the portal would post into the frame for this person now."""
        reader = _FormReader()
        reader.feed(self.at_portal(path).text)
        assert reader.found, "the portal does not open the application for this person"
        return reader.found

    def send(self, form: FrameForm) -> requests.Response:
        """Post a frame form as the browser would."""
        return requests.post(
            form.url,
            data=form.fields,
            headers={"Origin": f"http://{self.portal.host}"},
            timeout=TIMEOUT,
        )

    def open(self) -> requests.Response:
        """Open the application; keeps the session token of the page that came."""
        reply = self.send(self.frame_form())
        found = re.search(r'name="session-token" content="([^"]+)"', reply.text)
        self.session_token = found[1] if found else ""
        return reply

    def install(self) -> requests.Response:
        """Install, go through the installer page, finish as its script would, and open."""
        self.at_portal("/apps/install", {})
        reply = self.send(self.frame_form())
        if reply.status_code == 200:
            self.at_portal("/frame/finish", {})
            self.open()
        return reply

    def get(self, path: str) -> requests.Response:
        """Ask the application for a part, as the open page does."""
        return requests.get(self.app_url + path, headers=self._headers(), timeout=TIMEOUT)

    def post(
        self,
        path: str,
        form: dict[str, object] | None = None,
        files: dict[str, object] | None = None,
    ) -> requests.Response:
        """Send a form of the open page to the application."""
        return requests.post(
            self.app_url + path,
            data=form or {},
            files=files,
            headers=self._headers(),
            timeout=TIMEOUT,
        )

    def _headers(self) -> dict[str, str]:
        return {"HX-Request": "true", "Authorization": f"Bearer {self.session_token}"}

    def chat_apps(self) -> list[ChatApp]:
        """The chat apps of this person's portal, asked of the portal."""
        return self.portal.chat_apps

    def bots(self) -> list[Bot]:
        """The bots of this person's portal that are the application's, asked of the portal."""
        return [bot for bot in self.portal.bots if bot.client_id == self.world.card.client_id]

    def calls(self, method: str) -> list[dict[str, object]]:
        """The parameters of every call of a method this portal has received."""
        return [call.params for call in self.portal.rest_log if call.method == method.lower()]


def typed(**changes: object) -> dict[str, object]:
    """What a person types into the form of a new chat app; names as in the form."""
    form: dict[str, object] = {
        "version": "0",
        "code": "",
        "kind": "iframe",
        "iframe_url": "https://pages.example.com/board",
        "iframe_width": "400",
        "iframe_height": "300",
        "context": "ALL",
        "icon": "",
        "language": ["en", "de"],
        "title": ["Board", "Tafel"],
        "description": ["", ""],
        "copyright": ["", ""],
    }
    return form | changes


def typed_bot(**changes: object) -> dict[str, object]:
    """What a person types into the form of a new bot; names as in the form."""
    form: dict[str, object] = {
        "version": "0",
        "code": "helper",
        "type": "bot",
        "name": "Helper",
        "last_name": "of Aurora",
        "position": "Knows the way",
        "color": "LIGHT_BLUE",
        "gender": "F",
        "avatar": "",
        "reactions": "1",
        "welcome_language": ["en", "de"],
        "welcome": ["Hello!\r\nAsk me anything.", ""],
    }
    return form | changes


def typed_command(bot_id: int, **changes: object) -> dict[str, object]:
    """What a person types into the form of a new command; names as in the form."""
    form: dict[str, object] = {
        "version": "0",
        "bot_id": str(bot_id),
        "name": "help",
        "language": ["en", "de"],
        "title": ["Shows the way", "Zeigt den Weg"],
        "params": ["[topic]", "[Thema]"],
        "replies_language": ["en"],
        "replies": ["Turn left."],
    }
    return form | changes


def typed_connector(**changes: object) -> dict[str, object]:
    """What a person types into the form of a new connector; names as in the form."""
    form: dict[str, object] = {
        "version": "0",
        "id": "b24app_mail",
        "name": "Mail",
        "svg": "",
        "color": "#2fc6f6",
        "color_off": "#a8adb4",
        "size": "70",
        "delete_incoming": "1",
        "edit_outgoing": "1",
        "system_messages": "1",
    }
    return form | changes


def typed_joint(version: int, **changes: object) -> dict[str, object]:
    """What a person types into the form of a connector's open line; names as in the form."""
    form: dict[str, object] = {
        "version": str(version),
        "name": "Mail of Aurora",
        "url": "https://mail.example.com/",
        "url_im": "",
        "id": "aurora@example.com",
    }
    return form | changes


def typed_widget(key: str = "w" * 22, **changes: object) -> dict[str, object]:
    """What a person types into the form of a new widget; names as in the form."""
    form: dict[str, object] = {
        "version": "0",
        "id": key,
        "app_id": "",
        "code": "",
        "iframe_url": "https://pages.example.com/board",
        "places": ["IM_TEXTAREA", "IM_SIDEBAR"],
        "icon_name": "fa-rocket",
        "color": "ORANGE",
        "contexts": ["ALL"],
        "width": "400",
        "height": "300",
        "language": ["en", "de"],
        "title": ["Board", "Tafel"],
        "description": ["All tasks", ""],
    }
    return form | changes


def told(reply: requests.Response) -> str:
    """The message the page reads out after what was pressed."""
    text: str = json.loads(reply.headers["HX-Trigger"])["message"]["text"]
    return text
