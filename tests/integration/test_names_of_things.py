"""What pages call a thing: by its name in the reader's language, and by what people know of it."""

from __future__ import annotations

import re

import pytest

from tests.cast import told, typed, typed_widget

KEY = "w" * 22


@pytest.fixture
def installed(anna):
    anna.install()
    return anna


def test_activity_shows_a_widget_by_its_code_and_finds_it_by_that(installed):
    installed.post("/widgets", typed_widget(code="tasks"))
    installed.post("/chat-apps", typed())

    page = installed.get("/history").text
    found = installed.get("/history?thing_id=tasks").text

    assert "Widget\n        tasks" in page and KEY not in page
    assert found.count('<li class="change"') == 1 and "Widget\n        tasks" in found


@pytest.fixture
def german(installed):
    """Anna reads German."""
    installed.user.language = "de"
    installed.open()
    return installed


def test_results_of_work_with_many_are_in_the_readers_language(german, work):
    german.post("/chat-apps", typed())
    [app] = german.chat_apps()
    page = german.post("/bulk", {"verb": "republish", "thing": "chat_app", "id": [str(app.id)]})
    run = re.search(r"/bulk/([0-9]+)", page.text)[1]
    work()

    part = german.get(f"/bulk/{run}?part").text

    assert "Tafel" in part and "Board" not in part


def test_a_difference_is_in_the_readers_language_and_looking_that_finds_one_is_a_warning(german):
    german.post("/widgets", typed_widget())
    german.portal.placements.clear()

    page = german.post("/drift/look")

    assert "Tafel</h3>" in page.text and "Board</h3>" not in page.text
    assert '"kind": "warning"' in page.headers["HX-Trigger"] and told(page)


def test_the_list_says_languages_by_name_and_many_by_their_number(installed):
    languages = ["en", "de", "br"]
    installed.post("/chat-apps", typed())
    installed.post(
        "/chat-apps",
        typed(
            code="more",
            language=languages,
            title=["More"] * 3,
            description=[""] * 3,
            copyright=[""] * 3,
        ),
    )

    page = installed.get("/chat-apps").text

    assert "<small>English, German</small>" in page
    assert 'title="English, German, Portuguese (Brazil)">3 languages<' in page


def test_errors_are_named_in_the_order_of_the_form(installed):
    wrong = typed(title=["", ""], iframe_url="ftp://nowhere", iframe_height="1", context="MARS")

    page = installed.post("/chat-apps", wrong).text

    summary = page.partition('id="errors-title"')[2].partition("</ul>")[0]
    assert re.findall(r'href="#([a-z_]+)', summary) == [
        "iframe_url",
        "iframe_height",
        "translations",
        "context",
    ]


def test_a_moment_breaks_between_its_day_and_its_time_only(installed):
    installed.post("/chat-apps", typed())

    shown = re.search(r"<div>([^<]+UTC)<small>Anna", installed.get("/chat-apps").text)[1]

    assert shown.count(" ") == 1 and ", " in shown
