"""When which peer has its turn: all have the same period, and their turns are spread evenly over it."""

from __future__ import annotations

from collections.abc import Iterator


class Turns:
    """The turns of `count` peers that have one each `period` seconds."""

    def __init__(self, count: int, period: float, now: float) -> None:
        self._count = count
        self._step = period / count
        self._next = 0
        """turns that were had, or lost, by all peers together"""
        self._began = now

    def due(self, now: float) -> Iterator[int]:
        """The peers whose turn has come, in order. Who is late by more than a round loses turns: that is the pace."""
        upto = int((now - self._began) / self._step)
        first = max(self._next, upto - self._count)
        self._next = upto
        return (turn % self._count for turn in range(first, upto))


class Allowance:
    """A token bucket of blocks: one more each turn, at most `most`."""

    __slots__ = ("_most", "left")

    def __init__(self, most: int) -> None:
        self._most = most
        self.left = 0

    def turn(self) -> None:
        self.left = min(self._most, self.left + 1)
