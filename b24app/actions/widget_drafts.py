"""What an administrator typed for a widget, and the rules it must keep.

Platform facts: b24restdocs: widgets/im; bitrix-modules: im/lib/color.php.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from typing import Final, TypeVar

from b24app.actions import checks, drafts
from b24app.actions.bot_drafts import COLORS as BOT_COLORS
from b24app.actions.widget_calls import OPTIONS
from b24app.records import ChatApp, Context, Kind, Place, Translation, Widget, WidgetContext

KEY: Final = re.compile(r"[A-Za-z0-9_-]{22}")
KEY_BYTES: Final = 16
COLORS: Final = ("", *BOT_COLORS, "ORANGE")  # "": the portal chooses
ICON: Final = re.compile(r"fa(-[a-z0-9]+)+")
MAX_ICON: Final = 50
PLAIN_ICON: Final = "fa-puzzle-piece"
LEAST_SIDE: Final = 50  # as of a chat app
MOST_SIDE: Final = 5000
SIDE: Final = re.compile(r"[0-9]{1,4}")
MAX_PLACES: Final = 10  # read of a form; there are fewer
# Where the new messenger has a word for it; a bot's chat is a one-to-one chat to it.
CONTEXTS: Final = {
    Context.ALL: WidgetContext.ALL,
    Context.USER: WidgetContext.USER,
    Context.CHAT: WidgetContext.CHAT,
    Context.BOT: WidgetContext.USER,
    Context.LINES: WidgetContext.LINES,
    Context.CALL: WidgetContext.ALL,
}

E = TypeVar("E", Place, WidgetContext)


@dataclass(frozen=True)
class WidgetDraft:
    """A widget as typed. ``id`` is its key, made with the form so that a form sent twice is one
    widget; ``app_id`` is the chat app it is made of, "" without one."""

    version: int = 0
    id: str = ""
    app_id: str = ""
    code: str = ""
    iframe_url: str = ""
    places: tuple[str, ...] = ()
    icon_name: str = PLAIN_ICON
    color: str = ""
    contexts: tuple[str, ...] = (WidgetContext.ALL.value,)
    admin_only: bool = False
    extranet: bool = False
    width: str = "320"
    height: str = "250"
    translations: tuple[Translation, ...] = ()

    def knows(self, option: str) -> bool:
        """Whether one of the chosen places knows this option of the portal."""
        return any(option in OPTIONS[place] for place in Place if place in self.places)


@dataclass(frozen=True)
class Carried:
    """What becomes of a property of a chat app in the new messenger.

    ``fate`` is ``same``, ``other`` or ``lost``; ``value`` what it is now, a fact or "".
    """

    name: str
    fate: str
    value: str = ""


def new_key() -> str:
    """A key nobody can guess."""
    return secrets.token_urlsafe(KEY_BYTES)


def of_widget(widget: Widget) -> WidgetDraft:
    """The draft an administrator starts editing from."""
    return WidgetDraft(
        version=widget.version,
        id=widget.id,
        code=widget.code,
        iframe_url=widget.iframe_url,
        places=tuple(place.value for place in widget.places),
        icon_name=widget.icon_name,
        color=widget.color,
        contexts=tuple(context.value for context in widget.contexts),
        admin_only=widget.admin_only,
        extranet=widget.extranet,
        width=str(widget.width),
        height=str(widget.height),
        translations=widget.translations,
    )


def of_chat_app(app: ChatApp) -> WidgetDraft:
    """What a chat app would be as a widget; the administrator chooses what it has no word for."""
    place = Place.CONTEXT_MENU if app.hidden else Place.TEXTAREA
    return WidgetDraft(
        id=new_key(),
        app_id=str(app.id),
        code=app.code,
        iframe_url=app.iframe_url,
        places=(place.value,),
        contexts=(CONTEXTS[app.context].value,),
        admin_only=app.admin_only,
        extranet=app.extranet,
        width=str(app.iframe_width),
        height=str(app.iframe_height),
        translations=tuple(replace(entry, copyright="") for entry in app.translations),
    )


def carried(app: ChatApp) -> list[Carried]:
    """What becomes of each property of a chat app that opens a page, the best first.

    What is not used is left out. No official table exists; b24restdocs: chats/outdated names the
    widgets as the successor (widgets/im).
    """
    exact = app.context not in (Context.BOT, Context.CALL)
    found = [
        Carried("iframe_url", "same", app.iframe_url),
        Carried("identity", "same", app.code),
        Carried("hash", "same"),
        Carried("translations", "same", ", ".join(one.language for one in app.translations)),
        Carried("admin_only", "same") if app.admin_only else None,
        Carried("extranet", "same") if app.extranet else None,
        Carried("context", "same" if exact else "other", app.context.value),
        Carried("messages", "other"),
        Carried("size", "other", f"{app.iframe_width} × {app.iframe_height}"),
        Carried("referer", "other"),
        Carried("hidden", "other") if app.hidden else None,
        Carried("icon", "lost"),
        Carried("iframe_popup", "lost") if app.iframe_popup else None,
        Carried("livechat", "lost") if app.livechat else None,
        Carried("copyright", "lost") if any(one.copyright for one in app.translations) else None,
    ]
    return [one for one in found if one]


def can_move(app: ChatApp) -> bool:
    """Whether a chat app has an equivalent in the new messenger: one that opens a page."""
    return app.kind is Kind.IFRAME


def check(draft: WidgetDraft, current: Widget | None = None, *, plain_http: bool = False) -> Widget:
    """The widget the draft means; raises BadPayload with a reason for each wrong field.

    ``current`` is the widget being edited: its key, code and HASH stay. What no chosen place knows
    is not looked at and stays, too. ``plain_http`` lets http addresses in.
    """
    errors: dict[str, str] = {}
    base = current or _blank(draft, errors)
    schemes = ("https", "http") if plain_http else ("https",)
    drafts.check_url(draft.iframe_url.strip(), errors, schemes)
    wanted = replace(
        base,
        iframe_url=draft.iframe_url.strip(),
        places=_chosen(Place, draft.places, "places", errors),
        icon_name=_icon(draft, base, errors),
        color=_color(draft, base, errors),
        contexts=_contexts(draft, base, errors),
        admin_only=draft.admin_only,
        extranet=draft.extranet,
        width=_side(draft, "width", base.width, errors),
        height=_side(draft, "height", base.height, errors),
        translations=_translations(draft.translations, errors),
    )
    checks.refuse(errors)
    return wanted


def _blank(draft: WidgetDraft, errors: dict[str, str]) -> Widget:
    if not KEY.fullmatch(draft.id):
        errors["id"] = "unknown_choice"
    return Widget(
        id=draft.id,
        code=checks.code(draft.code, errors),
        iframe_url="",
        places=(),
        translations=(),
        icon_name=PLAIN_ICON,
        hash=drafts.new_hash(),
    )


def _chosen(
    choices: type[E], typed: tuple[str, ...], field: str, errors: dict[str, str]
) -> tuple[E, ...]:
    """Those of the list that were chosen, in its order."""
    wanted = set(typed[:MAX_PLACES])
    if not wanted:
        errors[field] = "none_chosen"
    elif wanted - set(choices):
        errors[field] = "unknown_choice"
    return tuple(one for one in choices if one in wanted)


def _contexts(
    draft: WidgetDraft, base: Widget, errors: dict[str, str]
) -> tuple[WidgetContext, ...]:
    if not draft.knows("context"):
        return base.contexts
    chosen = _chosen(WidgetContext, draft.contexts, "contexts", errors)
    return (WidgetContext.ALL,) if WidgetContext.ALL in chosen else chosen


def _icon(draft: WidgetDraft, base: Widget, errors: dict[str, str]) -> str:
    """The class of the icon; the class of the whole font before it is left out."""
    if not draft.knows("iconName"):
        return base.icon_name
    typed = draft.icon_name.strip().lower().removeprefix("fa ").strip()
    if not typed:
        errors["icon_name"] = "required"
    elif not ICON.fullmatch(typed) or len(typed) > MAX_ICON:
        errors["icon_name"] = "icon_name_malformed"
    return typed


def _color(draft: WidgetDraft, base: Widget, errors: dict[str, str]) -> str:
    if not draft.knows("color"):
        return base.color
    if draft.color not in COLORS:
        errors["color"] = "unknown_choice"
    return draft.color


def _side(draft: WidgetDraft, name: str, current: int, errors: dict[str, str]) -> int:
    if not draft.knows(name):
        return current
    typed = str(getattr(draft, name)).strip()
    if not SIDE.fullmatch(typed) or not LEAST_SIDE <= int(typed) <= MOST_SIDE:
        errors[name] = "widget_side_range"
        return current
    return int(typed)


def _translations(rows: tuple[Translation, ...], errors: dict[str, str]) -> tuple[Translation, ...]:
    kept = checks.rows(rows, "translations", errors)
    if not kept:
        errors["translations"] = "widget_no_title"
    return kept
