"""Blocks that peers ask of us.

Life of a request: it is checked against the geometry (what cannot exist closes the connection), ignored while we
choke the peer or when the piece is not verified (both are honest races), queued, and served in the order of arrival:
one `Serve` of up to `BATCH` blocks at a time per peer, the next when the last has drained. So nothing is read for a
socket that does not take it, and a slow peer costs its queue and nothing more.
"""

from __future__ import annotations

from torrentd.model.errors import ProtocolError
from torrentd.swarm import floods
from torrentd.swarm.commands import Serve
from torrentd.swarm.events import Drained
from torrentd.swarm.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Cancel, Range, Request

QUEUE = 500
"""Requests of one peer; advertised as `reqq`. Who sends more has been told."""

LARGEST = 32 * 1024
"""Bytes of the largest block we serve: twice the usual, for old clients (SAFETY.md)."""

BATCH = 32
"""Blocks of one Serve: half a MiB, one read and one write."""


def request(torrent: TorrentState, peer: Peer, message: Request) -> None:
    """The peer wants a block."""
    piece, begin, length = message.piece, message.begin, message.length
    if length > LARGEST or not torrent.geometry.is_range(piece, begin, length):
        raise ProtocolError(f"request of a block that cannot exist: piece {piece}, begin {begin}, length {length}")
    if peer.am_choking or piece not in torrent.have:
        floods.spend(peer, floods.REQUEST, torrent.now)
        return
    peer.requests[(piece, begin, length)] = None
    if len(peer.requests) > QUEUE:
        raise ProtocolError(f"more than {QUEUE} requests at once")


def cancel(torrent: TorrentState, peer: Peer, message: Cancel) -> None:
    """The peer wants a block no more; if it is being served already, that is a race."""
    if peer.requests.pop((message.piece, message.begin, message.length), peer) is peer:
        floods.spend(peer, floods.CANCEL, torrent.now)


def serve(torrent: TorrentState, peer: Peer) -> None:
    """Begin the next Serve, if there is something to serve, the last one is out and the limit allows it."""
    if peer.serving or not peer.requests:
        return
    batch: list[Range] = []
    for wanted in peer.requests:
        batch.append(wanted)
        if len(batch) == BATCH:
            break
    if not torrent.up.unlimited:
        batch = _affordable(torrent, batch)
        if not batch:
            return
    for served in batch:
        del peer.requests[served]
    peer.serving = batch
    torrent.commands.append(Serve(peer.key, batch))
    peer.spoke_at = torrent.now


def _affordable(torrent: TorrentState, batch: list[Range]) -> list[Range]:
    """As much of the batch as the upload limit grants; if nothing, we wake when it will."""
    first = batch[0][2]
    granted = torrent.up.take(sum(length for _, _, length in batch), torrent.now, first)
    if not granted:
        torrent.wake(torrent.up.ready_at(torrent.now, first))
        return []
    for index, (_, _, length) in enumerate(batch):
        if length > granted:
            torrent.up.give_back(granted)
            return batch[:index]
        granted -= length
    return batch


def drained(torrent: TorrentState, event: Drained) -> None:
    """A Serve is out."""
    torrent.totals.uploaded += event.sent
    torrent.up_meter.add(event.sent, torrent.now)
    peer = torrent.peers.get(event.peer)
    if peer is None:
        return
    peer.up.add(event.sent, torrent.now)
    peer.spoke_at = peer.heard_at = torrent.now  # it takes what we send: it is alive
    peer.serving = []
    serve(torrent, peer)


def clear(peer: Peer) -> None:
    """Forget what the peer asked for; a Serve under way goes on."""
    peer.requests.clear()


def withdraw(torrent: TorrentState, piece: int) -> None:
    """A piece is not there any more: nobody is served from it."""
    for peer in torrent.peers.values():
        for wanted in [wanted for wanted in peer.requests if wanted[0] == piece]:
            del peer.requests[wanted]


def serve_again(torrent: TorrentState, peer: Peer) -> None:
    """The Serve under way failed: what it held goes back to the head of the queue.

    Dropping it would leave the peer waiting: without the fast extension nothing can be refused.
    """
    peer.requests = dict.fromkeys([*peer.serving, *peer.requests])
    peer.serving = []
    serve(torrent, peer)


def due(torrent: TorrentState) -> None:
    """The limit may grant something again: who was served longest ago comes first."""
    waiting = [peer for peer in torrent.peers.values() if peer.requests and not peer.serving]
    for peer in sorted(waiting, key=lambda peer: peer.spoke_at):
        serve(torrent, peer)
