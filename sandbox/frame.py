"""The application inside the portal: its frame, what the frame asks for, and the OAuth page."""

import json
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import Blueprint, Response, abort, jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from sandbox import chat, oauth, pages
from sandbox import portal as deeds
from sandbox.records import Grant
from sandbox.visit import Visit, page, portal_here, visit, world_here

blueprint = Blueprint("sandbox", __name__)
blueprint.register_blueprint(pages.blueprint)
blueprint.register_blueprint(chat.blueprint)

# Words of the portal page itself, never passed on to the application.
OWN_WORDS = frozenset({"placement", "_r"})

MESSAGES = {
    "not-finished": (
        "The installation is not finished",
        "An administrator has to open this application once and finish its installation.",
    ),
    "no-access": (
        "You have no access to this application",
        "Ask an administrator of the portal to let you in.",
    ),
}


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
    app = _origin(world_here().card.handler_url)
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
    kind, url = deeds.page_url(here.portal, here.user, placement)
    if kind == "not-installed":
        return redirect(url_for("sandbox.pages.apps"))
    if not url:
        title, text = MESSAGES.get(kind, MESSAGES["no-access"])
        label, way = "Go to Applications", url_for("sandbox.pages.apps")
        return page("message.html", here, title=title, text=text, url=way, label=label)
    options = {name: value for name, value in request.args.items() if name not in OWN_WORDS}
    return _framed(here, kind, url, placement, options)


def _framed(here: Visit, kind: str, url: str, placement: str, options: dict[str, str]) -> str:
    sid = secrets.token_hex(16)
    grant = oauth.mint(here.world, here.portal, here.user.id)
    fields = _fields(here, grant, placement, options)
    is_slider = options.get("IFRAME") == "Y"
    query = urlencode(
        {"DOMAIN": here.portal.host, "PROTOCOL": 0, "LANG": here.user.language, "APP_SID": sid}
    )
    return page(
        "application.html",
        here,
        frame_name=f"{here.portal.host}|0|{sid}",
        frame_url=f"{url}{'&' if '?' in url else '?'}{query}",
        fields=fields,
        shown_fields=[(name, _masked(name, value)) for name, value in fields.items()],
        is_slider=is_slider,
        frame_data={
            "sid": sid,
            "origin": _origin(url),
            "placement": placement,
            "isSlider": is_slider,
            "init": _init(here, fields, kind, options),
            "urls": _urls(),
        },
    )


def _fields(here: Visit, grant: Grant, placement: str, options: dict[str, str]) -> dict[str, str]:
    install = here.install
    assert install is not None  # page_url named a page of it
    scope = oauth.scope_of(here.world, here.portal, here.world.card.client_id)
    fields = {
        "AUTH_ID": grant.access,
        "AUTH_EXPIRES": str(oauth.ACCESS_SECONDS),
        "REFRESH_ID": grant.refresh,
        "SERVER_ENDPOINT": f"http://{here.world.auth_host}/rest/",
        "APPLICATION_TOKEN": install.application_token,
        "APPLICATION_SCOPE": ",".join(scope),
        "member_id": here.portal.member_id,
        "status": here.world.card.status,
        "PLACEMENT": placement,
    }
    if options:
        # As the portal's own encoder writes it: slashes escaped.
        fields["PLACEMENT_OPTIONS"] = json.dumps(options, separators=(",", ":")).replace("/", "\\/")
    return fields


def _init(
    here: Visit, fields: dict[str, str], kind: str, options: dict[str, str]
) -> dict[str, Any]:
    """The answer to getInitData; an empty map is an empty list there."""
    install = here.install
    seen = install is not None and here.user.id in install.first_run_seen
    return {
        "LANG": here.user.language,
        "DOMAIN": here.portal.host,
        "PROTOCOL": 0,
        "PATH": "/rest",
        "AUTH_ID": fields["AUTH_ID"],
        "AUTH_EXPIRES": fields["AUTH_EXPIRES"],
        "REFRESH_ID": fields["REFRESH_ID"],
        "MEMBER_ID": here.portal.member_id,
        "FIRST_RUN": not seen,
        "IS_ADMIN": here.user.is_admin,
        "INSTALL": kind == "install",
        "USER_OPTIONS": here.portal.user_options.get(here.user.id) or [],
        "APP_OPTIONS": here.portal.app_options or [],
        "PLACEMENT": fields["PLACEMENT"],
        "PLACEMENT_OPTIONS": options or [],
    }


def _urls() -> dict[str, str]:
    return {
        "self": url_for("sandbox.application"),
        "chat": url_for("sandbox.chat.messenger"),
        "auth": url_for("sandbox.new_pair"),
        "finish": url_for("sandbox.finish"),
        "firstRun": url_for("sandbox.first_run"),
        "option": url_for("sandbox.option"),
    }


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _masked(name: str, value: str) -> str:
    secret = name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN")
    return f"{value[:4]}…" if secret else value


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
