"""Which pieces are wanted: the file selection, the order, and what an inspection of the disk found."""

from __future__ import annotations

from torrentd.model.layout import Priority
from torrentd.swarm import storing
from torrentd.swarm.downloading import download, interest
from torrentd.swarm.events import Checked, SetPriorities, SetSequential
from torrentd.swarm.state import TorrentState


def set_priorities(torrent: TorrentState, event: SetPriorities) -> None:
    """Another selection: started pieces that are not wanted any more are given up, interest is decided anew."""
    was_finished = torrent.finished
    before = torrent.piece_priorities
    torrent.select(event.priorities)
    requests = torrent.requests
    if requests is not None:
        download.discard(torrent, [piece for piece in requests.started if not torrent.piece_priorities[piece]])
        for piece, priority in enumerate(torrent.piece_priorities):
            untouched = piece not in requests.started and piece not in torrent.storing
            if priority != before[piece] and untouched and piece not in torrent.have:
                requests.picker.add(piece, Priority(priority))
    for peer in torrent.peers.values():
        interest.recount(torrent, peer)
    if not torrent.running:
        return
    if torrent.finished and not was_finished:
        storing.finish(torrent)
    else:
        download.begin(torrent)
        download.share_out(torrent)
        torrent.wake(torrent.now)


def set_sequential(torrent: TorrentState, event: SetSequential) -> None:
    """Begin pieces in the order of the bytes, or the rarest first. What was begun goes on."""
    if event.sequential == torrent.sequential:
        return
    torrent.sequential = event.sequential
    if torrent.requests is not None:
        torrent.requests.picker.order(event.sequential)
        download.share_out(torrent)


def checked(torrent: TorrentState, event: Checked) -> None:
    """The disk was inspected. Only while stopped: nobody is connected and nothing started."""
    if torrent.running:
        raise ValueError("Checked while running")
    torrent.have = event.have.copy()
    torrent.storing.clear()
    torrent.compare()
