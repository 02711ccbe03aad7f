"""A Bitrix24 of our own: two portals and an authorization server, for tests and demonstration.

The application and the sandbox meet over HTTP only; neither imports the other.
"""

import mimetypes
from pathlib import Path

from flask import Flask, Response, abort, g, redirect, request
from werkzeug.security import safe_join
from werkzeug.wrappers import Response as AnyResponse

from sandbox import frame, oauth, rest
from sandbox.world import World

__all__ = ["create_app"]

STATIC = str(Path(__file__).parent / "static")


def create_app(world: World) -> Flask:
    """One Flask application for all addresses of `world`; the Host header says which is meant.

    Views find the world in `current_app.extensions["world"]`, and in `g.portal` the portal the
    request is for (None at the authorization server). An unknown host gets 404; an address a
    portal had before its rename answers 302.
    """
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/static/<path:filename>", "static", static)
    app.extensions["world"] = world
    app.config["MAX_CONTENT_LENGTH"] = 64 * 1024 * 1024
    app.config["MAX_FORM_MEMORY_SIZE"] = 64 * 1024 * 1024
    app.config["MAX_FORM_PARTS"] = 10_000

    @app.before_request
    def pick_address() -> AnyResponse | None:
        g.portal = world.portal_by_host(request.host)
        if g.portal is not None or request.host == world.auth_host:
            return None
        moved = next((row for row in world.portals if request.host in row.old_hosts), None)
        if moved is None:
            abort(404)
        return redirect(f"http://{moved.host}{request.full_path.rstrip('?')}", 302)

    @app.after_request
    def forbid_sniffing(response: Response) -> Response:
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        return response

    app.register_blueprint(oauth.blueprint)
    app.register_blueprint(rest.blueprint)
    app.register_blueprint(frame.blueprint)
    return app


def static(filename: str) -> Response:
    """A file of the pages, read whole: a browser that leaves half-way keeps nothing open."""
    path = Path(safe_join(STATIC, filename) or STATIC)
    if not path.is_file():
        abort(404)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Response(path.read_bytes(), mimetype=kind, headers={"Cache-Control": "no-cache"})
