"""Blocks that peers ask of us.

Life of a request: it is checked against the geometry (what cannot exist closes the connection), refused while we
choke the peer or when the piece is not verified (both are honest races; see `refusing`), queued (see `unserved`), and
served piece by piece: one `Serve` at a time per peer, the next when the last has drained. So nothing is read for a
socket that does not take it, and a slow peer costs its queue and nothing more.
"""

from __future__ import annotations

from torrentd.model.errors import ProtocolError
from torrentd.swarm.events import Drained
from torrentd.swarm.peers import floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import choking, offering, refusing, serves, sharing
from torrentd.swarm.uploading.unserved import LARGEST, pieces_of
from torrentd.wire.peer.messages import Cancel, Request

QUEUE = 500
"""Requests of one peer; advertised as `reqq`. Who sends more has been told."""


def request(torrent: TorrentState, peer: Peer, message: Request) -> None:
    """The peer wants blocks."""
    piece, begin, length, count = message.piece, message.begin, message.length, message.count
    if length > LARGEST or not torrent.geometry.is_range(piece, begin, length * count):
        raise ProtocolError(f"request of a block that cannot exist: piece {piece}, begin {begin}, length {length}")
    if piece not in torrent.have or (peer.am_choking and not refusing.takes_fast(torrent, peer, piece, count)):
        refusing.refuse(torrent, peer, message)
        return
    room = QUEUE - peer.requests.count
    if count > room and peer.fast:
        refusing.refuse(torrent, peer, Request(piece, begin + room * length, length, count - room))
        count = room
    known = peer.requests.count
    peer.requests.add(piece, begin, length, count)
    again = known + count - peer.requests.count
    if again:
        floods.spend(peer, floods.REQUEST, torrent.now, again)
    offering.asked(peer)
    if peer.requests.count > QUEUE:
        raise ProtocolError(f"more than {QUEUE} requests at once")


def cancel(torrent: TorrentState, peer: Peer, message: Cancel) -> None:
    """The peer wants a block no more; if it is being served already, that is a race."""
    if peer.requests.remove(message.piece, message.begin, message.length):
        floods.spend(peer, floods.TAKEN_BACK, torrent.now)
        refusing.reject(torrent, peer, [(message.piece, message.begin, message.length)])
    else:
        floods.spend(peer, floods.CANCEL, torrent.now)


def serve(torrent: TorrentState, peer: Peer) -> bool:
    """Begin the next Serve, if there is something to serve, the last one is out and the limit allows it. Whether others
    were served as well, as far as there is a place for them."""
    if peer.serving is not None or not peer.requests.count:
        return False
    most = serves.batch(torrent, peer)
    order = sharing.order_of(torrent) if most <= serves.BATCH else None
    if order is None:
        serves.begin(torrent, peer, most)
        return False
    sharing.serve_next(torrent, order)
    if peer.serving is None:
        torrent.breadth.refused()
        torrent.wake(torrent.now + sharing.STALLED)
    return True


def drained(torrent: TorrentState, event: Drained) -> None:
    """A Serve is out."""
    torrent.totals.uploaded += event.sent
    torrent.up_meter.add(event.sent, torrent.now)
    torrent.breadth.sent(event.sent, torrent.now)
    peer = torrent.peers.get(event.peer)
    if peer is None:
        return
    peer.up.add(event.sent, torrent.now)
    peer.spoke_at = peer.heard_at = peer.useful_at = torrent.now  # it takes what we send: it is alive
    peer.serving = None
    torrent.under_way.pop(peer.key, None)
    others_too = serve(torrent, peer)
    order = sharing.order_of(torrent)
    if order is not None:
        if not others_too:  # a place became free: perhaps for somebody else
            sharing.serve_next(torrent, order)
        choking.idle(torrent)
    offering.idle(torrent)


def withdraw(torrent: TorrentState, piece: int) -> None:
    """A piece is not there any more: nobody is served from it."""
    for peer in torrent.peers.values():
        refusing.reject(torrent, peer, peer.requests.drop(piece))


def serve_again(torrent: TorrentState, peer: Peer, unreadable: int) -> None:
    """The Serve under way failed: what it held of other pieces goes back to the head of the queue.

    Dropping it would leave the peer waiting: without the fast extension nothing can be refused. With it, what was sent
    of the unreadable piece before the rest failed is refused as well, for it is not known how much that was.
    """
    failed, peer.serving = peer.serving, None
    torrent.under_way.pop(peer.key, None)
    if failed is not None:
        peer.requests.put_back([block for block in failed.ranges if block[0] != unreadable], failed.block)
        lost = [block for block in failed.ranges if block[0] == unreadable]
        refusing.reject(torrent, peer, [one for block in lost for one in pieces_of(block, failed.block)])
    serve(torrent, peer)


def due(torrent: TorrentState) -> None:
    """The limit may grant something again: who was served longest ago comes first."""
    waiting = [peer for peer in torrent.peers.values() if peer.requests.count and peer.serving is None]
    for peer in sorted(waiting, key=lambda peer: peer.served_at):
        serve(torrent, peer)
