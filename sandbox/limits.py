"""What the cloud allows: a leaky bucket of requests, and operating time by method."""

import threading
from dataclasses import dataclass, field

WINDOW = 600


@dataclass
class Limits:
    """Counters of one world. A limit that is None does not exist."""

    # (leak per second, size), counted by portal and source address.
    bucket: tuple[float, float] | None = None
    # Seconds one method of one application may work within ten minutes.
    operating: float | None = 480.0
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict, repr=False)
    _worked: dict[tuple[str, str], list[tuple[float, float]]] = field(
        default_factory=dict, repr=False
    )
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def admit(self, key: str, now: float) -> bool:
        """Whether one more request fits the bucket `key` at Unix time `now`; counts it if so."""
        if self.bucket is None:
            return True
        leak, size = self.bucket
        with self._lock:
            level, stamp = self._levels.get(key, (0.0, now))
            # Two requests may come here in another order than they read the clock.
            level = max(0.0, level - max(0.0, now - stamp) * leak)
            admitted = level + 1 <= size
            self._levels[key] = (level + admitted, max(now, stamp))
        return admitted

    def add(self, client_id: str, method: str, seconds: float, now: float) -> tuple[float, int]:
        """Count the work of one call; only calls over 0.1 s count.

        Returns the seconds worked within the window and when the window is over.
        """
        with self._lock:
            rows = self._recent(client_id, method, now)
            if seconds > 0.1:
                rows.append((now, seconds))
            first = rows[0][0] if rows else now
            return sum(row[1] for row in rows), int(first) + WINDOW

    def is_blocked(self, client_id: str, method: str, now: float) -> bool:
        """Whether the method has used up its operating time."""
        if self.operating is None:
            return False
        with self._lock:
            return sum(row[1] for row in self._recent(client_id, method, now)) > self.operating

    def _recent(self, client_id: str, method: str, now: float) -> list[tuple[float, float]]:
        kept = [row for row in self._worked.get((client_id, method), []) if row[0] > now - WINDOW]
        self._worked[client_id, method] = kept
        return kept
