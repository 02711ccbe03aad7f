"""Misbehaving on order, and honesty again afterwards."""

import pytest
import requests

from sandbox.faults import Faults


def test_busy_portal(anna, world):
    world.faults.order("query_limit", times=2)

    assert anna.refused("profile") == ("QUERY_LIMIT_EXCEEDED", 503)
    assert anna.refused("scope") == ("QUERY_LIMIT_EXCEEDED", 503)
    assert anna.call("user.admin") is True


def test_operating_limit(anna, world):
    world.faults.order("operation_limit", "profile")

    assert anna.refused("profile") == ("OPERATION_TIME_LIMIT", 429)


@pytest.mark.parametrize(("kind", "status"), [("html", 500), ("bad_gateway", 502)])
def test_page_of_the_front_end(anna, world, kind, status):
    world.faults.order(kind)

    reply = anna.post("profile")

    assert reply.status_code == status
    assert reply.headers["Content-Type"].startswith("text/html")


def test_answer_that_is_no_json(anna, world):
    world.faults.order("garbage")

    assert anna.post("profile").text.startswith("<b>")


def test_fault_lets_the_first_calls_pass(anna, world):
    world.faults.order("error", "profile", code="WRONG_REQUEST", text="No", after=1)

    assert anna.call("profile")["ID"] == "1"
    assert anna.refused("profile") == ("WRONG_REQUEST", 400)
    assert anna.call("profile")["ID"] == "1"


def test_fault_waits_for_its_method(anna, world):
    world.faults.order("error", "imbot.app.update", code="WRONG_REQUEST", text="No", status=400)

    assert anna.call("user.admin") is True
    assert anna.refused("imbot.app.update") == ("WRONG_REQUEST", 400)


@pytest.mark.parametrize(
    "method", ["imconnector.register", "placement.bind", "imbot.message.add", "feature.get"]
)
def test_every_method_can_fail_on_order(anna, world, method):
    world.faults.order("error", method, code="INTERNAL_SERVER_ERROR", text="No", status=500)

    assert anna.refused(method) == ("INTERNAL_SERVER_ERROR", 500)
    assert anna.refused(method) != ("INTERNAL_SERVER_ERROR", 500)


def test_connection_can_drop_before_the_work(anna, world):
    world.faults.order("drop", "imbot.v2.Bot.register")

    with pytest.raises(requests.ConnectionError):
        register(anna)

    assert len(anna.portal.bots) == 1


@pytest.mark.parametrize("kind", ["lost", "truncated"])
def test_answer_can_be_lost_after_the_work(anna, world, kind):
    world.faults.order(kind, "imbot.v2.Bot.register")

    with pytest.raises(requests.RequestException):
        register(anna).json()

    assert [bot.code for bot in anna.portal.bots] == ["helpdesk", "lost"]


def test_portal_can_hang(anna, world, http):
    world.faults.order("hang", seconds=1)

    with pytest.raises(requests.ReadTimeout):
        http.get(f"http://{anna.portal.host}/rest/profile", timeout=0.2)


def test_cleared_faults_do_nothing(anna, world):
    world.faults.order("query_limit")
    world.faults.order_token("invalid_grant")
    world.faults.clear()

    assert anna.call("user.admin") is True
    assert world.faults.take_token() is None


@pytest.mark.parametrize("method", ["order", "order_token", "order_event"])
def test_unknown_kind_is_refused(method):
    with pytest.raises(ValueError, match="nonsense"):
        getattr(Faults(), method)("nonsense")


def register(person):
    fields = {"code": "lost", "properties": {"name": "Lost"}}
    return person.post("imbot.v2.Bot.register", {"fields": fields})
