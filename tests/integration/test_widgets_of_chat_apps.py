"""A chat app in the new messenger: what carries over, and when the classic one goes."""

import re

import pytest

from tests.cast import told, typed, typed_widget
from tests.integration.widget_pages import changing, places, undo

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@pytest.fixture
def app_id(installed, app) -> int:
    """A chat app that opens a page."""
    form = typed(context="BOT", iframe_popup="1", copyright=["Aurora", ""], livechat="1")
    assert installed.post("/chat-apps", form).status_code == 200
    return installed.chat_apps()[0].id


def moving(person, app_id: int, **changes) -> dict[str, object]:
    """The form that publishes a chat app, as the page brings it."""
    page = person.get(f"/widgets/chat-app/{app_id}").text
    key = re.search(r'name="id" value="([^"]+)"', page)[1]
    return typed_widget(key, app_id=str(app_id)) | changes


def test_the_page_shows_what_carries_over_and_what_does_not(installed, app_id):
    page = installed.get(f"/widgets/chat-app/{app_id}").text

    cells = re.findall(
        r"<th[^>]* scope=\"row\">\s*(.*?)\s*</th>\s*<td.*?</svg>(.*?)</span>", page, re.S
    )
    fates = {name: fate.strip() for name, fate in cells}
    assert fates == {
        "Page": "Carries over",
        "Code and numbers": "Carries over",
        "Hash and signatures": "Carries over",
        "Titles and descriptions": "Carries over",
        "Where it shows": "Is different",
        "Messages to the chat": "Is different",
        "Size": "Is different",
        "Referer": "Is different",
        "Icon": "Gets lost",
        "Stays open between chats": "Gets lost",
        "In the live chat": "Gets lost",
        "Copyright": "Gets lost",
    }
    assert installed.app_url in page
    assert 'value="https://pages.example.com/board"' in page and 'value="Tafel"' in page
    assert re.search(r'value="USER" checked', page)
    assert changing(installed) == []


def test_a_chat_app_is_published_with_its_code_numbers_and_hash(installed, app_id, store):
    app = store.chat_apps.get(app_id)
    forged = {"hash": "f" * 32, "bot_id": "7", "bot_code": "x", "code": "other"}

    reply = installed.post("/widgets", moving(installed, app_id, **forged))

    assert "It is in both messengers" in reply.text
    [widget] = store.widgets.all()
    assert (widget.code, widget.app_id, widget.bot_id) == (app.code, app.id, app.bot_id)
    assert widget.hash == app.hash
    assert widget.bot_code == store.bots.get(app.bot_id).code
    assert len(installed.chat_apps()) == 1
    again = installed.get(f"/widgets/chat-app/{app_id}").text
    assert f"/widgets/{widget.id}/edit" in again
    form = typed_widget("z" * 22, app_id=str(app_id))
    assert "published already" in installed.post("/widgets", form).text


def test_one_that_runs_a_command_has_no_equivalent(installed):
    form = typed(kind="command", js_method="PUT", js_param="/help")
    installed.post("/chat-apps", form)
    app_id = installed.chat_apps()[0].id

    page = installed.get(f"/widgets/chat-app/{app_id}").text
    reply = installed.post("/widgets", typed_widget(app_id=str(app_id)))

    assert "has no equivalent" in page and "/commands/new" in page
    assert reply.status_code == 422
    assert installed.portal.placements == []


def test_the_classic_one_goes_only_when_the_widget_stands(installed, app_id, store):
    form = moving(installed, app_id)
    installed.post("/widgets", form)
    url = f"/widgets/{form['id']}/classic-removal"
    lost = installed.portal.placements.pop()

    reply = installed.post(url)
    assert reply.status_code == 422 and "does not stand at each of its places" in reply.text
    assert len(installed.chat_apps()) == 1

    installed.portal.placements.append(lost)
    assert told(installed.post(url)) == "Moved. It is in the new messenger only."
    assert installed.chat_apps() == [] and store.chat_apps.all() == []
    assert len(places(installed, form["id"])) == 2
    assert installed.post(url).status_code == 404


def test_one_made_of_a_chat_app_comes_back_with_the_hash_of_that(installed, app_id, store):
    form = moving(installed, app_id)
    installed.post("/widgets", form)
    was = store.widgets.get(form["id"])
    installed.post(f"/widgets/{form['id']}/unregistration")

    reply = undo(installed, store)

    assert told(reply) == "It is back."
    now = store.widgets.get(form["id"])
    assert (now.hash, now.app_id, now.bot_code) == (was.hash, was.app_id, was.bot_code)
