"""A page with the application in its frame: what is posted into it, what its script knows."""

import json
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from flask import url_for

from sandbox import oauth
from sandbox.records import Grant
from sandbox.visit import Visit, page

MESSAGES = {
    "not-finished": (
        "The installation is not finished",
        "An administrator has to open this application once and finish its installation.",
    ),
    "unpaid": (
        "The subscription has ended",
        "The application opens again once it is paid for.",
    ),
    "no-access": (
        "You have no access to this application",
        "Ask an administrator of the portal to let you in.",
    ),
}


def no_frame(here: Visit, kind: str) -> str:
    """The page that says why the application does not open; `kind` is that of page_url."""
    title, text = MESSAGES.get(kind, MESSAGES["no-access"])
    label, way = "Go to Applications", url_for("sandbox.pages.apps")
    return page("message.html", here, title=title, text=text, url=way, label=label)


def framed(
    here: Visit,
    kind: str,
    url: str,
    placement: str,
    options: dict[str, object],
    *,
    title: str = "",
    is_inside: bool = False,
) -> str:
    """The page that frames `url` of the application for this person, at this placement.

    `kind` is that of portal.page_url; `options` become PLACEMENT_OPTIONS. `is_inside` is for a
    page that stands in another page of the portal and has nothing around its frame.
    """
    sid = secrets.token_hex(16)
    grant = oauth.mint(here.world, here.portal, here.user.id)
    fields = _fields(here, grant, placement, options)
    is_slider = is_inside or options.get("IFRAME") == "Y"
    query = urlencode(
        {"DOMAIN": here.portal.host, "PROTOCOL": 0, "LANG": here.user.language, "APP_SID": sid}
    )
    return page(
        "application.html",
        here,
        title=title or here.world.card.title,
        frame_name=f"{here.portal.host}|0|{sid}",
        frame_url=f"{url}{'&' if '?' in url else '?'}{query}",
        fields=fields,
        shown_fields=[(name, _masked(name, value)) for name, value in fields.items()],
        is_slider=is_slider,
        frame_data={
            "sid": sid,
            "origin": origin_of(url),
            "placement": placement,
            "isSlider": is_slider,
            "init": _init(here, fields, kind, options),
            "urls": _urls(),
        },
    )


def _fields(
    here: Visit, grant: Grant, placement: str, options: dict[str, object]
) -> dict[str, str]:
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
    here: Visit, fields: dict[str, str], kind: str, options: dict[str, object]
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


def origin_of(url: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _masked(name: str, value: str) -> str:
    secret = name in ("AUTH_ID", "REFRESH_ID", "APPLICATION_TOKEN")
    return f"{value[:4]}…" if secret else value
