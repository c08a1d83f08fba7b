"""What the disk says: pieces verified, failed, lost; storage that fails and recovers.

A piece is ours, told to peers and served, from `PiecesVerified` on and not before. Completion is told to trackers only
after `Durable`: what was announced as complete must still be so after a power cut.
"""

from __future__ import annotations

from torrentd.swarm.commands import Finished
from torrentd.swarm.downloading import blame, download, interest, release
from torrentd.swarm.events import (
    DiskBusy,
    Durable,
    PieceFailed,
    PiecesVerified,
    ReadFailed,
    StorageFailed,
    StorageRecovered,
)
from torrentd.swarm.peers import connecting
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import choking, offering, upload


def pieces_verified(torrent: TorrentState, event: PiecesVerified) -> None:
    """Pieces are written and right. They may come after a Stop or a failure: they are there all the same."""
    was_finished = torrent.finished
    fresh = [piece for piece in event.pieces if _is_news(torrent, piece)]
    interest.verified(torrent, fresh)
    if torrent.suspects:
        for piece in fresh:
            blame.judge(torrent, piece, event.digests.get(piece))
    if torrent.finished and not was_finished:
        finish(torrent)
    else:
        choking.got_pieces(torrent)
        offering.idle(torrent, news=bool(fresh))


def _is_news(torrent: TorrentState, piece: int) -> bool:
    """Take it into what we have; False if it was there."""
    expected = torrent.storing.pop(piece, None) is not None
    requests = torrent.requests
    if requests is not None and not expected:
        requests.picker.remove(piece)
        if piece in requests.started:
            download.discard(torrent, [piece])  # begun again after the disk had given it up
    if not torrent.have.add(piece):
        return False
    if piece in torrent.missing:
        torrent.wanted_left -= torrent.geometry.piece_length(piece)
    return True


def finish(torrent: TorrentState) -> None:
    """Every wanted piece is verified: nothing is fetched any more, and who wants nothing either is of no use."""
    torrent.commands.append(Finished())
    download.end(torrent)
    for peer in list(torrent.peers.values()):
        connecting.part(torrent, peer)
    choking.fill(torrent)
    torrent.wake(torrent.now)


def piece_failed(torrent: TorrentState, event: PieceFailed) -> None:
    """The hash is wrong: everybody's bytes were wasted, somebody lied, and the piece is fetched again."""
    piece = event.piece
    torrent.totals.wasted += torrent.geometry.piece_length(piece)
    started = torrent.storing.pop(piece, None)
    if started is not None:
        blame.accuse(torrent, piece, event.digests, started.contributors)
        download.wanted_again(torrent, piece)


def storage_failed(torrent: TorrentState, event: StorageFailed) -> None:
    """The disk takes nothing now: stop downloading. Seeding goes on, and so does what the disk has in hand."""
    if event.piece is not None:
        torrent.storing.pop(event.piece, None)
    torrent.storage_failed = True
    download.end(torrent)


def storage_recovered(torrent: TorrentState, _: StorageRecovered) -> None:
    """The cause is gone."""
    torrent.storage_failed = False
    download.begin(torrent)


def disk_busy(torrent: TorrentState, event: DiskBusy) -> None:
    """While the disk queue is full nobody is read, so nobody is blamed for silence."""
    torrent.disk_busy = event.busy
    if not event.busy:
        release.disk_has_room(torrent)


def durable(torrent: TorrentState, _: Durable) -> None:
    """What is verified will survive: if that is everything, and was not before, trackers may know."""
    if torrent.running and torrent.completion_owed and torrent.complete:
        torrent.completion_owed = False
        torrent.announcing.completed(torrent.now)
        torrent.wake(torrent.now)


def read_failed(torrent: TorrentState, event: ReadFailed) -> None:
    """A piece that we claimed is not on the disk any more: it is served no more, and wanted again."""
    piece = event.piece
    if torrent.have.discard(piece):
        upload.withdraw(torrent, piece)
        interest.lost(torrent, piece)
        if piece in torrent.wanted:
            torrent.wanted_left += torrent.geometry.piece_length(piece)
            download.wanted_again(torrent, piece)
            torrent.wake(torrent.now)
    peer = torrent.peers.get(event.peer)
    if peer is not None:
        upload.serve_again(torrent, peer, piece)
