"""Bracket notation and loose values, there and back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox import php


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("a=1&a=2", {"a": "2"}),
        ("a[]=1&a[]=2", {"a": ["1", "2"]}),
        ("a[x][y]=1&a[x][z]=2", {"a": {"x": {"y": "1", "z": "2"}}}),
        ("a[1]=x", {"a": {"1": "x"}}),
        ("a[0][t]=x&a[1][t]=y", {"a": [{"t": "x"}, {"t": "y"}]}),
        ("a.b=1&c d=2", {"a_b": "1", "c_d": "2"}),
        ("a[b=1", {"a_b": "1"}),
        ("a=1&a[b]=2", {"a": {"b": "2"}}),
        ("=1", {}),
        ("a", {"a": ""}),
    ],
)
def test_reading(query, expected):
    assert php.parse_query(query) == expected


names = st.text("abcXYZ_", min_size=1, max_size=5)
values = st.recursive(
    st.text(max_size=8),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3)
        | st.dictionaries(names, inner, min_size=1, max_size=3)
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(st.dictionaries(names, values, max_size=4))
def test_what_is_built_can_be_read_back(data):
    assert php.parse_query(php.build_query(data)) == data


@settings(deadline=None)
@given(st.text(max_size=60))
def test_no_query_breaks_the_reader(text):
    assert isinstance(php.parse_query(text), dict)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, []),
        ({"a": {}}, {"a": []}),
        ({"0": "x", "1": "y"}, ["x", "y"]),
        ({"1": "x"}, {"1": "x"}),
        ({7: "x"}, {"7": "x"}),
    ],
)
def test_arrays_become_json_as_php_writes_them(value, expected):
    assert php.to_json(value) == expected


def test_built_queries_drop_empty_arrays_and_number_booleans():
    data = {"a": [], "b": None, "c": True, "d": False, "e": {"f": 1}}

    assert php.build_query(data) == "b=&c=1&d=0&e%5Bf%5D=1"


@pytest.mark.parametrize(("value", "expected"), [("12abc", 12), ("x", 0), ("-3", -3), (None, 0)])
def test_integers_are_taken_loosely(value, expected):
    assert php.intval(value) == expected
