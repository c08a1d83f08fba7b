"""How much goes into one `Serve`, and what must hold for it to begin."""

from __future__ import annotations

from torrentd.model.geometry import BLOCK
from torrentd.swarm import rationing
from torrentd.swarm.commands import Serve
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Range

BATCH = 32
"""Blocks of one Serve to most peers: half a MiB. What is in a Serve can be cancelled no more."""

SOON = 0.25
"""Seconds in which a slow peer takes a Serve, unless it is a single block. What is begun cannot give way to what
matters more: to another peer, to a cancel, or to what we ask of this peer ourselves. A request that waits behind four
blocks on a link of 125 kB/s, which eight others share, comes seconds late, and the other side has nothing to send."""

LARGEST_BATCH = 128
"""Blocks of one Serve to the fastest peers: what is done for each Serve counts there."""

TURN = 0.02
"""Seconds in which a peer takes a Serve larger than BATCH. Serving every fast peer once thus takes no longer either,
and nobody waits longer for the reactor, however many they are."""


def batch(torrent: TorrentState, peer: Peer) -> int:
    """Blocks of the next Serve to the peer, at most."""
    rate = peer.up.rate(torrent.now)
    usual = max(1, min(BATCH, int(rate * SOON) // BLOCK))
    return max(usual, min(LARGEST_BATCH, int(rate * TURN) // BLOCK))


def begin(torrent: TorrentState, peer: Peer, most: int) -> None:
    """Serve up to `most` of the blocks that are to be served next, as far as the limit allows."""
    requests = peer.requests
    size = requests.next_size()
    free = rationing.is_free_to_serve(torrent, peer)
    ranges = requests.take(most) if free else _affordable(torrent, peer, most, size)
    if not ranges:
        return
    peer.serving = Serve(peer.key, ranges, size, None if free else torrent.up.pace)
    if not torrent.under_way:
        torrent.breadth.measure_from(torrent.now)
    torrent.under_way[peer.key] = torrent.now
    torrent.commands.append(peer.serving)
    peer.spoke_at = peer.served_at = torrent.now


def _affordable(torrent: TorrentState, peer: Peer, most: int, size: int) -> list[Range]:
    """As many of the `most` next blocks as the upload limit grants; if none, we wake when it will."""
    count = rationing.may_serve(torrent, peer, min(peer.requests.count, most), size)
    ranges = peer.requests.take(count) if count else []
    rationing.shorter(torrent, count * size - sum(length for _, _, length in ranges))
    return ranges
