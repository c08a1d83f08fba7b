"""When which tracker is told what, by one torrent (BEP 3, 12, 31, 48).

One tracker serves the torrent at a time: the first, in tier order, that is not backing off. It is asked when its
interval is over; when it fails, the next is asked at once; when all fail, whoever's back-off ends first. A torrent
that is out of peers may ask early, but never before the tracker's min interval.

Events are debts. Each tracker must first accept "started"; only then does it hear "completed" or a plain announce, and
every tracker that has accepted "started" is told "stopped". A completion is owed to one tracker, once, until one has
accepted it; neither event waits for an interval.

The torrent asks `due` for commands whenever `next_deadline` has come or something changed, and reports every answer.
"Every tier at once" happens only when the user asks by hand.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from urllib.parse import urlsplit

from msgspec import Struct

from torrentd.policy.tiers import NEVER, Tiers, Tracker
from torrentd.swarm.commands import Announce, Scrape
from torrentd.swarm.events import Announced, AnnounceFailed, Scraped

NUMWANT = 50
"""Peers asked for: as many as a torrent may connect to."""

EARLY = 300.0
"""Seconds between announces of a torrent that is out of peers, unless the tracker's min interval is longer."""


class Tally(Struct, frozen=True):
    """What a tracker is told about our transfer, in bytes. `left`: of the whole torrent, 0 for a seed."""

    uploaded: int
    downloaded: int
    left: int


class Announcing:
    """The announce schedule of one torrent. `key` identifies us to trackers across address changes (BEP 7, 15)."""

    def __init__(self, tiers: Sequence[Sequence[str]], rng: Random, key: int) -> None:
        self._rng = rng
        self._key = key
        self._tiers = Tiers(tiers, rng)
        self._running = False
        self._due_at = NEVER  # when the serving tracker's turn comes
        self._asked: Tracker | None = None  # who is, or was last, asked in turn
        self._completion_owed = False
        self._starving = False
        self._last_answer = 0.0
        self._deadline = NEVER

    @property
    def trackers(self) -> list[Tracker]:
        """Every tracker, in the order they are tried. To be read only."""
        return list(self._tiers)

    # --- what the torrent does

    def start(self, now: float) -> None:
        """The torrent runs: "started" is due at the first tracker at once, whatever back-off there was."""
        self._running = True
        self._due_at = now
        self._asked = None
        for tracker in self._tiers:
            _pardon(tracker)
            tracker.told = False
            tracker.not_before = 0.0
        self._plan(now)

    def stop(self, now: float, tally: Tally, silent: bool = False) -> list[Announce]:
        """The torrent stops: "stopped" for each tracker that knows of us, or is just being told; none if `silent`."""
        self._running = False
        told = [] if silent else [tracker for tracker in self._tiers if _knows_us(tracker)]
        commands = [self._farewell(tracker, now, tally) for tracker in told]
        for tracker in self._tiers:
            tracker.told = False
            tracker.status = "stopped"
            tracker.next_announce = None
            tracker.forced = tracker.scrape = False
        self._plan(now)
        return commands

    def completed(self, now: float) -> None:
        """The last piece is on the disk: "completed" is owed. Not to be called for what was complete at the start."""
        self._completion_owed = True
        self._plan(now)

    def announce_now(self, now: float) -> None:
        """The user wants it: one tracker of each tier is asked at once, or when its min interval is over."""
        for tracker in self._tiers:
            _pardon(tracker)
        for tracker in self._tiers.fronts():
            tracker.forced = self._running and tracker.retry_at < NEVER
        self._plan(now)

    def port_changed(self, now: float) -> None:
        """Peers reach us elsewhere: who knows of us is told at once, or when its min interval is over. Others will hear
        it when their turn comes, and a back-off stays what it is."""
        for tracker in self._tiers:
            if self._running and _knows_us(tracker):
                tracker.forced = True
        self._plan(now)

    def replace(self, tiers: Sequence[Sequence[str]], now: float, tally: Tally) -> list[Announce]:
        """Other trackers: those that remain keep their state; removed ones that know of us are told "stopped"."""
        removed = self._tiers.replace(tiers, self._rng)
        if self._asked is None or self._asked in removed:
            self._asked = None
            self._due_at = min(self._due_at, now) if self._running else NEVER
        self._plan(now)
        return [self._farewell(tracker, now, tally) for tracker in removed if _knows_us(tracker)]

    # --- what trackers say

    def answered(self, event: Announced, now: float) -> None:
        """An announce was accepted. Its peers are the torrent's business."""
        tracker = self._tiers.find(event.url)
        if tracker is None or not tracker.pending:
            return
        answer = event.answer
        accepted = tracker.pending.pop(0)
        tracker.warning = answer.warning
        tracker.peers = len(answer.peers)
        _note_numbers(tracker, answer.seeders, answer.leechers, answer.downloads)
        if accepted == "stopped":
            self._said_goodbye(tracker, now)
        else:
            tracker.told = True
            if self._running:
                tracker.succeeded(now, answer.interval, answer.min_interval, answer.tracker_id)
                tracker.scrape = answer.seeders is None and answer.leechers is None and scrapable(event.url)
                self._serves(tracker, accepted, now)
        self._plan(now)

    def failed(self, event: AnnounceFailed, now: float) -> None:
        """An announce failed; if it was this tracker's turn, the next one is asked at once."""
        tracker = self._tiers.find(event.url)
        if tracker is None or not tracker.pending:
            return
        refused = tracker.pending.pop(0)
        tracker.message = event.reason
        if refused == "stopped":
            self._said_goodbye(tracker, now)
        elif self._running:
            tracker.failed(now, event.reason, event.retry_in, self._rng)
            tracker.forced = False
            if tracker is self._asked:
                self._asked = None
                self._due_at = now
        self._plan(now)

    def scraped(self, event: Scraped, now: float) -> None:
        """The numbers of a scrape."""
        tracker = self._tiers.find(event.url)
        if tracker is not None:
            _note_numbers(tracker, event.answer.seeders, event.answer.leechers, event.answer.downloads)

    # --- what is to be done

    def due(self, now: float, tally: Tally, wanting_peers: bool, starving: bool = False) -> list[Announce | Scrape]:
        """What is to be sent now. `wanting_peers`: ask for addresses at all; `starving`: nobody is left to dial."""
        if not self._running:
            return []
        self._starving = starving
        commands: list[Announce | Scrape] = []
        for tracker in self._tiers:
            if tracker.scrape:
                tracker.scrape = False
                commands.append(Scrape(tracker.url))
        numwant = NUMWANT if wanting_peers else 0
        commands.extend(self._ask(tracker, now, tally, numwant) for tracker in self._to_ask(now))
        self._plan(now)
        return commands

    def next_deadline(self) -> float:
        """When `due` has something to say; infinity when only an answer can change that."""
        return self._deadline

    # --- whose turn it is

    def _in_turn(self, now: float) -> Tracker | None:
        """The first tracker that is not backing off."""
        return next((tracker for tracker in self._tiers if tracker.retry_at <= now), None)

    def _turn_at(self, tracker: Tracker) -> float:
        """When the tracker in turn is to be asked."""
        if tracker.told and self._completion_owed:
            return 0.0
        at = min(self._due_at, self._last_answer + EARLY) if self._starving else self._due_at
        if tracker.forced:
            at = 0.0
        return max(at, tracker.not_before) if tracker.told else at

    def _to_ask(self, now: float) -> list[Tracker]:
        """The tracker in turn, if its time has come, and those that the user wants asked."""
        forced = [t for t in self._tiers if t.forced and not t.pending and _allowed_at(t) <= now]
        if self._asked is not None and self._asked.pending:
            return forced
        tracker = self._in_turn(now)
        if tracker is None or tracker.pending or self._turn_at(tracker) > now:
            return forced
        self._asked = tracker
        return [tracker, *(other for other in forced if other is not tracker)]

    def _plan(self, now: float) -> None:
        """Work out the next deadline, and what users are told about it."""
        self._deadline = NEVER
        for tracker in self._tiers:
            backing_off = now < tracker.retry_at < NEVER
            tracker.next_announce = max(tracker.retry_at, self._due_at) if self._running and backing_off else None
        if self._running:
            self._plan_turn(now)
            for tracker in self._tiers:
                if tracker.scrape or (tracker.forced and not tracker.pending):
                    self._deadline = min(self._deadline, now if tracker.scrape else max(now, _allowed_at(tracker)))

    def _plan_turn(self, now: float) -> None:
        if self._asked is not None and self._asked.pending:
            return
        tracker = self._in_turn(now)
        if tracker is None:
            first = min((tracker.retry_at for tracker in self._tiers), default=NEVER)
            self._deadline = max(first, self._due_at)
        elif not tracker.pending:
            self._deadline = tracker.next_announce = max(now, self._turn_at(tracker))

    # --- one tracker

    def _ask(self, tracker: Tracker, now: float, tally: Tally, numwant: int) -> Announce:
        event = "" if tracker.told else "started"
        if tracker.told and tracker is self._asked and self._completion_owed:
            event = "completed"
        tracker.status = "announcing"
        tracker.forced = False
        return self._announce(tracker, event, now, tally, numwant)

    def _farewell(self, tracker: Tracker, now: float, tally: Tally) -> Announce:
        return self._announce(tracker, "stopped", now, tally, 0)

    def _announce(self, tracker: Tracker, event: str, now: float, tally: Tally, numwant: int) -> Announce:
        tracker.pending.append(event)
        tracker.last_announce = now
        return Announce(
            url=tracker.url,
            event=event,
            uploaded=tally.uploaded,
            downloaded=tally.downloaded,
            left=tally.left,
            numwant=numwant,
            key=self._key,
            tracker_id=tracker.tracker_id,
        )

    def _serves(self, tracker: Tracker, accepted: str, now: float) -> None:
        """The tracker works: it moves up, and if it was its turn, the next announce is an interval away."""
        if accepted == "completed":
            self._completion_owed = False
        self._tiers.promote(tracker)
        self._last_answer = now
        if self._asked is None or self._asked is tracker:
            self._asked = tracker
            self._due_at = now + tracker.interval

    def _said_goodbye(self, tracker: Tracker, now: float) -> None:
        """ "stopped" is over, accepted or not; it is never tried again. If we run again meanwhile, "started" is due."""
        tracker.told = False
        if self._running:
            self._due_at = min(self._due_at, now)


def scrapable(url: str) -> bool:
    """Whether the tracker can be scraped: UDP always, HTTP if the path's last part begins with "announce" (BEP 48)."""
    parts = urlsplit(url)
    return parts.scheme == "udp" or parts.path.rpartition("/")[2].startswith("announce")


def _allowed_at(tracker: Tracker) -> float:
    """When the tracker may be asked out of turn: at once for "started", else when its min interval is over."""
    return tracker.not_before if tracker.told else 0.0


def _knows_us(tracker: Tracker) -> bool:
    return (tracker.told or "started" in tracker.pending) and "stopped" not in tracker.pending


def _pardon(tracker: Tracker) -> None:
    """End the back-off, unless the tracker itself said never."""
    if tracker.retry_at < NEVER:
        tracker.retry_at = 0.0


def _note_numbers(tracker: Tracker, seeders: int | None, leechers: int | None, downloads: int | None) -> None:
    """Keep what was said; what was not said stays as it was."""
    tracker.seeders = tracker.seeders if seeders is None else seeders
    tracker.leechers = tracker.leechers if leechers is None else leechers
    tracker.downloads = tracker.downloads if downloads is None else downloads
