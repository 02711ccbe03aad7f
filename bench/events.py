"""The family `events`: how fast events are taken in, and whether a burst is done, each once."""

from __future__ import annotations

import tempfile
from pathlib import Path

from b24app.settings import embedded_url
from bench import events_burst, events_intake, stage
from bench.table import Row


def measure() -> list[Row]:
    """Every row of the family, in about a minute."""
    with tempfile.TemporaryDirectory(prefix="b24app-bench-") as name:
        var = Path(name)
        environ = stage.environment(REDIS_URL=embedded_url(var))
        with stage.store(var), stage.product(environ, var) as resources:
            events_intake.know_portals(resources)
            return [
                *events_intake.measure(environ),
                *events_burst.measure(resources, environ),
            ]
