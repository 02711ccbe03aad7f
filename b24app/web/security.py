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
# Cloud portals' zones: until a portal is proven, only a page that shows nothing of anybody.
ZONES: Final = (
    *("com", "ru", "by", "kz", "ua", "de", "eu", "es", "fr", "it", "pl", "com.br"),
    *("com.tr", "in", "id", "vn", "jp", "cn", "uk", "co.uk"),
)


def init_app(app: Flask) -> None:
    """Put the headers on every answer."""
    app.after_request(_headers)


def allow_frame(installation: Installation) -> None:
    """This answer may be framed by the proven portal and nobody else."""
    parts = urlsplit(installation.client_endpoint)
    g.frame_ancestors = f"{parts.scheme}://{parts.netloc}"


def _headers(response: Response) -> Response:
    policy = POLICY.format(ancestors=g.get("frame_ancestors") or _anybody())
    response.headers.setdefault("Content-Security-Policy", policy)
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _anybody() -> str:
    """Bitrix24's cloud; in the sandbox, where portals are plain addresses, the one that asks."""
    zones = " ".join(f"https://*.bitrix24.{zone}" for zone in ZONES)
    origin = urlsplit(request.headers.get("Origin", ""))
    if resources().settings.sandbox and origin.scheme == "http" and origin.netloc:
        return f"{zones} http://{origin.netloc}"
    return zones
