"""The rules of a chat app's form."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.actions import drafts
from b24app.actions.chat_apps import difference, parameters
from b24app.actions.drafts import Draft
from b24app.errors import BadPayload
from b24app.records import Translation

GOOD = Draft(
    iframe_url="https://pages.example.com/a?b=c",
    translations=(Translation("en", "Board"), Translation("de", "")),
)
anything = st.builds(
    Draft,
    code=st.text(max_size=60),
    kind=st.sampled_from(["iframe", "command", "x"]),
    iframe_url=st.text(max_size=300) | st.just("https://[::1"),
    iframe_width=st.text(max_size=12) | st.integers().map(str),
    iframe_height=st.text(max_size=12),
    js_method=st.sampled_from(["PUT", "SEND", "CALL", "SUPPORT", ""]),
    js_param=st.text(max_size=300),
    context=st.text(max_size=5) | st.just("ALL"),
    icon=st.text(max_size=30),
    translations=st.lists(
        st.builds(Translation, language=st.text(max_size=3), title=st.text(max_size=300))
    ).map(tuple),
)


@given(anything)
def test_any_draft_is_a_chat_app_or_refused_with_reasons(draft):
    try:
        app = drafts.check(draft)
    except BadPayload as refused:
        assert refused.errors
    else:
        assert app.translations and all(entry.title for entry in app.translations)


def test_empty_rows_are_left_out():
    assert [entry.language for entry in drafts.check(GOOD).translations] == ["en"]


def test_a_new_hash_has_32_characters_and_is_never_the_literal_register():
    hashes = {drafts.new_hash() for _ in range(100)}

    assert {len(value) for value in hashes} == {32}
    assert len(hashes) == 100


@pytest.mark.parametrize(
    ("method", "param"),
    [
        ("PUT", "/help"),
        ("SEND", "/game start-1 a_b +c"),
        ("CALL", "+49 (30) 123-45"),
        ("SUPPORT", "0123456789abcdef0123456789ABCDEF"),
    ],
)
def test_parameters_the_portal_takes_whole_are_taken(method, param):
    draft = dataclasses.replace(GOOD, kind="command", js_method=method, js_param=param)

    assert drafts.check(draft).js_param == param


@pytest.mark.parametrize(
    ("method", "param"),
    [
        ("PUT", "help"),
        ("PUT", "/h"),
        ("SEND", "/help  two spaces"),
        ("SEND", "/help кириллица"),
        ("CALL", "()"),
        ("CALL", "12a"),
        ("SUPPORT", "0123"),
        ("PUT", ""),
    ],
)
def test_parameters_the_portal_would_cut_are_refused(method, param):
    with pytest.raises(BadPayload) as refused:
        drafts.check(dataclasses.replace(GOOD, kind="command", js_method=method, js_param=param))

    assert "js_param" in refused.value.errors


def test_every_language_row_keeps_its_texts():
    rows = tuple(Translation(code, f"Title {code}", "d", "c") for code in ("en", "de", "br"))
    app = drafts.check(dataclasses.replace(GOOD, translations=rows))

    assert app.translations == rows


def test_nothing_differs_from_itself():
    app = drafts.check(GOOD)

    assert difference(app, app) == {}


def test_a_changed_command_sends_method_and_parameter_together():
    draft = dataclasses.replace(GOOD, kind="command", js_method="PUT", js_param="/help")
    app = drafts.check(draft)
    changed = dataclasses.replace(app, js_param="/other")

    assert difference(app, changed) == {"JS_METHOD": "PUT", "JS_PARAM": "/other"}


def test_only_administrators_is_a_suffix_of_the_context():
    app = drafts.check(dataclasses.replace(GOOD, context="LINES", admin_only=True))

    assert parameters(app)["CONTEXT"] == "LINES-admin"
