"""What the rate limits are asked for, and what they are told.

Blocks are asked for before they move: those that we request at the download limit, those that we serve at the upload
limit, each with the header that it comes with. All other messages are few and must not wait, so they are charged when
they have been sent or received, and blocks wait the longer for it. What TCP and IP add is not counted: it is not ours
to know.

Peers of the local network may be exempt; what they send and get is neither limited nor counted then.
"""

from __future__ import annotations

from collections.abc import Iterable

from torrentd.model.geometry import BLOCK
from torrentd.swarm.commands import ReadAt
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.ids import PIECE_HEADER
from torrentd.wire.peer.messages import Blocks, Message
from torrentd.wire.peer.sizes import REQUEST, overhead

WHOLE_BLOCK = BLOCK + PIECE_HEADER
"""Bytes that a block takes on the wire; the last one of a torrent may be shorter, which is given back when served."""


def is_free_to_take(torrent: TorrentState, peer: Peer) -> bool:
    """Whether nothing limits what the peer sends us."""
    return torrent.down.unlimited or _exempt(torrent, peer)


def is_free_to_serve(torrent: TorrentState, peer: Peer) -> bool:
    """Whether nothing limits what we send to the peer."""
    return torrent.up.unlimited or _exempt(torrent, peer)


def pace(torrent: TorrentState, peer: Peer) -> None:
    """Have what the peer sends read as the limits want it: it is asked for blocks, or the limits changed."""
    is_free = torrent.requests is None or is_free_to_take(torrent, peer)
    wanted = None if is_free else torrent.down.pace
    if wanted != peer.pace:
        peer.pace = wanted
        torrent.commands.append(ReadAt(peer.key, wanted))
        torrent.paced = True


def pace_all(torrent: TorrentState) -> None:
    """Nobody keeps a pace for which there is no cause any more."""
    if not torrent.paced:
        return
    torrent.paced = False
    for peer in torrent.peers.values():
        if peer.pace is not None:
            pace(torrent, peer)
            torrent.paced |= peer.pace is not None


def may_ask(torrent: TorrentState, peer: Peer, count: int) -> int:
    """How many of so many blocks the download limit lets us ask the peer for; if none, we wake when it will."""
    if is_free_to_take(torrent, peer):
        return count
    granted = torrent.down.take(count * WHOLE_BLOCK, torrent.now, WHOLE_BLOCK)
    if not granted:
        torrent.rationed = True
        torrent.wake(torrent.down.ready_at(torrent.now, WHOLE_BLOCK))
    torrent.down.give_back(granted % WHOLE_BLOCK)
    return granted // WHOLE_BLOCK


def grants_a_block(torrent: TorrentState, peer: Peer) -> bool:
    """Whether the download limit lets us ask the peer for a block now."""
    return is_free_to_take(torrent, peer) or torrent.down.ready_at(torrent.now, WHOLE_BLOCK) <= torrent.now


def not_asked(torrent: TorrentState, peer: Peer, count: int) -> None:
    """So many of them were not asked for after all."""
    if count and not is_free_to_take(torrent, peer):
        torrent.down.give_back(count * WHOLE_BLOCK)


def may_serve(torrent: TorrentState, peer: Peer, count: int, size: int) -> int:
    """How many of so many blocks of `size` bytes the upload limit grants the peer; if none, we wake when it will."""
    each = size + PIECE_HEADER
    granted = torrent.up.take(count * each, torrent.now, each)
    if not granted:
        torrent.wake(torrent.up.ready_at(torrent.now, each))
    torrent.up.give_back(granted % each)
    return granted // each


def shorter(torrent: TorrentState, unused: int) -> None:
    """What is served has so many bytes less than was granted."""
    torrent.up.give_back(unused)


def sent(torrent: TorrentState, peer: Peer, messages: Iterable[Message]) -> None:
    """Messages, not blocks, went to the peer."""
    if not is_free_to_serve(torrent, peer):
        torrent.up.owe(overhead(messages))


def asked(torrent: TorrentState, peer: Peer, count: int) -> None:
    """So many requests went to the peer."""
    if not is_free_to_serve(torrent, peer):
        torrent.up.owe(count * REQUEST)


def received(torrent: TorrentState, peer: Peer, messages: Iterable[Message]) -> None:
    """Messages came from the peer; the blocks among them were counted when they were asked for."""
    if not is_free_to_take(torrent, peer):
        torrent.down.owe(overhead(message for message in messages if type(message) is not Blocks))


def _exempt(torrent: TorrentState, peer: Peer) -> bool:
    return peer.is_local and torrent.settings.local_unlimited
