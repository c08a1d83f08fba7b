"""Blocks that arrive: to the disk with what was expected, to the waste with the rest.

A run of consecutive blocks is one message, one lookup, one `Store`; the last `Store` of a piece says `complete`.
Whoever else was asked for the same blocks in endgame gets cancels.
"""

from __future__ import annotations

from torrentd.model.errors import ProtocolError
from torrentd.model.geometry import BLOCK
from torrentd.policy.picking import blocks
from torrentd.policy.picking.requests import Arrival
from torrentd.swarm.commands import Store
from torrentd.swarm.downloading import download
from torrentd.swarm.peers import floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Blocks


def received(torrent: TorrentState, peer: Peer, message: Blocks) -> None:
    """A run of blocks came. Its views are stored, or wasted, before this returns."""
    piece, begin, length = message.piece, message.begin, message.length
    geometry = torrent.geometry
    if not geometry.is_range(piece, begin, length):
        raise ProtocolError(f"a block that cannot exist: piece {piece}, begin {begin}, length {length}")
    peer.down.add(length, torrent.now)
    if not _in_blocks(torrent, message):
        _waste(torrent, peer, length)
        floods.spend(peer, floods.BLOCK, torrent.now, len(message.views))
        return
    arrived = blocks.span(begin // BLOCK, len(message.views))
    if torrent.requests is None:
        arrival = Arrival(taken=0, elsewhere=0, unasked=arrived & ~peer.queue.expected_late(piece, arrived))
    else:
        arrival = torrent.requests.receive(peer.queue, peer.key, piece, arrived)
    if arrival.taken == arrived:
        _store(torrent, piece, begin, message.views)
    else:
        _store_parts(torrent, piece, begin // BLOCK, message.views, arrival.taken)
        _waste(torrent, peer, length - geometry.blocks_length(piece, arrival.taken))
    if arrival.elsewhere:
        _cancel_elsewhere(torrent, peer, piece, arrival.elsewhere)
    if arrival.unasked:
        floods.spend(peer, floods.BLOCK, torrent.now, arrival.unasked.bit_count())


def _in_blocks(torrent: TorrentState, message: Blocks) -> bool:
    """Whether the run is made of whole blocks as we request them. All views but the last are 16 KiB (see framing)."""
    begin, length = message.begin, message.length
    return (
        begin % BLOCK == 0
        and len(message.views) == -(-length // BLOCK)
        and (length % BLOCK == 0 or begin + length == torrent.geometry.piece_length(message.piece))
    )


def _store(torrent: TorrentState, piece: int, begin: int, views: list[memoryview]) -> None:
    complete = piece in torrent.storing
    torrent.commands.append(Store(piece, begin, views, complete, complete and piece in torrent.suspects))


def _store_parts(torrent: TorrentState, piece: int, first: int, views: list[memoryview], taken: int) -> None:
    """Store only those views of the run that were taken, perhaps none. `complete` goes with the last part."""
    parts = list(blocks.runs(taken))
    complete = piece in torrent.storing
    for number, (start, count) in enumerate(parts, start=1):
        last = complete and number == len(parts)
        some = views[start - first : start - first + count]
        torrent.commands.append(Store(piece, start * BLOCK, some, last, last and piece in torrent.suspects))


def _waste(torrent: TorrentState, peer: Peer, length: int) -> None:
    torrent.totals.wasted += length
    peer.wasted += length


def _cancel_elsewhere(torrent: TorrentState, sender: Peer, piece: int, arrived: int) -> None:
    """Endgame: these blocks came from `sender`; nobody else needs to send them."""
    assert torrent.requests is not None
    for peer in torrent.peers.values():
        if peer is not sender and piece in peer.queue.outstanding:
            download.cancel(torrent, peer, piece, torrent.requests.cancel(peer.queue, piece, arrived))


def count(torrent: TorrentState, peer: Peer, before: int) -> int:
    """A read is over, before which `before` bytes of blocks had come from the peer; how many came with it."""
    length = peer.down.total - before
    if length:
        torrent.totals.downloaded += length
        torrent.down_meter.add(length, torrent.now)
    return length


def settle(torrent: TorrentState, peer: Peer, length: int) -> None:
    """So many bytes of blocks came with this read: the peer is alive, and can be asked for more."""
    if length:
        peer.pipeline.received(-(-length // BLOCK), torrent.now)
        peer.waiting_since = peer.useful_at = torrent.now
        peer.timeouts = peer.refusals = 0
        peer.snubbed = False
    download.top_up(torrent, peer)
