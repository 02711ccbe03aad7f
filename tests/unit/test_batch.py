"""References to an earlier request of a batch, against the way the portal follows its own."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix.batch import LIMIT, Past, chunks
from sandbox import php

EARLIER = {
    "bot": {"bot": {"id": 12, "code": "helper", "tags": ["a b", "c&d"], "off": False}},
    "number": 7,
    "title": "Tee & Küche = 50%",
    "list": [{"ID": "31"}, {"ID": "32"}],
    "nothing": None,
    "empty": [],
}


@pytest.fixture
def past() -> Past:
    known = Past()
    labels = dict.fromkeys([*EARLIER, "failed"], "x")
    known.add(
        labels,
        {
            "result": EARLIER,
            "result_error": {"failed": {"error": "BROKEN"}},
            "result_total": {"list": 2},
            "result_next": [],
        },
    )
    return known


def read(past: Past, query: str) -> dict[str, Any]:
    """The parameters as the portal reads them from the filled command."""
    filled = past.fill({"late": f"some.method?{query}"})["late"]
    assert filled.startswith("some.method")
    return php.parse_query(filled.partition("?")[2])


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("$result[number]", "7"),
        ("$result[bot][bot][id]", "12"),
        ("$result[list][1][ID]", "32"),
        ("$result[title]", "Tee & Küche = 50%"),
        ("$result[bot][bot][tags]", ["a b", "c&d"]),
        ("$result[list]", [{"ID": "31"}, {"ID": "32"}]),
        ("$result[bot][bot][off]", "0"),
        ("$result[nothing]", ""),
        ("$result[failed][id]", ""),
        ("$total[list]", "2"),
        ("$error[failed][error]", "BROKEN"),
        ("$result[number][ID]", "7"),
        ("$result[list][9]", [{"ID": "31"}, {"ID": "32"}]),
        ("new-$result[bot][bot][code]", "new-helper"),
        ("$result[number] of $total[list]", "7 of 2"),
        ("a $result[list] b", "a $result[list] b"),
        ("a $result[failed] b", "a $result[failed] b"),
        ("$result[later][id]", "$result[later][id]"),
        ("$result", "$result"),
        ("costs 5 $ or 10 %", "costs 5 $ or 10 %"),
    ],
)
@pytest.mark.parametrize("spelled", [str, quote], ids=["plain", "encoded"])
def test_a_reference_becomes_what_it_names(past, reference, value, spelled):
    if spelled is str and ("%" in reference or "&" in reference):
        spelled = quote

    found = read(past, f"before=1&FIELDS[VALUE]={spelled(reference)}&after=2")

    assert found == {"before": "1", "FIELDS": {"VALUE": value}, "after": "2"}


def test_an_empty_list_leaves_no_parameter(past):
    assert read(past, "before=1&value=$result[empty]") == {"before": "1"}


def test_a_command_without_parameters_stays_as_it_is(past):
    assert past.fill({"a": "profile", "b": "x?TITLE=a+b%20c"}) == {
        "a": "profile",
        "b": "x?TITLE=a+b%20c",
    }


def test_references_within_the_first_request_are_the_portals_own():
    commands = {"a": "profile", "b": "x?ID=$result[a][ID]"}

    assert Past().fill(commands) == commands


def test_numbered_labels_come_back_as_a_list():
    past = Past()
    past.add({"0": "x", "1": "x"}, {"result": [{"id": 5}, {"id": 6}]})

    assert read(past, "ID=$result[1][id]") == {"ID": "6"}


words = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Z"), exclude_characters="$[]"), min_size=1
)
results = st.recursive(
    words | st.integers(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(words, inner, min_size=1, max_size=3)
    ),
    max_leaves=6,
)


@given(results, words)
def test_any_result_arrives_as_it_was(result, other):
    past = Past()
    past.add({"early": "x"}, {"result": {"early": result}})

    found = read(past, urlencode({"VALUE": "$result[early]", "OTHER": other}))

    assert found == {"VALUE": textual(result), "OTHER": other}


def textual(value: Any) -> Any:
    """A result as form fields carry it: every number a text, maps counted from zero as lists."""
    if isinstance(value, list | dict):
        rows = value.items() if isinstance(value, dict) else enumerate(value)
        return php.to_json({str(key): textual(inner) for key, inner in rows})
    return str(value)


@given(st.integers(0, 170))
def test_nothing_is_lost_or_doubled_by_the_split(count):
    commands = {f"c{number}": "profile" for number in range(count)}

    parts = list(chunks(commands))

    assert {label: command for part in parts for label, command in part.items()} == commands
    assert all(0 < len(part) <= LIMIT for part in parts)
