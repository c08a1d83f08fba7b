"""What is kept of a torrent's swarm while the torrent sleeps, and when it has to wake.

A torrent with nobody to talk to and nothing on its way may be dropped from memory and made anew later. What was
learned in its swarm must not be lost by that: trackers are to see the same announces as if it had never slept, nobody
is dialled earlier, the banned stay banned. So these objects are kept as they are and given to the new torrent; those
that nothing was ever written into are left out, which for most torrents are all of them.

Rejected: writing the schedule down in another form. It would be smaller by some hundred bytes, and each field that is
added to a tracker later would have to be remembered in two places.
"""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from torrentd.policy.peers.candidates import Candidates
from torrentd.swarm.announcing.schedule import Announcing, Tally
from torrentd.swarm.commands import Announce
from torrentd.swarm.downloading import download
from torrentd.swarm.membership import NEVER, ClosedPeer
from torrentd.swarm.settings import Totals
from torrentd.swarm.state import TorrentState

WORTHWHILE = 60.0
"""Seconds that a sleep should last: waking costs reading and parsing the metainfo again."""


class Rest(Struct):
    """A torrent's swarm while the torrent sleeps. None: there was nothing in it."""

    running: bool
    completion_owed: bool
    totals_at_start: Totals
    announcing: Announcing | None
    candidates: Candidates | None
    closed_peers: deque[ClosedPeer] | None
    strikes: dict[object, int]

    @property
    def wakes_at(self) -> float:
        """When an announce is due or somebody may be dialled; infinity if only events can change anything."""
        if not self.running:
            return NEVER
        announce = NEVER if self.announcing is None else self.announcing.next_deadline()
        return min(announce, NEVER if self.candidates is None else self.candidates.ready_at())

    def farewell(self, now: float, uploaded: int, downloaded: int, left: int) -> list[Announce]:
        """Leave the swarm without waking: "stopped" for each tracker that knows of us. Bytes of all times."""
        if self.announcing is None:
            return []
        start = self.totals_at_start
        return self.announcing.stop(now, Tally(uploaded - start.uploaded, downloaded - start.downloaded, left))


def may_rest(torrent: TorrentState, now: float) -> bool:
    """Whether nothing is lost if the torrent sleeps now, and it could sleep for a while."""
    if torrent.peers or torrent.connecting or torrent.wanted_connections or torrent.storing:
        return False
    if torrent.suspects or torrent.trials or (torrent.requests is not None and torrent.requests.started):
        return False
    if any(tracker.pending or tracker.scrape for tracker in torrent.announcing.trackers):
        return False
    if torrent.down_meter.rate(now) >= 1 or torrent.up_meter.rate(now) >= 1:
        return False
    return _kept(torrent).wakes_at >= now + WORTHWHILE


def rest(torrent: TorrentState) -> Rest | None:
    """What is to be kept of it; None if it has met nobody. The torrent must not be used any more."""
    kept = _kept(torrent)
    met_somebody = kept.announcing or kept.candidates or kept.closed_peers or kept.strikes
    return kept if met_somebody else None


def _kept(torrent: TorrentState) -> Rest:
    return Rest(
        running=torrent.running,
        completion_owed=torrent.completion_owed,
        totals_at_start=torrent.totals_at_start,
        announcing=torrent.announcing if torrent.announcing.trackers else None,
        candidates=None if torrent.candidates.is_blank else torrent.candidates,
        closed_peers=torrent.closed_peers or None,
        strikes=torrent.strikes,
    )


def resume(torrent: TorrentState, kept: Rest, now: float) -> None:
    """Go on where it fell asleep. The torrent was just made; a Tick must follow."""
    torrent.now = now
    torrent.running = kept.running
    torrent.completion_owed = kept.completion_owed
    torrent.totals_at_start = kept.totals_at_start
    if kept.announcing is not None:
        torrent.announcing = kept.announcing
    if kept.candidates is not None:
        torrent.candidates = kept.candidates
    if kept.closed_peers is not None:
        torrent.closed_peers = kept.closed_peers
    torrent.strikes = kept.strikes
    download.begin(torrent)
