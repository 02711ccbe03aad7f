"""The application's card: installed, finished, updated and uninstalled, and who may."""

import re

import pytest

from tests.sandbox_pages.browsing import CLIENT_ID, frame_address, frame_data


def menu(reply):
    nav = re.search(r'<nav class="menu.*?</nav>', reply.text, re.S)[0]
    return [text.strip() for text in re.findall(r"</svg>\s*([^<]+)</a>", nav)]


def test_an_administrator_installs_and_meets_the_installation_page(anna, aurora):
    reply = anna.post("/apps/install")

    assert reply.location == "/app"
    assert not aurora.installs[CLIENT_ID].installed
    assert frame_address(anna.get("/app")).path == "/install"
    assert frame_data(anna.get("/app"))["init"]["INSTALL"] is True


def test_an_employee_has_no_install_button_and_may_not_install(egor, aurora):
    assert "Ask an administrator" in egor.get("/apps").text

    assert egor.post("/apps/install").status_code == 403
    assert CLIENT_ID not in aurora.installs


def test_before_it_is_installed_the_application_page_leads_to_its_card(anna):
    assert anna.get("/app").location == "/apps"


def test_an_employee_is_told_while_the_installation_is_not_finished(anna, egor):
    anna.post("/apps/install")

    reply = egor.get("/app")

    assert "installation is not finished" in reply.text
    assert "<iframe" not in reply.text


def test_the_menu_shows_the_application_to_employees_once_it_is_finished(anna, egor):
    anna.post("/apps/install")
    assert "Chat apps" in menu(anna.get("/desktop"))
    assert "Chat apps" not in menu(egor.get("/desktop"))

    assert anna.post("/frame/finish").json == {"result": True}

    assert "Chat apps" in menu(egor.get("/desktop"))


def test_an_employee_cannot_finish_the_installation(anna, egor, aurora):
    anna.post("/apps/install")

    assert egor.post("/frame/finish").json == {"result": False}
    assert not aurora.installs[CLIENT_ID].installed


@pytest.mark.usefixtures("ready")
def test_an_update_raises_the_version_and_opens_the_installer(anna, aurora):
    reply = anna.post("/apps/update")

    assert reply.location == "/app"
    assert aurora.installs[CLIENT_ID].version == 2


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize(("form", "kept"), [({}, {"a": 1}), ({"clean": "1"}, {})])
def test_an_uninstall_deletes_settings_only_when_asked_to(anna, aurora, form, kept):
    aurora.app_options["a"] = 1

    reply = anna.post("/apps/uninstall", **form)

    assert "is uninstalled" in anna.get(reply.location).text
    assert not aurora.installs[CLIENT_ID].active
    assert kept == aurora.app_options


@pytest.mark.usefixtures("ready")
@pytest.mark.parametrize("path", ["/apps/update", "/apps/uninstall"])
def test_an_employee_may_neither_update_nor_uninstall(egor, aurora, path):
    assert egor.post(path).status_code == 403

    assert aurora.installs[CLIENT_ID].active
    assert aurora.installs[CLIENT_ID].version == 1


@pytest.mark.parametrize("path", ["/apps/update", "/apps/uninstall"])
def test_what_is_not_installed_is_neither_updated_nor_uninstalled(anna, path):
    assert anna.post(path).status_code == 409
