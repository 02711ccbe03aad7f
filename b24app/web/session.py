"""The session token: ours, signed, an hour long; it lives in page memory and comes as Bearer.

Nothing else knows how a session travels (docs/adr/0002).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Final, ParamSpec, TypeVar

from flask import Blueprint, g, jsonify, request
from flask.typing import ResponseReturnValue
from itsdangerous import BadData, URLSafeTimedSerializer

from b24app import i18n
from b24app.actions.portal import Portal, open_portal
from b24app.actions.proof import Visitor, recognise
from b24app.bitrix.inbound import APP_SID, TOKEN_LENGTH
from b24app.errors import BadPayload, NotAdmin, SessionExpired
from b24app.records import Actor, Patience
from b24app.resources import resources

P = ParamSpec("P")
R = TypeVar("R")

SECONDS: Final = 3600
FRESH_SECONDS: Final = 600
GLANCE_SECONDS: Final = 5.0
SALT: Final = "b24app session token"

blueprint = Blueprint("session", __name__)


@dataclass(frozen=True)
class Session:
    """Who is in which portal, as this application proved it."""

    member_id: str
    user_id: int
    name: str
    is_admin: bool
    language: str
    app_sid: str


def issue(visitor: Visitor, language: str, app_sid: str) -> dict[str, str | int]:
    """A new session token and the Unix second it ends, for the page to keep."""
    session = Session(
        member_id=visitor.installation.member_id,
        user_id=visitor.actor.user_id,
        name=visitor.actor.name,
        is_admin=visitor.actor.is_admin,
        language=language,
        app_sid=app_sid,
    )
    return {"token": _signer().dumps(asdict(session)), "expires": int(time.time()) + SECONDS}


def current(max_age: int = SECONDS) -> Session:
    """The session of this request; raises SessionExpired."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SessionExpired("no session token")
    try:
        return Session(**_signer().loads(token, max_age=max_age))
    except (BadData, TypeError) as exc:
        raise SessionExpired(type(exc).__name__) from exc


def admin(view: Callable[P, R]) -> Callable[P, R]:
    """Only for an administrator of the session's portal."""
    return _guarded(view, SECONDS)


def fresh_admin(view: Callable[P, R]) -> Callable[P, R]:
    """As ``admin``, when the portal was asked for the right within ten minutes.

    An older session is refused as expired; the page renews it, which asks the portal again.
    """
    return _guarded(view, FRESH_SECONDS)


def _guarded(view: Callable[P, R], max_age: int) -> Callable[P, R]:
    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        session = current(max_age)
        i18n.use_language(session.language)
        if not session.is_admin:
            raise NotAdmin(f"user {session.user_id} of portal {session.member_id}")
        g.session = session
        return view(*args, **kwargs)

    return guarded


def session() -> Session:
    """The session a guard let through."""
    found: Session = g.session
    return found


def portal() -> Portal:
    """The session's portal, acted on by the session's person. Raises NotInstalled."""
    return _opened(None)


def glance() -> Portal:
    """As ``portal``, for a look the page can do without: five seconds for an answer, or none."""
    return _opened(GLANCE_SECONDS)


def _opened(longest: float | None) -> Portal:
    if "portal" in g:  # one in which nothing is changed: rehearsals.py
        rehearsed: Portal = g.portal
        return rehearsed
    who = session()
    actor = Actor(who.user_id, who.name, who.is_admin)
    patience = Patience(longest) if longest else None
    return open_portal(resources(), who.member_id, actor, patience=patience, longest=longest)


@blueprint.post("/session")
def renew() -> ResponseReturnValue:
    """A new session for the person whose access token the page got from the portal."""
    access = request.form.get("AUTH_ID", "")
    app_sid = request.form.get("APP_SID", "")
    if not access or len(access) > TOKEN_LENGTH:
        raise BadPayload("AUTH_ID", "missing")
    visitor = recognise(resources(), access)
    language = _language_before() or visitor.installation.language
    return jsonify(issue(visitor, language, app_sid if APP_SID.fullmatch(app_sid) else ""))


def _language_before() -> str:
    """The language of the session that runs out; read only, it proves nothing."""
    token = request.headers.get("Authorization", "").partition(" ")[2]
    try:
        return str(_signer().loads(token)["language"])
    except (BadData, KeyError, TypeError):
        return ""


def _signer() -> URLSafeTimedSerializer:
    settings = resources().settings
    # The library signs with the last key and accepts any.
    keys = [*reversed(settings.secret_key_fallbacks), settings.secret_key]
    return URLSafeTimedSerializer(keys, salt=SALT)
