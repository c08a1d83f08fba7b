"""What a tracker was told, whichever protocol it came by, and who waits for it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class Announce:
    """One announce. The counters are bytes."""

    info_hash: str
    peer_id: bytes
    port: int
    uploaded: int
    downloaded: int
    left: int
    event: str
    numwant: int
    key: int
    more: dict[str, str] = field(default_factory=dict)
    """the other parameters, by HTTP"""
    at: float = field(default_factory=time.monotonic)


class Announces:
    """A list that other threads add to."""

    def __init__(self) -> None:
        self.all: list[Announce] = []
        self._changed = threading.Condition()

    def add(self, announce: Announce) -> None:
        with self._changed:
            self.all.append(announce)
            self._changed.notify_all()

    def events(self) -> list[str]:
        return [announce.event for announce in self.all]

    def wait(self, which: Callable[[Announce], bool], what: str, seconds: float = 10.0) -> Announce:
        """The first such announce, now or soon."""

        def found() -> Announce | None:
            return next((announce for announce in self.all if which(announce)), None)

        with self._changed:
            announce = self._changed.wait_for(found, seconds)
        if announce is None:
            pytest.fail(f"the tracker waited {seconds:g} s in vain for {what}; it heard {self.all}")
        return announce

    def wait_event(self, event: str, seconds: float = 10.0) -> Announce:
        return self.wait(lambda announce: announce.event == event, repr(event), seconds)
