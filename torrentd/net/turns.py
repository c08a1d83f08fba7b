"""What is to be done in the reactor's next turn, by one call of its own for all.

Each Serve waits for two turns. A delayed call of the reactor costs 5 microseconds for being made, sorted in and found
again, which is a twelfth of what a block costs to a slow peer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger


class Planned:
    """A call in the next turn."""

    __slots__ = ("call",)

    def __init__(self, call: Callable[[], None]) -> None:
        self.call: Callable[[], None] | None = call
        """None: it was made, or is not to be made"""

    def cancel(self) -> None:
        """It is not made; nothing happens if it was."""
        self.call = None


class NextTurn:
    """One for all who share a reactor."""

    __slots__ = ("_call", "_planned")

    def __init__(self) -> None:
        self._call: Any = None
        self._planned: list[Planned] = []

    def plan(self, reactor: Any, call: Callable[[], None]) -> Planned:
        """Call it in the next turn, after what was planned before."""
        if self._call is None or not self._call.active():
            self._call = reactor.callLater(0, self._run)
            self._planned = []  # those of a simulated host that crashed
        planned = Planned(call)
        self._planned.append(planned)
        return planned

    def _run(self) -> None:
        """What is planned meanwhile is for the turn after this one."""
        due, self._planned = self._planned, []
        for planned in due:
            call, planned.call = planned.call, None
            if call is not None:
                try:
                    call()
                except Exception:  # the others shall not wait for ever
                    _log.failure("a bug of ours")


_log = Logger()
