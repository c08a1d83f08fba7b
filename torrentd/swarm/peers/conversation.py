"""What a peer says: the messages of one read, each to the verb it belongs to.

A read is one event. What it asks for is answered once, at its end: one top-up of the request queue, one `Serve`.
An offence (`ProtocolError`) closes the connection; what was received before it still counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torrentd.model.errors import ProtocolError
from torrentd.swarm import rationing
from torrentd.swarm.downloading import arrivals, interest, release
from torrentd.swarm.events import Received
from torrentd.swarm.peers import acceptance, connecting, extensions, floods, metadata, pex
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import choking, upload
from torrentd.wire.peer.extensions import HANDSHAKE, LT_DONTHAVE, UPLOAD_ONLY, UT_PEX
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    Message,
    NotInterested,
    Port,
    Reject,
    Request,
    Suggest,
    Unchoke,
    Unknown,
)
from torrentd.wire.peer.metadata import NAME as UT_METADATA


def received(torrent: TorrentState, event: Received) -> None:
    """All messages of one read, in order."""
    peer = torrent.peers.get(event.peer)
    if peer is None:
        return  # closed by us while the read was on its way
    peer.heard_at = torrent.now
    rationing.received(torrent, peer, event.messages)
    before = peer.down.total
    try:
        for message in event.messages:
            ON_MESSAGE[type(message)](torrent, peer, message)
    except ProtocolError as error:
        arrivals.count(torrent, peer, before)
        connecting.close(torrent, peer, str(error))
        return
    if torrent.given_back:
        release.share_rejected(torrent, peer)
    arrivals.settle(torrent, peer, arrivals.count(torrent, peer, before))
    upload.serve(torrent, peer)
    connecting.part(torrent, peer)


def _extended(torrent: TorrentState, peer: Peer, message: Extended) -> None:
    name = extensions.named(torrent, message)
    if name is not None:
        ON_EXTENSION[name](torrent, peer, message.payload)
        return
    floods.spend(peer, floods.EXTENDED, torrent.now)
    if message.id != HANDSHAKE:
        return  # we did not offer it
    handshake = extensions.heard(torrent, peer, message.payload)
    if handshake.reqq is not None:
        peer.pipeline.accept(handshake.reqq)
    _told_upload_only(torrent, peer, handshake.upload_only)
    peer.encrypts |= handshake.encrypts


def _upload_only(torrent: TorrentState, peer: Peer, payload: bytes) -> None:
    """libtorrent's way to say that what the handshake said of this changed: one byte."""
    floods.spend(peer, floods.EXTENDED, torrent.now)
    _told_upload_only(torrent, peer, payload[:1] != b"\0")


def _told_upload_only(torrent: TorrentState, peer: Peer, upload_only: bool) -> None:
    """Whether it only uploads (BEP 21). Who does asks seeds for nothing, and has no share of what they alone have."""
    if peer.upload_only != upload_only:
        peer.upload_only = upload_only
        if torrent.requests is not None:
            torrent.requests.picker.shares.changed()


def _port(torrent: TorrentState, peer: Peer, message: Port) -> None:
    floods.spend(peer, floods.EXTENDED, torrent.now)
    if not torrent.private:
        acceptance.learn_node(torrent, peer, message.port)


def _ignored(torrent: TorrentState, peer: Peer, message: KeepAlive | Unknown) -> None:
    floods.spend(peer, floods.EXTENDED, torrent.now)


ON_MESSAGE: dict[type[Message], Callable[[TorrentState, Peer, Any], None]] = {
    Blocks: arrivals.received,
    Request: upload.request,
    Cancel: upload.cancel,
    Have: interest.have,
    BitfieldMessage: interest.bitfield,
    Choke: release.choked,
    Unchoke: release.unchoked,
    Interested: choking.interested,
    NotInterested: choking.not_interested,
    HaveAll: interest.have_all,
    HaveNone: interest.have_none,
    Reject: release.rejected,
    AllowedFast: release.allowed,
    Suggest: release.suggested,
    Extended: _extended,
    Port: _port,
    KeepAlive: _ignored,
    Unknown: _ignored,
}

ON_EXTENSION: dict[bytes, Callable[[TorrentState, Peer, bytes], None]] = {
    UPLOAD_ONLY: _upload_only,
    LT_DONTHAVE: interest.dont_have,
    UT_METADATA: metadata.received,
    UT_PEX: pex.received,
}
"""Each charges its messages to an allowance (see `floods`) or bounds them otherwise."""
