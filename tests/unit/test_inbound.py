"""Reading what Bitrix24 sends: everything malformed is BadPayload, nothing else ever."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.bitrix.inbound import read_brackets, read_event, read_form, read_frame
from b24app.errors import BadPayload

MEMBER = "0123456789abcdef0123456789abcdef"
FRAME = {
    "member_id": MEMBER,
    "AUTH_ID": "a" * 70,
    "REFRESH_ID": "r" * 70,
    "AUTH_EXPIRES": "3600",
    "SERVER_ENDPOINT": "https://oauth.bitrix.info/rest/",
    "APPLICATION_TOKEN": "t" * 32,
    "PLACEMENT": "DEFAULT",
    "status": "L",
}
QUERY = {"DOMAIN": "aurora.bitrix24.com", "PROTOCOL": "1", "LANG": "br", "APP_SID": "5" * 32}

texts = st.text(max_size=50)
names = st.text(alphabet="abc[]_\x00é", max_size=20)
plain = st.text(alphabet="abcdefgh", min_size=1, max_size=5)
trees = st.recursive(
    texts, lambda inner: st.dictionaries(plain, inner, min_size=1, max_size=4), max_leaves=12
)


def php(tree: object, name: str = "") -> list[tuple[str, str]]:
    """The pairs PHP makes of nested maps."""
    if not isinstance(tree, dict):
        return [(name, str(tree))]
    return [
        pair
        for key, value in tree.items()
        for pair in php(value, f"{name}[{key}]" if name else key)
    ]


def test_a_frame_request_is_read():
    frame = read_frame(QUERY, FRAME)

    assert (frame.member_id, frame.domain, frame.language) == (MEMBER, QUERY["DOMAIN"], "br")
    assert frame.auth_expires == 3600


def test_a_frame_request_does_not_show_its_tokens():
    shown = repr(read_frame(QUERY, FRAME))

    assert "a" * 70 not in shown and "r" * 70 not in shown and "t" * 32 not in shown


def test_a_person_without_access_has_no_tokens():
    fields = {name: value for name, value in FRAME.items() if not name.endswith("_ID")}

    assert read_frame(QUERY, fields).auth_id == ""


@pytest.mark.parametrize(
    "options",
    [
        *("", "null", "[1]", "{", "x" * 20000, "[" * 10000, '{"a":' * 3000 + "1" + "}" * 3000),
        *(r'{"a": "\ud800"}', r'{"\udfff": 1}', r'{"a": {"b": ["x", "\udc00y"]}}'),
        '{"a": ' + "9" * 9999 + "}",
    ],
)
def test_odd_placement_options_count_as_none(options):
    assert read_frame(QUERY, FRAME | {"PLACEMENT_OPTIONS": options}).placement_options == {}


@given(st.dictionaries(st.sampled_from([*FRAME, *QUERY, "PLACEMENT_OPTIONS"]), texts))
def test_any_frame_request_is_read_or_refused(spoiled):
    try:
        frame = read_frame(QUERY, FRAME | spoiled)
    except BadPayload as refused:
        assert refused.errors
    else:
        assert len(frame.member_id) == 32


@given(st.lists(st.tuples(names, texts), max_size=30))
def test_any_event_body_is_read_or_refused(pairs):
    with pytest.raises(BadPayload):
        read_event([*pairs, ("auth[member_id]", "nobody")])


@given(st.dictionaries(plain, trees, max_size=5))
def test_bracket_notation_comes_back_as_it_was(tree):
    body = urlencode(php(tree))

    assert read_brackets(parse_qsl(body, keep_blank_values=True)) == tree


@pytest.mark.parametrize(
    "pairs",
    [
        [("a" + "[b]" * 20, "1")],
        [("a[", "1")],
        [("a]b", "1")],
        [("a[b]c", "1")],
        [("", "1")],
        [("a", "1"), ("a", "2")],
        [("a[b]", "1"), ("a[b]", "1")],
        [("a[1]", "1"), ("a[]", "2")],
        [("a\x00", "1")],
        [("a" * 600, "1")],
        [("a", "1"), ("a[b]", "2")],
        [("a[b]", "2"), ("a", "1")],
        [(f"k{number}", "1") for number in range(3000)],
    ],
)
def test_broken_brackets_are_refused(pairs):
    with pytest.raises(BadPayload):
        read_brackets(pairs)


@given(st.dictionaries(plain, trees, max_size=5))
def test_a_form_is_read_as_it_was_written(tree):
    pairs = [("event", "X"), *php(tree)]

    assert read_form(urlencode(pairs).encode()) == pairs


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"a",
        b"a=1&&b=2",
        b"a=%",
        b"a=%4",
        b"a=%zz",
        b"a=%ff%fe",
        b"a%ff=1",
        b"a=\xc3\xa9",
        b"&".join(b"k=1" for _ in range(2001)),
    ],
)
def test_a_form_the_queue_would_not_write_is_refused(body):
    with pytest.raises(BadPayload):
        read_event(read_form(body))


def test_a_deep_message_is_read():
    """An attachment's row in a message of a bot."""
    name = "data[message][params][ATTACH][0][BLOCKS][1][GRID][2][LINK][NAME]"

    assert read_brackets([(name, "x")])["data"]["message"]["params"]["ATTACH"]["0"]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    with pytest.raises(BadPayload):
        read_event([*read_form(body), ("auth[member_id]", "nobody")])
