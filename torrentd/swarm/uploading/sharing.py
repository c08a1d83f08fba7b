"""Whom to serve next, and with which piece, when links are slow enough for that to matter.

While we lack pieces ourselves, or are the seed that a new swarm depends on, not everybody who asked is served at once,
but as many as fill our link (`breadth`), each a few blocks at a time, those first whose piece costs least (`Order`) or,
once a leech knows who gives, whom it owes most, and those last who only take (`giving`).
Fast peers, and peers of a seed like others, are served as they ask.
"""

from __future__ import annotations

from torrentd.policy.sharing.giving import only_takes, owed
from torrentd.policy.sharing.order import BEGUN, COMMON, HELD, Order
from torrentd.swarm.downloading import takeover
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import refusing, serves
from torrentd.wire.peer.messages import Choke, Suggest, Unchoke

REFRESH = 1.0
"""Seconds between two times that a peer is made to ask anew."""

SUGGESTED = 4
"""Fresh pieces that it is told of then: about what it takes until the next time."""

SETTLING = 0.2
"""Seconds in which the new requests of a peer should be here."""


STALLED = 1.0
"""Seconds after which a Serve takes no place any more: its peer reads nothing, or so slowly that others find room."""


def order_of(torrent: TorrentState) -> Order | None:
    """The order that matters at present; None: as they ask."""
    order = torrent.sharing
    if order is not None and order.over(torrent.now):
        order = torrent.sharing = None
    return order if len(torrent.peers) > 1 else None


def serve_next(torrent: TorrentState, order: Order) -> None:
    """Begin Serves until as many are under way as the link needs, or nobody waits."""
    for _ in range(torrent.breadth.width - places_taken(torrent)):
        choice = _cheapest(torrent, order)
        if choice is None:
            return
        peer, piece = choice
        if piece is not None and _in_vain(torrent, order, piece, peer):
            return
        most = serves.batch(torrent, peer)
        if piece is not None:
            most = min(most, peer.requests.put_first(piece))
        serves.begin(torrent, peer, most)
        if peer.serving is None:
            return  # the upload limit
        for served, _, _ in peer.serving.ranges:
            order.give(served, peer.key, len(torrent.peers) - 1, torrent.now)


def places_taken(torrent: TorrentState) -> int:
    """By those who take what they are sent: of all who are served, those that stall began first."""
    taken, young = len(torrent.under_way), torrent.now - STALLED
    for since in torrent.under_way.values():
        if since > young:
            break
        taken -= 1
    return taken


def _in_vain(torrent: TorrentState, order: Order, piece: int, peer: Peer) -> bool:
    """Whether a copy of one of the last pieces should wait: for this one, or for those that nobody else has, while they
    leave. It would slow them down, and who gets a piece first passes it on."""
    if order.has_fresh or not order.is_copy(piece, peer.key):
        return False
    young = torrent.now - STALLED
    leaving = (
        (one, key)
        for key, since in torrent.under_way.items()
        if since > young and (serving := torrent.peers[key].serving) is not None
        for one, _, _ in serving.ranges
    )
    return any(one == piece or not order.is_copy(one, key) for one, key in leaving)


def _cheapest(torrent: TorrentState, order: Order) -> tuple[Peer, int | None] | None:
    """Who is to be served next and with which piece (None: with what is not asked for in usual blocks)."""
    best: tuple[Peer, int | None] | None = None
    least = (True, HELD + 1, 0.0)
    for peer in torrent.peers.values():
        if peer.serving is not None or not peer.requests.count:
            continue
        cost, piece = _cheapest_of(peer, order)
        if cost >= HELD and not _waits_for_nothing(torrent, peer, order):
            continue
        if torrent.requests is not None and torrent.knows_givers and cost != BEGUN:
            cost = COMMON  # it counts who gives
        turn = _turn(torrent, peer) if cost == COMMON else peer.served_at
        rank = (_only_takes(torrent, peer), cost, turn)
        if rank < least:
            least, best = rank, (peer, piece)
    return best


def _turn(torrent: TorrentState, peer: Peer) -> float:
    """Where it counts who gets it, and not what it is, the least comes first.

    A leech that does not know yet who gives begins together with others, most likely, and such a swarm is done when its
    slowest is: so those who have least come first. Later, who gives gets.
    """
    if not torrent.knows_givers:
        return peer.have.count
    lacks = 1 - peer.have.count / peer.have.size
    return -owed(peer.downloaded, peer.uploaded, lacks, torrent.geometry.size)


def _only_takes(torrent: TorrentState, peer: Peer) -> bool:
    """Seeds want nothing, so nobody can give them anything; and whom we do not ask cannot give."""
    if not peer.am_interested or not _withholds(torrent, peer):
        return False
    return only_takes(peer.downloaded, peer.uploaded, peer.uploaded - peer.sent_before_unchoke)


def _withholds(torrent: TorrentState, peer: Peer) -> bool:
    """Whether the peer does not let us ask, or does not send what it was asked for."""
    if peer.peer_choking or peer.queue.late or peer.pipeline.depth <= 1:
        return True
    return peer.queue.count > 0 and takeover.is_silent(torrent, peer)


def _cheapest_of(peer: Peer, order: Order) -> tuple[float, int | None]:
    if peer.requests.has_unusual:
        return BEGUN, None
    return min((order.cost(piece, peer.key), piece) for piece in peer.requests.pieces())


def _waits_for_nothing(torrent: TorrentState, peer: Peer, order: Order) -> bool:
    """Whether a peer that asked only for what others can send should get it from us.

    First it is made to ask anew: what is cheap leaves its queue soon and the rest stays, so that in the end it waits
    for that alone. Rejects (BEP 6) take back all its requests, and suggestions say what to ask for; or a choke (BEP 3),
    and the unchoke lets it choose among what is rare now.
    """
    if order.has_fresh and torrent.now >= peer.refreshed_at + REFRESH:
        peer.refreshed_at = torrent.now
        refusing.clear(torrent, peer)
        news = map(Suggest, order.fresh(SUGGESTED)) if peer.fast else (Choke(), Unchoke())
        torrent.send(peer, *news)
        return False
    if torrent.now < peer.refreshed_at + SETTLING:
        torrent.wake(peer.refreshed_at + SETTLING)
        return False
    return True
