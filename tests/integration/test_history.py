"""The activity page over HTTP: what happened, and taking it back."""

import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from b24app.records import SYSTEM, Verb
from b24app.store import PortalStore
from sandbox import oauth
from tests.cast import typed

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

ASSETS = Path(__file__).parent.parent / "assets"
SPRITE = base64.b64encode((ASSETS / "sprite.png").read_bytes()).decode()


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


@pytest.fixture
def lines(installed, resources):
    """The history of Anna's portal, newest first."""
    return PortalStore(resources.redis, installed.portal.member_id).history


def told(reply) -> str:
    """The message the page reads out."""
    return json.loads(reply.headers["HX-Trigger"])["message"]["text"]


def undo(person, change, **form):
    return person.post(f"/history/{change.id}/undo", form)


def test_the_page_shows_who_changed_what_newest_first(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512", context="CHAT"))

    page = installed.get("/history").text

    assert page.index("Changed") < page.index("Registered")
    assert "Anna Sokolova" in page
    for label, before, after in (("Width", "400", "512"), ("Where it shows", "All", "Group chats")):
        row = re.search(rf"<tr>\s*<th scope=\"row\">{label}</th>(.*?)</tr>", page, re.S)
        assert row and before in row[1] and after in row[1]


def test_only_the_languages_that_differ_are_shown_side_by_side(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", title=["Board", "Brett"]))

    newest = installed.get("/history").text.partition("</li>")[0]

    assert "German" in newest and "Tafel" in newest and "Brett" in newest
    assert "English" not in newest


def test_no_secret_is_on_the_page(installed):
    installed.post("/chat-apps", typed())

    assert installed.chat_apps()[0].hash not in installed.get("/history").text


def test_an_update_is_taken_back_on_the_portal_with_a_line_of_its_own(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    [change] = lines(1)

    reply = undo(installed, change)

    assert reply.status_code == 200 and "values from before" in told(reply)
    assert installed.chat_apps()[0].iframe_width == 400
    [back] = lines(1)
    assert (back.undoes, back.before["iframe_width"], back.after["iframe_width"]) == (
        *(change.id, 512),
        400,
    )
    assert "Takes back the change of" in reply.text


def test_taking_back_twice_is_taking_back_once(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    [change] = lines(1)
    undo(installed, change)
    sent, written = len(installed.calls("imbot.app.update")), len(lines())

    reply = undo(installed, change)

    assert "already" in told(reply)
    assert (len(installed.calls("imbot.app.update")), len(lines())) == (sent, written)


def test_changes_are_taken_back_one_after_the_other(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    for version, width in ((1, "500"), (2, "600"), (3, "700")):
        installed.post(f"/chat-apps/{app.id}", typed(version=version, iframe_width=width))

    for change in lines(3):
        assert undo(installed, change).status_code == 200

    assert installed.chat_apps()[0].iframe_width == 400


def test_an_undo_can_be_taken_back_too(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    undo(installed, lines(1)[0])

    undo(installed, lines(1)[0])

    assert installed.chat_apps()[0].iframe_width == 512


def test_what_was_changed_in_other_fields_since_stays(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    [change] = lines(1)
    installed.post(
        f"/chat-apps/{app.id}", typed(version="2", iframe_width="512", iframe_height="222")
    )

    undo(installed, change)

    assert (app.iframe_width, app.iframe_height) == (400, 222)


def test_an_undo_that_would_overwrite_a_later_change_shows_both_versions(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    [change] = lines(1)
    installed.post(f"/chat-apps/{app.id}", typed(version="2", iframe_width="640"))

    reply = undo(installed, change)

    assert reply.status_code == 409
    assert "was changed since" in reply.text and "512" in reply.text and "640" in reply.text
    assert installed.chat_apps()[0].iframe_width == 640


def test_a_registration_is_taken_back_by_unregistering(installed, lines):
    installed.post("/chat-apps", typed())
    [change] = lines(1)

    reply = undo(installed, change)

    assert "unregistered" in told(reply)
    assert installed.chat_apps() == []
    assert "already" in told(undo(installed, change))


def test_a_registration_that_was_changed_since_is_not_taken_back(installed, lines):
    installed.post("/chat-apps", typed())
    [change] = lines(1)
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))

    assert undo(installed, change).status_code == 409
    assert installed.chat_apps() == [app]


def test_what_was_unregistered_comes_back_as_it_was_with_its_hash(installed, lines):
    installed.post("/chat-apps", typed(icon=SPRITE, context="LINES", admin_only="1"))
    [old] = installed.chat_apps()
    installed.post(f"/chat-apps/{old.id}/unregistration")
    [change] = lines(1)

    reply = undo(installed, change)

    [new] = installed.chat_apps()
    assert new.id != old.id and str(new.id) in told(reply)
    assert (new.code, new.icon, new.context, new.lang) == (
        *(old.code, old.icon),
        *(old.context, old.lang),
    )
    assert new.hash == old.hash and "hash" not in told(reply)


def test_what_was_unregistered_comes_back_once(installed, lines):
    installed.post("/chat-apps", typed())
    installed.post(f"/chat-apps/{installed.chat_apps()[0].id}/unregistration")
    [change] = lines(1)
    undo(installed, change)

    assert "already" in told(undo(installed, change))
    assert len(installed.chat_apps()) == 1


def test_what_was_taken_off_the_list_comes_back_to_the_portal(installed, lines):
    installed.post("/chat-apps", typed(code="orders"))
    [app] = installed.chat_apps()
    installed.chat_apps().clear()
    installed.post(f"/chat-apps/{app.id}/removal")
    [change] = lines(1)
    assert change.verb == "forget"

    undo(installed, change)

    assert [app.code for app in installed.chat_apps()] == ["orders"]


def test_what_came_back_under_the_same_code_and_differs_is_not_touched(installed, lines):
    installed.post("/chat-apps", typed(code="orders"))
    installed.post(f"/chat-apps/{installed.chat_apps()[0].id}/unregistration")
    [change] = lines(1)
    installed.post("/chat-apps", typed(code="orders", title=["Other", "Tafel"]))

    reply = undo(installed, change)

    assert reply.status_code == 409
    assert "Other" in reply.text and "Board" in reply.text


def test_a_republication_cannot_be_taken_back_and_says_why(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}/republication", {"version": "1"})
    change = next(line for line in lines() if line.verb == "republish")

    reply = undo(installed, change)

    assert reply.status_code == 422 and "gone for good" in reply.text
    assert "gone for good" in installed.get("/history").text


def test_a_renewed_hash_cannot_be_taken_back_and_says_why(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}/hash-renewal")
    kept = app.hash

    reply = undo(installed, lines(1)[0])

    assert reply.status_code == 422 and "not kept anywhere" in reply.text
    assert app.hash == kept


def test_a_first_icon_stays_and_the_rest_is_taken_back(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", icon=SPRITE, iframe_width="512"))

    reply = undo(installed, lines(1)[0])

    assert "picture stays" in told(reply)
    assert app.iframe_width == 400


def test_an_update_of_what_is_gone_is_told_so(installed, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    [change] = lines(1)
    installed.post(f"/chat-apps/{app.id}/unregistration")

    reply = undo(installed, change)

    assert reply.status_code == 404 and "not here any more" in reply.text


def test_a_portal_that_refuses_leaves_history_as_it_was(installed, world, lines):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    installed.post(f"/chat-apps/{app.id}", typed(version="1", iframe_width="512"))
    before = lines()
    world.faults.order("error", "imbot.app.update", code="WRONG_REQUEST")

    assert undo(installed, before[0]).status_code == 502
    assert lines() == before


def bot_with_belongings(person, store):
    """A bot of Anna's with a command and a chat app."""
    person.post("/bots", {"code": "helper", "name": "Helper", "color": "AZURE", "type": "bot"})
    bot = next(bot for bot in store.bots.all() if bot.code == "helper")
    form = {"bot_id": bot.id, "name": "help", "language": "en", "title": "Help", "params": ""}
    person.post("/commands", form)
    person.post("/chat-apps", typed(bot_id=bot.id))
    return bot


@pytest.fixture
def store(installed, resources):
    """What the application keeps of Anna's portal."""
    return PortalStore(resources.redis, installed.portal.member_id)


def test_a_deleted_bot_comes_back_with_all_it_owned(installed, store, lines, work):
    bot = bot_with_belongings(installed, store)
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": "Helper"})
    assert store.bots.all() == store.commands.all() == store.chat_apps.all() == []
    [change] = lines(1)

    reply = undo(installed, change)
    work()

    [again] = store.bots.all()
    assert again.code == "helper" and str(again.id) in told(reply)
    assert "chats with people are gone" in told(reply)
    assert [(one.name, one.bot_id) for one in store.commands.all()] == [("help", again.id)]
    assert [app.bot_id for app in store.chat_apps.all()] == [again.id]
    assert [app.bot_id for app in installed.chat_apps()] == [again.id]


def test_a_command_of_a_deleted_bot_waits_for_its_bot(installed, store, lines):
    bot = bot_with_belongings(installed, store)
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": "Helper"})
    change = next(line for line in lines() if line.thing == "command" and not line.after)

    reply = undo(installed, change)

    assert reply.status_code == 422 and "Its bot is gone" in reply.text


def test_a_bots_registration_is_taken_back_only_with_its_name(installed, store, lines):
    bot = bot_with_belongings(installed, store)
    change = next(line for line in lines() if line.thing_id == str(bot.id))

    assert undo(installed, change).status_code in (409, 422)
    assert store.bots.get(bot.id) == bot
    reply = undo(installed, change, confirmation="Helper")

    assert "unregistered" in told(reply)
    assert store.bots.all() == store.commands.all() == []


def question_of(page: str, change) -> str:
    """What is asked before the change is taken back."""
    button = page.partition(f"/history/{change.id}/undo")[2]
    return re.search(r'data-text="([^"]*)"', button)[1]


def test_before_a_bots_registration_is_taken_back_it_says_what_goes_with_it(
    installed, store, lines
):
    bot = bot_with_belongings(installed, store)
    form = {"bot_id": bot.id, "name": "time", "language": "en", "title": "Time", "params": ""}
    installed.post("/commands", form)
    registered = {line.thing: line for line in reversed(lines()) if line.verb == "register"}

    page = installed.get("/history").text

    asked = question_of(page, registered["bot"])
    assert "It was registered by this change" in asked
    assert "Deleted with it: 2 commands, 1 chat app, and the private chats" in asked
    assert "cannot come back" not in asked
    assert "Deleted with it" not in question_of(page, registered["command"])


def test_a_bot_that_is_gone_takes_nothing_with_it(installed, store, lines):
    bot = bot_with_belongings(installed, store)
    installed.post(f"/bots/{bot.id}/unregistration", {"confirmation": "Helper"})
    [change] = [line for line in lines() if (line.thing, line.verb) == ("bot", "register")]

    assert "Deleted with it" not in question_of(installed.get("/history").text, change)
    assert "already" in told(undo(installed, change, confirmation="Helper"))


def test_changes_of_bots_and_commands_are_taken_back(installed, store, lines):
    bot = bot_with_belongings(installed, store)
    [command] = store.commands.all()
    form = {"version": "1", "name": "Helper", "position": "Desk", "color": "RED", "type": "bot"}
    installed.post(f"/bots/{bot.id}", form)
    form = {"version": "1", "name": "aid", "language": "en", "title": "Aid", "params": "[x]"}
    installed.post(f"/commands/{command.id}", form)
    page = installed.get("/history").text
    assert "Desk" in page and "Azure" in page and "Red" in page and "Aid · [x]" in page

    for change in lines(2):
        assert undo(installed, change).status_code == 200

    assert (store.bots.get(bot.id).position, store.bots.get(bot.id).color) == ("", "AZURE")
    assert store.commands.get(command.id).name == "help"
    assert installed.portal.commands[command.id].command == "help"


def test_an_unregistered_command_comes_back(installed, store, lines):
    bot_with_belongings(installed, store)
    [command] = store.commands.all()
    installed.post(f"/commands/{command.id}/unregistration")
    [change] = lines(1)

    undo(installed, change)

    assert "already" in told(undo(installed, change))
    [again] = store.commands.all()
    assert (again.name, again.translations) == (command.name, command.translations)


def test_what_the_portal_removed_by_itself_is_published_again(installed, store, lines):
    installed.post("/chat-apps", typed())
    [app] = store.chat_apps.all()
    installed.portal.chat_apps.clear()
    gone = replace(app, published=False)
    store.chat_apps.save(gone, seen=app.version, actor=SYSTEM, verb=Verb.UPDATE, before=app)
    [change] = lines(1)
    assert "the application" in installed.get("/history").text

    reply = undo(installed, change)

    [new] = installed.chat_apps()
    assert str(new.id) in told(reply)
    assert [one.published for one in store.chat_apps.all()] == [True]


def test_what_happened_to_the_installation_is_told_and_cannot_be_taken_back(
    installed, store, lines
):
    store.note(
        SYSTEM,
        Verb.UPDATE,
        ("installation", installed.portal.member_id),
        {"state": "installed"},
        {"state": "suspended", "why": "unpaid"},
    )

    page = installed.get("/history").text.partition("</li>")[0]

    assert "suspended: the plan or a payment is missing" in page and "unpaid" not in page
    assert "nothing to take back" in page
    assert undo(installed, lines(1)[0]).status_code == 422


def test_the_page_is_filtered_by_thing_person_and_time(installed, egor, lines, resources):
    installed.post("/chat-apps", typed(code="one", title=["First board", ""]))
    installed.post("/chat-apps", typed(code="two", title=["Second board", ""]))
    first = installed.chat_apps()[0]

    def shown(query):
        page = installed.get(f"/history?{query}").text
        titles = re.findall(r"<h2[^>]*>([^<]+)</h2>", page)
        return [name for name in ("First board", "Second board", "Chat apps") if name in titles]

    assert shown("") == ["First board", "Second board", "Chat apps"]
    assert shown("thing=bot") == ["Chat apps"]
    assert shown(f"thing=chat_app&thing_id={first.id}") == ["First board"]
    assert shown("person=1&days=1") == ["First board", "Second board", "Chat apps"]
    assert shown("person=77") == []


def test_the_page_comes_in_slices(installed):
    installed.post("/chat-apps", typed())
    [app] = installed.chat_apps()
    for version in range(1, 31):
        installed.post(f"/chat-apps/{app.id}", typed(version=version, iframe_width=400 + version))

    first = installed.get("/history?thing=chat_app").text
    below = re.search(r"below=([0-9]+-[0-9]+)", first)
    rest = installed.get(f"/history?thing=chat_app&below={below[1]}").text

    assert first.count('class="change"') == 25
    assert rest.count('class="change"') == 6
    assert "<h1" not in rest and "below=" not in rest


@pytest.mark.parametrize(
    "below", ["x", "1", "0-0", "00-0", "1-1-1", "99999999999999999999-1", "(1-1"]
)
def test_a_place_in_history_that_makes_no_sense_is_nowhere(installed, below):
    assert installed.get(f"/history?below={below}").status_code == 404
    assert installed.post(f"/history/{below}/undo").status_code == 404


def test_the_page_is_filtered_without_a_number_that_is_none(installed):
    assert installed.get("/history?person=x&days=y&thing=z").status_code == 200


def test_an_employee_may_not(installed, egor, world, lines):
    installed.post("/chat-apps", typed())
    grant = oauth.mint(world, egor.portal, egor.user.id)
    egor.session_token = egor.post("/session", {"AUTH_ID": grant.access}).json()["token"]

    assert egor.get("/history").status_code == 403
    assert undo(egor, lines(1)[0]).status_code == 403
    assert len(installed.chat_apps()) == 1


def test_boris_does_not_even_see_it(installed, boris, lines):
    boris.install()
    installed.post("/chat-apps", typed(title=["Secret board", ""]))

    assert "Secret board" not in boris.get("/history").text
    assert undo(boris, lines(1)[0]).status_code == 404
    assert len(installed.chat_apps()) == 1


def test_without_a_session_nothing_is_shown(installed):
    installed.session_token = ""

    assert installed.get("/history").status_code == 401
    assert installed.post("/history/1-1/undo").status_code == 401
