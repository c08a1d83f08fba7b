"""The session id, which every request must show: a page of another site cannot read it, and so cannot call."""

from __future__ import annotations

import hmac
import math
import random
import string
from collections.abc import Callable
from typing import Final

LENGTH: Final = 48
ALPHABET: Final = string.digits + string.ascii_letters
LIFETIME: Final = 3600.0
"""Seconds until a new one takes its place; the old one is accepted as long again, so that nobody is interrupted."""


class SessionIds:
    """The ids of one daemon. `seconds` is monotonic."""

    def __init__(self, seconds: Callable[[], float], secret_rng: random.Random) -> None:
        self._seconds = seconds
        self._rng = secret_rng
        self._previous = ""
        self._current = ""
        self._made_at = -math.inf

    @property
    def current(self) -> str:
        """The id that a caller should use from now on."""
        now = self._seconds()
        if now - self._made_at >= LIFETIME:
            self._previous = self._current if now - self._made_at < 2 * LIFETIME else ""
            self._current = "".join(self._rng.choices(ALPHABET, k=LENGTH))
            self._made_at = now
        return self._current

    def known(self, given: bytes) -> bool:
        """Whether it is the current or the previous one."""
        return any(known and hmac.compare_digest(given, known.encode()) for known in (self.current, self._previous))
