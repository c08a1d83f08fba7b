"""Who may download or seed at once, and in which order the others wait.

Downloads and seeds stand in a line each. A torrent's *rank* says where: ranks are numbers that need not be whole, so
that somebody is moved by changing his own alone, and a restart needs to know nothing else.

A torrent that runs and moves nothing takes no place from those that would: it goes on, and is not counted.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeAlias

Where: TypeAlias = Literal["top", "up", "down", "bottom"] | int
"""where in the line somebody is moved to; a number is a position, counted from 0"""

STEP = 1.0
"""Between the ranks of those who come one after the other."""


class Contender(NamedTuple):
    """Somebody who would run. Turns are in the order of the ranks."""

    rank: float
    forced: bool = False
    """it runs whatever the others do, and takes no place from them"""
    stalled: bool = False
    """it runs, and nothing moves"""


def admitted(contenders: Sequence[Contender], places: int) -> list[bool]:
    """Who of them may run, if so many may that move something."""
    result = [contender.forced or contender.stalled for contender in contenders]
    waiting = sorted((one.rank, number) for number, one in enumerate(contenders) if not result[number])
    for _, number in waiting[:places]:
        result[number] = True
    return result


class Line:
    """Members in the order of their ranks. Everything but moving costs the logarithm of their number."""

    def __init__(self) -> None:
        self._ranks: dict[bytes, float] = {}
        self._order: list[bytes] = []

    def __len__(self) -> int:
        return len(self._order)

    def __contains__(self, member: bytes) -> bool:
        return member in self._ranks

    def rank(self, member: bytes) -> float:
        return self._ranks[member]

    def add(self, member: bytes, rank: float) -> int:
        """The new position; who is there already moves."""
        self.remove(member)
        self._ranks[member] = rank
        last = not self._order or self._place(self._order[-1]) < (rank, member)  # nearly all, at a start
        position = len(self._order) if last else self.position(member)
        self._order.insert(position, member)
        return position

    def remove(self, member: bytes) -> None:
        """Who is not there is not missed."""
        if member in self._ranks:
            del self._order[self.position(member)]
            del self._ranks[member]

    def position(self, member: bytes) -> int:
        """Counted from 0."""
        return bisect_left(self._order, self._place(member), key=self._place)

    def members(self, start: int = 0) -> list[bytes]:
        """From a position on."""
        return self._order[start:]

    def move(self, movers: Iterable[bytes], to: Where) -> dict[bytes, float]:
        """The new ranks of all whose ranks change. Movers keep their order among themselves."""
        order = self.members()
        wanted = _moved(order, set(movers), to)
        changed = _renumbered(wanted, self._ranks)
        for member, rank in changed.items():
            self.add(member, rank)
        return changed

    def _place(self, member: bytes) -> tuple[float, bytes]:
        return self._ranks[member], member


def _moved(order: list[bytes], movers: set[bytes], to: Where) -> list[bytes]:
    if to == "up":
        return _one_up(order, movers)
    if to == "down":
        return _one_up(order[::-1], movers)[::-1]
    moving = [member for member in order if member in movers]
    staying = [member for member in order if member not in movers]
    at = {"top": 0, "bottom": len(staying)}.get(to, to) if isinstance(to, str) else to
    assert isinstance(at, int)
    return [*staying[:at], *moving, *staying[at:]]


def _one_up(order: list[bytes], movers: set[bytes]) -> list[bytes]:
    """Each mover changes places with who is before it, but not with another mover."""
    result = list(order)
    for place in range(1, len(result)):
        if result[place] in movers and result[place - 1] not in movers:
            result[place - 1], result[place] = result[place], result[place - 1]
    return result


def _renumbered(wanted: list[bytes], ranks: dict[bytes, float]) -> dict[bytes, float]:
    """Ranks in the wanted order: who can keep his rank does, the others get one between those before and behind."""
    kept = _longest_rising([ranks[member] for member in wanted])
    changed: dict[bytes, float] = {}
    place = 0
    while place < len(wanted):
        if place in kept:
            place += 1
            continue
        end = next((other for other in range(place, len(wanted)) if other in kept), len(wanted))
        before = ranks[wanted[place - 1]] if place else None
        behind = ranks[wanted[end]] if end < len(wanted) else None
        new = _between(before, behind, end - place)
        if new is None:  # no number is left between them: all get new ones
            return {member: number * STEP for number, member in enumerate(wanted)}
        changed |= zip(wanted[place:end], new, strict=True)
        place = end
    return changed


def _longest_rising(values: list[float]) -> set[int]:
    """The places of a longest subsequence that rises."""
    tails: list[float] = []
    at: list[int] = []
    previous: list[int] = []
    for place, value in enumerate(values):
        length = bisect_left(tails, value)
        previous.append(at[length - 1] if length else -1)
        tails[length : length + 1] = [value]
        at[length : length + 1] = [place]
    found: set[int] = set()
    place = at[-1] if at else -1
    while place >= 0:
        found.add(place)
        place = previous[place]
    return found


def _between(before: float | None, behind: float | None, count: int) -> list[float] | None:
    """So many ranks, rising; None if there are not so many between the two."""
    if before is None and behind is None:
        return [number * STEP for number in range(count)]
    if behind is None:
        assert before is not None
        return [before + number * STEP for number in range(1, count + 1)]
    if before is None:
        return [behind - number * STEP for number in range(count, 0, -1)]
    new = [before + (behind - before) * number / (count + 1) for number in range(1, count + 1)]
    rises = all(one < other for one, other in zip([before, *new], [*new, behind], strict=True))
    return new if rises else None
