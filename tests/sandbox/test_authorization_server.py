"""Codes, pairs, renewals and the trust check at the authorization server."""

from urllib.parse import parse_qs, urlsplit

import pytest

from sandbox import oauth
from sandbox import portal as deeds
from sandbox.cast import FOREIGN_CLIENT_ID
from sandbox.faults import TOKEN_ERRORS

CLIENT_ID = "app.6710f3a2b4c5d8.19283746"
CLIENT_SECRET = "s3cr3t-of-the-application"
BOTH = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


@pytest.fixture
def ask(installed, http):
    """Ask the token endpoint by POST; returns status and body."""

    def ask(**form):
        form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET} | form
        reply = http.post(f"http://{installed.world.auth_host}/oauth/token/", data=form, timeout=10)
        return reply.status_code, reply.json()

    return ask


@pytest.fixture
def pair(installed, aurora):
    return oauth.mint(installed.world, aurora, 1)


def renew(ask, refresh):
    return ask(grant_type="refresh_token", refresh_token=refresh)


def test_code_buys_a_pair(ask, installed, aurora):
    code = oauth.make_code(installed.world, aurora, 1)

    status, body = ask(grant_type="authorization_code", code=code)

    assert status == 200
    assert body.pop("access_token") in installed.world.grants
    assert body.pop("refresh_token")
    assert body == {
        "expires_in": 3600,
        "client_endpoint": f"http://{aurora.host}/rest/",
        "server_endpoint": f"http://{installed.world.auth_host}/rest/",
        "domain": installed.world.auth_host,
        "member_id": aurora.member_id,
        "scope": "imbot,im,imopenlines,imconnector,placement",
        "status": "F",
    }


def test_code_works_once(ask, installed, aurora):
    code = oauth.make_code(installed.world, aurora, 1)
    ask(grant_type="authorization_code", code=code)

    status, body = ask(grant_type="authorization_code", code=code)

    assert (status, body["error"]) == (400, "invalid_grant")


def test_code_is_good_for_thirty_seconds(ask, installed, aurora):
    code = oauth.make_code(installed.world, aurora, 1)
    installed.world.advance(31)

    assert ask(grant_type="authorization_code", code=code)[1]["error"] == "invalid_grant"


def test_portal_hands_out_codes_only_to_who_is_signed_in(installed, http, aurora):
    url = f"http://{aurora.host}/oauth/authorize/?client_id={CLIENT_ID}&state=xyz"

    reply = http.get(url, cookies={"sandbox_user": "1"}, allow_redirects=False, timeout=10)

    query = parse_qs(urlsplit(reply.headers["Location"]).query)
    assert reply.status_code == 302
    assert (query["state"], query["domain"]) == (["xyz"], [aurora.host])
    assert query["code"][0] in installed.world.codes


def test_renewal_gives_a_new_pair_and_names_the_user(ask, installed, pair):
    status, body = renew(ask, pair.refresh)

    assert status == 200
    assert body["refresh_token"] != pair.refresh
    assert body["user_id"] == 1
    assert body["expires"] == pytest.approx(installed.world.now() + 3600, abs=2)
    assert installed.world.renewals == 1


def test_get_is_accepted_as_well(installed, http, pair):
    reply = http.get(
        f"http://{installed.world.auth_host}/oauth/token/",
        params={
            "grant_type": "refresh_token",
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "refresh_token": pair.refresh,
        },
        timeout=10,
    )

    assert reply.status_code == 200


def test_refresh_token_works_once(ask, installed, pair):
    renew(ask, pair.refresh)

    status, body = renew(ask, pair.refresh)

    assert (status, body["error"]) == (400, "invalid_grant")
    assert (installed.world.renewals, installed.world.refused_renewals) == (1, 1)


def test_lenient_world_renews_twice(ask, installed, pair):
    installed.world.faults.lenient_refresh = True
    renew(ask, pair.refresh)

    assert renew(ask, pair.refresh)[0] == 200


def test_grace_ends(ask, installed, pair):
    installed.world.faults.refresh_grace = 10
    renew(ask, pair.refresh)

    assert renew(ask, pair.refresh)[0] == 200
    installed.world.advance(11)
    assert renew(ask, pair.refresh)[0] == 400


def test_refresh_token_lives_180_days(ask, installed, pair):
    installed.world.advance(180 * 24 * 3600 + 1)

    assert renew(ask, pair.refresh)[1]["error"] == "invalid_grant"


def test_refresh_tokens_can_be_killed_on_order(ask, installed, aurora, pair):
    oauth.kill_refresh_tokens(installed.world, aurora)

    assert renew(ask, pair.refresh)[1]["error"] == "invalid_grant"


def test_earlier_access_token_lives_on_after_a_renewal(ask, anna, installed):
    grant = installed.world.grants[anna.token]
    renew(ask, grant.refresh)

    assert anna.call("user.admin") is True


def test_unknown_client_is_an_error_with_status_200(ask):
    assert ask(client_id="app.0.0", grant_type="refresh_token") == (200, {"error": "wrong_client"})


def test_wrong_secret_is_refused(ask, pair):
    status, body = ask(client_secret="no", grant_type="refresh_token", refresh_token=pair.refresh)

    assert (status, body["error"]) == (400, "invalid_client")
    assert not pair.spent


def test_missing_refresh_token_is_a_malformed_request(ask):
    expected = {
        "error": "invalid_request",
        "error_description": 'No "refresh_token" parameter found',
    }

    assert ask(grant_type="refresh_token") == (400, expected)


def test_pair_of_another_application_cannot_be_renewed_by_us(ask, installed, aurora):
    foreign = oauth.mint(installed.world, aurora, 1, client_id=FOREIGN_CLIENT_ID)

    assert renew(ask, foreign.refresh)[1]["error"] == "invalid_grant"


@BOTH
def test_renewal_after_an_uninstall_says_so(ask, installed, aurora, pair):
    deeds.uninstall(installed.world, aurora, aurora.users[1], clean=True)

    status, body = renew(ask, pair.refresh)

    expected = {"source": (401, "NOT_INSTALLED"), "documented": (400, "invalid_client")}
    assert (status, body["error"]) == expected[installed.world.profile]


@pytest.mark.parametrize("code", sorted(TOKEN_ERRORS))
def test_every_token_error_can_be_ordered(ask, installed, pair, code):
    installed.world.faults.order_token(code)

    status, body = renew(ask, pair.refresh)

    assert (status, body["error"]) == (TOKEN_ERRORS[code][0], code)
    assert renew(ask, pair.refresh)[0] == 200


def test_renewal_can_be_lost_on_the_way_back(installed, http, pair):
    installed.world.faults.order_token("lost")
    form = {
        "grant_type": "refresh_token",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "refresh_token": pair.refresh,
    }

    with pytest.raises(OSError):
        http.post(f"http://{installed.world.auth_host}/oauth/token/", data=form, timeout=10)

    assert pair.spent
    assert installed.world.renewals == 1


def test_token_endpoint_can_be_slow(installed, http, pair):
    installed.world.faults.token_delay = 1

    with pytest.raises(OSError):
        http.get(f"http://{installed.world.auth_host}/oauth/token/", timeout=0.2)


def test_portal_is_no_token_endpoint(installed, http, aurora):
    assert http.get(f"http://{aurora.host}/oauth/token/", timeout=10).status_code == 404


def app_info(installed, http, token):
    url = f"http://{installed.world.auth_host}/rest/app.info"
    reply = http.get(url, params={"auth": token}, timeout=10)
    return reply.status_code, reply.json()


def test_app_info_tells_whose_token_it_is(installed, http, aurora, pair):
    status, body = app_info(installed, http, pair.access)

    result = body["result"]
    assert (status, result["client_id"], result["user_id"]) == (200, CLIENT_ID, 1)
    assert result["install"] == {
        "installed": True,
        "version": 1,
        "status": "F",
        "scope": "imbot,im,imopenlines,imconnector,placement",
        "domain": aurora.host,
        "uri": f"http://{aurora.host}/",
        "client_endpoint": f"http://{aurora.host}/rest/",
        "member_id": aurora.member_id,
        "member_type": "cloud",
    }
    assert installed.world.proofs == 1


def test_app_info_names_another_application(installed, http, aurora):
    foreign = oauth.mint(installed.world, aurora, 1, client_id=FOREIGN_CLIENT_ID)

    assert app_info(installed, http, foreign.access)[1]["result"]["client_id"] == FOREIGN_CLIENT_ID


def test_app_info_knows_garbage(installed, http):
    status, body = app_info(installed, http, "garbage")

    assert (status, body["error"]) == (400, "invalid_client")


def test_app_info_knows_expired_tokens(installed, http, pair):
    installed.world.advance(3601)

    assert app_info(installed, http, pair.access)[1]["error"] == "expired_token"


def test_app_info_says_when_the_application_is_gone(installed, http, aurora, pair):
    deeds.uninstall(installed.world, aurora, aurora.users[1], clean=True)

    status, body = app_info(installed, http, pair.access)

    assert (status, body["error"]) == (401, "ERROR_OAUTH")


def test_authorization_server_has_no_other_method(installed, http):
    url = f"http://{installed.world.auth_host}/rest/profile"

    assert http.get(url, timeout=10).json()["error"] == "ERROR_METHOD_NOT_FOUND"


def test_proof_can_fail_on_order_while_portals_work(installed, http, anna):
    installed.world.faults.order("bad_gateway", "oauth/app.info")
    url = f"http://{installed.world.auth_host}/rest/app.info"

    assert anna.call("app.info")["STATUS"] == "F"
    assert http.get(url, params={"auth": anna.token}, timeout=10).status_code == 502
    assert http.get(url, params={"auth": anna.token}, timeout=10).status_code == 200
