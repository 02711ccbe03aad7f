"""A page of the classic messenger in the new one: its address, and what it says for a person.

What the page is told and asks for is the classic messenger's
(b24restdocs: chats/outdated/iframe.md); who opened it was proven before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import md5
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from b24app.actions.portal import open_portal
from b24app.actions.proof import Visitor, client, recognise
from b24app.bitrix.inbound import FrameRequest
from b24app.errors import (
    AuthServerUnreachable,
    BadPayload,
    NotFound,
    PortalError,
    PortalTrouble,
    PortalUnreachable,
)
from b24app.records import Place, Widget
from b24app.resources import Resources

DIALOG: Final = re.compile(r"(chat|sg)?[0-9]{1,18}")
MESSAGE: Final = re.compile(r"[0-9]{1,18}")
MESSAGE_LENGTH: Final = 20_000  # the portal cuts what is longer


class Said(StrEnum):
    """What became of a message; where nobody knows, it must not be said again."""

    YES = "yes"
    NO = "no"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Opening:
    """Where in the messenger a widget was opened; ``dialog`` and ``message`` may be empty."""

    place: str
    dialog: str
    message: str
    language: str
    is_chrome: bool


def read_opening(frame: FrameRequest, browser: str) -> Opening:
    """Where a frame request was made; ``browser`` is what the browser calls itself.

    A dialog or message that cannot be one counts as none (b24restdocs: widgets/im).
    """
    dialog, message = (
        str(frame.placement_options.get(name, "")) for name in ("dialogId", "messageId")
    )
    return Opening(
        place=frame.placement,
        dialog=dialog if DIALOG.fullmatch(dialog) else "",
        message=message if MESSAGE.fullmatch(message) else "",
        language=frame.language,
        is_chrome="chrome" in browser.lower(),
    )


def published(resources: Resources, visitor: Visitor, key: str) -> Widget | None:
    """The widget of this key in the visitor's own portal; None when none is published there.

    Raises NotInstalled, StoreUnavailable.
    """
    portal = open_portal(resources, visitor.installation.member_id, visitor.actor)
    try:
        widget = portal.store.widgets.get(key)
    except NotFound:  # the visitor reads why, in words about widgets
        return None
    return widget if widget.published else None


def may_use(visitor: Visitor, widget: Widget) -> bool:
    """Whether the widget is for this person; the portal's ROLE hides it, but proves nothing."""
    return visitor.actor.is_admin or not widget.admin_only


def address(widget: Widget, visitor: Visitor, opening: Opening) -> str:
    """The address of the page with what the classic messenger adds to it; no tokens.

    The hashes are md5 as the page expects them, of the portal's host without its port and of the
    user, each with the HASH behind it (bitrix-modules: im/lib/app.php). From the menu of a message
    the CONTEXT is ``button`` and a MESSAGE_ID comes along.
    """
    portal, user_id = urlsplit(visitor.installation.client_endpoint), visitor.actor.user_id
    in_message = opening.place == Place.CONTEXT_MENU
    query: dict[str, Any] = {
        "BOT_ID": widget.bot_id,
        "BOT_CODE": widget.bot_code,
        "APP_ID": widget.app_id,
        "APP_CODE": widget.code,
        "DOMAIN": f"{portal.scheme}://{portal.netloc}",
        "DOMAIN_HASH": _signed(portal.hostname or "", widget.hash),
        "USER_ID": user_id,
        "USER_HASH": _signed(str(user_id), widget.hash),
        "DIALOG_ID": opening.dialog,
        "CONTEXT": "button" if in_message else "textarea",
        "LANG": opening.language,
        "IS_CHROME": "Y" if opening.is_chrome else "N",
    }
    if in_message and opening.message:
        query["MESSAGE_ID"] = opening.message
    # What stands behind a # is left where it is: so the classic messenger does.
    mark = "&" if "?" in widget.iframe_url.partition("#")[0] else "?"
    return f"{widget.iframe_url}{mark}{urlencode(query)}"


def _signed(text: str, secret: str) -> str:
    return md5(f"{text}{secret}".encode(), usedforsecurity=False).hexdigest()


def say(resources: Resources, key: str, access: str, dialog: str, text: str) -> Said:
    """Say ``text`` in ``dialog`` as the person whose access token this is, who has the widget open.

    The portal asks for the permission ``im``, and says no where the person may not write
    (b24restdocs: chats/messages/im-message-add.md). Raises BadPayload, Unproven, NotFound,
    NotInstalled.
    """
    if not DIALOG.fullmatch(dialog):
        raise BadPayload("DIALOG_ID", "malformed")
    if not text.strip() or len(text) > MESSAGE_LENGTH:
        raise BadPayload("MESSAGE", "malformed")
    try:
        visitor = recognise(resources, access)
    except (AuthServerUnreachable, PortalUnreachable, PortalError):
        return Said.NO  # the page has another road for the text
    widget = published(resources, visitor, key)
    if widget is None or not may_use(visitor, widget):
        raise NotFound(f"widget {key!r}")
    return _say(resources, visitor, access, {"DIALOG_ID": dialog, "MESSAGE": text})


def _say(resources: Resources, visitor: Visitor, access: str, params: dict[str, str]) -> Said:
    home = visitor.installation
    rest = client(resources, home.member_id, home.client_endpoint, access)
    try:
        rest.call("im.message.add", params)
    except PortalUnreachable as exc:
        return Said.UNSURE if exc.sent else Said.NO
    except PortalTrouble:
        return Said.UNSURE
    except PortalError:  # the page has another road for the text
        return Said.NO
    return Said.YES
