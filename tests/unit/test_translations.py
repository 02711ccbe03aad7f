"""Five languages: every text is there, says the same, and is compiled."""

import re
from pathlib import Path

import pytest
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent.parent / "translations"
LANGUAGES = ["ru", "de", "es", "pt_BR"]
PLACE = re.compile(r"%\(\w+\)[sd]")


def catalog(language: str):
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(value) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language):
    with (FOLDER / "messages.pot").open("rb") as file:
        wanted = {str(message.id) for message in read_po(file) if message.id}
    found = {
        str(message.id)
        for message in catalog(language)
        if message.id and all(texts(message.string))
    }

    assert wanted == found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_place_for_a_value_is_kept(language):
    for message in catalog(language):
        wanted = {place for text in texts(message.id) for place in PLACE.findall(text)}
        for text in texts(message.string) if message.id else []:
            assert set(PLACE.findall(text)) == wanted, message.id


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_compiled_is_what_was_written(language):
    with (FOLDER / language / "LC_MESSAGES" / "messages.mo").open("rb") as file:
        compiled = {str(message.id): message.string for message in read_mo(file) if message.id}
    written = {str(message.id): message.string for message in catalog(language) if message.id}

    assert compiled == written
