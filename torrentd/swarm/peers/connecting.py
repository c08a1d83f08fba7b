"""Peers come and go: whom we accept, whom we leave.

Two that have what they want have nothing for each other, also if they want a part of the torrent only and say so
(BEP 21): they part, and whom we left for that is rarely dialled again while nothing is missing here. When there is no
place left, a connection that leads nowhere makes room (see `policy.peers.turnover`).
"""

from __future__ import annotations

from torrentd.model.address import Address, Scope, scope
from torrentd.model.bitfield import Bitfield
from torrentd.policy.peers import turnover
from torrentd.policy.picking.pipeline import Pipeline
from torrentd.swarm.commands import Close
from torrentd.swarm.downloading import release
from torrentd.swarm.events import MakeRoom, PeerClosed, PeerConnected, PeersUnwanted
from torrentd.swarm.membership import NEVER, ClosedPeer
from torrentd.swarm.peers import acceptance, extensions
from torrentd.swarm.peers.acceptance import accepted
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import Identity, TorrentState
from torrentd.swarm.uploading import choking
from torrentd.swarm.uploading.unserved import Unserved
from torrentd.wire.peer.clients import client_name
from torrentd.wire.peer.handshake import has_fast
from torrentd.wire.peer.messages import BitfieldMessage, HaveAll, HaveNone, KeepAlive

IDLE = 120.0
"""Seconds without a message before a peer counts as dead; the spec's keep-alives come more often."""

KEEP_ALIVE = 100.0
"""Seconds of our own silence before we send one; the spec closes after two minutes."""

DEPARTED = 2000
"""Past peers that can still be blamed for a block."""


# --- coming


def peer_connected(torrent: TorrentState, event: PeerConnected) -> None:
    """A handshake is done: refuse the peer, or greet it."""
    if accepted(torrent, event, close, _room_for):
        _welcome(torrent, event)


def _welcome(torrent: TorrentState, event: PeerConnected) -> None:
    now = torrent.now
    peer = Peer(
        key=event.peer,
        address=event.address,
        incoming=event.incoming,
        peer_id=event.peer_id,
        reserved=event.reserved,
        fast=has_fast(event.reserved),
        connected_at=now,
        have=Bitfield(torrent.geometry.piece_count),
        pipeline=Pipeline(now),
        requests=Unserved(torrent.geometry),
        client=client_name(event.peer_id),
        is_local=Scope.INVALID < scope(event.address.host) < Scope.GLOBAL,
        source="incoming" if event.incoming else torrent.candidates.source(event.address),
        listens=None if event.incoming else event.address,
        encrypts=event.encrypted,
        choked_at=now,
        useful_at=now,
        heard_at=now,
        spoke_at=now,
    )
    torrent.peers[peer.key] = peer
    torrent.contacts_version += 1
    if torrent.requests is not None:
        torrent.requests.picker.shares.changed()
    _tell_pieces(torrent, peer)
    extensions.greet(torrent, peer)
    if not torrent.private:
        acceptance.tell_node(torrent, peer)


def _tell_pieces(torrent: TorrentState, peer: Peer) -> None:
    """What we have; nothing need be said if that is nothing, but to a peer that speaks the fast extension (BEP 6)."""
    if peer.fast and torrent.complete:
        torrent.send(peer, HaveAll())
    elif torrent.have.count:
        torrent.send(peer, BitfieldMessage(torrent.have.to_bytes()))
    elif peer.fast:
        torrent.send(peer, HaveNone())


# --- going


def close(torrent: TorrentState, peer: Peer, reason: str, *, useful: bool = True) -> None:
    """Close the connection and forget the peer; its requests go back and its slot is free. One that was not `useful`
    is made again after all others."""
    torrent.commands.append(Close(peer.key, reason))
    _forget(torrent, peer, reason, useful=useful)
    release.gone(torrent, peer)
    choking.fill(torrent)


def close_all(torrent: TorrentState, reason: str) -> None:
    """Close every connection, for the torrent is paused. Nothing is offered to anybody else."""
    for peer in list(torrent.peers.values()):
        torrent.commands.append(Close(peer.key, reason))
        _forget(torrent, peer, reason, paused=True)


def peer_closed(torrent: TorrentState, event: PeerClosed) -> None:
    """The connection ended; if we closed it ourselves, the peer is forgotten already."""
    peer = torrent.peers.get(event.peer)
    if peer is not None:
        _forget(torrent, peer, event.reason)
        _try_elsewhere(torrent, peer)
        release.gone(torrent, peer)
        choking.fill(torrent)


def _try_elsewhere(torrent: TorrentState, peer: Peer) -> None:
    if not torrent.private and not _is_done_with(torrent, peer):
        acceptance.try_elsewhere(torrent, peer)


def peers_unwanted(torrent: TorrentState, event: PeersUnwanted) -> None:
    """The user removed peers."""
    acceptance.leave(torrent, event.addresses, close)


def _forget(torrent: TorrentState, peer: Peer, reason: str, *, useful: bool = True, paused: bool = False) -> None:
    del torrent.peers[peer.key]
    torrent.under_way.pop(peer.key, None)
    torrent.contacts_version += 1
    if torrent.sharing is not None:
        torrent.sharing.gone(peer.key)
    torrent.departed[peer.key] = Identity(peer.address, peer.peer_id)
    if len(torrent.departed) > DEPARTED:
        del torrent.departed[next(iter(torrent.departed))]
    torrent.closed_peers.append(ClosedPeer(peer.address, reason, torrent.now))
    torrent.wake(torrent.now)
    if peer.listens is None:
        return
    if _is_done_with(torrent, peer):
        torrent.candidates.parted(peer.listens, torrent.now, peer.is_seed)
    elif paused:
        torrent.candidates.paused(peer.listens, torrent.now)
    else:
        torrent.candidates.closed(peer.listens, torrent.now, useful)


# --- of no use


def part(torrent: TorrentState, peer: Peer) -> None:
    """Leave a peer if neither side wants anything any more."""
    if _is_done_with(torrent, peer):
        close(torrent, peer, "neither wants anything")


def _is_done_with(torrent: TorrentState, peer: Peer) -> bool:
    return torrent.finished and (peer.is_seed or (peer.upload_only and not peer.peer_interested))


def make_room(torrent: TorrentState) -> bool:
    """Somebody else is there, and no place: give up a connection that leads nowhere. False if there is none, or the
    last turn was just now."""
    links = _links(torrent)
    at = max(torrent.turned_over_at + turnover.SPACING, turnover.expiry(links))
    key = turnover.weakest(links, torrent.now) if torrent.now >= at and not torrent.disk_busy else None
    if key is None:
        torrent.wake(NEVER if torrent.disk_busy else at)  # a disk that is not busy any more wakes us, too
        return False
    torrent.turned_over_at = torrent.now
    close(torrent, torrent.peers[key], "of no use while others wait", useful=False)
    return True


def _room_for(torrent: TorrentState, newcomer: Address) -> bool:
    """Somebody has connected, and there is no place: whether somebody else goes for him."""
    if make_room(torrent):
        return True
    if torrent.disk_busy:
        return False
    key = turnover.displaced(_links(torrent), torrent.candidates.priority(newcomer), torrent.now)
    if key is None:
        return False
    close(torrent, torrent.peers[key], "a connection that is worth more takes its place", useful=False)
    return True


def room_wanted(torrent: TorrentState, event: MakeRoom) -> None:
    """The daemon has no place for somebody of another torrent, or of this one."""
    if event.peer is None and torrent.peers:
        make_room(torrent)
    elif event.peer in torrent.peers:
        close(torrent, torrent.peers[event.peer], "a connection that is worth more takes its place", useful=False)


def expendable(torrent: TorrentState, newcomer: Address, now: float) -> turnover.Link | None:
    """See `Membership.expendable`."""
    if torrent.disk_busy:
        return None
    return turnover.expendable(_links(torrent), torrent.candidates.priority(newcomer), now)


def _links(torrent: TorrentState) -> list[turnover.Link]:
    return [
        turnover.Link(
            peer.key,
            peer.am_interested or peer.peer_interested,
            peer.useful_at,
            torrent.candidates.priority(peer.listens or peer.address),
        )
        for peer in torrent.peers.values()
    ]


# --- time


def due(torrent: TorrentState) -> None:
    """Who is silent too long, and who hears nothing from us."""
    extensions.update(torrent)
    for peer in list(torrent.peers.values()):
        if torrent.now >= peer.heard_at + IDLE and not torrent.disk_busy:
            close(torrent, peer, f"silent for {IDLE:.0f} seconds")
            _try_elsewhere(torrent, peer)
            continue
        if torrent.now >= peer.spoke_at + KEEP_ALIVE:
            torrent.send(peer, KeepAlive())
        torrent.wake(min(peer.spoke_at + KEEP_ALIVE, NEVER if torrent.disk_busy else peer.heard_at + IDLE))
