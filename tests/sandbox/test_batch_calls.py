"""Many calls in one."""

import pytest


def batch(person, cmd, **more):
    return person.call("batch", {"cmd": cmd, **more})


def test_labels_and_times(anna):
    result = batch(anna, {"who": "profile", "right": "user.admin"})

    assert result["result"]["who"]["ID"] == "1"
    assert result["result"]["right"] is True
    assert set(result["result_time"]) == {"who", "right"}
    assert result["result_error"] == result["result_total"] == result["result_next"] == []


def test_list_of_commands_comes_back_as_a_list(anna):
    assert batch(anna, ["user.admin", "scope"])["result"][0] is True


def test_form_encoded_batch_is_encoded_twice(anna, http):
    pairs = {"auth": anna.token, "halt": "0", "cmd[a]": "method.get?name=user%2Eadmin"}

    body = http.post(f"http://{anna.portal.host}/rest/batch", data=pairs, timeout=10).json()

    assert body["result"]["result"]["a"] == {"isExisting": True, "isAvailable": True}


def test_reference_takes_a_value_from_an_earlier_item(anna):
    cmd = {
        "bot": "imbot.v2.Bot.register?fields[code]=ref&fields[properties][name]=Ref",
        "app": "imbot.app.register?BOT_ID=$result[bot][bot][id]&CODE=ref-$result[bot][bot][code]"
        "&JS_METHOD=SEND&JS_PARAM=/start&LANG[0][LANGUAGE_ID]=en&LANG[0][TITLE]=T",
    }

    result = batch(anna, cmd)

    app = anna.portal.chat_app(result["result"]["app"])
    assert app.bot_id == result["result"]["bot"]["bot"]["id"]
    assert app.code == "ref-ref"


def test_missing_path_stops_at_the_deepest_level(anna):
    cmd = {
        "a": "method.get?name=profile",
        "b": "imbot.bot.list",
        "c": "method.get?name=$result[a][x]",
    }

    assert batch(anna, cmd)["result"]["c"]["isExisting"] is False


def test_failing_item_is_told_apart(anna):
    result = batch(anna, {"bad": "imbot.app.unregister?APP_ID=999", "good": "user.admin"})

    expected = {"error": "CHAT_APP_ID_ERROR", "error_description": "App not found"}
    assert result["result_error"] == {"bad": expected}
    assert result["result"] == {"good": True}


def test_halt_stops_after_the_first_error(anna):
    result = batch(anna, {"a": "user.admin", "bad": "no.such", "c": "user.admin"}, halt=1)

    assert result["result"] == {"a": True}
    assert list(result["result_error"]) == ["bad"]


@pytest.mark.parametrize("method", ["batch", "download", "upload"])
def test_some_methods_are_not_for_batch(anna, method):
    error = batch(anna, {"x": method})["result_error"]["x"]["error"]

    assert error == "ERROR_BATCH_METHOD_NOT_ALLOWED"


def test_the_51st_item_is_refused_alone(anna):
    result = batch(anna, {f"n{i}": "user.admin" for i in range(52)})

    assert len(result["result"]) == 50
    assert {row["error"] for row in result["result_error"].values()} == {
        "ERROR_BATCH_LENGTH_EXCEEDED"
    }
    assert set(result["result_error"]) == {"n50", "n51"}


def test_scope_is_checked_for_each_item(anna, world):
    anna.portal.installs[world.card.client_id].scope = ["placement"]

    result = batch(anna, {"a": "imbot.bot.list", "b": "user.admin"})

    assert result["result_error"]["a"]["error"] == "insufficient_scope"
    assert result["result"]["b"] is True


def test_items_that_are_no_strings_are_skipped(anna):
    assert batch(anna, {"a": ["user.admin"], "b": "user.admin"})["result"] == {"b": True}


def test_fault_ordered_for_a_method_hits_it_inside_a_batch(anna, world):
    world.faults.order("error", "user.admin", code="BROKEN", text="Broken")

    result = batch(anna, {"a": "user.admin", "b": "user.admin"})

    assert result["result_error"]["a"]["error"] == "BROKEN"
    assert result["result"] == {"b": True}


def test_items_are_remembered_beside_the_batch(anna):
    batch(anna, {"a": "user.admin", "b": "scope"})

    assert [row.method for row in anna.portal.rest_log] == ["batch", "user.admin", "scope"]
