"""Who has what, and who wants something of whom.

We are interested in a peer exactly while it has a piece that we want and have not verified. `peer.wanted` counts those
pieces; it changes by one with a `have` and with a verified piece, and is counted anew only for a bitfield and for a
new selection. So the two messages are sent exactly when the answer changes.
"""

from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.model.errors import ProtocolError
from torrentd.policy.picking import piece_sets
from torrentd.swarm.downloading import release
from torrentd.swarm.peers import extensions, floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import choking, refusing
from torrentd.wire.peer.extensions import LT_DONTHAVE
from torrentd.wire.peer.messages import BitfieldMessage, Have, HaveAll, HaveNone, Interested, NotInterested

_INDEX = 4  # bytes of a piece's number


def bitfield(torrent: TorrentState, peer: Peer, message: BitfieldMessage) -> None:
    """The peer tells what it has. A later one (aria2 sends it in place of many `have`s) adds to what was told."""
    try:
        told = Bitfield.from_bytes(torrent.geometry.piece_count, message.bits)
    except ValueError as error:
        raise ProtocolError(str(error)) from None
    _told(torrent, peer, told)


def have_all(torrent: TorrentState, peer: Peer, _: HaveAll) -> None:
    """The same in one byte (BEP 6)."""
    peer.require_fast()
    _told(torrent, peer, Bitfield.full(torrent.geometry.piece_count))


def have_none(torrent: TorrentState, peer: Peer, _: HaveNone) -> None:
    """The same in one byte (BEP 6)."""
    peer.require_fast()
    _told(torrent, peer, Bitfield(torrent.geometry.piece_count))


def _told(torrent: TorrentState, peer: Peer, told: Bitfield) -> None:
    floods.spend(peer, floods.BITFIELD, torrent.now)
    if peer.have.count:
        for piece in told:
            if piece not in peer.have:
                have(torrent, peer, Have(piece))
        return
    peer.have = told
    if torrent.requests is not None:
        torrent.requests.picker.availability.joined(peer.have)
        torrent.requests.picker.shares.changed()
    if torrent.sharing is not None:
        torrent.sharing.joined(peer.have)
    recount(torrent, peer)
    refusing.allow(torrent, peer)
    choking.welcome(torrent, peer)


def have(torrent: TorrentState, peer: Peer, message: Have) -> None:
    """The peer has one piece more."""
    piece = message.piece
    if piece >= torrent.geometry.piece_count:
        raise ProtocolError(f"have of piece {piece}, where there are {torrent.geometry.piece_count}")
    if not peer.have.add(piece):
        floods.spend(peer, floods.HAVE, torrent.now)
        return
    if torrent.sharing is not None:
        torrent.sharing.told(piece, peer.key)
    if torrent.requests is not None:
        picker = torrent.requests.picker
        picker.look(torrent.now)
        picker.availability.gained(piece)
        if peer.is_seed:
            picker.availability.became_seed()
            picker.shares.changed()
    if piece in torrent.missing:
        peer.queue.dry = -1
        peer.wanted += 1
        review(torrent, peer)


def dont_have(torrent: TorrentState, peer: Peer, payload: bytes) -> None:
    """The peer lost a piece (BEP 54): what it was asked for of it will not come."""
    floods.spend(peer, floods.DONT_HAVE, torrent.now)
    piece = int.from_bytes(payload, "big")
    if len(payload) != _INDEX or piece >= torrent.geometry.piece_count:
        raise ProtocolError("lt_donthave of a piece that cannot exist")
    if piece not in peer.have:
        return
    was_seed = peer.is_seed
    if was_seed:
        floods.spend(peer, floods.UNSEED, torrent.now)
    peer.have.discard(piece)
    if torrent.requests is not None:
        availability = torrent.requests.picker.availability
        if was_seed:
            availability.ceased_to_seed()
            torrent.requests.picker.shares.changed()
        availability.lost(piece)
    if piece in torrent.missing:
        peer.wanted -= 1
        review(torrent, peer)
        release.refused(torrent, peer, piece)


def recount(torrent: TorrentState, peer: Peer) -> None:
    """What the peer has, or what we want, changed as a whole."""
    peer.queue.dry = -1
    peer.wanted = piece_sets.count_common(peer.have, torrent.missing)
    review(torrent, peer)


def review(torrent: TorrentState, peer: Peer) -> None:
    """Tell the peer if our interest in it changed."""
    interested = peer.wanted > 0
    if interested != peer.am_interested:
        peer.am_interested = interested
        torrent.send(peer, Interested() if interested else NotInterested())


def verified(torrent: TorrentState, pieces: list[int]) -> None:
    """We have these from now on: tell those who lack them; those who have them may be of no more interest."""
    wanted = [piece for piece in pieces if torrent.missing.discard(piece)]
    told_too = _seeds_of_many(torrent)
    for peer in torrent.peers.values():
        if peer.have.has_all():  # most of a crowd are seeds, and this is for each piece and each of them
            if told_too:
                torrent.send(peer, *map(Have, pieces))
            peer.wanted -= len(wanted)
            if not peer.wanted:
                review(torrent, peer)
            continue
        if news := [Have(piece) for piece in pieces if piece not in peer.have]:
            torrent.send(peer, *news)
        if len(news) < len(pieces):
            peer.wanted -= sum(piece in peer.have for piece in wanted)
            review(torrent, peer)


def _seeds_of_many(torrent: TorrentState) -> bool:
    """Whether seeds are told, too, what we have. A few seeds of many leeches can tell by it what was passed on
    (see `spreading`); others would have no use for it."""
    if torrent.requests is None:
        return False
    return 0 < torrent.requests.picker.availability.seeds * 2 < len(torrent.peers)


def lost(torrent: TorrentState, piece: int) -> None:
    """A piece that we had is not on the disk any more: tell those who can be told (BEP 54)."""
    for peer in torrent.peers.values():
        extensions.send(torrent, peer, LT_DONTHAVE, piece.to_bytes(_INDEX, "big"))
    if piece not in torrent.wanted or not torrent.missing.add(piece):
        return
    for peer in torrent.peers.values():
        if piece in peer.have:
            peer.queue.dry = -1
            peer.wanted += 1
            review(torrent, peer)
