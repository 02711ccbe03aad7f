"""`python -m bench`: measure, print one table, write var/bench.json. ONLY=rest runs one family."""

from __future__ import annotations

import os
import platform
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from b24app.settings import VAR
from bench import events, rest, table, tokens

FAMILIES: Final[dict[str, Callable[[], list[table.Row]]]] = {
    "rest": rest.measure,
    "events": events.measure,
    "tokens": tokens.measure,
}


def main() -> int:
    """0 when everything was measured, whatever came out; 2 for a family nobody knows."""
    only = os.environ.get("ONLY", "")
    if only and only not in FAMILIES:
        print(f"no such family: {only}; there are {', '.join(FAMILIES)}", file=sys.stderr)
        return 2
    # An end by signal takes the same way as Ctrl-C: every process started here is ended.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    rows: list[table.Row] = []
    for name in [only] if only else FAMILIES:
        print(f"family {name}", flush=True)
        rows += FAMILIES[name]()
    table.show(rows)
    table.write(rows, VAR / "bench.json")
    return 0


if __name__ == "__main__":
    sys.exit(main())
