"""The family `tokens`: renewals under storms, kills and failovers, and what a valid token costs."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path

from bench import (
    peers,
    stage,
    tokens_cost,
    tokens_failover,
    tokens_killed,
    tokens_stage,
    tokens_storm,
)
from bench.table import Row

PARTS = (tokens_storm, tokens_killed, tokens_failover, tokens_cost)


def measure() -> list[Row]:
    """Every row of the family, in about six minutes."""
    peers.set_up()
    logging.disable(logging.WARNING)  # what is killed here on purpose is no news
    with tempfile.TemporaryDirectory(prefix="b24app-bench-") as name:
        var = Path(name)
        with stage.store(var), tokens_stage.authority(var) as server:
            rows = [row for part in PARTS for row in part.measure(var, server)]
    logging.disable(logging.NOTSET)
    return rows
