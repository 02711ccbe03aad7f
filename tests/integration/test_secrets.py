"""No token and no secret in a page, a log line, an address or, in clear, in the store."""

from __future__ import annotations

import io
import logging
import zlib
from collections.abc import Iterator

import pytest

from b24app import keys
from sandbox import oauth
from tests.cast import typed


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Everything any logger of this process says, at any level."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setLevel(logging.DEBUG)
    root = logging.getLogger()
    root.addHandler(handler)
    yield text
    root.removeHandler(handler)


def secrets_of(world, resources) -> set[str]:
    """Every secret that exists in this world."""
    found = {resources.settings.client_secret, resources.settings.secret_key}
    for portal in world.portals:
        found |= {row.application_token for row in portal.installs.values()}
    for grant in world.grants.values():
        found |= {grant.access, grant.refresh}
    return {secret for secret in found if secret}


def dump(resources) -> str:
    """The whole store as one text, the packed arguments of jobs unpacked."""
    client = resources.queue.connection
    values = []
    for key in client.scan_iter():
        read = {
            b"string": client.get,
            b"hash": client.hgetall,
            b"set": client.smembers,
            b"stream": client.xrange,
            b"list": lambda name: client.lrange(name, 0, -1),
            b"zset": lambda name: client.zrange(name, 0, -1),
        }[client.type(key)]
        value = read(key)
        if isinstance(value, dict) and b"data" in value:
            value[b"data"] = zlib.decompress(value[b"data"])
        values.append(f"{key!r} {value!r}")
    return "\n".join(values)


def test_no_secret_leaves_its_place(log, anna, egor, world, resources, work):
    pages = [anna.install().text, anna.open().text, egor.open().text]
    pages.append(anna.post("/chat-apps", typed(code="one")).text)
    pages.append(anna.get(f"/chat-apps/{anna.chat_apps()[0].id}").text)
    oauth.expire_access_tokens(world, anna.portal)
    pages.append(anna.post("/chat-apps", typed(code="two")).text)
    world.faults.order("html", "imbot.app.register", times=4)
    pages.append(anna.post("/chat-apps", typed(code="three")).text)
    form = anna.frame_form()
    form.fields["member_id"] = "f" * 32
    pages.append(anna.send(form).text)
    anna.at_portal("/apps/update", {})
    world.drain()
    work()

    stored, said, shown = dump(resources), log.getvalue(), "\n".join(pages)
    secrets = secrets_of(world, resources)
    assert len(secrets) > 8
    for secret in secrets:
        assert secret not in shown
        assert secret not in said
        assert secret not in stored


def test_records_do_not_show_their_secrets(anna, resources):
    anna.install()

    installation = resources.installations.get(anna.portal.member_id)
    [chain] = resources.installations.chains(anna.portal.member_id)

    shown = repr((installation, chain, resources.settings))
    assert installation.application_token not in shown
    assert chain.tokens.access not in shown
    assert resources.settings.client_secret not in shown


def test_a_sealed_token_does_not_open_in_another_portals_record(anna, boris, resources):
    anna.install()
    boris.install()
    moved = resources.redis.hgetall(keys.chains(anna.portal.member_id))
    resources.redis.hset(keys.chains(boris.portal.member_id), mapping=moved)

    assert resources.installations.chains(boris.portal.member_id) == []
