"""Start everything on one machine: ``python -m b24app.launch run`` or ``… serve``.

``run`` shows the product: store, sandbox portal, web and worker. ``serve`` is production on
this machine: the Procfile, and the embedded store when REDIS_URL is not set. Both read ``.env``.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, TextIO

from dotenv import dotenv_values
from honcho.environ import parse_procfile
from honcho.manager import Manager
from honcho.printer import Printer

from b24app.errors import ConfigurationError
from b24app.settings import STOP_SECONDS, Settings

ROOT: Final = Path(__file__).resolve().parent.parent
PYTHON: Final = shlex.quote(sys.executable)
SANDBOX_PORT: Final = "8010"
PORTAL_HOST: Final = "127.0.0.2"
AUTH_HOST: Final = "127.0.0.4"
PATIENCE: Final = 60


class Starter(Manager):  # type: ignore[misc] # honcho has no types
    """honcho's, that gives everything told to stop the time for what it has in hand."""

    _told_at = 0.0

    def terminate(self) -> None:
        """Tell everything to stop."""
        self._told_at = self._told_at or time.monotonic()
        super().terminate()

    def kill(self) -> None:
        """End what does not stop, which honcho asks for after five seconds, when its time is up."""
        if time.monotonic() >= self._told_at + STOP_SECONDS:
            super().kill()


def main(arguments: list[str]) -> int:
    """Start, wait for Ctrl-C, stop; returns the exit status."""
    if arguments not in (["run"], ["serve"]):
        print("usage: python -m b24app.launch run|serve", file=sys.stderr)  # noqa: T201
        return 2
    environ = {**_dotenv(), **os.environ}
    try:
        return run(environ) if arguments == ["run"] else serve(environ)
    except ConfigurationError as exc:
        print(f"b24app: {exc}", file=sys.stderr)  # noqa: T201
        return 1


def run(environ: Mapping[str, str]) -> int:
    """Store, sandbox portal, web and worker; prints the address to open once all answer."""
    port = environ.get("SANDBOX_PORT", SANDBOX_PORT)
    environ = {
        "B24_SANDBOX": "1",
        "B24_AUTH_SERVERS": f"http://{AUTH_HOST}:{port}",
        "LOG_FORMAT": "text",
        "WEB_CONCURRENCY": "1",
        **environ,
    }
    settings = Settings.from_env(environ)
    _refuse_taken(settings.port)
    state = settings.var / "sandbox.json"
    shared = {
        "B24_CLIENT_ID": settings.client_id,
        "B24_CLIENT_SECRET": settings.client_secret,
        "APP_URL": settings.app_url,
        "SANDBOX_PORT": port,
        "SANDBOX_STATE": str(state),
    }
    sandbox = f"{PYTHON} -m sandbox"
    portal = f"http://{PORTAL_HOST}:{port}/"
    return _start(settings, {**environ, **shared}, {"sandbox": sandbox}, opens=portal)


def serve(environ: Mapping[str, str]) -> int:
    """The Procfile's processes, for real portals."""
    settings = Settings.from_env(environ)
    _refuse_taken(settings.port)
    return _start(settings, environ, {}, opens=settings.app_url)


def _start(
    settings: Settings, environ: Mapping[str, str], more: Mapping[str, str], *, opens: str
) -> int:
    environ = {**environ, "PATH": f"{Path(sys.executable).parent}:{environ.get('PATH', '')}"}
    processes = {**more, **parse_procfile((ROOT / "Procfile").read_text()).processes}
    if settings.embedded_store:
        processes = {"store": f"{PYTHON} -m b24app.embedded", **processes}
    with _log(settings.var) as log:
        manager = Starter(Printer(log, colour=False))
        for name, command in processes.items():
            manager.add_process(name, f"exec {command}", env=environ, cwd=str(ROOT))
        ready = [f"http://127.0.0.1:{settings.port}/readyz"] + ([opens] if more else [])
        greeter = threading.Thread(target=_greet, args=(ready, opens), daemon=True)
        greeter.start()
        manager.loop()
    return _farewell(settings.var, manager.returncode or 0)


def _greet(addresses: list[str], opens: str) -> None:
    """Print the one line a newcomer needs, when every part answers."""
    deadline = time.monotonic() + PATIENCE
    while not all(_answers(address) for address in addresses):
        if time.monotonic() > deadline:
            print("b24app did not come up; see var/log/run.log", flush=True)  # noqa: T201
            return
        time.sleep(0.2)
    print(f"Open {opens} in a browser. Ctrl-C ends everything.", flush=True)  # noqa: T201


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # noqa: S310 our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _refuse_taken(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as exc:
            raise ConfigurationError(f"PORT {port} is in use on this machine") from exc


@contextlib.contextmanager
def _log(var: Path) -> Iterator[TextIO]:
    """Where the processes' output goes; the terminal stays quiet."""
    folder = var / "log"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "run.log").open("w", buffering=1) as file:
        yield file


def _farewell(var: Path, status: int) -> int:
    """Ctrl-C and a plain stop are good ends; anything else shows the log's last lines."""
    if status in (0, 130, 143):
        return 0
    lines = (var / "log" / "run.log").read_text(errors="replace").splitlines()
    print("\n".join(["A part stopped. The last lines of var/log/run.log:", *lines[-15:]]))  # noqa: T201
    return status


def _dotenv() -> dict[str, str]:
    values = dotenv_values(ROOT / ".env")
    return {name: value for name, value in values.items() if value is not None}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
