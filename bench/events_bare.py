"""What event intake is compared with: a Flask view that does one HGETALL, and nothing else.

Run by gunicorn with the product's own settings: ``gunicorn bench.events_bare:app``.
"""

from __future__ import annotations

import os

from flask import Flask
from flask.typing import ResponseReturnValue

from b24app.resources import EXTENSION, open_resources
from b24app.settings import Settings

app = Flask(__name__)
# Its client of the store, and what the hooks of gunicorn's settings look for.
resources = app.extensions[EXTENSION] = open_resources(Settings.from_env(os.environ))


@app.post("/bare/<member_id>")
def bare(member_id: str) -> ResponseReturnValue:
    """Read a record, answer."""
    found = resources.redis.hgetall(f"b24app:{{{member_id}}}:installation")
    return "", 200 if found else 404
