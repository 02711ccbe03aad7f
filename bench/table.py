"""What was measured: one table to read, one file to compare."""

from __future__ import annotations

import json
import operator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COMPARE: Final = {"higher": operator.ge, "lower": operator.le}
SIGN: Final = {"higher": "≥", "lower": "≤"}


@dataclass(frozen=True)
class Row:
    """One number and its bar; ``better`` is "higher" or "lower". ``note`` is for people only."""

    name: str
    value: float
    unit: str
    bar: float
    better: str
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the value is at the bar or on its good side."""
        return bool(COMPARE[self.better](self.value, self.bar))


def show(rows: list[Row]) -> None:
    """Print the table and how many bars were missed."""
    width = max(len(row.name) for row in rows)
    print(f"\n{'measure':{width}}  {'value':>10}  {'bar':>8}  unit      holds  what else")
    for row in rows:
        bar = f"{SIGN[row.better]} {row.bar:g}"
        holds = "yes" if row.holds else "NO"
        print(
            f"{row.name:{width}}  {row.value:>10.3f}  {bar:>8}  {row.unit:8}  {holds:5}  {row.note}"
        )
    missed = sum(not row.holds for row in rows)
    print(f"\n{len(rows)} measures, {missed} below their bar")


def write(rows: list[Row], path: Path) -> None:
    """Write the rows as JSON, for comparing runs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = [
        {
            "name": row.name,
            "value": round(row.value, 4),
            "unit": row.unit,
            "bar": row.bar,
            "better": row.better,
            "holds": row.holds,
        }
        for row in rows
    ]
    path.write_text(json.dumps(fields, indent=2) + "\n")
