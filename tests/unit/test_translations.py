"""Five languages: every text is there, says the same, and is compiled."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po

FOLDER = Path(__file__).parent.parent.parent / "translations"
LANGUAGES = ["ru", "de", "es", "pt_BR"]
PLACE = re.compile(r"%\(\w+\)[sd]")


def catalog(language: str):
    with (FOLDER / language / "LC_MESSAGES" / "messages.po").open("rb") as file:
        return read_po(file, locale=language)


def texts(value) -> list[str]:
    """A text alone, or the forms of a plural."""
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
        compiled = {texts(entry.id)[0]: texts(entry.string) for entry in read_mo(file) if entry.id}
    written = {texts(entry.id)[0]: texts(entry.string) for entry in catalog(language) if entry.id}

    assert compiled == written


def test_every_text_of_the_sources_was_collected():
    methods = [("b24app/**.py", "python"), ("templates/**.html", "jinja2")]
    keywords = {**DEFAULT_KEYWORDS, "lazy_gettext": None}
    found = extract_from_dir(
        FOLDER.parent, methods, keywords=keywords, directory_filter=lambda path: True
    )
    wanted = {texts(entry[2])[0] for entry in found if not Path(entry[0]).is_relative_to(".venv")}
    with (FOLDER / "messages.pot").open("rb") as file:
        collected = {texts(entry.id)[0] for entry in read_po(file) if entry.id}

    assert wanted == collected
