"""Whom we dial, and how many attempts would make sense.

`WantPeers` tells the fleet how many, whenever that number changes; each `Dial` it grants becomes a `Connect` to the
best candidate. A seed dials too: those who cannot be reached from outside depend on it. With all places taken and
somebody left to dial, a connection that leads nowhere is given up from time to time.
"""

from __future__ import annotations

from typing import Any

from torrentd.swarm.announcing.schedule import NUMWANT
from torrentd.swarm.commands import Connect, WantPeers
from torrentd.swarm.events import ConnectFailed, Dial, OurAddresses, PeersFound
from torrentd.swarm.membership import Membership
from torrentd.swarm.peers import connecting
from torrentd.swarm.state import TorrentState


def peers_found(torrent: Membership[Any], event: PeersFound) -> None:
    """A source named addresses."""
    torrent.candidates.add(event.addresses, event.source, torrent.now, event.narrowest)
    torrent.wake(torrent.now)


def our_addresses(torrent: Membership[Any], event: OurAddresses) -> None:
    """Candidates that are known already keep their places; what is worth more now comes first from here on. Peers are
    told soon."""
    torrent.candidates.ours = {":" in address.host: address for address in event.addresses}
    torrent.wake(torrent.now)


def dial(torrent: Membership[Any], _: Dial) -> None:
    """The fleet grants an attempt."""
    address = torrent.candidates.take(torrent.now) if wants_peers(torrent) else None
    if address is not None:
        torrent.connecting += 1
        torrent.commands.append(Connect(address))
    torrent.wake(torrent.now)


def connect_failed(torrent: Membership[Any], event: ConnectFailed) -> None:
    """An attempt came to nothing."""
    torrent.connecting -= 1
    if event.given_up:
        torrent.candidates.paused(event.address, torrent.now)
    else:
        torrent.candidates.failed(event.address, torrent.now)
    torrent.wake(torrent.now)


def wants_peers(torrent: Membership[Any]) -> bool:
    """Whether another connection would be made, if there was somebody to dial."""
    return _places(torrent) > 0


def wants_addresses(torrent: Membership[Any]) -> bool:
    """Whether a tracker should name some: also with all places taken, since a connection that leads nowhere can make
    room only for somebody who is known."""
    return wants_peers(torrent) or (torrent.running and torrent.candidates.ready(torrent.now) < NUMWANT)


def _places(torrent: Membership[Any]) -> int:
    if not torrent.running:
        return 0
    return torrent.settings.max_connections - len(torrent.peers) - torrent.connecting


def due(torrent: TorrentState) -> None:
    """Make room if it is time to, and tell the fleet how many attempts would make sense, if that changed."""
    if not torrent.finished:
        torrent.candidates.reunite(torrent.now)
    if has_no_place(torrent):
        connecting.make_room(torrent)
    tell(torrent)


def has_no_place(torrent: Membership[Any]) -> bool:
    """Whether all places are taken and somebody is left to dial."""
    full = torrent.running and len(torrent.peers) >= torrent.settings.max_connections
    return full and torrent.candidates.ready(torrent.now) > 0


def tell(torrent: Membership[Any]) -> None:
    """Tell the fleet how many attempts would make sense, if that changed."""
    ready = torrent.candidates.ready(torrent.now)
    count = max(0, min(_places(torrent), ready))
    if count != torrent.wanted_connections:
        torrent.wanted_connections = count
        torrent.commands.append(WantPeers(count))
    if torrent.running and not ready:
        torrent.wake(torrent.candidates.ready_at())
