"""The application inside the portal: its frame, what the frame asks for, and the OAuth page."""

import json
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import chat, contact_center, oauth, online, pages
from sandbox import portal as deeds
from sandbox.stage import framed, no_frame, origin_of
from sandbox.visit import Visit, page, portal_here, visit, world_here

blueprint = Blueprint("sandbox", __name__)
blueprint.register_blueprint(pages.blueprint)
blueprint.register_blueprint(chat.blueprint)
blueprint.register_blueprint(online.blueprint)
blueprint.register_blueprint(contact_center.blueprint)

# Words of the portal page itself, never passed on to the application.
OWN_WORDS = frozenset({"placement", "_r"})


@blueprint.before_request
def refuse_other_sites() -> None:
    """A form or script of another site must not act in a signed-in person's name."""
    origin = request.headers.get("Origin")
    if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
        abort(403)


@blueprint.after_request
def guard(response: Response) -> Response:
    """Own scripts and styles only; any site may be framed, this portal by itself alone.

    Pages carry tokens and what has just happened: they are never kept.
    """
    response.headers.setdefault("Cache-Control", "no-store")
    app = origin_of(world_here().card.handler_url)
    response.headers.setdefault(
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        f"connect-src 'self'; frame-src http: https:; form-action 'self' {app}; "
        "base-uri 'none'; frame-ancestors 'self'",
    )
    return response


@blueprint.get("/app")
def application() -> str | AnyResponse:
    """The page with the application's frame, or the reason why there is none."""
    here = visit()
    placement = request.args.get("placement", "DEFAULT").upper()
    kind, url = deeds.page_url(here.portal, here.user)
    if kind == "not-installed":
        return redirect(url_for("sandbox.pages.apps"))
    if not url:
        return no_frame(here, kind)
    options: dict[str, object] = {
        name: value for name, value in request.args.items() if name not in OWN_WORDS
    }
    return framed(here, kind, url, placement, options)


@blueprint.post("/frame/auth")
def new_pair() -> Response:
    """A new pair for the person at the page: the answer to refreshAuth."""
    here = _at_application()
    grant = oauth.mint(here.world, here.portal, here.user.id)
    return jsonify(
        {
            "AUTH_ID": grant.access,
            "AUTH_EXPIRES": str(oauth.ACCESS_SECONDS),
            "REFRESH_ID": grant.refresh,
        }
    )


@blueprint.post("/frame/finish")
def finish() -> Response:
    """Finish the installation; `result` is false for everybody but an administrator."""
    here = _at_application()
    return jsonify({"result": deeds.finish_install(here.world, here.portal, here.user)})


@blueprint.post("/frame/first-run")
def first_run() -> Response:
    """Remember that this person has seen the application."""
    here = _at_application()
    with here.world.lock:
        install = here.install
        if install is not None and here.user.id not in install.first_run_seen:
            install.first_run_seen.append(here.user.id)
            here.world.save()
    return jsonify({"result": True})


@blueprint.post("/frame/option")
def option() -> Response:
    """Set an option of the application or of the person (`kind`); the whole map comes back."""
    here = _at_application()
    name, of_app = request.form.get("name", ""), request.form.get("kind") == "app"
    try:
        value = json.loads(request.form.get("value", '""'))
    except ValueError:
        abort(400)
    if of_app and not here.user.is_admin:
        abort(403)
    with here.world.lock:
        own = here.portal.user_options.setdefault(here.user.id, {})
        options = here.portal.app_options if of_app else own
        options[name] = value
        here.world.save()
    return jsonify(options)


def _at_application() -> Visit:
    here = visit()
    if here.install is None:
        abort(404)
    return here


@blueprint.get("/oauth/authorize/")
@blueprint.get("/oauth/authorize")
def authorize() -> str | AnyResponse | tuple[str, int]:
    """The code flow's page: no consent is asked, the code goes to the application at once."""
    portal_here()
    here = visit()
    card = here.world.card
    if request.args.get("client_id", "") != card.client_id or here.install is None:
        title, text = "Application not found", "This portal has no application of that number."
        return page("message.html", here, title=title, text=text, url="/desktop", label="Home"), 404
    query = urlencode(
        {
            "code": oauth.make_code(here.world, here.portal, here.user.id),
            "state": request.args.get("state", ""),
            "domain": here.portal.host,
            "member_id": here.portal.member_id,
            "scope": ",".join(oauth.scope_of(here.world, here.portal, card.client_id)),
            "server_domain": here.world.auth_host,
        }
    )
    return redirect(f"{card.handler_url}{'&' if '?' in card.handler_url else '?'}{query}")
