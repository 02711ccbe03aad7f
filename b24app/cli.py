"""Commands for operators: ``flask --app app worker``."""

from __future__ import annotations

import time
from typing import Final

import click
import rq
from flask.cli import with_appcontext

from b24app.errors import StoreUnavailable
from b24app.resources import resources

PATIENCE: Final = 30


@click.command()
@with_appcontext
def worker() -> None:
    """Run background jobs until told to stop."""
    known = resources()
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            known.installations.ping()
            break
        except StoreUnavailable:  # the store may be starting at the same moment
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)
    rq.Worker([known.queue], connection=known.queue.connection).work(with_scheduler=True)
