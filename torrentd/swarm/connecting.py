"""Peers come and go: whom we accept, whom we dial, whom we leave.

Dialling: `WantPeers` tells the fleet how many attempts would make sense now, whenever that number changes; each `Dial`
it grants becomes a `Connect` to the best candidate. A seed dials too: those who cannot be reached from outside depend
on it. But seed and seed have nothing for each other: they part, and a seed that we left is not dialled again while
nothing is missing here.
"""

from __future__ import annotations

from torrentd.model.address import Address
from torrentd.model.bitfield import Bitfield
from torrentd.policy.picking.pipeline import Pipeline
from torrentd.swarm import choking, release, upload
from torrentd.swarm.commands import Close, Connect, WantPeers
from torrentd.swarm.events import ConnectFailed, Dial, PeerClosed, PeerConnected, PeersFound
from torrentd.swarm.peer import Peer
from torrentd.swarm.state import NEVER, ClosedPeer, Identity, TorrentState
from torrentd.swarm.unserved import Unserved
from torrentd.wire.peer import extensions
from torrentd.wire.peer.clients import client_name
from torrentd.wire.peer.handshake import has_extensions
from torrentd.wire.peer.messages import BitfieldMessage, Extended, KeepAlive

IDLE = 120.0
"""Seconds without a message before a peer counts as dead; the spec's keep-alives come more often."""

KEEP_ALIVE = 100.0
"""Seconds of our own silence before we send one; the spec closes after two minutes."""

SIMULTANEOUS = 10.0
"""Seconds within which two connections between the same two count as dialled by both at the same time."""

DEPARTED = 2000
"""Past peers that can still be blamed for a block."""


# --- coming


def peer_connected(torrent: TorrentState, event: PeerConnected) -> None:
    """A handshake is done: refuse the peer, or greet it."""
    torrent.wake(torrent.now)
    if not event.incoming:
        torrent.connecting -= 1
        torrent.candidates.connected(event.address, dialled=True)
    reason = _refusal(torrent, event)
    if reason is None:
        _welcome(torrent, event)
        return
    torrent.commands.append(Close(event.peer, reason))
    torrent.closed_peers.append(ClosedPeer(event.address, reason, torrent.now))
    if not event.incoming:
        torrent.candidates.closed(event.address, torrent.now, useful=False)


def _refusal(torrent: TorrentState, event: PeerConnected) -> str | None:
    """Why the peer is not accepted. Of two connections to the same peer one is closed here, old or new."""
    if not torrent.running:
        return "the torrent is paused"
    if event.peer_id in torrent.own_ids:
        if not event.incoming:
            torrent.candidates.exclude(event.address)
        return "this is ourselves"
    banned = torrent.bans.reason(event.address, event.peer_id)
    if banned is not None:
        return f"banned: {banned}"
    twin = next((peer for peer in torrent.peers.values() if peer.peer_id == event.peer_id), None)
    if twin is not None:
        if not _replaces(torrent, event, twin):
            return "connected already"
        close(torrent, twin, "connected twice")
    if len(torrent.peers) >= torrent.settings.max_connections:
        return "too many connections"
    return None


def _replaces(torrent: TorrentState, event: PeerConnected, twin: Peer) -> bool:
    """Whether a second connection to the same peer is the one to keep.

    When both sides dial at once, each sees its own connection first or second by chance; if each kept its first, both
    might be lost. So both keep the one that the larger peer id dialled.
    """
    if event.incoming == twin.incoming or torrent.now - twin.connected_at > SIMULTANEOUS or not torrent.own_ids:
        return False
    if event.address.host != twin.address.host:
        return False  # a stranger with a borrowed peer id pushes nobody out
    we_are_larger = max(torrent.own_ids) > event.peer_id
    return event.incoming != we_are_larger


def _welcome(torrent: TorrentState, event: PeerConnected) -> None:
    now = torrent.now
    peer = Peer(
        key=event.peer,
        address=event.address,
        incoming=event.incoming,
        peer_id=event.peer_id,
        reserved=event.reserved,
        connected_at=now,
        have=Bitfield(torrent.geometry.piece_count),
        pipeline=Pipeline(now),
        requests=Unserved(torrent.geometry),
        client=client_name(event.peer_id),
        source="incoming" if event.incoming else torrent.candidates.source(event.address),
        listens=None if event.incoming else event.address,
        choked_at=now,
        heard_at=now,
        spoke_at=now,
    )
    torrent.peers[peer.key] = peer
    if torrent.have.count:
        torrent.send(peer, BitfieldMessage(torrent.have.to_bytes()))
    if has_extensions(peer.reserved):
        torrent.send(peer, Extended(extensions.HANDSHAKE, _handshake(torrent)))


def _handshake(torrent: TorrentState) -> bytes:
    return extensions.encode(extensions.ExtensionHandshake(client=torrent.settings.client, reqq=upload.QUEUE))


def learn_port(torrent: TorrentState, peer: Peer, port: int) -> None:
    """An incoming peer tells where it listens: that address need not be dialled while it is connected."""
    if peer.listens is None:
        peer.listens = Address(peer.address.host, port)
        torrent.candidates.connected(peer.listens, dialled=False)


# --- going


def close(torrent: TorrentState, peer: Peer, reason: str) -> None:
    """Close the connection and forget the peer; its requests go back and its slot is free."""
    torrent.commands.append(Close(peer.key, reason))
    _forget(torrent, peer, reason)
    release.gone(torrent, peer)
    choking.fill(torrent)


def close_all(torrent: TorrentState, reason: str) -> None:
    """Close every connection. Nothing is offered to anybody else."""
    for peer in list(torrent.peers.values()):
        torrent.commands.append(Close(peer.key, reason))
        _forget(torrent, peer, reason)


def peer_closed(torrent: TorrentState, event: PeerClosed) -> None:
    """The connection ended; if we closed it ourselves, the peer is forgotten already."""
    peer = torrent.peers.get(event.peer)
    if peer is not None:
        _forget(torrent, peer, event.reason)
        release.gone(torrent, peer)
        choking.fill(torrent)


def _forget(torrent: TorrentState, peer: Peer, reason: str) -> None:
    del torrent.peers[peer.key]
    torrent.departed[peer.key] = Identity(peer.address, peer.peer_id)
    if len(torrent.departed) > DEPARTED:
        del torrent.departed[next(iter(torrent.departed))]
    torrent.closed_peers.append(ClosedPeer(peer.address, reason, torrent.now))
    torrent.wake(torrent.now)
    if peer.listens is None:
        return
    if torrent.finished and peer.is_seed:
        torrent.parted.append(peer.listens)
    else:
        torrent.candidates.closed(peer.listens, torrent.now)


def part_from_seed(torrent: TorrentState, peer: Peer) -> None:
    """Leave a peer that has everything when we want nothing."""
    if torrent.finished and peer.is_seed:
        close(torrent, peer, "both have everything")


# --- dialling


def peers_found(torrent: TorrentState, event: PeersFound) -> None:
    """A source named addresses."""
    torrent.candidates.add(event.addresses, event.source, torrent.now, event.narrowest)
    torrent.wake(torrent.now)


def dial(torrent: TorrentState, _: Dial) -> None:
    """The fleet grants an attempt."""
    address = torrent.candidates.take(torrent.now) if _places(torrent) > 0 else None
    if address is not None:
        torrent.connecting += 1
        torrent.commands.append(Connect(address))
    torrent.wake(torrent.now)


def connect_failed(torrent: TorrentState, event: ConnectFailed) -> None:
    """An attempt came to nothing."""
    torrent.connecting -= 1
    torrent.candidates.failed(event.address, torrent.now)
    torrent.wake(torrent.now)


def wants_peers(torrent: TorrentState) -> bool:
    """Whether another connection would be made, if there was somebody to dial."""
    return _places(torrent) > 0


def _places(torrent: TorrentState) -> int:
    if not torrent.running:
        return 0
    return torrent.settings.max_connections - len(torrent.peers) - torrent.connecting


def _want(torrent: TorrentState) -> None:
    """Tell the fleet how many attempts would make sense, if that changed."""
    if torrent.parted and not torrent.finished:
        for address in torrent.parted:
            torrent.candidates.closed(address, torrent.now)
        torrent.parted.clear()
    places = _places(torrent)
    count = max(0, min(places, torrent.candidates.ready(torrent.now)))
    if count != torrent.wanted_connections:
        torrent.wanted_connections = count
        torrent.commands.append(WantPeers(count))
    if places > 0 and not count:
        torrent.wake(torrent.candidates.ready_at())


# --- time


def due(torrent: TorrentState) -> None:
    """Who is silent too long, who hears nothing from us, and whether there is somebody to dial."""
    for peer in list(torrent.peers.values()):
        if torrent.now >= peer.heard_at + IDLE and not torrent.disk_busy:
            close(torrent, peer, f"silent for {IDLE:.0f} seconds")
            continue
        if torrent.now >= peer.spoke_at + KEEP_ALIVE:
            torrent.send(peer, KeepAlive())
        torrent.wake(min(peer.spoke_at + KEEP_ALIVE, NEVER if torrent.disk_busy else peer.heard_at + IDLE))
    _want(torrent)
