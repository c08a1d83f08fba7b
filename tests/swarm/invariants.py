"""What must hold in a torrent after every event."""

from __future__ import annotations

from torrentd.policy.picking import piece_sets
from torrentd.policy.picking.pipeline import CAP
from torrentd.policy.picking.requests import Requests
from torrentd.swarm.torrent import Torrent
from torrentd.swarm.uploading.serves import LARGEST_BATCH
from torrentd.swarm.uploading.upload import QUEUE


def check(torrent: Torrent) -> None:
    """Assert everything that is true of a torrent between two events."""
    _check_pieces(torrent)
    _check_flags(torrent)
    _check_requests(torrent)
    _check_uploads(torrent)
    if not torrent.running:
        assert not torrent.peers


def _check_pieces(torrent: Torrent) -> None:
    wanted = [piece for piece, priority in enumerate(torrent.piece_priorities) if priority]
    missing = [piece for piece in wanted if piece not in torrent.have]
    assert list(torrent.missing) == missing
    assert torrent.wanted_left == sum(map(torrent.geometry.piece_length, missing))
    assert torrent.wanted_size == sum(map(torrent.geometry.piece_length, wanted))
    assert (torrent.requests is not None) == (torrent.running and not torrent.storage_failed and not torrent.finished)


def _check_flags(torrent: Torrent) -> None:
    for peer in torrent.peers.values():
        assert peer.wanted == piece_sets.count_common(peer.have, torrent.missing)
        assert peer.am_interested == (peer.wanted > 0)
        assert not (torrent.finished and peer.is_seed)


def _check_requests(torrent: Torrent) -> None:
    counts = [0] * torrent.geometry.piece_count
    for peer in torrent.peers.values():
        assert 0 <= peer.queue.count <= CAP
        assert not (peer.queue.count and torrent.requests is None)
        assert peer.fast or not (peer.queue.count and peer.peer_choking)
        for piece in peer.have:
            counts[piece] += 1
        for piece in peer.queue.outstanding:
            assert piece in peer.have
    if torrent.peers:
        assert torrent.availability == counts
    requests = torrent.requests
    if requests is None:
        return
    requests.check({peer.key: peer.queue for peer in torrent.peers.values()})
    _check_dry(torrent, requests)
    for piece in torrent.missing:
        assert (piece in requests.started) + (piece in torrent.storing) + (piece in requests.picker) == 1
    assert not any(piece in torrent.have for piece in [*requests.started, *torrent.storing])


def _check_dry(torrent: Torrent, requests: Requests) -> None:
    """Whoever is said to have nothing that could be begun has none of it. While it chokes us, that is said of the few
    pieces that it allows; in sequential mode, of those that are needed next."""
    for peer in torrent.peers.values():
        if peer.queue.dry == requests.picker.generation and not peer.peer_choking and not torrent.sequential:
            begin = [piece for piece in peer.have if piece in requests.picker]
            assert not begin, f"{peer.key} has {begin[:9]}, which nobody was asked for"


def _check_uploads(torrent: Torrent) -> None:
    for peer in torrent.peers.values():
        waiting = peer.requests.ranges()
        assert peer.requests.count <= QUEUE
        assert (peer.requests.count > 0) == bool(waiting)
        assert peer.serving is None or 0 < peer.serving.count <= LARGEST_BATCH
        assert not peer.am_choking or {piece for piece, _, _ in waiting} <= set(peer.fast_from_us)
        assert all(piece in torrent.have for piece, _, _ in waiting)
