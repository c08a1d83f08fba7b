"""The trackers of a torrent, in tiers (BEP 12), and which one is asked.

The spec's behaviour: the trackers of a tier are shuffled once, then tried in order; the first that answers moves to the
front of its tier; the next tier is tried only when all of this one fail. So one tracker at a time serves a torrent.
Announcing to every tier or every tracker at once, as some clients can, multiplies the trackers' load for few more
peers, and makes private trackers count a peer twice; rejected, except when the user asks for it by hand.

A failing tracker backs off: 30 seconds, doubled at each failure, an hour at most, with jitter so that thousands of
torrents do not come back to a restarted tracker in the same second. While it backs off it is passed over, as if it had
just failed again. What the tracker itself said about coming back (BEP 31) counts more than our own rule.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

SHORTEST_INTERVAL = 60.0
"""Seconds. A tracker that says less (or 0, or -1) is broken or hostile."""

LONGEST_INTERVAL = 86_400.0
"""Seconds. A tracker that says more forgets us before we come back."""

DEFAULT_INTERVAL = 1800.0
"""Seconds, for a tracker that names none: what nearly all trackers say."""

FIRST_BACK_OFF = 30.0
"""Seconds after the first failure: a restarting tracker is back by then."""

LONGEST_BACK_OFF = 3600.0
"""Seconds: a tracker that was dead for a day is still noticed within the hour when it comes back."""

JITTER = 0.25
"""Back-off is multiplied by 1 - JITTER to 1 + JITTER."""

NEVER = float("inf")


@dataclass(slots=True, eq=False)
class Tracker:
    """One tracker of one torrent. Times are monotonic seconds; the words are the tracker's own, not escaped yet."""

    url: str
    tier: int
    status: str = "new"
    """"new", "announcing", "working", "failed" or "stopped\""""
    message: str = ""
    """why the last announce failed; empty when it did not"""
    warning: str = ""
    """what the tracker warned of in its last answer"""
    failures: int = 0
    """in a row"""
    interval: float = DEFAULT_INTERVAL
    min_interval: float = SHORTEST_INTERVAL
    tracker_id: bytes = b""
    seeders: int | None = None
    leechers: int | None = None
    downloads: int | None = None
    peers: int = 0
    """in its last answer"""
    last_announce: float | None = None
    next_announce: float | None = None
    """when it will be asked again if it is its turn; None: not planned"""
    told: bool = False
    """it knows of us: "started" was accepted, and "stopped" not yet sent"""
    pending: list[str] = field(default_factory=list)
    """the events of its announces under way, oldest first"""
    not_before: float = 0.0
    """the end of its min interval"""
    retry_at: float = 0.0
    """the end of its back-off; infinity: never again"""
    forced: bool = False
    """the user wants it asked"""
    scrape: bool = False
    """its answer had no numbers: scrape it"""

    def succeeded(
        self, now: float, interval: float | None, min_interval: float | None, tracker_id: bytes = b""
    ) -> None:
        """An announce was accepted. Durations as the tracker gave them, None for "not said"."""
        self.interval = clamp(interval, DEFAULT_INTERVAL)
        self.min_interval = clamp(min_interval, SHORTEST_INTERVAL)
        self.tracker_id = tracker_id or self.tracker_id
        self.failures = 0
        self.retry_at = 0.0
        self.message = ""
        self.status = "working"
        self.not_before = now + self.min_interval
        self.next_announce = now + self.interval

    def failed(self, now: float, reason: str, retry_in: float | None, rng: Random) -> None:
        """An announce failed. `retry_in`: what the tracker said about coming back, in seconds, infinity for never."""
        self.failures += 1
        self.status = "failed"
        self.message = reason
        wait = back_off(self.failures, rng) if retry_in is None else _retry_wait(retry_in)
        self.retry_at = now + wait
        self.next_announce = self.retry_at if self.retry_at < NEVER else None


def clamp(interval: float | None, default: float) -> float:
    """A tracker's interval within our bounds; what is absent or not a number is `default`."""
    if interval is None or interval != interval:
        return default
    return min(LONGEST_INTERVAL, max(SHORTEST_INTERVAL, interval))


def back_off(failures: int, rng: Random) -> float:
    """Seconds to wait after so many failures in a row."""
    doublings = min(max(0, failures - 1), 20)  # far beyond the longest; 2.0 ** 2000 overflows
    return min(LONGEST_BACK_OFF, FIRST_BACK_OFF * 2.0**doublings) * rng.uniform(1 - JITTER, 1 + JITTER)


def _retry_wait(retry_in: float) -> float:
    return NEVER if retry_in == NEVER else clamp(retry_in, SHORTEST_INTERVAL)


class Tiers:
    """The trackers in order. A URL stands in the list once, where it is named first."""

    __slots__ = ("_tiers",)

    def __init__(self, tiers: Sequence[Sequence[str]], rng: Random) -> None:
        self._tiers: list[list[Tracker]] = []
        self.replace(tiers, rng)

    def __iter__(self) -> Iterator[Tracker]:
        """Every tracker, in the order they are tried."""
        return (tracker for tier in self._tiers for tracker in tier)

    def __len__(self) -> int:
        return sum(map(len, self._tiers))

    def find(self, url: str) -> Tracker | None:
        """The tracker of that URL."""
        return next((tracker for tracker in self if tracker.url == url), None)

    def fronts(self) -> list[Tracker]:
        """The first tracker of each tier."""
        return [tier[0] for tier in self._tiers]

    def promote(self, tracker: Tracker) -> None:
        """It works: to the front of its tier."""
        tier = self._tiers[tracker.tier]
        tier.remove(tracker)
        tier.insert(0, tracker)

    def replace(self, tiers: Sequence[Sequence[str]], rng: Random) -> list[Tracker]:
        """New tiers, each shuffled; trackers that remain keep what is known about them. The removed ones."""
        known = {tracker.url: tracker for tracker in self}
        self._tiers = []
        for urls in tiers:
            fresh = [known.pop(url) if url in known else Tracker(url, 0) for url in self._new_urls(urls)]
            if fresh:
                rng.shuffle(fresh)
                for tracker in fresh:
                    tracker.tier = len(self._tiers)
                self._tiers.append(fresh)
        return list(known.values())

    def _new_urls(self, urls: Iterable[str]) -> list[str]:
        """Those that no tier has yet, each once."""
        seen = {tracker.url for tracker in self}
        return [url for url in dict.fromkeys(urls) if url not in seen]
