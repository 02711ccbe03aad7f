"""A picture that is picked by name becomes the icon of a chat app."""

import base64
import io
import re

import pytest
from PIL import Image

from b24app.actions.icons import glyph_sprite
from b24app.store import PortalStore
from tests.cast import typed

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


def sprite_in(reply) -> str:
    """The icon the answered form part would send back."""
    return re.search(r'name="icon" value="([^"]*)"', reply.text)[1]


def test_the_pictures_come_with_their_names_when_they_are_asked_for(installed):
    form = installed.get("/chat-apps/new").text
    pictures = installed.get("/chat-apps/glyphs").text

    assert "fa-rocket" not in form
    assert "font-awesome" not in form
    assert 'value="fa-rocket"' in pictures
    assert "font-awesome" in pictures


def test_a_picked_picture_reaches_the_portal_as_it_was_previewed(installed):
    preview = installed.post("/chat-apps/icon", {"glyph": "fa-rocket"})
    icon = sprite_in(preview)

    installed.post("/chat-apps", typed(icon=icon))

    assert preview.status_code == 200
    assert f"data:image/png;base64,{icon}" in preview.text
    assert base64.b64decode(icon) == glyph_sprite("fa-rocket")
    assert installed.chat_apps()[0].icon == icon
    assert Image.open(io.BytesIO(base64.b64decode(icon))).size == (108, 66)


def test_a_picked_picture_replaces_the_icon_of_a_chat_app(installed, resources):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    icon = sprite_in(installed.post("/chat-apps/icon", {"glyph": "fa-heart"}))

    reply = installed.post(f"/chat-apps/{app.id}", typed(version="1", icon=icon))

    store = PortalStore(resources.redis, installed.portal.member_id)
    assert reply.status_code == 200
    assert store.chat_apps.get(app.id).icon == glyph_sprite("fa-heart")


@pytest.mark.parametrize(
    "name", ["fa-unheard-of", "rocket", "FA-ROCKET", "../fonts", "fa", "\x00", "é" * 3000]
)
def test_a_name_without_a_picture_is_refused_with_a_sentence_and_nothing_is_stored(
    installed, resources, name
):
    installed.post("/chat-apps", typed())

    reply = installed.post("/chat-apps/icon", {"glyph": name})

    assert reply.status_code == 422
    assert "There is no picture of this name." in reply.text
    assert sprite_in(reply) == ""
    [kept] = PortalStore(resources.redis, installed.portal.member_id).chat_apps.all()
    assert (kept.icon, kept.version) == (b"", 1)
    assert installed.chat_apps()[0].icon == ""


def test_an_employee_can_neither_see_nor_pick_pictures(installed, egor):
    egor.open()

    assert egor.get("/chat-apps/glyphs").status_code in (401, 403)
    assert egor.post("/chat-apps/icon", {"glyph": "fa-rocket"}).status_code in (401, 403)
