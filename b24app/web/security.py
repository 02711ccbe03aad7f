"""Response headers: who may frame a page, what it may load, that nobody keeps it."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from b24app.records import Installation
from b24app.resources import resources

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {ancestors}"
)
# Until a portal is proven: pages that show nothing of anybody. Self-hosted portals have any name.
ANY_PORTAL: Final = "https:"
MAX_FORM: Final = 1024 * 1024


def init_app(app: Flask) -> None:
    """Put the headers on every answer, and a limit on every body that is no upload."""
    app.before_request(_limit)
    app.after_request(_headers)


def allow_frame(installation: Installation) -> None:
    """This answer may be framed by the proven portal and nobody else."""
    parts = urlsplit(installation.client_endpoint)
    g.frame_ancestors = f"{parts.scheme}://{parts.netloc}"


def allow_children() -> None:
    """This answer may frame pages of anybody, for one may lead to another: to sign in, or to the
    same host with a www before it."""
    g.frames_any = True


def _headers(response: Response) -> Response:
    policy = POLICY.format(ancestors=g.get("frame_ancestors") or _anybody())
    if "frames_any" in g:
        policy = f"{policy}; frame-src {_anybody()}"
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _limit() -> None:
    if request.mimetype != "multipart/form-data":
        request.max_content_length = MAX_FORM


def _anybody() -> str:
    """Any https portal; in the sandbox, where portals are plain addresses, http too."""
    return f"{ANY_PORTAL} http:" if resources().settings.sandbox else ANY_PORTAL
