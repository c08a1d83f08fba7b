"""What happened, in order: a digest of everything, and the last lines for people.

Every entry is a time, a word and values that do not depend on the process (no ids, no sets). Two runs with the same
seed have the same digest; where they differ, something reads luck or a clock of its own.
"""

from __future__ import annotations

import hashlib
from collections import deque
from typing import TextIO

from torrentd.simulate.clock import Clock

KEPT = 50
"""Entries shown when a run fails."""

BATCH = 1024
"""Entries hashed at a time."""

Value = str | int | float
Entry = tuple[float, str, tuple[Value, ...]]


class Trace:
    """The trace of one world. `copy`: where every line is written as it comes, for those who look for a bug."""

    def __init__(self, clock: Clock, copy: TextIO | None = None) -> None:
        self.count = 0
        self._clock = clock
        self._copy = copy
        self._hash = hashlib.blake2b(digest_size=16)
        self._unhashed: list[Entry] = []
        self._last: deque[Entry] = deque(maxlen=KEPT)

    def note(self, word: str, *values: Value) -> None:
        """Something happened now."""
        entry = (self._clock.now, word, values)
        self.count += 1
        self._last.append(entry)
        self._unhashed.append(entry)
        if len(self._unhashed) >= BATCH:
            self._absorb()
        if self._copy is not None:
            print(_line(entry), file=self._copy)

    def digest(self) -> str:
        """Of all entries so far, in hex."""
        self._absorb()
        return self._hash.hexdigest()

    def last(self) -> list[str]:
        """The last lines."""
        return [_line(entry) for entry in self._last]

    def _absorb(self) -> None:
        self._hash.update("".join(map(repr, self._unhashed)).encode())
        self._unhashed.clear()


def _line(entry: Entry) -> str:
    time, word, values = entry
    return f"{time:12.6f}  {word:10}  {'  '.join(map(str, values))}"
