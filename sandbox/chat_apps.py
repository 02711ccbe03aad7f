"""Chat apps of the classic messenger: who sees them, and the address each is framed by."""

from hashlib import md5
from urllib.parse import urlencode

from sandbox.world import ChatApp, Portal, User, World


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
