"""The key ring: the newest key encrypts, all decrypt, nothing moves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from b24app.crypto import CannotOpen, KeyRing

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.text(), st.text())
def test_what_was_sealed_opens_in_its_context(text, context):
    ring = KeyRing([NEW])

    assert ring.open(ring.seal(text, context), context) == text


def test_it_does_not_open_in_another_context():
    ring = KeyRing([NEW])

    with pytest.raises(CannotOpen):
        ring.open(ring.seal("token", "portal a"), "portal b")


def test_an_older_key_still_opens():
    sealed = KeyRing([OLD]).seal("token", "c")

    assert KeyRing([NEW, OLD]).open(sealed, "c") == "token"


def test_a_lost_key_opens_nothing():
    with pytest.raises(CannotOpen):
        KeyRing([NEW]).open(KeyRing([OLD]).seal("token", "c"), "c")


@given(st.text(max_size=80))
def test_no_text_from_outside_opens(text):
    with pytest.raises(CannotOpen):
        KeyRing([NEW]).open(text, "c")


def test_the_same_text_is_never_sealed_twice_alike():
    ring = KeyRing([NEW])

    assert ring.seal("token", "c") != ring.seal("token", "c")


def test_what_an_older_key_sealed_is_told_from_what_the_newest_did():
    old, new = b"o" * 32, b"n" * 32
    sealed = KeyRing([old]).seal("x", "c")

    assert not KeyRing([new, old]).is_newest(sealed)
    assert KeyRing([new, old]).is_newest(KeyRing([new]).seal("x", "c"))
