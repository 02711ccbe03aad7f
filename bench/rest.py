"""The family `rest`: the REST client's speed, and how it keeps to a portal's limits."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import peers, rest_budget_cost, rest_bulk, rest_rate, rest_shared, stage
from bench.table import Row


def measure() -> list[Row]:
    """Every row of the family, in about three minutes."""
    peers.set_up()
    with tempfile.TemporaryDirectory(prefix="b24app-bench-") as name:
        var = Path(name)
        with stage.store(var):
            rows = [*rest_rate.measure(var), *rest_budget_cost.measure(var)]
            with stage.borealis(var) as home:
                return [*rows, *rest_bulk.measure(home), *rest_shared.measure(home)]
