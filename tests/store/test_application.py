"""The application on every kind of store: installed, renewed, saved, its jobs done."""

import pytest

from b24app.settings import Settings
from sandbox import oauth
from tests.cast import typed
from tests.conftest import environment


@pytest.fixture
def settings(world, server, app_port, var):
    environ = environment(world, server.url, app_port)
    return Settings.from_env(environ | {"QUEUE_REDIS_URL": server.queue_url}, var)


@pytest.fixture
def empty_store(server):
    """The server comes empty, and not everywhere may the application empty it."""


def test_an_administrator_does_the_main_job_on_every_store(anna, world, work):
    anna.install()
    oauth.expire_access_tokens(world, anna.portal)

    reply = anna.post("/chat-apps", typed())
    work()

    assert reply.status_code == 200
    assert [app.code for app in anna.chat_apps()] == [typed()["code"] or anna.chat_apps()[0].code]
    assert "Board" in anna.open().text
    assert world.renewals == 1
