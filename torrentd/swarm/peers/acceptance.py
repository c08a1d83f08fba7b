"""Which of those who are connected may stay: not ourselves, not the banned, nobody twice, and no more than fit."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from torrentd.model.address import Address, scope
from torrentd.swarm.commands import Close, NodeKnown
from torrentd.swarm.events import PeerConnected
from torrentd.swarm.membership import ClosedPeer, Link, Membership, P
from torrentd.wire.peer.handshake import has_dht
from torrentd.wire.peer.messages import Port

SIMULTANEOUS = 10.0
"""Seconds within which two connections between the same two count as dialled by both at the same time."""


def accepted(
    torrent: Membership[P],
    event: PeerConnected,
    close: Callable[[Any, P, str], None],
    make_room: Callable[[Any, Address], bool],
) -> bool:
    """A handshake is done: whether the peer may stay. If not, it is closed here. `close` is for another connection to
    the same peer that has to go for this one; `make_room`: whether there is a place after all for who is there."""
    torrent.wake(torrent.now)
    if not event.incoming:
        torrent.connecting -= 1
        torrent.candidates.connected(event.address, dialled=True)
    reason = _refusal(torrent, event, close, make_room)
    if reason is None:
        return True
    torrent.commands.append(Close(event.peer, reason))
    torrent.closed_peers.append(ClosedPeer(event.address, reason, torrent.now))
    if not event.incoming:
        torrent.candidates.closed(event.address, torrent.now, useful=False)
    return False


def leave(torrent: Membership[P], addresses: Collection[Address], close: Callable[[Any, P, str], None]) -> None:
    """The user does not want who is connected from or listens at these addresses; they are forgotten."""
    for peer in list(torrent.peers.values()):
        if peer.address in addresses or peer.listens in addresses:
            close(torrent, peer, "removed by the user")
            if peer.listens is not None:
                torrent.candidates.forget(peer.listens)
    for address in addresses:
        torrent.candidates.forget(address)
    torrent.wake(torrent.now)


def _refusal(
    torrent: Membership[P],
    event: PeerConnected,
    close: Callable[[Any, P, str], None],
    make_room: Callable[[Any, Address], bool],
) -> str | None:
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
    if len(torrent.peers) >= torrent.settings.max_connections and not make_room(torrent, event.address):
        return "too many connections"
    return None


def _replaces(torrent: Membership[Any], event: PeerConnected, twin: Link) -> bool:
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


def tell_node(torrent: Membership[P], peer: P) -> None:
    """Tell the peer where our DHT node is, if both of us have one (BEP 5)."""
    if torrent.settings.dht_port and has_dht(peer.reserved):
        torrent.send(peer, Port(torrent.settings.dht_port))


def learn_node(torrent: Membership[P], peer: P, port: int) -> None:
    """A peer tells where its DHT node is."""
    if torrent.settings.dht_port and port:
        torrent.commands.append(NodeKnown(peer.address._replace(port=port)))


def try_elsewhere(torrent: Membership[P], peer: P) -> None:
    """The connection was lost: the peer may be reached by the other IP family, as it said (BEP 10). It is believed as
    little as what peers say of others."""
    if peer.elsewhere and peer.listens is not None:
        there = peer.listens._replace(host=peer.elsewhere)
        torrent.candidates.add([there], "pex", torrent.now, scope(peer.address.host))


def learn_port(torrent: Membership[P], peer: P, port: int) -> None:
    """An incoming peer tells where it listens: that address need not be dialled while it is connected."""
    if peer.listens is None:
        peer.listens = peer.address._replace(port=port)
        torrent.candidates.connected(peer.listens, dialled=False)
        torrent.contacts_version += 1
