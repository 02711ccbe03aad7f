"""imbot.app.*: chat apps of the classic messenger."""

import re
from hashlib import md5
from typing import Any
from urllib.parse import urlsplit

from sandbox import images, php
from sandbox.calls import Call, Method
from sandbox.methods_imbot import own_bot
from sandbox.records import ChatApp
from sandbox.replies import RestError

# What of JS_PARAM is kept; the first match.
_COMMAND = re.compile(r"/[a-z0-9\-_+]+(?:\s?[a-z0-9\-_+]+)+", re.IGNORECASE | re.ASCII)
_JS = {
    "PUT": _COMMAND,
    "SEND": _COMMAND,
    "CALL": re.compile(r"\+?[ \-\d+()#]+$", re.MULTILINE | re.ASCII),
    "SUPPORT": re.compile(r"[a-f0-9]{32}$", re.MULTILINE | re.IGNORECASE),
}


def register_app(call: Call) -> int:
    params = php.upper_keys(call.params)
    code = params.get("CODE")
    if php.is_empty(code):
        raise RestError("CODE_ERROR", "App code isn't specified")
    looks = _looks(params)
    icon = images.icon_or_nothing(params.get("ICON_FILE"))
    bot = own_bot(call, params)
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
    Method("imbot.app.register", "imbot", register_app),
    Method("imbot.app.update", "imbot", update_app),
    Method("imbot.app.unregister", "imbot", unregister_app),
)
