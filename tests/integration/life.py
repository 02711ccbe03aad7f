"""What the tests of an installation's life share: events, and time that goes by."""

from __future__ import annotations

import pytest
import requests

from b24app import jobs, keys
from b24app.records import Change
from b24app.resources import Resources
from b24app.store import PortalStore
from sandbox.world import Bot, World
from tests.cast import Person, typed, typed_bot, typed_command
from tests.integration import chains

TWO_MINUTES = 120

both_profiles = pytest.mark.parametrize("world", ["source", "documented"], indirect=True)


def installs_page(person: Person) -> requests.Response:
    """The installer opens in the frame; nobody goes on from there."""
    person.at_portal("/apps/install", {})
    return person.send(person.frame_form())


def history(person: Person, resources: Resources) -> list[Change]:
    """The newest changes of the person's portal, newest first."""
    return PortalStore(resources.redis, person.portal.member_id).history()


def published(person: Person, resources: Resources) -> list[bool]:
    """Of each thing of ours, whether it stands on the portal as far as we know."""
    store = PortalStore(resources.redis, person.portal.member_id)
    shelves = (store.bots, store.commands, store.chat_apps)
    return [thing.published for shelf in shelves for thing in shelf.all()]


def make_things(person: Person) -> Bot:
    """A bot with a command and a chat app; the bot on the portal."""
    assert person.post("/bots", typed_bot()).status_code == 200
    [bot] = person.bots()
    assert person.post("/commands", typed_command(bot.id)).status_code == 200
    assert person.post("/chat-apps", typed(bot_id=str(bot.id))).status_code == 200
    return bot


def send(person: Person, resources: Resources, name: str, **data: str) -> int:
    """An event of the person's portal that nobody in the portal has caused; the status."""
    installation = resources.installations.get(person.portal.member_id)
    body = {
        "event": name,
        "ts": "1696527000",
        "auth[domain]": person.portal.host,
        "auth[member_id]": person.portal.member_id,
        "auth[application_token]": installation.application_token,
    }
    body |= {f"data[{field}]": value for field, value in data.items()}
    return requests.post(person.app_url + "/events", data=body, timeout=10).status_code


def forge_uninstall(person: Person, resources: Resources, serial: int = 1, clean: str = "1") -> int:
    """What any employee can send, who reads the application token in the frame."""
    return send(person, resources, "ONAPPUNINSTALL", CLEAN=clean, LANGUAGE_ID=f"e{serial}")


def uninstall(person: Person, *, clean: bool = True) -> None:
    """The person uninstalls the application in the portal, and the portal tells so."""
    person.at_portal("/apps/uninstall", {"clean": "1"} if clean else {})
    assert person.world.drain()


def later(resources: Resources, world: World, person: Person, seconds: int) -> None:
    """So much time goes by for all that is stored of the person's portal."""
    chains.let_pass(resources, world, person, seconds)
    member_id = person.portal.member_id
    older(resources, keys.departure(member_id), ("began", "word_since"), seconds)
    older(resources, keys.installation(member_id), ("since", "refuted_at"), seconds)
    if resources.redis.zscore(keys.looks(), member_id) is not None:
        resources.redis.zincrby(keys.looks(), -seconds, member_id)


def older(resources: Resources, name: str, fields: tuple[str, ...], seconds: int) -> None:
    for field in fields:
        moment = int(resources.redis.hget(name, field) or 0)
        if moment:
            resources.redis.hset(name, field, moment - seconds)


def look_again(resources: Resources, world: World, person: Person, work, seconds: int) -> None:
    """So much time goes by, and what is due by then is done."""
    later(resources, world, person, seconds)
    resources.enqueue(jobs.look_at_departures)
    work()


def keys_of(person: Person, resources: Resources) -> list[str]:
    member_id = person.portal.member_id
    return [key for key in resources.redis.scan_iter() if member_id in key]


def story(person: Person, resources: Resources) -> list[tuple[str, str]]:
    """The installation's lines of history, oldest first: state and why."""
    found = PortalStore(resources.redis, person.portal.member_id).history()
    return [_told(line) for line in reversed(found) if line.thing == "installation"]


def _told(line: Change) -> tuple[str, str]:
    return line.after.get("state", ""), line.after.get("why", "")


def state_of(person: Person, resources: Resources) -> str:
    return resources.installations.get(person.portal.member_id).state.value
