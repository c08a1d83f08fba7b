"""The torrent and its trackers: hands the schedule (`announcing`) its facts, and takes the peers out of the answers."""

from __future__ import annotations

from torrentd.policy.picking import piece_sets
from torrentd.swarm import dialling
from torrentd.swarm.announcing import Tally
from torrentd.swarm.events import Announced, AnnounceFailed, AnnounceNow, Scraped, SetTrackers
from torrentd.swarm.state import TorrentState


def announced(torrent: TorrentState, event: Announced) -> None:
    """A tracker answered; it may name nobody of a narrower scope than its own."""
    torrent.candidates.add(event.answer.peers, "tracker", torrent.now, event.narrowest)
    torrent.announcing.answered(event, torrent.now)
    torrent.wake(torrent.now)


def announce_failed(torrent: TorrentState, event: AnnounceFailed) -> None:
    """A tracker did not answer, or refused: the next one's turn."""
    torrent.announcing.failed(event, torrent.now)
    torrent.wake(torrent.now)


def scraped(torrent: TorrentState, event: Scraped) -> None:
    """A tracker told numbers."""
    torrent.announcing.scraped(event, torrent.now)


def announce_now(torrent: TorrentState, _: AnnounceNow) -> None:
    """The user asks for it."""
    torrent.announcing.announce_now(torrent.now)
    torrent.wake(torrent.now)


def set_trackers(torrent: TorrentState, event: SetTrackers) -> None:
    """Other trackers; those that are gone are told "stopped"."""
    torrent.commands += torrent.announcing.replace(event.tiers, torrent.now, tally(torrent))
    torrent.wake(torrent.now)


def tally(torrent: TorrentState) -> Tally:
    """What trackers are told: bytes since "started" (BEP 3), and what is missing of the whole torrent."""
    return Tally(
        uploaded=torrent.totals.uploaded - torrent.totals_at_start.uploaded,
        downloaded=torrent.totals.downloaded - torrent.totals_at_start.downloaded,
        left=torrent.geometry.size - piece_sets.bytes_of(torrent.geometry, torrent.have),
    )


def due(torrent: TorrentState) -> None:
    """Announce and scrape what is due. A torrent with room and nobody to dial may ask early."""
    wanting = dialling.wants_peers(torrent)
    starving = wanting and not torrent.finished and not torrent.connecting and not torrent.candidates.ready(torrent.now)
    torrent.commands += torrent.announcing.due(torrent.now, tally(torrent), wanting, starving)
    torrent.wake(torrent.announcing.next_deadline())
