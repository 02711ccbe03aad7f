"""The installer page in the frame, ONAPPINSTALL of API-only apps, and the code flow's start."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request
from flask.typing import ResponseReturnValue

from b24app import i18n, jobs
from b24app.actions import installs
from b24app.actions.proof import Visitor, claim_of_frame
from b24app.bitrix.inbound import read_domain, read_frame
from b24app.resources import resources
from b24app.web import events, security, session

blueprint = Blueprint("installs", __name__)


@blueprint.post("/install")
def install() -> ResponseReturnValue:
    """The portal's administrator opens the installer, or the portal's queue announces it.

    What the queue sends once is put away as every event is, and proven by the worker.
    """
    request.get_data()  # kept, for an event is read from its bytes
    if "event" in request.form:
        return events.take_in(only="ONAPPINSTALL")
    frame = read_frame(request.args, request.form)
    i18n.use_language(frame.language)
    visitor = installs.install(resources(), claim_of_frame(frame))
    _subscribe_later(visitor)
    security.allow_frame(visitor.installation)
    return render_template(
        "frame/install.html",
        portal_domain=visitor.installation.domain,
        session=session.issue(visitor, frame.language, frame.app_sid),
    )


@blueprint.get("/oauth/start")
def start() -> ResponseReturnValue:
    """Send the browser to a portal's authorization page; to a stranger's only when it agrees."""
    domain = read_domain(request.args.get("domain", ""))
    address = installs.begin_code_flow(resources(), domain)
    if installs.is_cloud(domain) or resources().settings.sandbox:
        return redirect(address)
    return render_template("frame/leaving.html", portal_domain=domain, address=address)


def _subscribe_later(visitor: Visitor) -> None:
    if not visitor.subscribed:
        resources().enqueue(jobs.resubscribe, visitor.installation.member_id)
