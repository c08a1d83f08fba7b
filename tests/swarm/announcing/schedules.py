"""A schedule as the tests write scripts for it."""

from __future__ import annotations

from random import Random
from typing import Any

from torrentd.policy.tiers import NEVER
from torrentd.swarm.announcing.schedule import Announcing, Tally
from torrentd.swarm.commands import Announce
from torrentd.swarm.events import Announced, AnnounceFailed
from torrentd.wire.tracker.answer import Answer

A, B, C = "http://a/announce", "http://b/announce", "udp://c:80"
TALLY = Tally(uploaded=10, downloaded=20, left=30)


class World:
    """A torrent's schedule, a clock, and shorthand."""

    def __init__(self, *tiers: list[str], seed: int = 1) -> None:
        self.announcing = Announcing(list(tiers), Random(seed), key=77)
        self.now = 1000.0
        self.wanting = True
        self.starving = False

    def due(self) -> list[tuple[str, str]]:
        """`(url, event)` of what is sent now; "scrape" for a scrape."""
        commands = self.announcing.due(self.now, TALLY, self.wanting, self.starving)
        return [(c.url, c.event if isinstance(c, Announce) else "scrape") for c in commands]

    def start(self) -> list[tuple[str, str]]:
        self.announcing.start(self.now)
        return self.due()

    def stop(self) -> list[tuple[str, str]]:
        return [(c.url, c.event) for c in self.announcing.stop(self.now, TALLY)]

    def answer(self, url: str, **said: Any) -> list[tuple[str, str]]:
        said = {"interval": 1800.0, "seeders": 1, "leechers": 1} | said
        self.announcing.answered(Announced(url, Answer(**said)), self.now)
        return self.due()

    def fail(self, url: str, retry_in: float | None = None) -> list[tuple[str, str]]:
        self.announcing.failed(AnnounceFailed(url, "no route", retry_in), self.now)
        return self.due()

    def sleep(self) -> list[tuple[str, str]]:
        """Wait for the deadline."""
        deadline = self.announcing.next_deadline()
        assert self.now < deadline < NEVER
        self.now = deadline
        return self.due()

    def tracker(self, url: str) -> Any:
        return next(tracker for tracker in self.announcing.trackers if tracker.url == url)
