"""imbot.* of the first version: bots, and the chat apps that belong to them."""

import re
from hashlib import md5
from typing import Any
from urllib.parse import urlsplit

from sandbox import images, php, portal
from sandbox.calls import Call, Method, check_handler, rebind
from sandbox.records import Bot, ChatApp
from sandbox.replies import RestError

# Parameter, event, text when it is missing (None: it may be missing); in the order of checking.
_HANDLERS = (
    ("EVENT_MESSAGE_ADD", "ONIMBOTMESSAGEADD", "Message add"),
    ("EVENT_MESSAGE_UPDATE", "ONIMBOTMESSAGEUPDATE", None),
    ("EVENT_MESSAGE_DELETE", "ONIMBOTMESSAGEDELETE", None),
    ("EVENT_CONTEXT_GET", "ONIMBOTCONTEXTGET", None),
    ("EVENT_WELCOME_MESSAGE", "ONIMBOTJOINCHAT", "Welcome message"),
    ("EVENT_BOT_DELETE", "ONIMBOTDELETE", "Bot delete"),
)
_TYPES = {"B": "bot", "O": "openline", "H": "human", "S": "supervisor"}
_PROPERTIES = (
    "NAME",
    "LAST_NAME",
    "COLOR",
    "EMAIL",
    "PERSONAL_BIRTHDAY",
    "WORK_POSITION",
    "PERSONAL_WWW",
    "PERSONAL_GENDER",
)
# What of JS_PARAM is kept; the first match.
_COMMAND = re.compile(r"/[a-z0-9\-_+]+(?:\s?[a-z0-9\-_+]+)+", re.IGNORECASE | re.ASCII)
_JS = {
    "PUT": _COMMAND,
    "SEND": _COMMAND,
    "CALL": re.compile(r"\+?[ \-\d+()#]+$", re.MULTILINE | re.ASCII),
    "SUPPORT": re.compile(r"[a-f0-9]{32}$", re.MULTILINE | re.IGNORECASE),
}


def register_bot(call: Call) -> int:
    params = php.upper_keys(call.params)
    if not php.is_empty(params.get("EVENT_HANDLER")):
        params |= {name: params["EVENT_HANDLER"] for name, _, _ in _HANDLERS}
    handlers = _bot_handlers(params)
    code = params.get("CODE")
    if php.is_empty(code):
        raise RestError("CODE_ERROR", "Bot code isn't specified")
    given = params.get("PROPERTIES")
    properties = given if isinstance(given, dict) else {}
    if properties.get("NAME") is None and properties.get("LAST_NAME") is None:
        raise RestError("NAME_ERROR", "Bot name isn't specified")
    bot = next((bot for bot in call.portal.bots if bot.code == php.text(code)), None)
    if bot is None:
        bot = _new_bot(call, params, properties)
    rebind(call, handlers)
    return bot.id


def _bot_handlers(params: php.Params) -> dict[str, str]:
    """Event and URL of each handler given. Raises RestError EVENT_*_ERROR."""
    found = {}
    for name, event, title in _HANDLERS:
        if php.is_empty(params.get(name)):
            if title is None:
                continue
            raise RestError(f"{name}_ERROR", f'Handler for "{title}" event isn\'t specified')
        try:
            check_handler(php.text(params[name]))
        except RestError as exc:
            raise RestError(f"{name}_ERROR", exc.text) from exc
        found[event] = php.text(params[name])
    return found


def _new_bot(call: Call, params: php.Params, properties: php.Params) -> Bot:
    letter = php.text(params.get("TYPE"))
    kept = {
        name: php.text(properties[name]) for name in _PROPERTIES if properties.get(name) is not None
    }
    photo = images.icon_or_nothing(properties.get("PERSONAL_PHOTO"))
    bot = Bot(
        id=call.portal.take_id(),
        code=php.text(params["CODE"]),
        client_id=call.client_id,
        name=php.text(properties.get("NAME")),
        last_name=php.text(properties.get("LAST_NAME")),
        type=_TYPES.get(letter, "bot"),
        api="v1",
        openline=letter == "O" or php.is_yes(params.get("OPENLINE")),
        properties=kept | ({"PERSONAL_PHOTO": photo} if photo else {}),
        event_mode="webhook",
        webhook_url=php.text(params["EVENT_MESSAGE_ADD"]),
    )
    call.portal.bots.append(bot)
    return bot


def unregister_bot(call: Call) -> bool:
    bot = call.portal.bot(php.intval(php.upper_keys(call.params).get("BOT_ID")))
    if bot is None:
        raise RestError("BOT_ID_ERROR", "Bot not found")
    if bot.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "Bot was installed by another rest application")
    portal.remove_bot(call.world, call.portal, bot, call.user.id, call.grant.hops)
    return True


def list_bots(call: Call) -> dict[int, dict[str, Any]]:
    return {
        bot.id: {
            "ID": bot.id,
            "NAME": f"{bot.name} {bot.last_name}".strip(),
            "CODE": bot.code,
            "OPENLINE": "Y" if bot.openline else "N",
        }
        for bot in call.portal.bots
        if bot.type != "network"
    }


def register_app(call: Call) -> int:
    params = php.upper_keys(call.params)
    code = params.get("CODE")
    if php.is_empty(code):
        raise RestError("CODE_ERROR", "App code isn't specified")
    looks = _looks(params)
    icon = images.icon_or_nothing(params.get("ICON_FILE"))
    bot = call.portal.bot(php.intval(params.get("BOT_ID")))
    if bot is None:
        raise RestError("BOT_ID_ERROR", "Bot not found")
    if bot.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "Bot was installed by another rest application")
    if php.is_empty(params.get("LANG")):
        raise RestError("LANG_ERROR", "Lang set can't be empty")
    for app in call.portal.chat_apps:
        if (app.bot_id, app.code) == (bot.id, php.text(code)):
            return app.id
    app = ChatApp(
        id=call.portal.take_id(),
        bot_id=bot.id,
        code=php.text(code),
        client_id=call.client_id,
        icon=icon,
        context=php.text(params.get("CONTEXT", "ALL")).lower(),
        hidden=php.is_yes(params.get("HIDDEN")),
        extranet_support=php.is_yes(params.get("EXTRANET_SUPPORT")),
        livechat_support=php.is_yes(params.get("LIVECHAT_SUPPORT")),
        lang=_translations(params["LANG"]),
        **looks,
    )
    app.hash = app.hash or md5(f"{bot.id}{app.code}{call.world.secret}".encode()).hexdigest()
    call.portal.chat_apps.append(app)
    return app.id


def _looks(params: php.Params) -> dict[str, Any]:
    """The command or the frame of a new chat app. Raises RestError in the platform's order."""
    if _has_command(params):
        command = _command(params)
        if command:
            return {"js_method": params["JS_METHOD"], "js_param": command}
    elif not php.is_empty(params.get("IFRAME")):
        iframe = _frame_address(params["IFRAME"])
        if php.is_empty(params.get("HASH")):
            raise RestError("HASH_ERROR", "Hash can't be empty")
        return {
            "iframe": iframe,
            "iframe_width": _at_least(250, params.get("IFRAME_WIDTH", 320)),
            "iframe_height": _at_least(50, params.get("IFRAME_HEIGHT", 250)),
            "iframe_popup": php.is_yes(params.get("IFRAME_POPUP")),
            "hash": php.text(params["HASH"])[:32],
        }
    raise RestError("PARAMS_ERROR", "Iframe or JS method isn't specified")


def _has_command(params: php.Params) -> bool:
    return php.text(params.get("JS_METHOD")) in _JS and not php.is_empty(params.get("JS_PARAM"))


def _command(params: php.Params) -> str:
    match = _JS[params["JS_METHOD"]].search(php.text(params["JS_PARAM"]))
    return match.group(0) if match else ""


def _frame_address(value: php.Value) -> str:
    """The address as it is stored: ready for more parameters. Raises RestError IFRAME_HTTPS."""
    address = php.text(value)
    try:
        parts = urlsplit(address)
        usable = parts.scheme == "https" and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise RestError("IFRAME_HTTPS", "Iframe params must be HTTPS site")
    return address + ("&" if "?" in address.partition("#")[0] else "?")


def _at_least(least: int, value: php.Value) -> int:
    return max(least, php.intval(value))


def _translations(value: php.Value) -> list[dict[str, str]]:
    return [
        {
            "LANGUAGE_ID": php.text(row["LANGUAGE_ID"]).lower(),
            "TITLE": php.text(row["TITLE"]),
            "DESCRIPTION": php.text(row.get("DESCRIPTION")),
            "COPYRIGHT": php.text(row.get("COPYRIGHT")),
        }
        for row in php.rows(value)
        if isinstance(row, dict)
        and not php.is_empty(row.get("LANGUAGE_ID"))
        and row.get("TITLE") is not None
    ]


def _own_app(call: Call, params: php.Params) -> ChatApp:
    app = call.portal.chat_app(php.intval(params.get("APP_ID")))
    if app is None:
        raise RestError("CHAT_APP_ID_ERROR", "App not found")
    if app.client_id != call.client_id:
        raise RestError("APP_ID_ERROR", "App was installed by another rest application")
    return app


def update_app(call: Call) -> bool:
    params = php.upper_keys(call.params)
    app = _own_app(call, params)
    given = params.get("FIELDS")
    fields = given if isinstance(given, dict) else {}
    changes = _new_looks(fields)
    for name in ("HIDDEN", "EXTRANET_SUPPORT", "LIVECHAT_SUPPORT", "IFRAME_POPUP"):
        if not php.is_empty(fields.get(name)):
            changes[name.lower()] = php.is_yes(fields[name])
    if not php.is_empty(fields.get("CONTEXT")):
        changes["context"] = php.text(fields["CONTEXT"]).lower()
    if not php.is_empty(fields.get("HASH")):
        changes["hash"] = php.text(fields["HASH"])
    if not php.is_empty(fields.get("LANG")):
        changes["lang"] = _translations(fields["LANG"])
    # The platform accepts a new icon and forgets it; the documentation says otherwise.
    if call.world.faults.icon_updates and (icon := images.icon_or_nothing(fields.get("ICON_FILE"))):
        changes["icon"] = icon
    for name, value in changes.items():
        setattr(app, name, value)
    return True


def _new_looks(fields: php.Params) -> dict[str, Any]:
    """Command and frame of an update; what is not given, and a bad command, changes nothing."""
    changes: dict[str, Any] = {}
    if _has_command(fields):
        if command := _command(fields):
            changes = {"js_method": fields["JS_METHOD"], "js_param": command}
    elif not php.is_empty(fields.get("IFRAME")):
        changes = {"iframe": _frame_address(fields["IFRAME"])}
    for name, least in (("IFRAME_WIDTH", 250), ("IFRAME_HEIGHT", 50)):
        if fields.get(name) is not None:
            changes[name.lower()] = _at_least(least, fields[name])
    return changes


def unregister_app(call: Call) -> bool:
    app = _own_app(call, php.upper_keys(call.params))
    call.portal.chat_apps.remove(app)
    return True


METHODS = (
    Method("imbot.register", "imbot", register_bot),
    Method("imbot.unregister", "imbot", unregister_bot),
    Method("imbot.bot.list", "imbot", list_bots, changes=False),
    Method("imbot.app.register", "imbot", register_app),
    Method("imbot.app.update", "imbot", update_app),
    Method("imbot.app.unregister", "imbot", unregister_app),
)
