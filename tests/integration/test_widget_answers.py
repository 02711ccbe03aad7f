"""What a portal may answer to a change of a widget, and that it arrives at all places or none."""

import re

import pytest

from tests.cast import told, typed_widget
from tests.integration.widget_pages import KEY, URL, changed, changing, lines, places, standing

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def refuse(world, method="placement.bind", code="INTERNAL_SERVER_ERROR", **order):
    world.faults.order("error", method, code=code, text="in words", **order)


def test_a_change_that_fails_half_way_is_put_back(installed, board, world, store):
    """The new place is bound, the second is taken away, and binding that again is refused."""
    before = standing(installed)
    form = changed(places=["IM_TEXTAREA", "IM_SIDEBAR", "IM_NAVIGATION"], title=["Desk", ""])
    form |= {"description": ["", ""]}
    unbound = []
    for number in range(3):  # whichever of the three bindings fails
        refuse(world, after=number)
        reply = installed.post(f"{URL}/edit", form)

        assert reply.status_code == 502, number
        assert "The portal has a problem of its own" in reply.text
        assert standing(installed) == before, number
        unbound.append(changing(installed).count("placement.unbind"))
    assert store.widgets.get(KEY).version == 1
    assert [line.verb for line in lines(store)] == ["register"]
    assert unbound == sorted(set(unbound))


def test_what_cannot_be_put_back_is_told_and_the_record_knows_it(installed, board, world, store):
    """The navigation is bound and the text area unbound; from there on the portal refuses all."""
    for method in ("placement.bind", "placement.unbind"):
        refuse(world, method, after=1, times=99)
    form = changed(places=["IM_TEXTAREA", "IM_SIDEBAR", "IM_NAVIGATION"], title=["Desk", "Tafel"])

    reply = installed.post(f"{URL}/edit", form)

    assert reply.status_code == 409
    assert "Only a part of the change arrived" in reply.text
    assert "As on this page: Navigation" in reply.text
    assert "As before: Sidebar of the chat" in reply.text
    assert "Missing: Text area" in reply.text
    assert set(places(installed)) == {"IM_SIDEBAR", "IM_NAVIGATION"}
    assert {"IM_SIDEBAR", "IM_NAVIGATION"} <= set(store.widgets.get(KEY).places)
    page = installed.get("/widgets").text
    assert "Not there" in page and "Not as saved" in page

    world.faults.clear()
    version = re.search(r'name="version" value="(\d+)"', reply.text)[1]
    assert installed.post(f"{URL}/edit", form | {"version": version}).status_code == 200
    assert {title for title, _ in standing(installed).values()} == {"Desk"}
    assert set(places(installed)) == set(form["places"])


def test_a_new_widget_refused_half_way_leaves_nothing(installed, world, store):
    refuse(world, after=1)

    reply = installed.post("/widgets", typed_widget())

    assert reply.status_code == 502
    assert installed.portal.placements == [] and store.widgets.all() == []


def test_a_lost_answer_is_looked_after(installed, world, store):
    world.faults.order("lost", "batch")

    reply = installed.post("/widgets", typed_widget())

    assert "is in the new messenger now" in told(reply)
    assert len(installed.portal.placements) == 2 and len(lines(store)) == 1

    world.faults.order("lost", "batch")
    reply = installed.post(f"{URL}/edit", changed(title=["Desk", "Tafel"], places=["IM_SIDEBAR"]))
    assert told(reply).startswith("Saved.")
    assert standing(installed) == {"IM_SIDEBAR": ("Desk", "ORANGE")}


def test_nothing_the_portal_may_have_is_unknown_when_nobody_can_look(installed, world, store):
    """Every answer is lost from the first batch on: what was sent is on the list."""
    world.faults.order("lost", "batch", times=9)
    world.faults.order("drop", "placement.get", after=1, times=9)

    reply = installed.post("/widgets", typed_widget())

    assert reply.status_code == 502 and "does not answer" in reply.text
    assert len(installed.portal.placements) == 2
    assert [one.published for one in store.widgets.all()] == [False]

    world.faults.clear()
    reply = installed.post("/widgets", typed_widget(color="PINK"))
    assert "is in the new messenger now" in told(reply)
    assert [one.published for one in store.widgets.all()] == [True]
    assert set(standing(installed).values()) == {("Board", "PINK")}


def test_one_that_is_bound_already_is_done_after_a_look(installed, board, resources):
    """The record was lost, the portal still has it: publishing it again is no error."""
    resources.redis.delete(f"b24app:{{{installed.portal.member_id}}}:widgets")

    assert installed.post("/widgets", typed_widget()).status_code == 200
    assert len(installed.portal.placements) == 2


NO = "Your portal did not accept the change, so nothing was saved."
PLACE = "The portal does not know this place"
ADDRESS = "does not accept this application&#39;s own address"
DENIED = "Only an administrator may, and a permission may be missing"
TROUBLE = "The portal has a problem of its own"
# The portal's code and status, ours, and what is read.
# b24restdocs: widgets/placement-bind.md; bitrix-modules: rest/lib/api/placement.php
TABLE = [
    ("WRONG_AUTH_TYPE", 403, 502, DENIED),
    ("ACCESS_DENIED", 403, 502, DENIED),
    ("INSUFFICIENT_SCOPE", 401, 502, DENIED),
    ("ERROR_ARGUMENT", 400, 502, NO),
    ("ERROR_UNSUPPORTED_PROTOCOL", 400, 502, ADDRESS),
    ("ERROR_WRONG_HANDLER_URL", 400, 502, ADDRESS),
    ("ERROR_PLACEMENT_NOT_FOUND", 400, 502, PLACE),
    ("ERROR_PLACEMENT_USER_MODE", 400, 502, "does not offer widgets for individual users"),
    ("ERROR_PLACEMENT_USER_MODE", 200, 502, "does not offer widgets for individual users"),
    ("ERROR_PLACEMENT_MAX_COUNT", 400, 502, "The place is full"),
    ("ERROR_PLACEMENT_MAX_COUNT", 200, 502, "The place is full"),
    ("EMPTY_ERROR_ICON_NAME", 200, 422, "Icon: Please fill this in"),
    ("INVALID_ERROR_ICON_NAME", 200, 422, "Icon: The portal does not accept this icon"),
    ("INVALID_ERROR_CONTEXT", 200, 422, "Where it shows: The portal does not know one of these"),
    ("INVALID_ERROR_ROLE", 200, 422, "Administrators only: The portal does not offer this"),
    ("INVALID_ERROR_EXTRANET", 200, 422, "For external users: The portal does not offer this"),
    ("INVALID_ERROR_COLOR", 200, 422, "Colour: The portal does not know this colour"),
    ("INVALID_ERROR_WIDTH", 200, 422, "Width: The portal does not accept this size"),
    ("INVALID_ERROR_HEIGHT", 200, 422, "Height: The portal does not accept this size"),
    ("ERROR_CORE", 400, 502, NO),
    ("OPERATION_TIME_LIMIT", 429, 503, "The portal has paused this function"),
    ("INTERNAL_SERVER_ERROR", 500, 502, TROUBLE),
    ("ERROR_SOMETHING_NEW", 400, 502, NO),
]


def test_each_answer_to_binding_has_a_sentence(installed, world, store, resources):
    for code, status, ours, sentence in TABLE:
        refuse(world, code=code, status=status)

        reply = installed.post("/widgets", typed_widget())

        world.faults.clear()
        assert sentence in reply.text, code
        assert reply.status_code == ours, code
        assert code not in reply.text
        assert installed.portal.placements == [] and store.widgets.all() == [], code
        free_method(resources, installed)


def free_method(resources, person) -> None:
    """The minutes pass for which a method was blocked."""
    for key in resources.redis.scan_iter(f"b24app:{{{person.portal.member_id}}}:rate*"):
        resources.redis.delete(key)


REMOVALS = [
    ("ACCESS_DENIED", 403, DENIED),
    ("WRONG_AUTH_TYPE", 403, DENIED),
    ("ERROR_ARGUMENT", 400, NO),
    ("INTERNAL_SERVER_ERROR", 500, TROUBLE),
]


def test_each_answer_to_a_removal(installed, board, world, store):
    for code, status, sentence in REMOVALS:
        refuse(world, "placement.unbind", code, status=status)

        reply = installed.post(f"{URL}/unregistration")

        world.faults.clear()
        assert sentence in reply.text, code
        assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
        assert store.widgets.get(KEY)
    assert told(installed.post(f"{URL}/unregistration")) == "The widget is unregistered."
    assert installed.portal.placements == [] and store.widgets.all() == []
    assert installed.post(f"{URL}/unregistration").status_code == 404


def test_a_portal_without_the_permission_says_so_and_the_pages_open(installed, board, world):
    install = installed.portal.installs[world.card.client_id]
    install.scope = [name for name in world.card.scope if name != "placement"]

    for path in ("/widgets", f"{URL}/edit"):
        page = installed.get(path)
        assert page.status_code == 200
        assert "permission placement" in page.text and "Board" in page.text
    reply = installed.post(f"{URL}/edit", changed(title=["Desk", ""], description=["", ""]))
    assert reply.status_code == 502 and "permission placement" in reply.text


def test_one_the_portal_lost_is_shown_as_missing_and_republished(installed, board):
    installed.portal.placements.clear()
    assert "Not on the portal" in installed.get("/widgets").text
    assert "Not on the portal" in installed.get(f"{URL}/edit").text

    reply = installed.post(f"{URL}/republication", {"version": "1"})

    assert "as it is saved here" in told(reply)
    assert set(places(installed)) == {"IM_TEXTAREA", "IM_SIDEBAR"}
    assert "New messenger" in installed.get("/widgets").text


def test_republishing_follows_a_changed_address_of_ours(installed, board):
    for row in installed.portal.placements:
        row.handler = f"https://before.example.com{URL}"
    assert "Not as saved" in installed.get("/widgets").text

    installed.post(f"{URL}/republication", {"version": "1"})

    assert {row.handler for row in installed.portal.placements} == {f"{installed.app_url}{URL}"}
    assert len(installed.portal.placements) == 2


def test_one_that_is_nowhere_can_be_taken_off_the_list_and_no_other(installed, board, store):
    assert installed.post(f"{URL}/removal").status_code == 400

    installed.portal.placements.clear()
    assert installed.post(f"{URL}/removal").status_code == 200
    assert store.widgets.all() == []


def test_what_the_list_does_not_know_is_shown_and_removed(installed, board, resources, store):
    """As after a process that died between the portal's answer and the record."""
    resources.redis.delete(f"b24app:{{{installed.portal.member_id}}}:widgets")
    page = installed.get("/widgets").text
    assert "On the portal, but not on this list" in page and "Board" in page

    assert told(installed.post(f"{URL}/unregistration")) == "The widget is unregistered."

    assert installed.portal.placements == []
    assert "Unregistered" in installed.get("/history").text
