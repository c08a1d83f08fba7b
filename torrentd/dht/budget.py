"""What our node may send: bytes per second, answers before questions."""

from __future__ import annotations

RATE = 8000
"""Bytes per second, as the best clients: two busy lookups, and nobody's line notices."""

BURST = 2 * RATE
"""Bytes that may be saved up: a lookup that just begins is not held up."""

FOR_ANSWERS = RATE // 2
"""Bytes that questions of ours leave for answers."""


class Budget:
    """One for the daemon, both families together."""

    def __init__(self, now: float) -> None:
        self._left = float(BURST)
        self._at = now

    def may_answer(self, now: float) -> bool:
        """Whether an answer may leave."""
        return self._refilled(now) > 0

    def may_ask(self, now: float) -> bool:
        """Whether a question may leave."""
        return self._refilled(now) > FOR_ANSWERS

    def ready_at(self, now: float) -> float:
        """When a question may leave: `now` or later."""
        missing = FOR_ANSWERS + 1 - self._refilled(now)
        return now + max(0.0, missing / RATE)

    def spend(self, size: int) -> None:
        """So many bytes leave."""
        self._left -= size

    def _refilled(self, now: float) -> float:
        self._left = min(float(BURST), self._left + (now - self._at) * RATE)
        self._at = now
        return self._left
