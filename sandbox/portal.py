"""What a portal does: install, update and uninstall the application, show its pages and chat apps.

Every function that changes something holds the world's lock and saves.
"""

import secrets
from collections.abc import Callable
from hashlib import md5
from typing import Any, Literal
from urllib.parse import urlencode

from sandbox import events, oauth
from sandbox.world import Bot, ChatApp, Install, Portal, User, World

PageKind = Literal["install", "app", "not-finished", "not-installed", "no-access"]


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
    is gone ("source"), or all bindings are ("documented"). Raises NotAllowed for an employee,
    KeyError when the application is not installed.
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
        world.save()
    return row


def uninstall(world: World, portal: Portal, user: User, clean: bool) -> None:
    """Remove the application, in the platform's order.

    ONAPPUNINSTALL (no tokens), then its bots with their events, its bindings, with `clean` its
    options, and at last its tokens. The row stays, inactive. Raises NotAllowed for an employee;
    nothing happens when the application is not there.
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
        portal.bindings = [b for b in portal.bindings if b.client_id != client_id]
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
        v1 = {"BOT_ID": bot.id, "BOT_CODE": bot.code}
        events.fire(
            world,
            portal,
            "ONIMBOTDELETE",
            v1,
            user_id=user_id,
            client_id=bot.client_id,
            hops=hops,
        )
        if bot.api == "v2" and bot.event_mode == "webhook":
            events.fire(
                world,
                portal,
                "ONIMBOTV2DELETE",
                _v2_deletion(bot),
                user_id=user_id,
                client_id=bot.client_id,
                hops=hops,
            )
        portal.bots.remove(bot)
        portal.chat_apps = [app for app in portal.chat_apps if app.bot_id != bot.id]
        for command in [row for row in portal.commands.values() if row.bot_id == bot.id]:
            portal.remove_command(command)
        if not any(other.client_id == bot.client_id for other in portal.bots):
            portal.bindings = [
                binding
                for binding in portal.bindings
                if binding.client_id != bot.client_id or binding.event not in events.BOT_V2_EVENTS
            ]
        world.save()


def _v2_deletion(bot: Bot) -> events.MakeData:
    def data(mint: Callable[[], dict[str, Any]]) -> events.Data:
        return {"bot": {"id": bot.id, "code": bot.code, "auth": mint()}}

    return data


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


def page_url(portal: Portal, user: User, placement: str = "DEFAULT") -> tuple[PageKind, str]:
    """What the portal shows when the application is opened, and the URL it frames ("" for none).

    "install" for an administrator while the installation is not finished, "not-finished" for
    everybody else; "no-access" for a user the administrator did not let in.
    `placement` is checked after the installation; there is no handler but the default one here.
    """
    card = portal.card
    row = portal.installs.get(card.client_id)
    if row is None or not row.active:
        return "not-installed", ""
    if not may_open(portal, user, card.client_id):
        return "no-access", ""
    if not row.installed and card.install_url:
        return ("install", card.install_url) if user.is_admin else ("not-finished", "")
    return "app", card.handler_url


def visible_chat_apps(world: World, portal: Portal, user: User, context: str) -> list[ChatApp]:
    """The chat apps shown to `user` in a dialog of this kind: USER, CHAT, BOT, LINES or CALL.

    Hidden ones never; those of an `-admin` context to administrators only.
    """
    with world.lock:
        return [app for app in portal.chat_apps if _is_visible(app, user, context.lower())]


def _is_visible(app: ChatApp, user: User, context: str) -> bool:
    wanted, dash, _ = app.context.partition("-admin")
    if app.hidden or (dash and not user.is_admin):
        return False
    return wanted in ("all", context)


def chat_app_frame_url(
    world: World,
    portal: Portal,
    user: User,
    chat_app: ChatApp,
    dialog_id: str,
    context: str = "textarea",
    language: str | None = None,
) -> str:
    """The address the classic messenger frames for an IFRAME chat app.

    Carries who and where, with hashes made from the chat app's HASH; no tokens. `language`
    defaults to the user's own.
    """
    bot = portal.bot(chat_app.bot_id)
    query = {
        "BOT_ID": chat_app.bot_id,
        "BOT_CODE": bot.code if bot else "",
        "APP_ID": chat_app.id,
        "APP_CODE": chat_app.code,
        "DOMAIN": f"http://{portal.host}",
        "DOMAIN_HASH": domain_hash(portal, chat_app),
        "USER_ID": user.id,
        "USER_HASH": user_hash(world, user.id, chat_app),
        "DIALOG_ID": dialog_id,
        "CONTEXT": context,
        "LANG": language or user.language,
        "IS_CHROME": "Y",
    }
    return chat_app.iframe + urlencode(query)


def domain_hash(portal: Portal, chat_app: ChatApp) -> str:
    """md5 of the portal's host name (no port) and the chat app's HASH."""
    return md5(f"{portal.host.partition(':')[0]}{chat_app.hash}".encode()).hexdigest()


def user_hash(world: World, user_id: int, chat_app: ChatApp) -> str:
    """md5 of the user and the HASH; with the HASH `register` it depends on a portal secret."""
    salt = world.secret if chat_app.hash == "register" else chat_app.hash
    return md5(f"{user_id}{salt}".encode()).hexdigest()


def _require_admin(user: User) -> None:
    if not user.is_admin:
        raise NotAllowed(user.login)


def _letter(value: bool) -> str:
    return "Y" if value else "N"
