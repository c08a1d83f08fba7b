"""Our metadata for others (BEP 9): every request is answered at once, with the piece or a reject.

A peer may have all of it twice, as fast as it likes, and a little after that; all peers of the daemon together have a
budget, too. Who wants more is rejected, which is a pause for honest clients.
"""

from __future__ import annotations

from torrentd.swarm.peers import extensions, floods
from torrentd.swarm.peers.floods import Allowance
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer import metadata
from torrentd.wire.peer.metadata import NAME, PIECE, Data, Reject, Request

COPIES = 2
"""Times that a peer may fetch all of it at once: it may have to begin anew, if others lied to it."""

REFILL = 60.0
"""Seconds after which it may fetch it once more."""

ALL_PEERS = Allowance("pieces of metadata", 4096, 256)
"""Of the whole daemon: 64 MiB at once, 4 MiB/s in the long run."""


def received(torrent: TorrentState, peer: Peer, payload: bytes) -> None:
    """A message of ut_metadata. We ask for nothing here, so what is no request is ignored. ProtocolError: a flood, or
    what no honest peer sends."""
    message = metadata.parse(payload)
    if not isinstance(message, Request):
        floods.spend(peer, floods.EXTENDED, torrent.now)
        return
    if _may_have(torrent, peer, message.piece):
        start = message.piece * PIECE
        piece = torrent.metadata[start : start + PIECE]
        extensions.send(torrent, peer, NAME, metadata.encode(Data(message.piece, len(torrent.metadata), piece)))
    else:
        floods.spend(peer, floods.EXTENDED, torrent.now)
        extensions.send(torrent, peer, NAME, metadata.encode(Reject(message.piece)))


def _may_have(torrent: TorrentState, peer: Peer, piece: int) -> bool:
    count = metadata.piece_count(len(torrent.metadata))
    if piece >= count or NAME not in peer.extensions:
        return False
    own = Allowance("pieces of metadata", COPIES * count + 1, count / REFILL)
    if not floods.affords(peer, own, torrent.now) or not floods.affords(
        torrent.metadata_budget, ALL_PEERS, torrent.now
    ):
        return False
    floods.spend(peer, own, torrent.now)
    floods.spend(torrent.metadata_budget, ALL_PEERS, torrent.now)
    return True
