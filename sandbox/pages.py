"""The pages around the application: sign in, home, the application card, the event log."""

from datetime import UTC, datetime
from urllib.parse import unquote_plus

from flask import Blueprint, abort, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sandbox import events as sender
from sandbox import portal as deeds
from sandbox.records import SentEvent
from sandbox.visit import (
    COOKIE,
    LANGUAGES,
    Visit,
    admin_visit,
    local_path,
    page,
    person_here,
    portal_here,
    user_numbered,
    visit,
    world_here,
)

blueprint = Blueprint("pages", __name__)

Step = dict[str, str | bool]


@blueprint.get("/")
def door() -> str | Response:
    """Who are you? With a cookie: the home page, or where the person wanted to go."""
    next_path = local_path(request.args.get("next", ""))
    if person_here() is not None:
        return redirect(next_path)
    portal = portal_here()
    return render_template(
        "sign_in.html",
        portal=portal,
        people=[user for user in portal.users.values() if user.is_active],
        others=[other for other in world_here().portals if other is not portal],
        next=next_path,
    )


@blueprint.post("/signin")
def sign_in() -> Response:
    """Sign in as one of the portal's users; no password, this is a sandbox."""
    user = user_numbered(request.form.get("user", ""))
    if user is None:
        abort(400)
    reply = redirect(local_path(request.form.get("next", "")), 303)
    reply.set_cookie(COOKIE, str(user.id), samesite="Lax", httponly=True, max_age=30 * 24 * 3600)
    return reply


@blueprint.route("/signout", methods=["GET", "POST"])
def sign_out() -> Response:
    """Forget who is here."""
    portal_here()
    reply = redirect("/", 303)
    reply.delete_cookie(COOKIE, samesite="Lax", httponly=True)
    return reply


@blueprint.post("/language")
def choose_language() -> Response:
    """Keep the viewer's language: for titles of chat apps, and the LANG sent to applications."""
    here = visit()
    code = request.form.get("language", "")
    if code not in LANGUAGES:
        abort(400)
    with here.world.lock:
        here.user.language = code
        here.world.save()
    return redirect(local_path(request.form.get("next", "")), 303)


@blueprint.get("/desktop")
def desktop() -> str:
    """The home page: what to do next."""
    here = visit()
    return page("desktop.html", here, steps=_steps(here))


def _steps(here: Visit) -> list[Step]:
    title, state, is_admin = here.world.card.title, here.state, here.user.is_admin
    has_apps = any(app.client_id == here.world.card.client_id for app in here.portal.chat_apps)
    who = "" if is_admin else " An administrator of this portal does that."
    install: Step = {
        "title": f"Install {title}",
        "text": f"Its installation page opens inside the portal.{who}",
        "label": "Go to Applications" if state == "absent" else "Show",
        "url": url_for("sandbox.pages.apps"),
        "is_done": state == "ready",
        "is_next": is_admin and state != "ready",
    }
    make: Step = {
        "title": "Make a chat app",
        "text": f"A logo, a title in two languages, save: it is in the chat.{who}",
        "label": f"Open {title}",
        "url": url_for("sandbox.application") if here.sees_app else "",
        "is_done": has_apps,
        "is_next": is_admin and state == "ready" and not has_apps,
    }
    chat: Step = {
        "title": "Open the chat",
        "text": "Its button stands above the text area; press it as any employee would.",
        "label": "Open the chat",
        "url": url_for("sandbox.chat.messenger"),
        "is_done": False,
        "is_next": has_apps or not is_admin,
    }
    return [install, make, chat]


@blueprint.get("/apps")
def apps() -> str:
    """The application card: install, open, update, uninstall."""
    here = visit()
    is_gone = here.install is None and request.args.get("done") == "uninstall"
    notice = f"{here.world.card.title} is uninstalled." if is_gone else ""
    return page("apps.html", here, state=here.state, install=here.install, notice=notice)


@blueprint.post("/apps/install")
def install() -> Response:
    """Install the application and open its installation page."""
    here = admin_visit()
    deeds.install(here.world, here.portal, here.user)
    return redirect(url_for("sandbox.application"), 303)


@blueprint.post("/apps/update")
def update() -> Response:
    """Move to the next version: handlers are told by ONAPPUPDATE, then the installer opens."""
    here = admin_visit()
    if here.install is None:
        abort(409)
    deeds.update_app(here.world, here.portal, here.user)
    return redirect(url_for("sandbox.application"), 303)


@blueprint.post("/apps/uninstall")
def uninstall() -> Response:
    """Remove the application, with its settings and data when asked to."""
    here = admin_visit()
    if here.install is None:
        abort(409)
    clean = request.form.get("clean") == "1"
    deeds.uninstall(here.world, here.portal, here.user, clean=clean)
    return redirect(url_for("sandbox.pages.apps", done="uninstall"), 303)


@blueprint.post("/apps/payment")
def payment() -> Response:
    """Let the time paid for be over (`expired`), or run again for thirty days."""
    here = admin_visit()
    if here.install is None:
        abort(409)
    expired = request.form.get("expired") == "1"
    deeds.set_payment(here.world, here.portal, expired=expired, days=0 if expired else 30)
    return redirect(url_for("sandbox.pages.apps"), 303)


@blueprint.get("/events")
def events() -> str:
    """What this portal told applications, newest first."""
    here = visit()
    with here.world.lock:
        sent = [_line(event) for event in reversed(here.portal.events_log)]
    return page("events.html", here, sent=sent)


@blueprint.post("/events/again")
def send_again() -> Response:
    """Send an event of the log (`event`) once more, as it was."""
    here = admin_visit()
    wanted = request.form.get("event", "")
    found = (event for event in here.portal.events_log if _number(event) == wanted)
    event = next(found, None)
    if event is None or not sender.send_again(here.world, here.portal, event):
        abort(409)
    return redirect(url_for("sandbox.pages.events"), 303)


def _number(event: SentEvent) -> str:
    """What tells one event of the log from the others; "" when it cannot be sent again."""
    return f"{event.at:.6f}" if event.sent else ""


def _line(event: SentEvent) -> dict[str, str]:
    moment = datetime.fromtimestamp(event.at, UTC)
    is_fine = event.status is not None and 200 <= event.status < 300
    is_waiting = event.status is None and event.note in ("", "waiting")
    words = [str(event.status)] if event.status is not None else []
    return {
        "at": moment.isoformat(timespec="seconds"),
        "shown_at": moment.strftime("%d %b %H:%M:%S"),
        "number": _number(event),
        "event": event.event,
        "handler": event.handler,
        "body": "\n".join(unquote_plus(pair) for pair in event.body.split("&")),
        "answer": " ".join([*words, event.note]).strip() or "waiting",
        "tone": "success" if is_fine else "warning" if is_waiting else "alert",
    }
