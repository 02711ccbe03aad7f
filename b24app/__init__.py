"""b24app: chat apps, bots, commands and connectors of a Bitrix24 portal."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from flask import Flask

from b24app import cli, cli_portals, i18n
from b24app.observe import set_up_logging
from b24app.resources import EXTENSION, open_resources
from b24app.settings import Settings
from b24app.web import (
    assets,
    bots,
    bulk,
    chat_apps,
    commands,
    connection,
    connector_lines,
    connectors,
    definitions,
    drift,
    events,
    frame,
    gateway,
    health,
    history,
    installs,
    rehearsals,
    replies,
    security,
    session,
    widgets,
    words,
)

ROOT: Final = Path(__file__).resolve().parent.parent
MAX_UPLOAD: Final = 6 * 1024 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """The application; settings come from the environment unless given.

    Raises ConfigurationError with one line that names the variable.
    """
    settings = settings or Settings.from_env(os.environ)
    set_up_logging(settings.log_level, settings.log_format)
    app = Flask(__name__, template_folder=str(ROOT / "templates"), static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = str(ROOT / "translations")
    app.url_map.strict_slashes = False
    app.extensions[EXTENSION] = open_resources(settings)
    i18n.init_app(app)
    assets.init_app(app, settings.var)
    security.init_app(app)
    replies.init_app(app)
    rehearsals.init_app(app)
    words.init_app(app)
    for room in (
        *(frame, gateway, session, installs, events, health),
        *(chat_apps, bots, commands, connectors, connector_lines, widgets),
        *(connection, history, drift, bulk),
        definitions,
    ):
        app.register_blueprint(room.blueprint)
    app.cli.add_command(cli.worker)
    app.cli.add_command(cli.jobs_group)
    app.cli.add_command(cli.keys_group)
    app.cli.add_command(cli_portals.portals)
    return app
