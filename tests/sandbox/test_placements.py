"""placement.*: widgets of the messenger and their rules."""

import pytest

from sandbox import placements
from sandbox import portal as deeds

pytestmark = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)

PAGE = "https://app.example/widgets/a"


def fields(**more):
    return {
        "PLACEMENT": "IM_TEXTAREA",
        "HANDLER": PAGE,
        "OPTIONS": {"iconName": "fa-rocket"},
        "LANG_ALL": {"en": {"TITLE": "Board"}, "de": {"TITLE": "Tafel", "DESCRIPTION": "Alles"}},
        **more,
    }


def bind(person, **more):
    return person.call("placement.bind", fields(**more))


def seen(person, code="IM_TEXTAREA", context=""):
    rows = placements.visible(person.world, person.portal, person.user, code, context)
    return [row.handler for row in rows]


def test_a_widget_is_bound_and_read_back(anna):
    assert bind(anna, placement="im_textarea", PLACEMENT="im_textarea") is True

    [row] = anna.call("placement.get")
    assert row == {
        "id": row["id"],
        "placement": "IM_TEXTAREA",
        "userId": 0,
        "handler": PAGE,
        "options": {
            "iconName": "fa-rocket",
            "extranet": "N",
            "context": "ALL",
            "role": "USER",
            "color": "",
            "width": 100,
            "height": 100,
        },
        "title": "Board",
        "description": "",
        "langAll": {
            "en": {"TITLE": "Board", "DESCRIPTION": "", "GROUP_NAME": ""},
            "de": {"TITLE": "Tafel", "DESCRIPTION": "Alles", "GROUP_NAME": ""},
        },
    }


def test_plain_words_are_kept_for_the_language_of_the_portal(boris):
    bind(boris, LANG_ALL=[], TITLE=" Tafel ")
    bind(boris, PLACEMENT="IM_SIDEBAR", LANG_ALL={}, TITLE="")

    titled, bare = boris.call("placement.get")
    assert (titled["title"], titled["langAll"]["de"]["TITLE"]) == ("Tafel", "Tafel")
    assert (bare["title"], bare["langAll"]["de"]["TITLE"]) == ("", "Chat apps")


def test_options_unknown_are_dropped_and_numbers_are_read(anna):
    options = {"iconName": "star", "width": "320px", "height": "", "nonsense": 1}
    bind(anna, OPTIONS=options)

    kept = anna.call("placement.get")[0]["options"]
    assert (kept["width"], kept["height"], "nonsense" in kept) == (320, 0, False)


def test_a_placement_without_options_has_an_empty_list_of_them(anna):
    bind(anna, PLACEMENT="SETTING_CONNECTOR")

    assert anna.call("placement.get")[0]["options"] == []


@pytest.mark.parametrize(
    ("change", "code", "text"),
    [
        (
            {"PLACEMENT": ["x"]},
            "ERROR_ARGUMENT",
            "The value of an argument 'PLACEMENT' must be of type string",
        ),
        (
            {"PLACEMENT": "", "HANDLER": ""},
            "ERROR_ARGUMENT",
            "Argument 'The placement code is not specified' is null or empty",
        ),
        (
            {"PLACEMENT": "default"},
            "ERROR_ARGUMENT",
            "Argument 'The placement code has an incorrect value' is null or empty",
        ),
        (
            {"HANDLER": ""},
            "ERROR_ARGUMENT",
            "Argument 'The URL of the placement handler is not specified' is null or empty",
        ),
        (
            {"HANDLER": "ftp://a.example"},
            "ERROR_UNSUPPORTED_PROTOCOL",
            "Unsupported handler protocol",
        ),
        ({"HANDLER": "https://localhost/"}, "ERROR_WRONG_HANDLER_URL", "Wrong handler URL"),
        ({"PLACEMENT": "IM_NOWHERE"}, "ERROR_PLACEMENT_NOT_FOUND", "Placement not found"),
        ({"OPTIONS": {}}, "ERROR_ARGUMENT", "Argument 'iconName' is null or empty"),
        (
            {"OPTIONS": "x"},
            "ERROR_ARGUMENT",
            "The value of an argument 'options' must be of type array",
        ),
    ],
)
def test_binding_is_checked_in_order(anna, change, code, text):
    reply = anna.post("placement.bind", fields(**change))

    body = reply.json()
    assert (body["error"], body["error_description"], reply.status_code) == (code, text, 400)


@pytest.mark.parametrize(
    ("option", "code"),
    [
        ({"iconName": "f" * 51}, "INVALID_ERROR_ICON_NAME"),
        ({"iconName": "42"}, "INVALID_ERROR_ICON_NAME"),
        ({"extranet": "yes"}, "INVALID_ERROR_EXTRANET"),
        ({"context": "user"}, "INVALID_ERROR_CONTEXT"),
        ({"context": "USER;BOT"}, "INVALID_ERROR_CONTEXT"),
        ({"role": "user"}, "INVALID_ERROR_ROLE"),
        ({"color": "BLUE"}, "INVALID_ERROR_COLOR"),
        ({"width": -1}, "INVALID_ERROR_WIDTH"),
        ({"height": "-1", "width": -1}, "INVALID_ERROR_WIDTH"),
        ({"iconName": "42", "role": "x"}, "INVALID_ERROR_ROLE"),
    ],
)
def test_wrong_options_are_told_with_status_200_and_no_result(anna, option, code):
    reply = anna.post("placement.bind", fields(OPTIONS={"iconName": "star", **option}))

    assert reply.status_code == 200
    assert (set(reply.json()), reply.json()["error"]) == ({"error", "error_description"}, code)
    assert anna.portal.placements == []


def test_the_same_handler_is_bound_once(anna):
    bind(anna)
    bind(anna, HANDLER=PAGE + "?b=1")
    bind(anna, PLACEMENT="IM_SIDEBAR")

    reply = anna.post("placement.bind", fields())
    assert (reply.json()["error"], reply.status_code) == ("ERROR_CORE", 400)
    assert reply.json()["error_description"] == (
        "Unable to set placement handler: Handler already binded"
    )


def test_limits_of_users_and_numbers(anna, world):
    status = 400 if world.profile == "source" else 200

    assert anna.refused("placement.bind", fields(USER_ID=1)) == (
        "ERROR_PLACEMENT_USER_MODE",
        status,
    )
    bind(anna, PLACEMENT="REST_APP_URI")
    second = fields(PLACEMENT="REST_APP_URI", HANDLER=PAGE + "2")
    assert anna.refused("placement.bind", second) == ("ERROR_PLACEMENT_MAX_COUNT", status)


def test_unbinding_counts_twice(anna):
    bind(anna)
    bind(anna, HANDLER=PAGE + "2")
    bind(anna, PLACEMENT="IM_SIDEBAR")

    unbind = "placement.unbind"
    assert anna.call(unbind, {"PLACEMENT": "IM_TEXTAREA", "HANDLER": PAGE}) == {"count": 2}
    assert anna.call(unbind, {"placement": "im_textarea"}) == {"count": 2}
    assert anna.call(unbind, {"PLACEMENT": "IM_NOWHERE"}) == {"count": 0}
    assert anna.refused(unbind, {"PLACEMENT": ""}) == ("ERROR_ARGUMENT", 400)
    assert [row["placement"] for row in anna.call("placement.get")] == ["IM_SIDEBAR"]


@pytest.mark.parametrize("method", ["placement.bind", "placement.unbind", "placement.get"])
def test_only_administrators_bind(egor, method):
    reply = egor.post(method, fields())

    assert (reply.status_code, reply.json()) == (
        403,
        {"error": "ACCESS_DENIED", "error_description": "Access denied!"},
    )


def test_the_codes_there_are(egor, world):
    assert "IM_TEXTAREA" in egor.call("placement.list")
    assert egor.call("placement.list", {"SCOPE": "imopenlines"}) == ["SETTING_CONNECTOR"]
    egor.portal.installs[world.card.client_id].scope = ["placement"]
    assert "SETTING_CONNECTOR" not in egor.call("placement.list")
    assert "SETTING_CONNECTOR" in egor.call("placement.list", {"FULL": True})


def test_a_widget_shows_by_role_context_and_access(anna, egor, world):
    icon = {"iconName": "star"}
    bind(anna, HANDLER=PAGE + "1", OPTIONS={**icon, "role": "ADMIN"})
    bind(anna, HANDLER=PAGE + "2", OPTIONS={**icon, "context": "CHAT;LINES"})
    bind(anna, HANDLER=PAGE + "3", OPTIONS={**icon, "context": "USER;ALL"})

    assert [url[-1] for url in seen(anna, context="CHAT")] == ["1", "2", "3"]
    assert [url[-1] for url in seen(egor, context="USER")] == ["3"]
    install = anna.portal.installs[world.card.client_id]
    install.access = [1]
    assert seen(egor) == []
    install.installed = False
    assert seen(anna) == []


def test_the_title_follows_the_language(anna):
    bind(anna, LANG_ALL={"de": {"TITLE": "Tafel"}, "fr": {"TITLE": "Tableau"}})
    [row] = anna.portal.placements

    titles = [placements.title_of(anna.portal, row, code) for code in ("fr", "en", "de")]
    assert titles == ["Tableau", "Tafel", "Tafel"]


def test_an_uninstall_takes_widgets_away(anna, world):
    bind(anna)

    deeds.uninstall(world, anna.portal, anna.user, clean=False)

    assert anna.portal.placements == []
