"""The run command from a clean copy: comes up, does the main job, ends, and remembers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import frame_of, listed
from tests.ports import free_port

ROOT = Path(__file__).parent.parent.parent
PARTS = [
    "app.py",
    "Procfile",
    "gunicorn.conf.py",
    "b24app",
    "sandbox",
    "templates",
    "static",
    "translations",
]


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product alone, without anything that was saved or built before."""
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    return tmp_path


@contextmanager
def running(copy: Path, ports: dict[str, str]) -> Iterator[str]:
    """The whole product, as ``make run`` starts it; gives the address it prints."""
    environ = {**os.environ, **ports}
    process = subprocess.Popen(
        [sys.executable, "-m", "b24app.launch", "run"],
        cwd=copy,
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    line = process.stdout.readline()
    found = re.search(r"http://\S+", line)
    try:
        assert found, f"no address in {line!r}"
        yield found[0]
    finally:
        process.send_signal(signal.SIGINT)
        rest = process.communicate(timeout=30)[0]
    assert rest == ""
    assert process.returncode == 0


def processes_in(folder: Path) -> list[str]:
    """Command lines of the processes that work in this folder."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").resolve().is_relative_to(folder):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue  # it ended while we looked
    return found


def sign_in_as_anna(page: Page, address: str) -> None:
    page.goto(address)
    page.get_by_role("button", name="Anna").click()
    page.wait_for_url("**/desktop")


def test_a_newcomer_does_the_main_job_and_finds_it_again_the_next_day(page, copy):
    ports = {"PORT": str(free_port()), "SANDBOX_PORT": str(free_port())}

    with running(copy, ports) as address:
        sign_in_as_anna(page, address)
        page.goto(f"{address}apps")
        page.get_by_role("button", name="Install").click()
        page.wait_for_url("**install_finished=Y**")
        frame = frame_of(page)
        frame.get_by_role("button", name="Create the first chat app").click()
        frame.get_by_label("Address").fill("https://pages.example.com/board")
        frame.locator("[data-row]").first.get_by_label("Title").fill("Board")
        frame.get_by_role("button", name="Create chat app").click()
        expect(listed(frame, "Board")).to_be_visible()

    assert processes_in(copy) == []
    with running(copy, ports) as address:
        page.goto(f"{address}app")  # still signed in at the portal
        expect(listed(frame_of(page), "Board")).to_be_visible()
        page.goto(f"{address}chat?dialog=chat1")
        page.get_by_text("Chat applications").click()
        expect(page.get_by_role("button", name="Board").first).to_be_visible()

    assert processes_in(copy) == []


def test_a_wrong_setting_stops_the_start_with_one_line(copy):
    done = subprocess.run(
        [sys.executable, "-m", "b24app.launch", "serve"],
        cwd=copy,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == "b24app: B24_CLIENT_ID is missing\n"


@pytest.mark.parametrize("command", [["gunicorn", "app:app"], ["flask", "--app", "app", "worker"]])
def test_each_part_stops_with_one_line_too(copy, command):
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=copy,
        env={"PATH": os.environ["PATH"], "B24_CLIENT_ID": "x"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.strip() == "b24app: B24_CLIENT_SECRET is missing"


def test_dotenv_is_read(copy):
    (copy / ".env").write_text("B24_CLIENT_ID=from-the-file\n")

    done = subprocess.run(
        [sys.executable, "-m", "b24app.launch", "serve"],
        cwd=copy,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert done.stderr == "b24app: B24_CLIENT_SECRET is missing\n"
