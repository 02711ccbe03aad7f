"""Widgets of the new messenger: register, update, republish, unregister.

The portal first, then we. A widget stands at several places, each bound by itself, so each verb
looks at what the portal has and brings it to what is wanted: ``widget_places.py``.
"""

from __future__ import annotations

from dataclasses import replace

from b24app.actions import chat_apps, checks, codes, drafts, widget_calls, widget_drafts
from b24app.actions.doubt import change_of, noted
from b24app.actions.portal import Portal
from b24app.actions.widget_drafts import WidgetDraft
from b24app.actions.widget_places import settle, standings
from b24app.errors import BadPayload, Conflict, NotFound
from b24app.records import ChatApp, Verb, Widget


def register(portal: Portal, draft: WidgetDraft) -> Widget:
    """Publish a widget; safe to repeat with the same key.

    With the draft's ``app_id`` it takes code, numbers and HASH of that chat app. Raises BadPayload,
    Unfinished, PortalError, PortalUnreachable, AuthorizationLost; NotFound for a chat app that is
    gone; Conflict when somebody has changed the widget of this key since.
    """
    with portal.store.editing():
        known = _known(portal, draft.id)
        if known is not None:
            if known.version != 1:
                raise Conflict(known)
            return _changed(portal, known, _checked(portal, draft, known), Verb.UPDATE)
        wanted = _checked(portal, draft)
        if draft.app_id:
            wanted = _taken_over(portal, wanted, checks.number(draft.app_id))
        elif not wanted.code:
            wanted = replace(wanted, code=codes.slug(wanted.title("en"), "widget"))
        return _registered(portal, wanted)


def update(portal: Portal, widget_id: str, draft: WidgetDraft) -> Widget:
    """Bring the portal to what was changed, and record it.

    Raises Conflict when somebody saved since the draft's version, else as ``register``.
    """
    with portal.store.editing():
        current = _unchanged(portal, widget_id, draft.version)
        wanted = _checked(portal, draft, current)
        return _changed(portal, current, wanted, Verb.UPDATE)


def republish(portal: Portal, widget_id: str, version: int) -> Widget:
    """Put the widget on the portal as it is recorded, at its places and no other.

    Raises as ``update``.
    """
    with portal.store.editing():
        current = _unchanged(portal, widget_id, version)
        key = change_of("widget", widget_id)
        settle(portal, current, current)
        return _saved(portal, current, replace(current, published=True), Verb.REPUBLISH, key)


def unregister(portal: Portal, widget_id: str) -> bool:
    """Remove the widget from every place it stands at; False when it was gone already.

    One that is on the portal and on no list of ours is removed, too. Raises NotFound when it is on
    neither; else as ``update``, and then our record stays.
    """
    with portal.store.editing():
        current = _known(portal, widget_id)
        standing = widget_calls.bound(portal).get(widget_id, [])
        if current is None and not standing:
            raise NotFound(f"widget {widget_id}")
        widget_calls.change(portal, standing, [])
        if current is None:
            places = {"places": [one.place.value for one in standing]}
            portal.store.note(portal.actor, Verb.UNREGISTER, ("widget", widget_id), places, {})
        else:
            _delete(portal, current, Verb.UNREGISTER)
        return bool(standing)


def forget(portal: Portal, widget_id: str) -> None:
    """Take a widget off our list that the portal has nowhere.

    Raises BadPayload for one that is there: it would stay with nobody to remove it.
    """
    with portal.store.editing():
        current = portal.store.widgets.get(widget_id)
        if widget_calls.bound(portal).get(widget_id):
            raise BadPayload("id", "ours")
        _delete(portal, current, Verb.FORGET)


def put_back(portal: Portal, was: Widget) -> Widget:
    """Register a removed widget again under its key, for an undo.

    It gets the HASH of the chat app it was made of, if that is there, else its own from before, and
    a new one only where that is not known. Raises as ``register``.
    """
    with portal.store.editing():
        if _known(portal, was.id) is not None:
            raise BadPayload("id", "widget_exists")
        app = next((one for one in portal.store.chat_apps.all() if one.id == was.app_id), None)
        secret = app.hash if app else was.hash
        wanted = replace(was, hash=secret or drafts.new_hash(), published=True, version=0)
        return _registered(portal, wanted)


def renew_hash(portal: Portal, widget_id: str) -> Widget:
    """Give the widget a new HASH; pages that check the old one must be told. Nothing is sent."""
    with portal.store.editing():
        current = portal.store.widgets.get(widget_id)
        return _saved(portal, current, replace(current, hash=drafts.new_hash()), Verb.UPDATE)


def classic(portal: Portal, widget: Widget) -> ChatApp | None:
    """The chat app the widget was made of, while it is in the classic messenger.

    A republished one has another number and the same HASH.
    """
    apps = portal.store.chat_apps.all() if widget.app_id else []
    return next((app for app in apps if _belong(app, widget)), None)


def successor(portal: Portal, app: ChatApp) -> Widget | None:
    """The widget that was made of this chat app, if there is one."""
    every = (one for one in portal.store.widgets.all() if one.app_id)
    return next((one for one in every if _belong(app, one)), None)


def remove_classic(portal: Portal, widget_id: str) -> bool:
    """Unregister the chat app the widget was made of; False when it was gone already.

    Raises BadPayload, and removes nothing, unless the widget stands at all its places; else as
    ``chat_apps.unregister``.
    """
    widget = portal.store.widgets.get(widget_id)
    app = classic(portal, widget)
    if app is None:
        raise NotFound(f"chat app of widget {widget_id}")
    found = widget_calls.bound(portal).get(widget_id, [])
    if any(one.state != "there" for one in standings(portal, widget, found)):
        raise BadPayload("places", "widget_not_there")
    return chat_apps.unregister(portal, app.id)


def _belong(app: ChatApp, widget: Widget) -> bool:
    return app.id == widget.app_id or (bool(app.hash) and app.hash == widget.hash)


def _registered(portal: Portal, wanted: Widget) -> Widget:
    settle(portal, wanted, None)
    return portal.store.widgets.save(
        wanted, seen=0, actor=portal.actor, verb=Verb.REGISTER, before=None
    )


def _changed(portal: Portal, current: Widget, wanted: Widget, verb: Verb) -> Widget:
    wanted = replace(wanted, published=True)
    key = change_of("widget", current.id)
    if wanted == current and not portal.store.in_doubt(key):
        return current
    with noted(portal, key):
        settle(portal, wanted, current)
        return _saved(portal, current, wanted, verb, key)


def _checked(portal: Portal, draft: WidgetDraft, current: Widget | None = None) -> Widget:
    """http pages are for where we are on http ourselves; elsewhere browsers would block them."""
    return widget_drafts.check(draft, current, plain_http=portal.app_url.startswith("http://"))


def _taken_over(portal: Portal, wanted: Widget, app_id: int) -> Widget:
    """The widget with what the page behind the chat app is told and checks."""
    app = portal.store.chat_apps.get(app_id)
    if not widget_drafts.can_move(app):
        raise BadPayload("app_id", "unknown_choice")
    if successor(portal, app):
        raise BadPayload("app_id", "widget_exists")
    bot_codes = {bot.id: bot.code for bot in portal.store.bots.all()}
    return replace(
        wanted,
        code=app.code,
        app_id=app.id,
        bot_id=app.bot_id,
        bot_code=bot_codes.get(app.bot_id, ""),
        hash=app.hash,
    )


def _known(portal: Portal, widget_id: str) -> Widget | None:
    try:
        return portal.store.widgets.get(widget_id)
    except NotFound:  # an answer here, as good as any other
        return None


def _unchanged(portal: Portal, widget_id: str, version: int) -> Widget:
    current = portal.store.widgets.get(widget_id)
    if current.version != version:
        raise Conflict(current)
    return current


def _saved(portal: Portal, current: Widget, wanted: Widget, verb: Verb, ends: str = "") -> Widget:
    return portal.store.widgets.save(
        wanted,
        seen=current.version,
        actor=portal.actor,
        verb=verb,
        before=current,
        ends=ends,
    )


def _delete(portal: Portal, widget: Widget, verb: Verb) -> None:
    key = change_of("widget", widget.id)
    portal.store.widgets.delete(widget, actor=portal.actor, verb=verb, ends=key)
