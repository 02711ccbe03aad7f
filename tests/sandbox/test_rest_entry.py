"""How a REST call is read, proven and answered."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter

from sandbox import create_app, oauth
from sandbox import portal as deeds
from sandbox.limits import Limits
from sandbox.methods import METHODS


class Elsewhere(HTTPAdapter):
    """Calls from another address of this machine."""

    def init_poolmanager(self, *args, **kwargs):
        super().init_poolmanager(*args, source_address=("127.0.0.5", 0), **kwargs)


BOTH = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def test_success_has_result_and_time(anna):
    body = anna.post("profile").json()

    expected = {
        "ID": "1",
        "ADMIN": True,
        "NAME": "Anna",
        "LAST_NAME": "Sokolova",
        "PERSONAL_GENDER": "",
        "TIME_ZONE": "",
    }
    assert body["result"] == expected
    assert {"start", "finish", "duration", "processing", "date_start", "date_finish"} <= set(
        body["time"]
    )
    assert body["time"]["operating"] == 0


@BOTH
def test_time_start_is_a_whole_number_in_source_only(anna, world):
    start = anna.post("profile").json()["time"]["start"]

    assert isinstance(start, int) is (world.profile == "source")


@BOTH
def test_unknown_method_is_told_before_any_authorization(anna):
    anna.token = ""

    reply = anna.post("no.such.method")

    assert (reply.status_code, reply.json()["error"]) == (404, "ERROR_METHOD_NOT_FOUND")
    assert "time" not in reply.json()


@pytest.mark.parametrize("name", ["PROFILE", "profile.json", "Profile/", "profile.json/"])
def test_method_names_ignore_case_suffix_and_slash(anna, name):
    assert anna.call(name)["ID"] == "1"


def test_token_comes_by_header_auth_or_access_token(anna, http):
    url = f"http://{anna.portal.host}/rest/user.admin"

    replies = [
        http.get(url, headers={"Authorization": f"Bearer {anna.token}"}),
        http.get(url, params={"auth": anna.token}),
        http.post(url, data={"access_token": anna.token}),
    ]

    assert [reply.json()["result"] for reply in replies] == [True, True, True]


def test_header_wins_over_a_parameter(anna, egor, http):
    url = f"http://{anna.portal.host}/rest/profile"

    reply = http.post(
        url, data={"auth": anna.token}, headers={"Authorization": f"Bearer {egor.token}"}
    )

    assert reply.json()["result"]["ID"] == "2"


def test_broken_json_is_ignored_without_a_word(anna, http):
    url = f"http://{anna.portal.host}/rest/profile"
    headers = {"Content-Type": "application/json"}

    reply = http.post(url, data=json.dumps({"auth": anna.token})[:-1], headers=headers)

    assert (reply.status_code, reply.json()["error"]) == (401, "NO_AUTH_FOUND")


def test_body_wins_over_the_query(anna, egor, http):
    url = f"http://{anna.portal.host}/rest/profile?auth={anna.token}"

    assert http.post(url, data={"auth": egor.token}).json()["result"]["ID"] == "2"


@pytest.mark.parametrize("way", ["form", "multipart", "query"])
def test_php_brackets_are_understood_everywhere(anna, http, bot_id, way):
    pairs = {
        "auth": anna.token,
        "BOT_ID": bot_id,
        "CODE": "brackets",
        "IFRAME": "https://example.com/frame",
        "HASH": "h" * 40,
        "LANG[0][LANGUAGE_ID]": "EN",
        "LANG[0][TITLE]": "First & best",
        "LANG[1][LANGUAGE_ID]": "de",
        "LANG[1][TITLE]": "Erste",
    }
    url = f"http://{anna.portal.host}/rest/imbot.app.register"
    by = {
        "form": lambda: http.post(url, data=pairs),
        "multipart": lambda: http.post(
            url, files={key: (None, str(v)) for key, v in pairs.items()}
        ),
        "query": lambda: http.get(url, params=pairs),
    }

    app = anna.portal.chat_app(by[way]().json()["result"])

    assert [row["LANGUAGE_ID"] for row in app.lang] == ["en", "de"]
    assert app.lang[0]["TITLE"] == "First & best"


def test_token_of_another_portal_is_invalid_here(anna, boris):
    anna.token = boris.token

    assert anna.refused("profile") == ("invalid_token", 401)


def test_unknown_token_is_invalid(anna):
    anna.token = "garbage"

    assert anna.refused("profile") == ("invalid_token", 401)


def test_old_token_is_expired(anna, world):
    world.advance(3601)

    assert anna.refused("profile") == ("expired_token", 401)


def test_all_access_tokens_can_be_expired_on_order(anna, boris, world):
    oauth.expire_access_tokens(world, anna.portal)

    assert anna.refused("profile") == ("expired_token", 401)
    assert boris.call("user.admin") is True


def test_missing_scope_is_told(anna, world):
    anna.portal.installs[world.card.client_id].scope = ["placement"]

    assert anna.refused("imbot.bot.list") == ("insufficient_scope", 401)
    assert anna.call("scope") == ["placement"]


def test_uninstalled_application_is_not_found(anna, world):
    deeds.uninstall(world, anna.portal, anna.user, clean=False)

    assert anna.refused("profile") == ("APPLICATION_NOT_FOUND", 401)


def test_token_from_before_a_reinstall_stays_dead(anna, world):
    deeds.uninstall(world, anna.portal, anna.user, clean=False)
    deeds.install(world, anna.portal, anna.user)

    assert anna.refused("profile") == ("invalid_token", 401)


def test_dismissed_user_is_not_authorized(egor):
    egor.user.is_active = False

    assert egor.refused("profile") == ("authorization_error", 401)


@BOTH
def test_user_kept_out_has_no_access_but_the_administrator_has(anna, egor, world):
    anna.portal.installs[world.card.client_id].access = [7]

    expected = 401 if world.profile == "source" else 403
    assert egor.refused("profile") == ("user_access_error", expected)
    assert anna.call("user.admin") is True


@BOTH
def test_deleted_portal_answers_before_anything_else(anna, world):
    anna.portal.deleted = True

    assert anna.refused("no.such")[0] == "PORTAL_DELETED"
    assert anna.refused("profile")[1] == (403 if world.profile == "source" else 500)


@BOTH
def test_webhooks_want_https(anna, world):
    expected = 401 if world.profile == "source" else 400

    assert anna.refused("1/secret/profile") == ("INVALID_REQUEST", expected)


def test_renamed_portal_redirects_from_its_old_address(anna, world, installed, http):
    old = anna.portal.host
    new = old.replace("127.0.0.2", "127.0.0.5")
    installed.listen(new)
    deeds.rename(world, anna.portal, new)

    reply = http.post(f"http://{old}/rest/profile?a=1", allow_redirects=False)

    assert (reply.status_code, reply.headers["Location"]) == (302, f"http://{new}/rest/profile?a=1")
    assert anna.call("profile")["ID"] == "1"


def test_unknown_host_is_not_found(anna, http):
    headers = {"Host": "elsewhere.example"}

    assert http.get(f"http://{anna.portal.host}/rest/profile", headers=headers).status_code == 404


def test_answers_carry_the_headers_of_the_platform(anna):
    headers = anna.post("profile").headers

    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Bitrix-Rest-Application"] == anna.world.card.client_id


def test_calls_are_remembered_without_tokens(anna):
    anna.call("method.get", {"name": "profile"})

    assert anna.portal.rest_log[-1] == ("method.get", {"auth": "***", "name": "profile"})


def test_bucket_runs_over_and_leaks(anna, world):
    world.limits.bucket = (2, 3)

    first = [anna.post("profile").status_code for _ in range(4)]
    world.advance(1)

    assert first == [200, 200, 200, 503]
    assert anna.post("profile").status_code == 200


def test_bucket_is_the_portals_own_for_each_source_address(anna, boris, world):
    world.limits.bucket = (2, 2)

    assert [anna.post("profile").status_code for _ in range(3)] == [200, 200, 503]
    assert boris.post("profile").status_code == 200
    anna.http.mount("http://", Elsewhere())
    assert anna.post("profile").status_code == 200


def test_batch_is_one_request_and_refused_requests_are_counted(anna, boris, world):
    world.limits.bucket = (2, 2)
    cmd = [f"method.get?name=m{n}" for n in range(50)]

    sent = [anna.post("batch", {"cmd": cmd}) for _ in range(4)]

    assert [reply.status_code for reply in sent] == [200, 200, 503, 503]
    refusal = {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}
    assert sent[-1].json() == refusal
    assert "Retry-After" not in sent[-1].headers
    assert (anna.portal.refused_requests, boris.portal.refused_requests) == (2, 0)
    world.faults.order("query_limit")
    assert boris.post("profile").status_code == 503
    assert world.refused_requests == 3


def test_clock_read_out_of_turn_does_not_fill_the_bucket():
    limits = Limits(bucket=(2, 3))

    assert [limits.admit("a", now) for now in (100.0, 99.0, 100.0, 100.0)] == [True] * 3 + [False]


def test_method_that_worked_too_long_is_blocked_alone(anna, world):
    world.limits.operating = 0.05
    world.faults.rest_delay = 0.12
    anna.call("profile")
    world.faults.rest_delay = 0

    assert anna.refused("profile") == ("OPERATION_TIME_LIMIT", 429)
    assert anna.call("user.admin") is True
    world.advance(601)
    world.limits.operating = 480
    assert anna.call("profile")["ID"] == "1"


words = st.sampled_from(["FIELDS", "fields", "LANG", "BOT_ID", "APP_ID", "CODE", "IFRAME", "HASH"])
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(words | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from([*METHODS, "batch"]),
    params=st.dictionaries(words | st.sampled_from(["cmd", "halt", "JS_METHOD"]), anything),
)
def test_nothing_anyone_sends_is_a_server_error(world, method, params):
    portal = world.portal("aurora")
    deeds.install(world, portal, portal.users[1])
    token = oauth.mint(world, portal, 1).access
    site = create_app(world).test_client()

    reply = site.post(
        f"/rest/{method}",
        base_url=f"http://{portal.host}",
        data=json.dumps(params),
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert reply.status_code in (200, 400, 401, 403)


def test_deep_names_and_long_numbers_are_harmless(anna, http):
    url = f"http://{anna.portal.host}/rest/profile"
    form = {"auth": anna.token, "a" + "[b]" * 5000: "1", "n[" + "9" * 5000 + "]": "1", "n[]": "2"}

    assert http.post(url, data=form, timeout=10).status_code == 200


def test_json_nested_too_deep_is_ignored(anna, http):
    url = f"http://{anna.portal.host}/rest/profile?auth={anna.token}"
    headers = {"Content-Type": "application/json"}

    assert http.post(url, data="[" * 100_000, headers=headers, timeout=10).status_code == 200
