"""Requests that will not be answered: the peer chokes us, goes, or lets them time out.

They go back at once and others are asked. A peer that times out falls to one request at a time (see `pipeline`) until
it sends again, so it never holds up more than one block, and in endgame not even that.
"""

from __future__ import annotations

from torrentd.model.layout import Priority
from torrentd.policy.picking.requests import Requests
from torrentd.swarm import download, floods
from torrentd.swarm.download import REQUEST_TIMEOUT
from torrentd.swarm.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Choke, Unchoke

SNUB_TIMEOUTS = 3
"""Time-outs in a row, a minute in all, before we take it that the peer does not want to send (Cohen 2003)."""

LEFTOVERS = 32
"""Started pieces that no connected peer has are kept up to this number; then the oldest are given up."""


def choked(torrent: TorrentState, peer: Peer, _: Choke) -> None:
    """The peer answers no requests from now on, nor those that are on their way."""
    floods.spend(peer, floods.CHOKE, torrent.now)
    peer.peer_choking = True
    _give_back(torrent, peer)


def unchoked(torrent: TorrentState, peer: Peer, _: Unchoke) -> None:
    """The peer answers requests; the first are sent at the end of the read."""
    floods.spend(peer, floods.CHOKE, torrent.now)
    if peer.peer_choking:
        peer.peer_choking = False
        peer.pipeline.restart(torrent.now)


def gone(torrent: TorrentState, peer: Peer) -> None:
    """The peer is not one of `torrent.peers` any more."""
    requests = torrent.requests
    if requests is None:
        return
    requests.picker.availability.left(peer.have)
    requests.picker.shares.changed()
    _give_back(torrent, peer)
    _trim(torrent, requests)


def refused(torrent: TorrentState, peer: Peer, piece: int) -> None:
    """The peer will not send what it was asked for of this piece."""
    requests = torrent.requests
    if requests is not None and requests.withdraw(peer.queue, piece):
        download.share_out(torrent)


def _give_back(torrent: TorrentState, peer: Peer) -> None:
    """Offer to others what this peer was asked for."""
    if torrent.requests is not None:
        torrent.requests.release(peer.queue)
        download.share_out(torrent)


def _trim(torrent: TorrentState, requests: Requests) -> None:
    """Do not let pieces pile up that were started with peers who left and took them along."""
    count = requests.picker.availability.count
    orphans = [piece for piece, started in requests.open.items() if not started.requested and not count(piece)]
    given_up = orphans[: max(0, len(orphans) - LEFTOVERS)]
    download.discard(torrent, given_up)
    for piece in given_up:
        requests.picker.add(piece, Priority(torrent.piece_priorities[piece]))


# --- time


def due(torrent: TorrentState) -> None:
    """Time-outs, unless it is our disk that holds the blocks up; and what the download limit grants again."""
    if torrent.requests is None:
        return
    if not torrent.disk_busy:
        _time_out(torrent)
    for peer in torrent.peers.values():
        if not peer.queue.count:
            download.top_up(torrent, peer)
    _end_trials(torrent, torrent.requests)
    if torrent.rationed:
        torrent.rationed = False
        for peer in sorted(torrent.peers.values(), key=lambda peer: peer.spoke_at):
            download.top_up(torrent, peer)


def _time_out(torrent: TorrentState) -> None:
    late = False
    for peer in torrent.peers.values():
        if not peer.queue.count:
            continue
        if torrent.now < peer.waiting_since + REQUEST_TIMEOUT:
            torrent.wake(peer.waiting_since + REQUEST_TIMEOUT)
            continue
        late = True
        peer.timeouts += 1
        peer.snubbed = peer.timeouts >= SNUB_TIMEOUTS
        peer.pipeline.collapse(torrent.now)
        _take_back(torrent, peer)
    if late:
        download.share_out(torrent)


def _take_back(torrent: TorrentState, peer: Peer) -> None:
    """Cancel all that the peer was asked for."""
    assert torrent.requests is not None
    torrent.requests.disown(peer.queue)
    for piece in list(peer.queue.outstanding):
        download.cancel(torrent, peer, piece, torrent.requests.withdraw(peer.queue, piece))


def _end_trials(torrent: TorrentState, requests: Requests) -> None:
    """A piece that one peer should bring alone and has not: anybody may help now."""
    for piece, at in list(torrent.trials.items()):
        if piece not in requests.started:
            del torrent.trials[piece]
        elif torrent.now >= at:
            del torrent.trials[piece]
            requests.started[piece].owner = None
            download.share_out(torrent)
        else:
            torrent.wake(at)


def disk_has_room(torrent: TorrentState) -> None:
    """The disk queue has room again. Peers were not read meanwhile: their silence was ours."""
    for peer in torrent.peers.values():
        peer.waiting_since = torrent.now
        peer.heard_at = peer.useful_at = torrent.now
    torrent.wake(torrent.now)
