"""A real process of the product that asks for access tokens; told what to do line by line.

A line in: {"member_id", "stale", "threads", "spread" (seconds within which they begin)}. A line
out for each: [[token or the error's name, seconds], ...].
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from b24app.actions import tokens
from b24app.resources import Resources, open_resources
from b24app.settings import Settings


def main() -> None:
    resources = open_resources(Settings.from_env(os.environ, Path(os.environ["VAR"])))
    resources.installations.ping()
    print("ready", flush=True)
    with ThreadPoolExecutor(64) as pool:
        for line in sys.stdin:
            order = json.loads(line)
            asked = [pool.submit(ask, resources, order) for _ in range(order["threads"])]
            print(json.dumps([future.result() for future in asked]), flush=True)


def ask(resources: Resources, order: dict[str, object]) -> tuple[str, float]:
    installation = resources.installations.get(str(order["member_id"]))
    time.sleep(random.uniform(0, float(str(order["spread"]))))
    started = time.monotonic()
    try:
        found = tokens.access_token(resources, installation, str(order["stale"]))
    except Exception as exc:
        found = f"{type(exc).__name__}: {exc}"
    return found, time.monotonic() - started


if __name__ == "__main__":
    main()
