"""Who looks at which portal: the floor under the pages a person uses."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from flask import abort, current_app, g, redirect, render_template, request, url_for

from sandbox.records import ChatApp, Install, Portal, User
from sandbox.world import World

COOKIE = "sandbox_user"

# The languages of a portal, by its own codes, each called as it calls itself, and the HTML tags of
# those whose code is no tag.
LANGUAGES = {
    "en": "English",
    "de": "Deutsch",
    "es": "Español",
    "la": "Español (Latinoamérica)",
    "fr": "Français",
    "it": "Italiano",
    "pl": "Polski",
    "br": "Português (Brasil)",
    "tr": "Türkçe",
    "vn": "Tiếng Việt",
    "id": "Bahasa Indonesia",
    "ms": "Bahasa Melayu",
    "ru": "Русский",
    "ua": "Українська",
    "kz": "Қазақша",
    "ar": "العربية",
    "th": "ภาษาไทย",
    "ja": "日本語",
    "sc": "简体中文",
    "tc": "繁體中文",
}
TAGS = {
    "la": "es-419",
    "br": "pt-BR",
    "vn": "vi",
    "ua": "uk",
    "kz": "kk",
    "sc": "zh-Hans",
    "tc": "zh-Hant",
}

# The glyphs there are, called as widgets call their icons.
_GLYPHS = Path(__file__).parent / "static" / "img" / "glyphs.svg"
GLYPHS = frozenset(re.findall(r'id="(fa-[a-z-]+)"', _GLYPHS.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Visit:
    """One person at one portal."""

    world: World
    portal: Portal
    user: User

    @property
    def install(self) -> Install | None:
        """The application's row on this portal while it is active, else None."""
        install = self.portal.installs.get(self.world.card.client_id)
        return install if install is not None and install.active else None

    @property
    def state(self) -> str:
        """How far the application is here: "absent", "unfinished" or "ready"."""
        if self.install is None:
            return "absent"
        return "ready" if self.install.installed else "unfinished"

    @property
    def sees_app(self) -> bool:
        """Whether the left menu shows the application."""
        return self.state == "ready" or (self.state == "unfinished" and self.user.is_admin)


def world_here() -> World:
    """The world this process serves."""
    world = current_app.extensions["world"]
    assert isinstance(world, World)
    return world


def portal_here() -> Portal:
    """The portal at the request's address; 404 at the authorization server."""
    if not isinstance(g.portal, Portal):
        abort(404)
    return g.portal


def person_here() -> User | None:
    """The signed-in user of this portal, or None."""
    return user_numbered(request.cookies.get(COOKIE, ""))


def user_numbered(text: str) -> User | None:
    """The active user of this portal with this number, or None."""
    users = portal_here().users.values()
    return next((user for user in users if user.is_active and str(user.id) == text), None)


def visit() -> Visit:
    """Who is here; a stranger is sent to the sign-in page and comes back afterwards."""
    portal, user = portal_here(), person_here()
    if user is None:
        abort(redirect("/?" + urlencode({"next": this_address()})))
    return Visit(world_here(), portal, user)


def admin_visit() -> Visit:
    """As `visit`, for administrators only; 403 for others."""
    here = visit()
    if not here.user.is_admin:
        abort(403)
    return here


def this_address() -> str:
    """Path and query of the request, or the home page for what cannot be asked for again."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/desktop"


def local_path(text: str) -> str:
    """`text` when it is a path of this portal, else the home page."""
    is_plain = text.isprintable() and not {"\\", " "} & set(text)
    is_local = text.startswith("/") and not text.startswith("//")
    return text if is_plain and is_local else "/desktop"


def translation(app: ChatApp, language: str, fallback: str) -> dict[str, str]:
    """The LANG row to show: the viewer's language, the portal's, or the first there is."""
    rows = {row["LANGUAGE_ID"]: row for row in reversed(app.lang)}
    first = app.lang[0] if app.lang else {}
    return rows.get(language) or rows.get(fallback) or first


def page(template: str, here: Visit, **context: object) -> str:
    """Render a page with the portal's top bar and left menu around it."""
    return render_template(
        template,
        portal=here.portal,
        viewer=here.user,
        card=here.world.card,
        languages=LANGUAGES,
        tags=TAGS,
        glyphs=GLYPHS,
        menu=_menu(here),
        here=this_address(),
        **context,
    )


def _menu(here: Visit) -> list[dict[str, object]]:
    items = [
        ("Chat", "chat", url_for("sandbox.chat.messenger")),
        ("Messenger", "online", url_for("sandbox.online.messenger")),
        ("Contact centre", "lines", url_for("sandbox.contact_center.center")),
        ("Applications", "apps", url_for("sandbox.pages.apps")),
        ("Event log", "log", url_for("sandbox.pages.events")),
    ]
    if here.sees_app:
        items.insert(2, (here.world.card.title, "app", url_for("sandbox.application")))
    return [
        {"title": title, "icon": icon, "url": url, "is_current": request.path == url}
        for title, icon, url in items
    ]
