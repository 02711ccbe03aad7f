"""Chat apps: register, update, republish, unregister. The portal first, then our record.

Platform facts: b24restdocs: chats/outdated/create-app; bitrix-modules: im/lib/app.php.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from b24app.actions import bots, checks, codes, drafts
from b24app.actions.doubt import change_of, in_doubt, noted
from b24app.actions.drafts import Draft
from b24app.actions.portal import Portal
from b24app.bitrix.answers import number
from b24app.errors import AlreadyGone, B24AppError, BadPayload, Conflict, NotOurs
from b24app.records import Bot, ChatApp, Kind, Translation, Verb
from b24app.store.changes import REPUBLICATION

SUCCESSOR: Final = re.compile(r"-v\d+$")


@dataclass(frozen=True)
class Republication:
    """The successor that is there now, and whether the old one is still there too."""

    successor: ChatApp
    old_left: bool


def register(portal: Portal, draft: Draft, known_hash: str = "", old_id: int = 0) -> ChatApp:
    """Register a chat app, and its owner bot when the portal has none of ours yet.

    Of one that comes back ``known_hash`` is the HASH that its page checks already, ``old_id`` the
    number it had.
    Raises BadPayload, PortalError, PortalUnreachable, AuthorizationLost.
    """
    wanted = drafts.check(draft)
    if known_hash and wanted.kind is Kind.IFRAME:
        wanted = replace(wanted, hash=known_hash)
    with portal.store.editing():
        wanted = replace(wanted, code=_free_code(portal, wanted))
        bot = bots.owner(portal, checks.number(draft.bot_id))
        app = _register(portal, replace(wanted, bot_id=bot.id), bot, Verb.REGISTER)
        if old_id:
            follow(portal, old_id, app.id)
        return app


def update(portal: Portal, app_id: int, draft: Draft) -> ChatApp:
    """Send what changed and record it; a new icon is noted as not yet seen by the portal.

    Raises Conflict when somebody saved since the draft's version, AlreadyGone when the portal
    has no such app any more, else as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, app_id, draft.version)
        return _update(portal, current, drafts.check(draft, current))


def republish(portal: Portal, app_id: int, version: int) -> Republication:
    """Register a successor, then remove the old one: never a moment without the app.

    Portals of 2026 ignore an icon on update, so this is how a new one appears. The portal
    answers a known code with the old id, so the successor gets a code of its own. A failure
    before the successor stands leaves the old one as it was and is raised; one after it is
    told by ``old_left``, and both work.
    """
    with portal.store.editing():
        current = _unchanged(portal, app_id, version)
        bot = bots.owner(portal, current.bot_id)
        code = _successor_code(portal, current)
        wanted = replace(current, code=code, bot_id=bot.id, icon_on_portal=True, published=True)
        successor = _register(portal, wanted, bot, Verb.REPUBLISH, before=current)
        try:
            follow(portal, current.id, successor.id)
            with portal.store.changes.together(group=f"{REPUBLICATION} {current.id}"):
                _unregister(portal, current)
        except B24AppError:  # whatever it is, the successor stands and must be told of
            return Republication(successor, old_left=True)
        return Republication(successor, old_left=False)


def unregister(portal: Portal, app_id: int) -> bool:
    """Remove the chat app; True when the portal had it, False when it was gone already.

    Raises NotOurs, and then our record stays.
    """
    with portal.store.editing():
        return _unregister(portal, portal.store.chat_apps.get(app_id))


def follow(portal: Portal, old_id: int, new_id: int) -> None:
    """Let the widget that was made of a chat app name the number that one has now.

    To be called in an edit. Nothing is sent.
    """
    for widget in portal.store.widgets.all():
        if widget.app_id == old_id:
            portal.store.widgets.save(
                replace(widget, app_id=new_id),
                seen=widget.version,
                actor=portal.actor,
                verb=Verb.UPDATE,
                before=widget,
            )


def forget(portal: Portal, app_id: int) -> None:
    """Take a chat app off our list that is another application's, or gone, on the portal.

    The portal is asked with an update that changes nothing. Raises BadPayload for one that is
    ours: it would stay in the chat with nobody to remove it.
    """
    with portal.store.editing():
        app = portal.store.chat_apps.get(app_id)
        try:
            _call_update(portal, app_id, {})
        except (NotOurs, AlreadyGone):
            _delete(portal, app, Verb.FORGET)
        else:
            raise BadPayload("id", "ours")


def renew_hash(portal: Portal, app_id: int) -> ChatApp:
    """Give the app a new HASH; pages that check the old one must be told."""
    with portal.store.editing():
        current = portal.store.chat_apps.get(app_id)
        if current.kind is not Kind.IFRAME:
            raise BadPayload("hash", "unknown_choice")
        return _update(portal, current, replace(current, hash=drafts.new_hash()))


def parameters(app: ChatApp) -> dict[str, Any]:
    """The chat app as ``imbot.app.register`` takes it, without BOT_ID and CODE."""
    fields: dict[str, Any] = {
        "CONTEXT": f"{app.context.value}{'-admin' if app.admin_only else ''}",
        "HIDDEN": _yes(app.hidden),
        "EXTRANET_SUPPORT": _yes(app.extranet),
        "LIVECHAT_SUPPORT": _yes(app.livechat),
        "LANG": [_lang(entry) for entry in app.translations],
    }
    if app.icon:
        fields["ICON_FILE"] = base64.b64encode(app.icon).decode()
    if app.kind is Kind.IFRAME:
        return fields | {
            "IFRAME": app.iframe_url,
            "IFRAME_WIDTH": app.iframe_width,
            "IFRAME_HEIGHT": app.iframe_height,
            "IFRAME_POPUP": _yes(app.iframe_popup),
            "HASH": app.hash,
        }
    return fields | {"JS_METHOD": app.js_method, "JS_PARAM": app.js_param}


def difference(current: ChatApp, wanted: ChatApp) -> Mapping[str, Any]:
    """What ``imbot.app.update`` must be told; LANG, when it changed, as the whole set.

    JS_METHOD and JS_PARAM are read together by the portal, so they travel together.
    """
    before, after = parameters(current), parameters(wanted)
    changed = {name for name, value in after.items() if before.get(name) != value}
    if changed & {"JS_METHOD", "JS_PARAM"}:
        changed |= {"JS_METHOD", "JS_PARAM"}
    return {name: after[name] for name in after if name in changed}


def removal(app: ChatApp) -> tuple[str, dict[str, Any]]:
    """The call that removes the chat app: its method and parameters."""
    return "imbot.app.unregister", {"APP_ID": app.id}


def stem(code: str) -> str:
    """How the codes of an app and of all its successors begin."""
    return SUCCESSOR.sub("", code)[:40]


def is_successor(code: str) -> bool:
    """Whether it looks like the code of an app that was republished."""
    return SUCCESSOR.search(code) is not None


def _unchanged(portal: Portal, app_id: int, version: int) -> ChatApp:
    current = portal.store.chat_apps.get(app_id)
    if current.version != version:
        raise Conflict(current)
    return current


def _update(portal: Portal, current: ChatApp, wanted: ChatApp) -> ChatApp:
    """Send what changed, or all while the end of an earlier change is unknown, and record it."""
    fields, key = difference(current, wanted), change_of("chat_app", current.id)
    if not fields and not portal.store.in_doubt(key):
        return current
    with noted(portal, key) as unsure:
        _call_update(portal, current.id, parameters(wanted) if unsure else fields)
        return portal.store.chat_apps.save(
            wanted,
            seen=current.version,
            actor=portal.actor,
            verb=Verb.UPDATE,
            before=current,
            ends=key,
        )


def _register(
    portal: Portal, app: ChatApp, bot: Bot, verb: Verb, before: ChatApp | None = None
) -> ChatApp:
    """Register and record; a bot that was deleted on the portal is registered anew, once."""
    with noted(portal, app.code) as begun_before:
        try:
            placed = _place(portal, app, begun_before=begun_before)
        except AlreadyGone:
            moved = replace(app, bot_id=bots.revive(portal, bot).id)
            placed = _place(portal, moved, begun_before=begun_before)
        return portal.store.chat_apps.save(
            placed, seen=0, actor=portal.actor, verb=verb, before=before, ends=app.code
        )


def _place(portal: Portal, app: ChatApp, *, begun_before: bool) -> ChatApp:
    """Register, and make sure that what stands is this.

    The portal answers a code it knows with the app it has, changes nothing and does not say so
    (bitrix-modules: im/lib/app.php), so the fields are sent once more. An icon cannot be: where
    an earlier try may have registered another, it is noted as not there.
    """
    registered = _call_register(portal, app)
    with in_doubt():
        _call_update(portal, registered.id, parameters(app))
    return replace(registered, icon_on_portal=not (begun_before and app.icon))


def _call_register(portal: Portal, app: ChatApp) -> ChatApp:
    method = "imbot.app.register"
    params = {"BOT_ID": app.bot_id, "CODE": app.code} | parameters(app)
    member_id = portal.installation.member_id
    answer = portal.rest.call(method, params, repeatable=True)  # BOT_ID and CODE are its key
    return replace(app, id=number(answer, method, member_id))


def _call_update(portal: Portal, app_id: int, fields: Mapping[str, Any]) -> None:
    params = {"APP_ID": app_id, "FIELDS": fields}
    portal.rest.call("imbot.app.update", params, repeatable=True)


def _unregister(portal: Portal, app: ChatApp) -> bool:
    try:
        portal.rest.call(*removal(app), repeatable=True)
        was_there = True
    except AlreadyGone:
        was_there = False
    _delete(portal, app, Verb.UNREGISTER)
    return was_there


def _delete(portal: Portal, app: ChatApp, verb: Verb) -> None:
    key = change_of("chat_app", app.id)
    portal.store.chat_apps.delete(app, actor=portal.actor, verb=verb, ends=key)


def _free_code(portal: Portal, wanted: ChatApp) -> str:
    """The code that was asked for, or one made of the title; raises BadPayload when taken.

    The portal would answer a taken code with the old app's id and change nothing.
    """
    taken = portal.store.chat_apps.texts("code")
    if wanted.code:
        if wanted.code in taken:
            raise BadPayload("code", "code_taken")
        return wanted.code
    return codes.free(codes.slug(wanted.title("en"), "chat-app"), taken)


def _successor_code(portal: Portal, current: ChatApp) -> str:
    """A code no app of ours has; numbered by the version, which only grows along successors."""
    taken = portal.store.chat_apps.texts("code")
    serials = range(current.version + 1, current.version + len(taken) + 2)
    numbered = (f"{stem(current.code)}-v{serial}" for serial in serials)
    return next(code for code in numbered if code not in taken)


def _lang(entry: Translation) -> dict[str, str]:
    return {
        "LANGUAGE_ID": entry.language,
        "TITLE": entry.title,
        "DESCRIPTION": entry.description,
        "COPYRIGHT": entry.copyright,
    }


def _yes(value: bool) -> str:
    return "Y" if value else "N"
