"""The sandbox's limits, with a memory of what they admitted and refused."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.limits import Limits


@dataclass
class CountedLimits(Limits):
    """Moments, in Unix seconds, of the requests let in, and of those refused."""

    admitted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def admit(self, key: str, now: float) -> bool:
        """As the sandbox's own, remembered."""
        fits = super().admit(key, now)
        (self.admitted if fits else self.refused).append(now)
        return fits

    def reset(self) -> None:
        """Forget everything: an empty bucket, nothing seen."""
        with self._lock:
            self._levels.clear()
        self.admitted.clear()
        self.refused.clear()
