"""What all commands for operators share: a store that is away is one plain line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from flask.cli import AppGroup

from b24app.errors import StoreUnavailable
from b24app.resources import QUEUE_FAILURES


@contextmanager
def plain_words() -> Iterator[None]:
    """Turns a store or queue that does not answer into one line and the exit status 1."""
    try:
        yield
    except (StoreUnavailable, *QUEUE_FAILURES) as exc:
        name = str(exc) if isinstance(exc, StoreUnavailable) else type(exc).__name__
        said = f"store or queue do not answer ({name}): look at REDIS_URL and QUEUE_REDIS_URL"
        raise click.ClickException(said) from exc


class Group(AppGroup):
    """A group of commands that speak plainly."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 whatever a command returns
        """Run the command."""
        with plain_words():
            return super().invoke(ctx)
