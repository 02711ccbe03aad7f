"""Connectors: every documented answer to a removal, in both shapes, and what comes of it.

b24restdocs: imopenlines/imconnector/imconnector-unregister.md; bitrix-modules:
imconnector/lib/rest/customconnectors.php.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import requests

from sandbox import oauth
from tests.cast import typed_connector, typed_joint
from tests.integration.answers import (
    ACCESS,
    FOREIGN,
    GONE,
    NO,
    PASSING,
    SUCCESS,
    SYSTEM,
    Stage,
    hurried,
    own,
)

__all__ = ["hurried"]

pytestmark = [
    pytest.mark.parametrize("world", ["source", "documented"], indirect=True),
    pytest.mark.usefixtures("hurried"),
]

URL = "/connectors/b24app_mail"
# With status 200 the error is at the top by the source, inside the result by the documentation.
TABLE = [
    SUCCESS,
    own("", 200, GONE, replied=200, kind="gone"),
    own("", 200, FOREIGN, replied=409, kind="foreign"),
    own("APPLICATION_UNREGISTRATION_ERROR", 200, NO),
    own("NO_APPLICATION_ID", 200, NO),
    own("APPLICATION_UNREGISTRATION_ERROR", 400, NO),
]


@pytest.fixture
def stage(anna, world, resources) -> Stage:
    """Anna unregisters a connector that is connected to an open line."""
    anna.install()

    def place() -> str:
        anna.post("/connectors", typed_connector())
        anna.post(f"{URL}/lines/1", typed_joint(1))
        return URL

    return Stage(
        person=anna,
        world=world,
        resources=resources,
        method="imconnector.unregister",
        shelf="connectors",
        place=place,
        press=lambda url: anna.post(f"{url}/unregistration"),
        spoil=lambda url, how: _spoil(anna, how),
        done="The connector is unregistered. It came off 1 Open Channel.",
    )


def test_each_answer_of_its_own(stage):
    assert stage.go_through(TABLE)


def test_each_answer_that_any_method_may_give(stage):
    assert stage.go_through([*SYSTEM, *PASSING])


def test_each_answer_that_costs_the_access(stage):
    assert stage.go_through(ACCESS)


def test_an_error_is_where_the_profile_has_it(stage, anna, world):
    """At the top by the source, in the result by the documentation: both are understood above."""
    stage.place()
    world.faults.order("error", stage.method, code="NO_APPLICATION_ID", text="x", status=200)
    access = oauth.mint(world, anna.portal, anna.user.id).access
    url = f"http://{anna.portal.host}/rest/{stage.method}"

    body = requests.post(url, json={"ID": "b24app_mail", "auth": access}, timeout=20).json()

    inner = body if world.profile == "source" else body["result"]
    assert (inner["result"], inner["error"]) == (False, "NO_APPLICATION_ID")
    assert ("time" in body) is (world.profile == "documented")


def test_a_removal_whose_answer_was_lost_is_done(stage, anna, world):
    """Asked again, the documented portal says that it could not: the list tells that it had."""
    url = stage.place()
    world.faults.order("lost", stage.method)

    reply = stage.press(url)

    assert "The connector is unregistered." in reply.headers["HX-Trigger"]
    assert len(anna.calls(stage.method)) == 2
    assert anna.portal.connectors == {}
    assert anna.get(url).status_code == 404


def _spoil(anna, how: str) -> Callable[[], None]:
    """One that another application took over has that application's name."""
    if how == "gone":
        anna.portal.connectors.clear()
        anna.portal.statuses.clear()
        return lambda: None
    connector = anna.portal.connectors["b24app_mail"]
    ours = connector.client_id, connector.name
    connector.client_id, connector.name = "app.of.another", "Telephony"

    def mend() -> None:
        connector.client_id, connector.name = ours

    return mend
