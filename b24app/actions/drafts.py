"""What an administrator typed for a chat app, and the rules it must keep.

The rules are the portal's own, stricter where the portal would silently drop or cut
(b24restdocs: chats/outdated/create-app/imbot-app-register.md; bitrix-modules: im/lib/app.php).
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, field, replace
from typing import Any, Final
from urllib.parse import urlsplit

from b24app.actions import checks, icons, pictures
from b24app.actions.checks import MAX_TEXT
from b24app.records import ChatApp, Context, JsMethod, Kind, Translation

HOST: Final = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")
# What the portal finds in JS_PARAM; a text it would only match in part is refused here.
JS_PARAM: Final = {
    JsMethod.PUT: re.compile(r"/[A-Za-z0-9\-_+]{2,}(\s[A-Za-z0-9\-_+]+)*"),
    JsMethod.SEND: re.compile(r"/[A-Za-z0-9\-_+]{2,}(\s[A-Za-z0-9\-_+]+)*"),
    JsMethod.CALL: re.compile(r"[ \-0-9+()#]*[0-9][ \-0-9+()#]*"),
    JsMethod.SUPPORT: re.compile(r"[0-9a-fA-F]{32}"),
}
MIN_WIDTH: Final = 250
MIN_HEIGHT: Final = 50
MAX_SIDE: Final = 5000
MAX_URL: Final = 254  # the portal's column has 255 and it appends a sign


@dataclass(frozen=True)
class Draft:
    """A chat app as typed; texts stay as they came so that a form can show them again."""

    version: int = 0
    code: str = ""
    bot_id: str = ""
    kind: str = Kind.IFRAME.value
    iframe_url: str = ""
    iframe_width: str = "320"
    iframe_height: str = "250"
    iframe_popup: bool = False
    js_method: str = JsMethod.PUT.value
    js_param: str = ""
    context: str = Context.ALL.value
    admin_only: bool = False
    hidden: bool = False
    extranet: bool = False
    livechat: bool = False
    icon: str = field(default="", repr=False)
    translations: tuple[Translation, ...] = ()


def of_chat_app(app: ChatApp) -> Draft:
    """The draft an administrator starts editing from."""
    return Draft(
        version=app.version,
        code=app.code,
        bot_id=str(app.bot_id),
        kind=app.kind.value,
        iframe_url=app.iframe_url,
        iframe_width=str(app.iframe_width),
        iframe_height=str(app.iframe_height),
        iframe_popup=app.iframe_popup,
        js_method=(app.js_method or JsMethod.PUT).value,
        js_param=app.js_param,
        context=app.context.value,
        admin_only=app.admin_only,
        hidden=app.hidden,
        extranet=app.extranet,
        livechat=app.livechat,
        translations=app.translations,
    )


def check(draft: Draft, current: ChatApp | None = None) -> ChatApp:
    """The chat app the draft means; raises BadPayload with a reason for each wrong field.

    ``current`` is the app being edited: its id, bot, code, kind and HASH stay, its icon stays
    unless the draft brings one. For a new one id and bot are 0 until the portal has spoken.
    """
    errors: dict[str, str] = {}
    base = current or _blank(draft, errors)
    icon = new_icon(draft, errors)
    if icon and icon != base.icon:
        base = replace(base, icon=icon, icon_on_portal=current is None)
    wanted = replace(
        base,
        context=checks.option(Context, draft.context, "context", errors),
        admin_only=draft.admin_only,
        hidden=draft.hidden,
        extranet=draft.extranet,
        livechat=draft.livechat,
        translations=_translations(draft.translations, errors),
        **_action(draft, base.kind, errors),
    )
    checks.refuse(errors)
    return wanted


def _blank(draft: Draft, errors: dict[str, str]) -> ChatApp:
    """A new chat app with what can only be chosen now; version 0 until it is saved."""
    kind = checks.option(Kind, draft.kind, "kind", errors)
    return ChatApp(
        id=0,
        bot_id=0,
        code=checks.code(draft.code, errors),
        kind=kind,
        context=Context.ALL,
        admin_only=False,
        hidden=False,
        extranet=False,
        livechat=False,
        translations=(),
        hash=new_hash() if kind is Kind.IFRAME else "",
        version=0,
    )


def _action(draft: Draft, kind: Kind, errors: dict[str, str]) -> dict[str, Any]:
    """The fields of what it does when pressed: those of its kind, the others stay as they are."""
    if kind is Kind.COMMAND:
        method = checks.option(JsMethod, draft.js_method, "js_method", errors)
        _check_js_param(method, draft.js_param.strip(), errors)
        return {"js_method": method, "js_param": draft.js_param.strip()}
    check_url(draft.iframe_url.strip(), errors)
    return {
        "iframe_url": draft.iframe_url.strip(),
        "iframe_width": _side("iframe_width", draft.iframe_width, MIN_WIDTH, errors),
        "iframe_height": _side("iframe_height", draft.iframe_height, MIN_HEIGHT, errors),
        "iframe_popup": draft.iframe_popup,
    }


def new_hash() -> str:
    """A HASH of 32 characters; never the literal ``register``, which nobody can verify."""
    return secrets.token_hex(16)


def check_url(url: str, errors: dict[str, str], schemes: tuple[str, ...] = ("https",)) -> None:
    """Note under ``iframe_url`` what is wrong with the address of a page."""
    try:
        parts = urlsplit(url)
        valid = bool(HOST.fullmatch(parts.netloc)) and parts.port != 0
    except ValueError:
        errors["iframe_url"] = "url_malformed"
        return
    if not url:
        errors["iframe_url"] = "required"
    elif parts.scheme not in schemes:
        errors["iframe_url"] = "url_not_https"
    elif not valid or not url.isprintable() or " " in url:
        errors["iframe_url"] = "url_malformed"
    elif len(url.encode()) > MAX_URL:
        errors["iframe_url"] = "url_too_long"


def _side(name: str, text: str, least: int, errors: dict[str, str]) -> int:
    text = text.strip()
    fits = text.isascii() and text.isdigit() and len(text) < 9
    if not fits or not least <= int(text) <= MAX_SIDE:
        errors[name] = f"{name}_range"
        return least
    return int(text)


def _check_js_param(method: JsMethod, param: str, errors: dict[str, str]) -> None:
    if not param:
        errors["js_param"] = "required"
    elif len(param) > MAX_TEXT - 40 or not JS_PARAM[method].fullmatch(param):
        errors["js_param"] = f"js_param_{method.value.lower()}"


def _translations(rows: tuple[Translation, ...], errors: dict[str, str]) -> tuple[Translation, ...]:
    kept = checks.rows(rows, "translations", errors)
    if not kept:
        errors["translations"] = "no_title"
    return kept


def new_icon(draft: Draft, errors: dict[str, str]) -> bytes:
    """The sprite that came back with the form; empty without one, or when ``errors`` says why."""
    return pictures.sent_back(draft.icon, icons.make_sprite, "icon", errors)
