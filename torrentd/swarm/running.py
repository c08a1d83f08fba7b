"""The user's verbs: start, stop, limits."""

from __future__ import annotations

from dataclasses import replace

from torrentd.policy.sharing.spreading import Spreading
from torrentd.swarm import rationing
from torrentd.swarm.downloading import download
from torrentd.swarm.events import SetLimits, SetShared, Start, Stop, Tick
from torrentd.swarm.membership import NEVER
from torrentd.swarm.peers import connecting
from torrentd.swarm.state import TorrentState


def start(torrent: TorrentState, _: Start) -> None:
    """Begin or resume."""
    if torrent.running:
        return
    torrent.running = True
    torrent.storage_failed = False
    torrent.completion_owed = not torrent.complete
    torrent.totals_at_start = replace(torrent.totals)
    torrent.announcing.start(torrent.now)
    if torrent.complete and not torrent.totals.downloaded:
        torrent.sharing = Spreading(torrent.geometry.piece_count)
    download.begin(torrent)
    torrent.wake(torrent.now)


def stop(torrent: TorrentState, event: Stop) -> None:
    """Pause or shut down. Pieces on their way to the disk may still be reported."""
    if not torrent.running:
        return
    torrent.running = False
    connecting.close_all(torrent, "the torrent was paused")
    download.end(torrent)
    torrent.up.leave()
    torrent.commands += torrent.announcing.stop(torrent.now, torrent.tally, silent=event.silent)
    torrent.deadline = NEVER
    torrent.wake(torrent.now)


def set_limits(torrent: TorrentState, event: SetLimits) -> None:
    """Change the torrent's own limits, and take up its weight; whoever waited may go on."""
    torrent.down_limit.set_rate(event.down, torrent.now)
    torrent.up_limit.set_rate(event.up, torrent.now)
    torrent.down.weight = torrent.up.weight = torrent.settings.weight
    rationing.pace_all(torrent)
    torrent.wake(torrent.now)


def set_shared(torrent: TorrentState, event: SetShared) -> None:
    """Share other limits than before; whoever waited may go on."""
    torrent.down.share(*event.down)
    torrent.up.share(*event.up)
    rationing.pace_all(torrent)
    torrent.wake(torrent.now)


def tick(torrent: TorrentState, _: Tick) -> None:
    """Do what is due, also when only limits outside of the torrent changed."""
    rationing.pace_all(torrent)
    torrent.wake(torrent.now)
