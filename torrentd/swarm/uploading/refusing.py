"""Requests that we do not answer with a block, and what a choked peer may ask for all the same (BEP 6).

A peer that speaks the fast extension is told of each request that will come to nothing; others learn it from a choke,
or not at all. With the fast extension a newcomer may have a few pieces while it is choked: those of a set that all of
us compute alike, each block once for the owner of its host, as long as it has no more pieces than that, and none from
the initial seed of a young swarm, whose link is what everybody waits for.
"""

from __future__ import annotations

from torrentd.policy.peers.hosts import owner
from torrentd.policy.picking.allowed_fast import allowed_fast
from torrentd.swarm.peers import floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import AllowedFast, Range, Reject, Request

HOSTS = 1000
"""Owners of hosts of which is known how much they had while choked."""


def refuse(torrent: TorrentState, peer: Peer, message: Request) -> None:
    """Say that these requests will not be answered; it is charged, because honest peers know most of the time."""
    floods.spend(peer, floods.REQUEST, torrent.now, message.count)
    step = message.length
    reject(torrent, peer, [(message.piece, message.begin + step * n, step) for n in range(message.count)])


def reject(torrent: TorrentState, peer: Peer, blocks: list[Range]) -> None:
    """Say that these blocks, each as it was requested, will not come, if the peer can be told."""
    if peer.fast and blocks:
        torrent.send(peer, *[Reject(*block) for block in blocks])


def clear(torrent: TorrentState, peer: Peer) -> None:
    """Forget what the peer asked for; a Serve under way goes on."""
    blocks = peer.requests.blocks()
    peer.requests.clear()
    reject(torrent, peer, blocks)


def clear_choked(torrent: TorrentState, peer: Peer) -> None:
    """The same for a peer that was just choked: what it may have nevertheless stays."""
    blocks = peer.requests.blocks()
    peer.requests.clear()
    reject(torrent, peer, [block for block in blocks if not _serve_anyway(torrent, peer, *block)])


def _serve_anyway(torrent: TorrentState, peer: Peer, piece: int, begin: int, length: int) -> bool:
    if not takes_fast(torrent, peer, piece, 1):
        return False
    peer.requests.add(piece, begin, length, 1)
    return True


# --- while choked


def allow(torrent: TorrentState, peer: Peer) -> None:
    """The peer told what it has: if that is little, say what it may ask for while choked."""
    if not peer.fast or peer.fast_from_us or torrent.initial_seed or not torrent.have.count:
        return
    count, size = torrent.geometry.piece_count, torrent.geometry.piece_size
    pieces = allowed_fast(torrent.info_hash[:20], peer.address.host, count, size)
    if peer.have.count > len(pieces):
        return
    peer.fast_from_us = tuple(piece for piece in pieces if piece in torrent.have and piece not in peer.have)
    torrent.send(peer, *map(AllowedFast, peer.fast_from_us))


def takes_fast(torrent: TorrentState, peer: Peer, piece: int, count: int) -> bool:
    """Whether a choked peer gets `count` blocks of the piece; they are taken from what its owner may have."""
    if piece not in peer.fast_from_us or peer.have.count > len(peer.fast_from_us):
        return False
    who, given = owner(peer.address.host), torrent.given_fast
    sum_given = given.get(who, 0) + count
    if sum_given > sum(torrent.geometry.block_count(piece) for piece in peer.fast_from_us):
        return False
    given[who] = sum_given
    if len(given) > HOSTS:
        del given[next(iter(given))]
    return True
