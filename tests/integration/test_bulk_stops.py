"""Work with many things that the portal allows no more: it stops, and goes on once it may again."""

from __future__ import annotations

import re

import pytest

from b24app import keys
from tests.cast import Person, typed

LOST = {
    "a scope is missing": ("insufficient_scope", 401),
    "the person is shut out": ("user_access_error", 401),
    "nobody paid": ("PAYMENT_REQUIRED", 401),
    "an administrator must allow it": ("METHOD_CONFIRM_WAITING", 401),
    "Bitrix24 has blocked it": ("OVERLOAD_LIMIT", 403),
}


@pytest.fixture
def three(installed: Person) -> list[str]:
    """Three chat apps of Anna's portal."""
    for code in ("one", "two", "three"):
        installed.post("/chat-apps", typed(code=code))
    return [str(app.id) for app in installed.chat_apps()]


@pytest.mark.parametrize("case", LOST)
def test_what_is_said_of_each_item_of_a_batch_stops_the_run_too(
    installed, three, world, store, work, case
):
    code, status = LOST[case]
    world.faults.order("error", "imbot.app.unregister", code=code, status=status, times=3)
    form = {"verb": "unregister", "thing": "chat_app", "id": three}
    run = re.search(r"/bulk/([0-9]+)", installed.post("/bulk", form).text)[1]
    work()
    page = installed.get(f"/bulk/{run}").text
    states = [item.state.value for item in store.runs.items(store.runs.get(run))]

    installed.post(f"/bulk/{run}/continuation")
    work()

    assert "Stopped after 0 of 3" in page
    assert states == ["waiting"] * 3
    assert (installed.chat_apps(), store.chat_apps.all()) == ([], [])
    assert "Finished: 3 of 3" in installed.get(f"/bulk/{run}").text


def test_what_the_portal_may_have_done_before_it_refused_counts_as_ours(
    installed, three, world, store, work, resources
):
    """The portal's answer to one of them was that it has failed, and it had removed it."""
    world.faults.order("error", "imbot.app.unregister", code="INTERNAL_SERVER_ERROR", status=500)
    form = {"verb": "unregister", "thing": "chat_app", "id": three}
    run = re.search(r"/bulk/([0-9]+)", installed.post("/bulk", form).text)[1]
    work()
    failed = [item for item in store.runs.items(store.runs.get(run)) if item.open]
    installed.chat_apps().clear()

    resources.redis.delete(keys.bulk_worker(installed.portal.member_id))
    installed.get(f"/bulk/{run}?part")
    work()

    assert [item.state.value for item in failed] == ["sent"]
    assert [item.state.value for item in store.runs.items(store.runs.get(run))] == ["done"] * 3
