"""One battery over every store an operator may have."""

import pytest

from tests.store import battery, cases_chains, cases_installations, cases_things, cases_traffic

SUBJECTS = (cases_installations, cases_chains, cases_things, cases_traffic)
CASES = [check for subject in SUBJECTS for check in subject.case]
OLDEST = (6, 2, 0)


@pytest.mark.parametrize("check", CASES, ids=lambda check: check.__name__)
def test_on_every_store(check, server):
    with battery.store(server.url) as store:
        check(store)


def test_the_store_uses_no_command_younger_than_redis_6_2(start):
    """Asked of Valkey, which counts what it does and says since when Redis has known it."""
    server = start("embedded")
    server.admin.config_resetstat()
    for check in CASES:
        server.empty()
        with battery.store(server.url) as store:
            check(store)
    told = server.admin.info("commandstats")
    used = {name.removeprefix("cmdstat_").replace("|", " ") for name in told}

    # With this one redis-py introduces itself; it takes a no.
    since = {name: _since(server.admin, name) for name in used - {"client setinfo"}}

    assert {"hgetall", "evalsha", "blmove", "xadd"} <= used
    assert {name: version for name, version in since.items() if version > OLDEST} == {}


def _since(admin, name):
    docs = admin.execute_command("COMMAND DOCS", *name.split(" ")[:1])
    found = docs[name.split(" ")[0]]
    if " " in name:
        found = found["subcommands"][name.replace(" ", "|")]
    return tuple(int(part) for part in found["since"].split("."))
