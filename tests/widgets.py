"""A chat app's page as a widget: in our store and bound at the portal."""

from __future__ import annotations

import requests

from b24app.records import Actor, ChatApp, Place, Translation, Verb, Widget
from b24app.resources import Resources
from b24app.store import PortalStore
from sandbox import oauth
from sandbox.records_channels import Placement
from tests.cast import Person

ANNA = Actor(1, "Anna", True)
KEY = "kZ3xq7Jw0mT5r9Lc"


def keep_widget(
    resources: Resources, person: Person, app: ChatApp | None = None, **changes: object
) -> Widget:
    """A widget in the store, of the page of ``app`` where one is given."""
    fields: dict[str, object] = {
        "id": KEY,
        "code": "board",
        "iframe_url": "https://pages.example.com/board",
        "places": tuple(Place),
        "translations": (Translation("en", "Board"), Translation("de", "Tafel")),
        "icon_name": "fa-rocket",
        "hash": "5f0c1e9a77b24d38a6c2e4f1908d7b3c",
    }
    if app:
        fields |= {"code": app.code, "iframe_url": app.iframe_url, "hash": app.hash}
        fields |= {"app_id": app.id, "bot_id": app.bot_id}
        fields["bot_code"] = person.bots()[0].code
    store = PortalStore(resources.redis, person.portal.member_id)
    widget = Widget(**fields | changes)  # type: ignore[arg-type]
    return store.widgets.save(widget, seen=0, actor=ANNA, verb=Verb.REGISTER, before=None)


def bind(person: Person, widget: Widget, place: Place = Place.TEXTAREA) -> Placement:
    """Bind it at one place of the person's portal; what the portal keeps of it."""
    titles = {row.language: {"TITLE": row.title} for row in widget.translations}
    icon = {} if place is Place.CONTEXT_MENU else {"iconName": widget.icon_name}
    body = {
        "auth": oauth.mint(person.world, person.portal, person.user.id).access,
        "PLACEMENT": place.value,
        "HANDLER": f"{person.app_url}/widgets/{widget.id}",
        "LANG_ALL": titles,
        "OPTIONS": icon | {"width": 400, "height": 320},
    }
    url = f"http://{person.portal.host}/rest/placement.bind"
    assert requests.post(url, json=body, timeout=20).json()["result"] is True
    return person.portal.placements[-1]
