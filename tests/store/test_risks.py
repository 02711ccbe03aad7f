"""What the application says at its start about a server whose settings may cost data."""

import contextlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from b24app.store.server import open_redis, risks
from tests.conftest import environment
from tests.ports import free_port
from tests.store.programs import embedded_program, until
from tests.store.servers import RIGHTS, alone

ROOT = Path(__file__).parent.parent.parent
EVICTS = ("--maxmemory-policy", "allkeys-lru")
FORGETS = ("--save", "", "--appendonly", "no")


@contextlib.contextmanager
def served(folder, *options):
    """A server with these settings; its address, and somebody who may do everything there."""
    with alone(embedded_program(), folder, *options) as (port, admin):
        yield f"redis://127.0.0.1:{port}", admin


def risks_of(url):
    with open_redis(url, "REDIS_URL", decode=True) as client:
        return risks(client)


def test_a_server_that_may_evict_is_named_with_the_setting(tmp_path):
    with served(tmp_path, *EVICTS) as (url, _):
        [risk] = risks_of(url)

    assert "maxmemory-policy is allkeys-lru" in risk


def test_a_server_that_keeps_nothing_on_disk_is_named_with_the_settings(tmp_path):
    with served(tmp_path, *FORGETS) as (url, _):
        [risk] = risks_of(url)

    assert "appendonly" in risk and "save" in risk


@pytest.mark.parametrize("kept", [("--save", "60 1"), ("--save", "", "--appendonly", "yes")])
def test_snapshots_or_the_append_only_file_are_enough(kept, tmp_path):
    with served(tmp_path, *kept) as (url, _):
        assert risks_of(url) == []


def test_a_server_that_refuses_config_still_tells_whether_it_evicts(tmp_path):
    with served(tmp_path, *EVICTS, *FORGETS) as (url, admin):
        admin.execute_command("ACL", "SETUSER", "b24app", "on", ">managed", *RIGHTS)
        [risk] = risks_of(url.replace("//", "//b24app:managed@"))

    assert "maxmemory-policy" in risk


def test_a_server_that_tells_nothing_is_taken_as_it_is(tmp_path):
    with served(tmp_path, *EVICTS, *FORGETS) as (url, admin):
        admin.execute_command("ACL", "SETUSER", "b24app", "on", ">managed", *RIGHTS, "-info")
        found = risks_of(url.replace("//", "//b24app:managed@"))

    assert found == []


def test_one_node_of_a_cluster_that_may_evict_is_enough(start):
    server = start("cluster")
    node = server.admin.get_redis_connection(server.admin.get_primaries()[1])
    node.config_set("maxmemory-policy", "volatile-ttl")
    found = risks_of(server.url)
    node.config_set("maxmemory-policy", "noeviction")

    assert ["volatile-ttl" in risk for risk in found] == [True]


@contextlib.contextmanager
def process(command, world, url, folder, port):
    """A part of the application as an operator starts it; yields its log."""
    environ = {"PATH": os.defpath} | environment(world, url, port) | {"WEB_CONCURRENCY": "2"}
    log = folder / "log"
    words = [sys.executable, "-m", *command]
    with log.open("w") as sink:
        running = subprocess.Popen(
            words, env=environ, cwd=ROOT, stderr=sink, stdout=sink, start_new_session=True
        )
    try:
        yield log
    finally:
        os.killpg(running.pid, signal.SIGKILL)
        running.wait(20)


@pytest.mark.parametrize("command", [["gunicorn", "app:app"], ["flask", "--app", "app", "worker"]])
def test_each_part_warns_once_at_its_start(command, world, tmp_path):
    port = free_port()
    with (
        served(tmp_path, *EVICTS, *FORGETS) as (url, _),
        process(command, world, url, tmp_path, port) as log,
    ):
        until(lambda: "appendonly" in log.read_text(), "no warning")
        lines = [line for line in log.read_text().splitlines() if "REDIS_URL" in line]

    assert ["WARNING" in line for line in lines] == [True, True]
    assert "maxmemory-policy" in lines[0]


def test_other_commands_do_not_warn(world, tmp_path):
    with (
        served(tmp_path, *EVICTS, *FORGETS) as (url, _),
        process(["flask", "--app", "app", "keys", "rotate"], world, url, tmp_path, 1) as log,
    ):
        until(lambda: "0 portals" in log.read_text(), "it did not come to its end")

        assert "REDIS_URL" not in log.read_text()


def test_a_store_that_is_away_does_not_hold_up_the_start(world, tmp_path):
    port = free_port()
    away = f"redis://127.0.0.1:{free_port()}"

    def answers():
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=10).status_code

    with process(["gunicorn", "app:app"], world, away, tmp_path, port):
        until(answers, "the web part did not start")

        assert answers() == 503
