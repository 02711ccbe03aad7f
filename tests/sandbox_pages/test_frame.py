"""The page with the application's frame: what it sends, what it answers, the code flow."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.sandbox_pages.browsing import (
    APP,
    AUTH,
    CLIENT_ID,
    frame_address,
    frame_data,
    frame_fields,
)


@pytest.mark.usefixtures("ready")
def test_the_frame_request_carries_every_documented_field(egor, aurora, world):
    fields = frame_fields(egor.get("/app"))

    grant = world.grants[fields["AUTH_ID"]]
    assert (2, aurora.member_id) == (grant.user_id, grant.member_id)
    assert fields == {
        "AUTH_ID": grant.access,
        "AUTH_EXPIRES": "3600",
        "REFRESH_ID": grant.refresh,
        "SERVER_ENDPOINT": f"{AUTH}/rest/",
        "APPLICATION_TOKEN": aurora.installs[CLIENT_ID].application_token,
        "APPLICATION_SCOPE": "imbot,im,imopenlines,imconnector,placement",
        "member_id": aurora.member_id,
        "status": "F",
        "PLACEMENT": "DEFAULT",
    }


@pytest.mark.usefixtures("ready")
def test_the_address_carries_the_portal_and_the_name_of_the_frame_repeats_it(egor):
    reply = egor.get("/app")

    query = parse_qs(frame_address(reply).query)
    sid = query["APP_SID"][0]
    assert re.fullmatch("[0-9a-f]{32}", sid)
    assert {
        "DOMAIN": ["127.0.0.2:8010"],
        "PROTOCOL": ["0"],
        "LANG": ["en"],
        "APP_SID": [sid],
    } == query
    assert f'<iframe name="127.0.0.2:8010|0|{sid}"' in reply.text
    assert (sid, APP) == (frame_data(reply)["sid"], frame_data(reply)["origin"])


@pytest.mark.usefixtures("ready")
def test_every_rendering_has_an_app_sid_of_its_own(anna):
    assert frame_data(anna.get("/app"))["sid"] != frame_data(anna.get("/app"))["sid"]


@pytest.mark.usefixtures("ready")
def test_words_of_the_portal_page_become_placement_options(anna):
    reply = anna.get("/app", install_finished="Y", path="/x/", _r="1")

    assert frame_fields(reply)["PLACEMENT_OPTIONS"] == '{"install_finished":"Y","path":"\\/x\\/"}'
    init = frame_data(reply)["init"]
    assert init["PLACEMENT_OPTIONS"] == {"install_finished": "Y", "path": "/x/"}


@pytest.mark.usefixtures("ready")
def test_the_answer_to_get_init_data_has_lists_for_empty_maps(egor, aurora):
    reply = egor.get("/app")

    init = frame_data(reply)["init"]
    assert [init[n] for n in ("USER_OPTIONS", "APP_OPTIONS", "PLACEMENT_OPTIONS")] == [[], [], []]
    assert {
        "LANG": "en",
        "DOMAIN": aurora.host,
        "PROTOCOL": 0,
        "PATH": "/rest",
    }.items() <= init.items()
    assert (aurora.member_id, "3600") == (init["MEMBER_ID"], init["AUTH_EXPIRES"])
    assert (init["FIRST_RUN"], init["IS_ADMIN"], init["INSTALL"]) == (True, False, False)


@pytest.mark.usefixtures("ready")
def test_the_first_run_is_over_for_one_person_once_it_was_seen(anna, egor):
    egor.post("/frame/first-run")

    assert not frame_data(egor.get("/app"))["init"]["FIRST_RUN"]
    assert frame_data(anna.get("/app"))["init"]["FIRST_RUN"]


@pytest.mark.usefixtures("ready")
def test_the_page_hides_tokens_from_the_curious_eye_and_is_not_kept(anna):
    reply = anna.get("/app")

    shown = re.search(r"Frame request.*?</dl>", reply.text, re.S)[0]
    assert frame_fields(reply)["REFRESH_ID"] not in shown
    assert reply.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("ready")
def test_refresh_auth_mints_a_new_pair_for_the_person_at_the_page(egor, world):
    before = frame_fields(egor.get("/app"))["AUTH_ID"]

    pair = egor.post("/frame/auth").json

    assert {"AUTH_ID", "AUTH_EXPIRES", "REFRESH_ID"} == set(pair)
    assert pair["AUTH_ID"] != before
    assert world.grants[pair["AUTH_ID"]].user_id == 2
    assert before in world.grants


def test_no_pair_is_minted_for_a_stranger_or_where_nothing_is_installed(stranger, anna, world):
    assert stranger.post("/frame/auth").status_code == 302
    assert anna.post("/frame/auth").status_code == 404
    assert world.grants == {}


@pytest.mark.usefixtures("ready")
def test_an_administrator_sets_options_of_the_application(anna, aurora):
    anna.post("/frame/option", kind="app", name="a", value="1")

    reply = anna.post("/frame/option", kind="app", name="b", value='{"c": "x:y"}')

    assert {"a": 1, "b": {"c": "x:y"}} == reply.json == aurora.app_options


@pytest.mark.usefixtures("ready")
def test_an_employee_sets_options_of_their_own_only(egor, aurora):
    assert egor.post("/frame/option", kind="app", name="a", value="1").status_code == 403
    assert egor.post("/frame/option", kind="user", name="a", value='"x"').status_code == 200

    assert (aurora.app_options, aurora.user_options[2]) == ({}, {"a": "x"})
    assert egor.post("/frame/option", kind="user", name="a", value="{").status_code == 400


@pytest.mark.usefixtures("ready")
def test_a_page_in_the_side_panel_has_no_portal_around_it(anna):
    reply = anna.get("/app", IFRAME="Y", IFRAME_TYPE="SIDE_SLIDER")

    assert frame_data(reply)["isSlider"]
    assert '<nav class="menu' not in reply.text


@pytest.mark.usefixtures("ready")
def test_a_user_the_administrator_did_not_let_in_sees_no_frame(egor, aurora):
    aurora.installs[CLIENT_ID].access = [1]

    assert "You have no access" in egor.get("/app").text


@pytest.mark.usefixtures("ready")
def test_the_authorization_page_sends_the_code_to_the_handler(egor, aurora, world):
    reply = egor.get("/oauth/authorize/", client_id=CLIENT_ID, state="a b&c")

    target = urlsplit(reply.location)
    query = {name: value[0] for name, value in parse_qs(target.query).items()}
    assert f"{APP}/" == f"{target.scheme}://{target.netloc}{target.path}"
    assert world.codes[query.pop("code")].user_id == 2
    assert query == {
        "state": "a b&c",
        "domain": "127.0.0.2:8010",
        "member_id": aurora.member_id,
        "scope": "imbot,im,imopenlines,imconnector,placement",
        "server_domain": "127.0.0.4:8010",
    }


@pytest.mark.usefixtures("ready")
def test_a_stranger_signs_in_before_the_code_is_given(stranger):
    reply = stranger.get("/oauth/authorize/", client_id=CLIENT_ID, state="s")

    back = parse_qs(urlsplit(reply.location).query)["next"][0]
    assert f"/oauth/authorize/?client_id={CLIENT_ID}&state=s" == back
    assert stranger.post("/signin", user=1, next=back).location == back
    assert stranger.get(back).location.startswith(f"{APP}/?code=")


@pytest.mark.parametrize("client_id", ["app.unknown.1", "", CLIENT_ID])
def test_for_an_unknown_or_absent_application_there_is_an_error_page(anna, client_id):
    reply = anna.get("/oauth/authorize/", client_id=client_id, state="s")

    assert reply.status_code == 404
    assert "Application not found" in reply.text
