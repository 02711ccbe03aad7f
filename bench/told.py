"""A process of ours that is told by lines and answers each with one line of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from bench import stage


class Told:
    """The process; use it in a `with` block. ``first`` is what it said when it was ready."""

    def __init__(
        self, *words: str, environ: Mapping[str, str] | None = None, python: str = sys.executable
    ) -> None:
        self.process = subprocess.Popen(
            [python, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=stage.ROOT,
            env=os.environ if environ is None else {"PATH": os.defpath, **environ},
        )
        self.first = self.answer()

    def tell(self, order: str) -> None:
        """Say it and do not wait."""
        assert self.process.stdin
        self.process.stdin.write(f"{order}\n")
        self.process.stdin.flush()

    def answer(self) -> Any:  # noqa: ANN401 whatever it has to say
        """The next answer. Raises RuntimeError when the process ended before it."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a process ended before it answered")
        return json.loads(line)

    def ask(self, order: str) -> Any:  # noqa: ANN401
        """Say it and wait for the answer."""
        self.tell(order)
        return self.answer()

    def kill(self) -> None:
        """SIGKILL, at once."""
        self.process.kill()
        self.process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self.process.stdin and self.process.stdout
        if kind:
            self.process.kill()
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()
