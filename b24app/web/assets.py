"""Static files: compressed, cached for good, under a path that names their contents.

The path holds a digest of everything in ``static/``, so scripts may import each other by
relative path and still never be stale.
"""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import Final

from flask import Flask
from whitenoise import WhiteNoise
from whitenoise.compress import Compressor

SOURCE: Final = Path(__file__).resolve().parent.parent.parent / "static"
YEAR: Final = 365 * 24 * 3600
COMPRESSED: Final = (".css", ".js", ".svg", ".html", ".txt", ".md")


def init_app(app: Flask, var: Path) -> None:
    """Serve ``static/`` and give templates ``static_url("css/base.css")``."""
    digest = _digest()
    root = _prepared(digest, var)
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(root),
        prefix=f"static/{digest}/",
        max_age=YEAR,
        immutable_file_test=lambda *_: True,
        allow_all_origins=False,
        add_headers_function=_add_headers,
    )

    def static_url(name: str) -> str:
        return f"/static/{digest}/{name}"

    app.jinja_env.globals["static_url"] = static_url


def _add_headers(headers: dict[str, str], path: str, url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"


def _digest() -> str:
    digest = hashlib.sha256()
    for path in sorted(SOURCE.rglob("*")):
        if path.is_file():
            digest.update(str(path.relative_to(SOURCE)).encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def _prepared(digest: str, var: Path) -> Path:
    """A copy with compressed twins; made beside and renamed, so several workers may try."""
    target = var / "static" / digest
    if target.is_dir():
        return target
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(dir=target.parent)) / digest
    except OSError:  # a read-only file system: served as it is, without the twins
        return SOURCE
    shutil.copytree(SOURCE, building)
    compressor = Compressor(quiet=True, use_brotli=False)
    for path in building.rglob("*"):
        if path.suffix in COMPRESSED:
            compressor.compress(str(path))
    with contextlib.suppress(OSError):  # another worker may have been first
        building.rename(target)
    shutil.rmtree(building.parent, ignore_errors=True)
    return target
