"""Peers come and go while the metadata is fetched. Who has none stays, for it may get some, until a place is wanted."""

from __future__ import annotations

from torrentd.policy.peers.turnover import Link
from torrentd.swarm.commands import Close
from torrentd.swarm.events import MakeRoom, PeerClosed, PeerConnected, PeersUnwanted
from torrentd.swarm.fetching.peer import Peer
from torrentd.swarm.fetching.state import FetchingState
from torrentd.swarm.membership import ClosedPeer
from torrentd.swarm.peers import acceptance, dialling, extensions
from torrentd.swarm.peers.acceptance import accepted
from torrentd.wire.peer.clients import client_name
from torrentd.wire.peer.messages import KeepAlive

IDLE = 120.0
"""Seconds without a message before a peer counts as dead."""

KEEP_ALIVE = 100.0
"""Seconds of our own silence before we send one."""

USELESS = 30.0
"""Seconds without metadata after which a connection makes room for somebody who waits."""

NEVER = float("inf")


def peer_connected(fetching: FetchingState, event: PeerConnected) -> None:
    """A handshake is done: refuse the peer, or greet it."""
    if not accepted(fetching, event, close, lambda *_: make_room(fetching)):
        return
    peer = Peer(
        key=event.peer,
        address=event.address,
        incoming=event.incoming,
        peer_id=event.peer_id,
        reserved=event.reserved,
        connected_at=fetching.now,
        client=client_name(event.peer_id),
        source="incoming" if event.incoming else fetching.candidates.source(event.address),
        listens=None if event.incoming else event.address,
        useful_at=fetching.now,
        heard_at=fetching.now,
        spoke_at=fetching.now,
    )
    fetching.peers[peer.key] = peer
    extensions.greet(fetching, peer)
    acceptance.tell_node(fetching, peer)


def close(fetching: FetchingState, peer: Peer, reason: str, *, useful: bool = True) -> None:
    """Close the connection and forget the peer. One that was not `useful` is made again after all others."""
    fetching.commands.append(Close(peer.key, reason))
    _forget(fetching, peer, reason, useful=useful)


def close_all(fetching: FetchingState, reason: str) -> None:
    """Close every connection, for the torrent is paused."""
    for peer in list(fetching.peers.values()):
        fetching.commands.append(Close(peer.key, reason))
        _forget(fetching, peer, reason, paused=True)


def peer_closed(fetching: FetchingState, event: PeerClosed) -> None:
    """The connection ended; if we closed it ourselves, the peer is forgotten already."""
    peer = fetching.peers.get(event.peer)
    if peer is not None:
        _forget(fetching, peer, event.reason)
        acceptance.try_elsewhere(fetching, peer)


def peers_unwanted(fetching: FetchingState, event: PeersUnwanted) -> None:
    """The user removed peers."""
    acceptance.leave(fetching, event.addresses, close)


def _forget(fetching: FetchingState, peer: Peer, reason: str, *, useful: bool = True, paused: bool = False) -> None:
    del fetching.peers[peer.key]
    fetching.download.lost(peer.key)
    fetching.closed_peers.append(ClosedPeer(peer.address, reason, fetching.now))
    fetching.wake(fetching.now)
    if peer.listens is None:
        return
    if paused:
        fetching.candidates.paused(peer.listens, fetching.now)
    else:
        fetching.candidates.closed(peer.listens, fetching.now, useful)


def make_room(fetching: FetchingState) -> bool:
    """Somebody else is there, and no place: give up the connection that was of no use for the longest time, if that is
    long enough."""
    if not fetching.peers:
        return False
    idlest = min(fetching.peers.values(), key=lambda peer: peer.useful_at)
    if idlest.useful_at + USELESS > fetching.now:
        fetching.wake(idlest.useful_at + USELESS)
        return False
    close(fetching, idlest, "of no use while others wait", useful=False)
    return True


def room_wanted(fetching: FetchingState, event: MakeRoom) -> None:
    """The daemon has no place for somebody of another torrent, or of this one."""
    if event.peer is None:
        make_room(fetching)
    elif event.peer in fetching.peers:
        close(fetching, fetching.peers[event.peer], "somebody else takes its place", useful=False)


def expendable(fetching: FetchingState, now: float) -> Link | None:
    """See `Membership.expendable`."""
    idlest = min(fetching.peers.values(), key=lambda peer: peer.useful_at, default=None)
    if idlest is None or idlest.useful_at + USELESS > now:
        return None
    return Link(idlest.key, wanted=False, useful_at=idlest.useful_at)


def due(fetching: FetchingState) -> None:
    """Who is silent too long, who hears nothing from us, and who makes room."""
    extensions.update(fetching)
    for peer in list(fetching.peers.values()):
        if fetching.now >= peer.heard_at + IDLE:
            close(fetching, peer, f"silent for {IDLE:.0f} seconds")
            acceptance.try_elsewhere(fetching, peer)
            continue
        if fetching.now >= peer.spoke_at + KEEP_ALIVE:
            fetching.send(peer, KeepAlive())
        fetching.wake(min(peer.spoke_at + KEEP_ALIVE, peer.heard_at + IDLE))
    if dialling.has_no_place(fetching):
        make_room(fetching)
    dialling.tell(fetching)
