"""The peers we are measured against: an environment of their own, a process for each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from b24app.settings import VAR
from bench.rounds import Taken

HERE: Final = Path(__file__).resolve().parent
PINS: Final = HERE / "peers.txt"
HOME: Final = VAR / "bench-venv"
PYTHON: Final = HOME / "bin" / "python"


def set_up() -> None:
    """Install the pinned peers, unless exactly these are there. Raises CalledProcessError."""
    stamp = HOME / "peers.txt"
    if stamp.exists() and stamp.read_text() == PINS.read_text():
        return
    print("setting up var/bench-venv with the peers", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(HOME)], check=True)
    pip = [str(PYTHON), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", str(PINS)], check=True)
    stamp.write_text(PINS.read_text())


def storm(peer: str, origin: str, certificate: str, threads: int) -> int:
    """How many of so many threads came through with one token that had ended."""
    done = subprocess.run(
        [str(PYTHON), str(HERE / "peer_storm.py"), peer, origin, str(threads)],
        env={
            "PATH": os.defpath,
            "REQUESTS_CA_BUNDLE": certificate,
            "SSL_CERT_FILE": certificate,
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


class B24PySDK:
    """b24pysdk in a process of its own, calling the portal at ``host``; use in a `with` block."""

    def __init__(self, host: str, certificate: Path, access: str) -> None:
        # requests searches the whole environment at each call: here it finds a short one.
        environ = {"PATH": os.defpath, "REQUESTS_CA_BUNDLE": str(certificate)}
        self._process = subprocess.Popen(
            [str(PYTHON), str(HERE / "peer_b24pysdk.py"), host, access],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environ,
        )

    def __call__(self, calls: int, threads: int) -> Taken:
        """So many calls over so many threads. Raises RuntimeError when the peer has failed."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{calls} {threads}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("b24pysdk ended before it answered")
        told = json.loads(answer)
        return Taken(told["seconds"], tuple(told["took"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate(timeout=30)
