"""Whatever a portal answers is a result or an error of the tree."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix.answers import error_code
from b24app.bitrix.batch import BatchResult
from b24app.errors import B24AppError
from b24app.records import Lane
from tests.unit.rest_client import Ledger, Wire, client

pytestmark = pytest.mark.usefixtures("quick")

ENDLESS = "1" * 401
NUMBERS = [ENDLESS, f"-{ENDLESS}", "1e999", "-1e999", "NaN", '"900"', '"x"', "null", "true", "[]"]


@pytest.mark.parametrize("operating", [*NUMBERS, "400"])
@pytest.mark.parametrize("reset", [*NUMBERS, "-1", "0", "4e9"])
def test_no_number_of_an_answer_spoils_it(operating, reset):
    """Whatever stands there, a method is paused for a quarter of an hour at most."""
    time_block = f'{{"operating": {operating}, "operating_reset_at": {reset}}}'
    body = f'{{"result": 5, "time": {time_block}}}'.encode()
    item = f'{{"result": {{"result": {{"a": 5}}, "result_time": {{"a": {time_block}}}}}}}'.encode()
    ledger, now = Ledger(), time.time()

    assert client(Wire((200, body)), budget=ledger).call("x") == 5
    assert client(Wire((200, item)), budget=ledger).batch({"a": "x"}) == {"a": 5}

    noted = [*ledger.resets.values(), *(until for _, until, _ in ledger.blocks)]
    assert all(now <= until <= time.time() + 900 for until in noted)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["error", "error_description", "result", "result_error", "time", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


def outcome(act: Callable[[], Any]) -> Any:
    try:
        return act()
    except B24AppError as error:
        return error


@given(json_values, st.sampled_from([200, 400, 401, 403, 404, 429, 500, 503]))
def test_any_answer_is_a_result_or_an_error_of_the_tree(body, status):
    found = outcome(lambda: client(Wire((status, body))).call("profile"))

    if isinstance(body, dict) and error_code(body):
        assert isinstance(found, B24AppError)
    if not isinstance(found, B24AppError):
        assert status < 400
        assert isinstance(body, dict) and "error" not in body


@given(json_values)
def test_any_batch_answer_is_sorted_or_an_error(body):
    found = outcome(
        lambda: client(Wire((200, {"result": body}))).batch_all({"a": "profile", "error": "x"})
    )

    assert isinstance(found, BatchResult | B24AppError)
    if isinstance(found, BatchResult):
        assert set(found.results).isdisjoint(found.errors)
        assert {*found.results, *found.errors} == {"a", "error"}


numbers = st.integers(-(10**401), 10**401) | st.floats() | json_values
times = st.dictionaries(st.sampled_from(["operating", "operating_reset_at", "start"]), numbers)


@given(times, st.sampled_from(list(Lane)))
def test_any_time_leaves_the_result_as_it_is_and_no_method_paused_for_long(spent, lane):
    ledger, now = Ledger(), time.time()
    whole = (200, {"result": 5, "time": spent})
    parts = (200, {"result": {"result": {"a": 5}, "result_time": {"a": spent}}})
    rest = client(Wire(whole, parts), budget=ledger, lane=lane)

    assert rest.call("profile") == 5
    assert rest.batch({"a": "profile"}) == {"a": 5}
    noted = [*ledger.resets.values(), *(until for _, until, _ in ledger.blocks)]
    assert all(now <= until <= time.time() + 900 for until in noted)


envelopes = st.fixed_dictionaries(
    {"result": st.lists(st.integers(), max_size=3) | json_values},
    optional={"next": st.integers(-50, 200) | st.sampled_from(["50", "100"]) | numbers},
)


@given(st.lists(envelopes, min_size=1, max_size=5))
def test_any_pages_end_or_are_an_error(bodies):
    wire = Wire(*((200, body) for body in bodies))

    found = outcome(lambda: list(client(wire).pages("events")))

    assert isinstance(found, list | B24AppError)
    assert len(wire.requests) <= len(bodies) + 1


@given(st.binary(max_size=200))
def test_any_bytes_are_a_result_or_an_error(body):
    found = outcome(lambda: client(Wire((200, body))).call("profile"))

    assert isinstance(found, B24AppError) or b"result" in body
