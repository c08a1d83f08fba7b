"""How often something may happen: `burst` times at once, `per_second` in the long run."""

from __future__ import annotations


class Tokens:
    """A token bucket, full at first. `now` never goes back."""

    __slots__ = ("_at", "_burst", "_left", "_per_second")

    def __init__(self, burst: float, per_second: float) -> None:
        self._burst = burst
        self._per_second = per_second
        self._left = burst
        self._at = 0.0

    def take(self, now: float) -> bool:
        """Whether it may happen now; then it did."""
        if self._refilled(now) < 1.0:
            return False
        self._left -= 1.0
        return True

    def wait(self, now: float) -> float:
        """Seconds until it may happen."""
        return max(0.0, (1.0 - self._refilled(now)) / self._per_second)

    def _refilled(self, now: float) -> float:
        self._left = min(self._burst, self._left + (now - self._at) * self._per_second)
        self._at = now
        return self._left
