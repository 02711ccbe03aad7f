"""Drawings: what is kept of an SVG that anybody may have made."""

import time
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.actions import drawings
from b24app.errors import BadPayload

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
SHAPE = '<path d="M0 0h9v9z"/>'
KEPT = '<path d="M0 0h9v9z"></path>'


def inside(text: str) -> str:
    """What is kept of this, drawn beside a shape."""
    made = drawings.clean(f"{HEAD}{text}{SHAPE}</svg>")
    return made.removeprefix('<svg xmlns="http://www.w3.org/2000/svg">').removesuffix("</svg>")


EVIL = [
    "<script>alert(1)</script>",
    '<script href="https://evil.example/x.js"/>',
    "<foreignObject><body xmlns='http://www.w3.org/1999/xhtml' onload='x()'/></foreignObject>",
    '<image href="https://evil.example/x.png"/>',
    '<use xlink:href="#a"/>',
    '<use href="https://evil.example/x.svg#a"/>',
    "<style>path { fill: url(https://evil.example) }</style>",
    "<a href='javascript:x()'><path d='M1 1'/></a>",
    "<animate attributeName='href' values='javascript:x()'/>",
    "<set attributeName='onload' to='x()'/>",
    "<text>words</text>",
    "<?xml-stylesheet href='https://evil.example/x.css'?>",
    "<!-- a note -->",
    "<x:path xmlns:x='urn:else' d='M1 1'/>",
]


@pytest.mark.parametrize("text", EVIL)
def test_what_does_not_draw_is_left_out(text):
    assert inside(text) == KEPT


ATTRIBUTES = [
    ("onload='x()'", ""),
    ("fill='url(https://evil.example)'", ""),
    ("fill='u\\72l(https://evil.example)'", ""),
    ("fill='URL( #a )'", ""),
    ("fill='url(#a)'", ' fill="url(#a)"'),
    ("style='fill:#fff;background:url(x);stroke : red'", ' fill="#fff" stroke="red"'),
    ("style='fill:url(//evil.example)'", ""),
    ("xlink:href='#a' href='#a' class='b'", ""),
    ("transform='rotate(45, 1 1)'", ' transform="rotate(45, 1 1)"'),
    ("fill='&quot;&gt;&lt;script&gt;'", ""),
]


@pytest.mark.parametrize(("typed", "kept"), ATTRIBUTES)
def test_attributes_say_only_how_it_looks(typed, kept):
    assert inside(f"<g {typed}></g>") == f"<g{kept}></g>{KEPT}"


WRONG = [
    ("", "svg_broken"),
    ("<svg", "svg_broken"),
    ("hello", "svg_broken"),
    ("<html><svg>" + SHAPE + "</svg></html>", "svg_broken"),
    (f"{HEAD}</svg>", "svg_empty"),
    (f"{HEAD}<text>words</text></svg>", "svg_empty"),
    (f'<!DOCTYPE svg [<!ENTITY a "b">]>{HEAD}{SHAPE}</svg>', "svg_broken"),
    (f'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>{HEAD}&a;</svg>', "svg_broken"),
    (f"{HEAD}&a;{SHAPE}</svg>", "svg_broken"),
    (HEAD + "<g>" * 60 + SHAPE + "</g>" * 60 + "</svg>", "svg_broken"),
    (HEAD + SHAPE * 2001 + "</svg>", "svg_broken"),
    (f"{HEAD}{SHAPE}</svg>" + " " * 65536, "svg_too_big"),
    (f'<?xml version="1.0" encoding="x-none"?>{HEAD}{SHAPE}</svg>', "svg_broken"),
]


@pytest.mark.parametrize(("text", "reason"), WRONG)
def test_what_is_no_drawing_is_refused_with_the_reason(text, reason):
    with pytest.raises(BadPayload) as caught:
        drawings.clean(text)

    assert caught.value.errors == {"svg": reason}


def test_a_drawing_of_fixed_size_can_be_scaled():
    made = drawings.clean(f'<svg width="24px" height="12">{SHAPE}</svg>')

    assert made == f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 12">{KEPT}</svg>'


def test_old_drawing_programs_name_a_document_type():
    made = drawings.clean(
        '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
        f'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">{HEAD}{SHAPE}</svg>'
    )

    assert KEPT in made


def test_what_was_cleaned_stays_the_same_when_it_is_cleaned_again():
    made = drawings.clean(f"{HEAD}<g style='fill:#fff'>{SHAPE}</g></svg>")

    assert drawings.clean(made) == made
    assert drawings.clean(drawings.SPEECH) == drawings.clean(drawings.clean(drawings.SPEECH))


def test_the_address_holds_the_whole_drawing():
    url = drawings.data_url(drawings.SPEECH)

    assert url.startswith("data:image/svg+xml,%3Csvg")
    assert unquote(url.partition(",")[2]) == drawings.SPEECH


@given(st.binary(max_size=300) | st.text(max_size=300))
def test_nothing_but_a_refusal_ever_comes_of_noise(data):
    try:
        assert drawings.clean(data).startswith("<svg")
    except BadPayload as exc:
        assert set(exc.errors) == {"svg"}


HOSTILE = [
    ('fill="url(#a){}!"', " "),
    ('fill="url(#a){}!"', "a"),
    ('fill="url({}"', " "),
    ('fill="url(#{}"', "a"),
    ('fill="{}url"', " "),
    ('fill="{}!"', " "),
    ('style="fill:url(#a){}!"', " "),
    ('style="{}"', ";:"),
    ('width="1{}x" height="1"', " "),
    ('width="{}x" height="1"', " "),
    ('width="1{}px{}x" height="1"', " "),
    ('width="1{}" height="1{}"', "&#9;"),
]


@pytest.mark.parametrize(("attribute", "filler"), HOSTILE)
def test_no_drawing_costs_the_square_of_its_length(attribute, filler):
    """Eight times as long may take twenty-four times as long, from a millisecond on."""

    def cost(length: int) -> float:
        typed = attribute.replace("{}", filler * length)
        before = time.thread_time()
        drawings.clean(f"<svg {typed}>{SHAPE}</svg>")
        return time.thread_time() - before

    short, long = (min(cost(length) for _ in range(3)) for length in (700, 5600))

    assert long < 24 * max(short, 0.001)
