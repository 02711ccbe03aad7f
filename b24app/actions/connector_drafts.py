"""What an administrator typed for a connector and for one open line of it, and the rules.

Platform facts: b24restdocs: imopenlines/imconnector/imconnector-register.md,
imconnector-connector-data-set.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final
from urllib.parse import urlsplit

from b24app.actions import checks, drawings
from b24app.errors import BadPayload
from b24app.records import Connector, Joint

# The prefix keeps it apart from connectors of others, present and future.
PREFIX: Final = "b24app_"
ID: Final = re.compile(r"[a-z][a-z0-9_]{2,49}")
RESERVED: Final = frozenset({"new", "icon", "setting"})  # addresses of ours
COLOR: Final = re.compile(r"#[0-9a-fA-F]{6}")
SIZE: Final = re.compile(r"[0-9]{1,3}")
FLAGS: Final = (
    "delete_incoming",
    "edit_outgoing",
    "delete_outgoing",
    "newsletter",
    "system_messages",
    "signature",
    "group_chats",
)
MAX_ADDRESS: Final = 500


@dataclass(frozen=True)
class ConnectorDraft:
    """A connector as typed. ``svg`` is a new drawing; empty leaves the one there is."""

    version: int = 0
    id: str = PREFIX
    name: str = ""
    svg: str = ""
    color: str = "#2fc6f6"
    color_off: str = "#a8adb4"
    size: str = "70"
    delete_incoming: bool = True
    edit_outgoing: bool = True
    delete_outgoing: bool = True
    newsletter: bool = True
    system_messages: bool = True
    signature: bool = True
    group_chats: bool = False


@dataclass(frozen=True)
class JointDraft:
    """What is shown of the channel at one open line, as typed."""

    version: int = 0
    name: str = ""
    url: str = ""
    url_im: str = ""
    id: str = ""


def of_connector(connector: Connector) -> ConnectorDraft:
    """The draft an administrator starts editing from."""
    names = [part.name for part in fields(ConnectorDraft) if part.name not in ("svg", "size")]
    same = {name: getattr(connector, name) for name in names}
    return ConnectorDraft(**same, size=str(connector.size))


def of_joint(connector: Connector, line: int) -> JointDraft:
    """The draft of a line; a line without the connector begins with its name."""
    joint = connector.joint(line) or Joint(line, name=connector.name)
    return JointDraft(connector.version, joint.name, joint.url, joint.url_im, joint.id)


def check(
    draft: ConnectorDraft, current: Connector | None = None, joints: Iterable[Joint] = ()
) -> Connector:
    """The connector the draft means; raises BadPayload with a reason for each wrong field.

    ``current`` is the connector being edited: its id and its open lines stay. A new one is at
    those of ``joints``, which are checked as well.
    """
    errors: dict[str, str] = {}
    if (base := current) is None:
        base = Connector(_id(draft, errors), "", drawings.SPEECH, "", "", 0)
        drafts = {one.line: JointDraft(0, one.name, one.url, one.url_im, one.id) for one in joints}
        checked = tuple(check_joint(drafts[line], line) for line in sorted(drafts))
        base = replace(base, joints=checked)
    wanted = replace(
        base,
        name=checks.line(draft.name, "name", errors, most=checks.MAX_TEXT, needed=True),
        svg=_drawing(draft, base, errors),
        color=_color(draft.color, "color", errors),
        color_off=_color(draft.color_off, "color_off", errors),
        size=_size(draft.size, errors),
        **{name: getattr(draft, name) for name in FLAGS},
    )
    checks.refuse(errors)
    return wanted


def check_joint(draft: JointDraft, line: int) -> Joint:
    """What the draft means for an open line; raises BadPayload as ``check``."""
    errors: dict[str, str] = {}
    joint = Joint(
        line,
        name=checks.line(draft.name, "name", errors, most=checks.MAX_TEXT, needed=True),
        url=_address(draft.url, "url", errors),
        url_im=_address(draft.url_im, "url_im", errors),
        id=checks.line(draft.id, "id", errors, most=checks.MAX_TEXT),
    )
    checks.refuse(errors)
    return joint


def _id(draft: ConnectorDraft, errors: dict[str, str]) -> str:
    text = draft.id.strip()
    if not ID.fullmatch(text) or text == PREFIX:
        errors["id"] = "connector_id_malformed"
    elif text in RESERVED:
        errors["id"] = "connector_id_taken"
    return text


def _drawing(draft: ConnectorDraft, base: Connector, errors: dict[str, str]) -> str:
    if not draft.svg:
        return base.svg
    try:
        return drawings.clean(draft.svg)
    except BadPayload as exc:
        errors.update(exc.errors)
        return base.svg


def _color(typed: str, field: str, errors: dict[str, str]) -> str:
    if not COLOR.fullmatch(typed.strip()):
        errors[field] = "color_malformed"
    return typed.strip().lower()


def _size(typed: str, errors: dict[str, str]) -> int:
    text = typed.strip()
    if not (SIZE.fullmatch(text) and 10 <= int(text) <= 100):
        errors["size"] = "size_range"
        return 0
    return int(text)


def _address(typed: str, field: str, errors: dict[str, str]) -> str:
    """A web address, or nothing: people are sent there."""
    text = typed.strip()
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        is_whole = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_whole = False
    if not is_whole or len(text) > MAX_ADDRESS or not text.isprintable() or " " in text:
        errors[field] = "url_malformed"
    return text
