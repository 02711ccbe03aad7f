"""The primary is killed under the application's hands, and a replica takes over."""

import signal
import threading
import time
from contextlib import contextmanager

import pytest

from b24app.settings import Settings
from tests.cast import typed
from tests.conftest import environment
from tests.store.programs import PATIENCE
from tests.store.servers import watched

AWAY = 503


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with watched(tmp_path_factory.mktemp("failover"), sentinels=3) as server:
        yield server


@pytest.fixture
def settings(world, server, app_port, var):
    return Settings.from_env(environment(world, server.url, app_port), var)


@pytest.fixture
def empty_store(server):
    server.empty()


def test_the_application_is_back_by_itself_and_says_503_meanwhile(anna, server):
    anna.install()
    statuses, over = {"read": [], "write": []}, threading.Event()

    def read():
        while not over.is_set():
            statuses["read"].append(anna.send(anna.frame_form()).status_code)

    def write():
        while not over.is_set():
            code = f"app{len(statuses['write'])}"
            statuses["write"].append(anna.post("/chat-apps", typed(code=code)).status_code)

    with at_once(read, write, over=over):
        _until(lambda: all(200 in seen for seen in statuses.values()))
        server.processes[0].send_signal(signal.SIGKILL)
        _until(lambda: all(AWAY in seen for seen in statuses.values()))
        _until(lambda: all(seen[-2:] == [200, 200] for seen in statuses.values()))

    assert set(statuses["read"] + statuses["write"]) == {200, AWAY}


@contextmanager
def at_once(*works, over):
    """Do all of it in threads of their own until the end of the block."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _until(happened):
    deadline = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)
