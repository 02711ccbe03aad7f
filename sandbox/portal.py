"""What a portal does: install, update and uninstall the application, and show its pages.

Every function that changes something holds the world's lock and saves.
"""

import secrets
from typing import Any, Literal

from sandbox import bot_events, connectors, events, oauth
from sandbox.bot_events import Cause
from sandbox.world import Bot, Install, Portal, User, World

PageKind = Literal["install", "app", "not-finished", "not-installed", "no-access", "unpaid"]


class NotAllowed(Exception):
    """The user may not do this: only an administrator of the portal may."""


def install(world: World, portal: Portal, user: User) -> Install:
    """Install the application: active, but not finished, because the card has an install URL.

    A row left by an uninstall comes back to life. Raises NotAllowed for an employee.
    """
    _require_admin(user)
    card = world.card
    with world.lock:
        row = portal.installs.get(card.client_id)
        if row is not None and row.active:
            return row
        row = Install(
            active=True,
            installed=not card.install_url,
            application_token=secrets.token_hex(16),
            version=card.version,
        )
        portal.installs[card.client_id] = row
        _fire_install(world, portal, user)
        world.save()
    return row


def finish_install(world: World, portal: Portal, user: User, *, finished: bool = True) -> bool:
    """What installFinish does: INSTALLED=Y, and ONAPPINSTALL each time it is called.

    `finished` False takes INSTALLED back to N. Returns False for an employee and for an
    application that is not there.
    """
    with world.lock:
        row = portal.installs.get(world.card.client_id)
        if row is None or not row.active or not user.is_admin:
            return False
        row.installed = finished
        _fire_install(world, portal, user)
        world.save()
    return True


def _fire_install(world: World, portal: Portal, user: User) -> None:
    row = portal.installs[world.card.client_id]
    data = {
        "VERSION": row.version,
        "ACTIVE": _letter(row.active),
        "INSTALLED": _letter(row.installed),
        "LANGUAGE_ID": portal.language,
    }
    fire_app_event(world, portal, "ONAPPINSTALL", data, user)


def update_app(world: World, portal: Portal, user: User) -> Install:
    """Bring the application to its next version: ONAPPUPDATE, then the installer must run again.

    Afterwards INSTALLED is N, because the card has an install URL. The binding of ONAPPINSTALL
    is gone and its connectors are ("source"), or all bindings and placements are ("documented").
    Raises NotAllowed for an employee, KeyError when the application is not installed.
    """
    _require_admin(user)
    card = world.card
    with world.lock:
        row = portal.installs[card.client_id]
        previous = row.version
        row.version = previous + 1
        card.version = max(card.version, row.version)
        data = {
            "VERSION": row.version,
            "PREVIOUS_VERSION": previous,
            "LANGUAGE_ID": portal.language,
        }
        fire_app_event(world, portal, "ONAPPUPDATE", data, user)
        portal.bindings = [
            binding
            for binding in portal.bindings
            if binding.client_id != card.client_id
            or (world.profile == "source" and binding.event != "ONAPPINSTALL")
        ]
        row.installed = not card.install_url
        row.first_run_seen.clear()
        if world.profile == "documented":
            portal.placements = [p for p in portal.placements if p.client_id != card.client_id]
        elif not row.installed:
            # rest:OnRestAppUpdate of imconnector: an application that is not finished loses them.
            connectors.remove_all(world, portal, card.client_id, Cause(user.id))
        world.save()
    return row


def uninstall(world: World, portal: Portal, user: User, clean: bool) -> None:
    """Remove the application, in the platform's order.

    ONAPPUNINSTALL (no tokens), then its bots and connectors with their events, its bindings and
    placements, with `clean` its options, and at last its tokens. The row stays, inactive.
    Raises NotAllowed for an employee; nothing happens when the application is not there.
    """
    _require_admin(user)
    client_id = world.card.client_id
    with world.lock:
        row = portal.installs.get(client_id)
        if row is None or not row.active:
            return
        data = {"LANGUAGE_ID": portal.language, "CLEAN": int(clean)}
        fire_app_event(world, portal, "ONAPPUNINSTALL", data, user)
        for bot in [bot for bot in portal.bots if bot.client_id == client_id]:
            remove_bot(world, portal, bot, user.id)
        connectors.remove_all(world, portal, client_id, Cause(user.id))
        portal.bindings = [b for b in portal.bindings if b.client_id != client_id]
        portal.placements = [p for p in portal.placements if p.client_id != client_id]
        if clean:
            portal.app_options.clear()
            portal.user_options.clear()
        row.active = row.installed = False
        oauth.revoke(world, portal, client_id)
        world.save()


def fire_app_event(
    world: World, portal: Portal, event: str, data: dict[str, Any], user: User | None
) -> int:
    """Send an event of our application alone, caused by `user` (None: nobody)."""
    return events.fire(
        world,
        portal,
        event,
        data,
        user_id=user.id if user else 0,
        client_id=world.card.client_id,
    )


def remove_bot(world: World, portal: Portal, bot: Bot, user_id: int, hops: int = 7) -> None:
    """Delete a bot with its chat apps and commands; both delete events go out first.

    The application's v2 bindings go with its last bot; v1 bindings stay.
    """
    with world.lock:
        bot_events.deleted(world, portal, bot, Cause(user_id, hops))
        portal.bots.remove(bot)
        portal.chat_apps = [app for app in portal.chat_apps if app.bot_id != bot.id]
        for command in [row for row in portal.commands.values() if row.bot_id == bot.id]:
            portal.remove_command(command)
        _leave_rooms(portal, bot)
        if not any(other.client_id == bot.client_id for other in portal.bots):
            portal.bindings = [
                binding
                for binding in portal.bindings
                if binding.client_id != bot.client_id or binding.event not in events.BOT_V2_EVENTS
            ]
        world.save()


def _leave_rooms(portal: Portal, bot: Bot) -> None:
    """Private dialogs with a bot go with it; elsewhere what it said stays."""
    for room in list(portal.rooms.values()):
        if bot.id not in room.members:
            continue
        room.members.remove(bot.id)
        if room.kind == "private":
            del portal.rooms[room.id]
            portal.messages = [one for one in portal.messages if one.room != room.id]


def rename(world: World, portal: Portal, host: str) -> None:
    """Give the portal another address (host:port); the old one answers 302 from now on."""
    with world.lock:
        portal.old_hosts.append(portal.host)
        portal.host = host
        world.save()


def may_open(portal: Portal, user: User, client_id: str) -> bool:
    """Whether the administrator let this user use the application."""
    row = portal.installs.get(client_id)
    return row is not None and (user.is_admin or not row.access or user.id in row.access)


def page_url(portal: Portal, user: User, handler: str = "") -> tuple[PageKind, str]:
    """What the portal shows when the application is opened, and the URL it frames ("" for none).

    "install" for an administrator while the installation is not finished, "not-finished" for
    everybody else; "no-access" for a user the administrator did not let in; "unpaid" when the
    time paid for is over. `handler` is the address of a placement, looked at after all this.
    """
    card = portal.card
    row = portal.installs.get(card.client_id)
    if row is None or not row.active:
        return "not-installed", ""
    if not may_open(portal, user, card.client_id):
        return "no-access", ""
    if row.payment_expired:
        return "unpaid", ""
    if not row.installed and card.install_url:
        return ("install", card.install_url) if user.is_admin else ("not-finished", "")
    return "app", handler or card.handler_url


def set_payment(world: World, portal: Portal, *, expired: bool, days: int | None = None) -> None:
    """Let the time paid for be over, or run again for `days`; ONAPPPAYMENT tells of both.

    While it is over nothing else is told, and calls are answered with PAYMENT_REQUIRED. Raises
    KeyError when the application is not installed.
    """
    with world.lock:
        row = portal.installs[world.card.client_id]
        data = {
            "CODE": f"sandbox.{world.card.client_id.rpartition('.')[2]}",
            "VERSION": row.version,
            "STATUS": world.card.status,
            "PAYMENT_EXPIRED": _letter(expired),
            "DAYS": days,
        }
        if world.profile == "documented":
            data["LANGUAGE_ID"] = portal.language
        row.payment_expired, row.days = False, days
        fire_app_event(world, portal, "ONAPPPAYMENT", data, None)
        row.payment_expired = expired
        world.save()


def _require_admin(user: User) -> None:
    if not user.is_admin:
        raise NotAllowed(user.login)


def _letter(value: bool) -> str:
    return "Y" if value else "N"
