"""The entry of the iframe, and what the bare address says."""

from __future__ import annotations

from typing import Final

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _

from b24app import i18n, jobs
from b24app.actions import installs
from b24app.actions.portal import open_portal
from b24app.actions.proof import Visitor, claim_of_frame
from b24app.bitrix.inbound import LANGUAGE, FrameRequest, read_frame
from b24app.errors import NotAdmin
from b24app.resources import resources
from b24app.web import chat_apps, connection, security, session
from b24app.web.replies import message
from b24app.web.sentences import Reply

OUTSIDE: Final = Reply(
    200,
    "info",
    _("This application lives inside Bitrix24"),
    _("It manages the chat apps of a portal, and opens from the portal's own menu."),
    _("Sign in to your portal and open the application there."),
)
CONNECTED: Final = Reply(
    200,
    "success",
    _("The connection is made"),
    _("The application has access to your portal."),
    _("Open the application in your portal."),
)

blueprint = Blueprint("frame", __name__)


def enter() -> tuple[FrameRequest, Visitor]:
    """As ``meet``, for administrators only; raises NotAdmin."""
    frame, visitor = meet()
    if not visitor.actor.is_admin:
        raise NotAdmin(f"user {visitor.actor.user_id} of portal {frame.member_id}")
    return frame, visitor


def meet() -> tuple[FrameRequest, Visitor]:
    """Read and prove a frame request of any person; the answer may be framed there.

    Raises BadPayload, and as ``installs.admit``.
    """
    i18n.use_language(_language())
    frame = read_frame(request.args, request.form)
    visitor = installs.admit(resources(), claim_of_frame(frame))
    _subscribe_later(visitor)
    security.allow_frame(visitor.installation)
    return frame, visitor


@blueprint.post("/")
def open_frame() -> ResponseReturnValue:
    """The portal opens the application for one of its people."""
    frame, visitor = enter()
    portal = open_portal(resources(), frame.member_id, visitor.actor)
    return render_template(
        "frame/index.html",
        actor=visitor.actor,
        portal_domain=visitor.installation.domain,
        session=session.issue(visitor, frame.language, frame.app_sid),
        worry=connection.worry(visitor),
        healed=visitor.healed,
        page_template="chat_apps/index.html",
        **chat_apps.index_context(portal, frame.language),
    )


@blueprint.get("/")
def outside() -> ResponseReturnValue:
    """Opened outside a portal: explains itself, or takes the code of a code flow."""
    code, state = request.args.get("code", ""), request.args.get("state", "")
    if not (code and state):
        return message(OUTSIDE)
    server_domain = request.args.get("server_domain", "")
    _subscribe_later(
        installs.finish_code_flow(resources(), code=code, state=state, server_domain=server_domain)
    )
    return message(CONNECTED)


def _subscribe_later(visitor: Visitor) -> None:
    if not visitor.subscribed:
        resources().enqueue(jobs.resubscribe, visitor.installation.member_id)


def _language() -> str:
    """The language to refuse in, before anything of the request was read."""
    language = request.args.get("LANG", "").lower()
    return language if LANGUAGE.fullmatch(language) else "en"
