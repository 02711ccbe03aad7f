"""A process of the product that asks for access tokens: `python -m bench.tokens_asker`.

For each line, JSON of `member_id`, `threads`, `at` (Unix time they begin at) and `spread`
(seconds within which they do), it answers with a list of [token or the error's name, when it was
asked for, when it was there], by the machine's monotonic clock.
Settings come from the environment, the data folder from VAR.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from b24app.actions import tokens
from b24app.errors import B24AppError
from b24app.records import Installation
from b24app.resources import Resources, open_resources
from b24app.settings import Settings

MOST: int = 64


def ask(resources: Resources, installation: Installation, at: float) -> tuple[str, float, float]:
    """Wait for the moment, ask; the token or the error's name, and from when to when."""
    time.sleep(max(0.0, at - time.time()))
    began = time.monotonic()
    try:
        found = tokens.access_token(resources, installation)
    except B24AppError as exc:
        found = f"{type(exc).__name__} {exc}"
    return found, began, time.monotonic()


def storm(
    resources: Resources, pool: ThreadPoolExecutor, order: dict[str, Any]
) -> list[tuple[str, float, float]]:
    """So many threads that ask for one portal's token."""
    installation = resources.installations.get(order["member_id"])
    moments = [order["at"] + random.uniform(0, order["spread"]) for _ in range(order["threads"])]
    return list(pool.map(lambda at: ask(resources, installation, at), moments))


def main() -> None:
    """Do as told until the input ends."""
    resources = open_resources(Settings.from_env(os.environ, Path(os.environ["VAR"])))
    resources.installations.ping()
    print(json.dumps("ready"), flush=True)
    with ThreadPoolExecutor(MOST) as pool:
        for line in sys.stdin:
            print(json.dumps(storm(resources, pool, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
