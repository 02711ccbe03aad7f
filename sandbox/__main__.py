"""`python -m sandbox`: the two portals and the authorization server, until SIGTERM or SIGINT."""

import math
import os
import signal
import sys
import threading
from collections.abc import Mapping

from sandbox.server import serve
from sandbox.world import World, make_world


def world_from(environ: Mapping[str, str]) -> World:
    """The world the environment describes. Raises ValueError that names the variable."""
    missing = [
        name for name in ("B24_CLIENT_ID", "B24_CLIENT_SECRET", "APP_URL") if not environ.get(name)
    ]
    if missing:
        raise ValueError(f"{missing[0]} is not set")
    port = environ.get("SANDBOX_PORT", "8010")
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"SANDBOX_PORT is not a port: {port}")
    profile = environ.get("SANDBOX_PROFILE", "source")
    if profile not in ("source", "documented"):
        raise ValueError(f"SANDBOX_PROFILE is neither source nor documented: {profile}")
    world = make_world(
        int(port),
        client_id=environ["B24_CLIENT_ID"],
        client_secret=environ["B24_CLIENT_SECRET"],
        app_url=environ["APP_URL"].rstrip("/"),
        profile=profile,
        state=environ.get("SANDBOX_STATE") or None,
    )
    world.limits.bucket = bucket_from(environ.get("SANDBOX_BUCKET", ""))
    for portal in world.portals:
        portal.license = environ.get("SANDBOX_LICENSE") or portal.license
    world.faults.lenient_refresh = environ.get("SANDBOX_LENIENT_REFRESH", "0") == "1"
    return world


def bucket_from(text: str) -> tuple[float, float] | None:
    """Leak per second and size of a bucket written "2,50"; None for no limit ("").

    Raises ValueError that names the variable.
    """
    if not text:
        return None
    try:
        leak, size = (float(part) for part in text.split(","))
    except ValueError:
        leak = size = 0.0
    if not (0 < leak < math.inf and 1 <= size < math.inf):
        raise ValueError(f"SANDBOX_BUCKET is not leak,size: {text}")
    return leak, size


def main() -> int:
    """Serve until told to stop; 0, or 2 with one line on stderr when it cannot start."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        world = world_from(os.environ)
        server = serve(world)
    except (ValueError, OSError) as exc:
        sys.stderr.write(f"sandbox: {exc}\n")
        return 2
    for portal in world.portals:
        sys.stdout.write(f"sandbox: {portal.title} at http://{portal.host}/\n")
    sys.stdout.flush()
    stop.wait()
    server.close()
    world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
