"""Peer exchange (BEP 11): peers tell each other whom they are connected to.

We name those whose port we know, to those for whom the address means something: nobody on the Internet is told of a
peer in a private network. What a peer names is believed under the same rule, as candidates of the least trusted source;
whom it dropped, and nobody else named, is dialled after others. Private torrents have none of this. While metadata is
fetched we listen only.
"""

from __future__ import annotations

from torrentd.model.address import Address, scope
from torrentd.swarm.membership import Membership, P
from torrentd.swarm.peers import extensions, floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer import pex
from torrentd.wire.peer.extensions import UT_PEX
from torrentd.wire.peer.pex import ENCRYPTS, MOST, REACHABLE, SEED, Contact, PexMessage


def received(torrent: Membership[P], peer: P, payload: bytes) -> None:
    """The peer names others; of no use to a seed are seeds. ProtocolError: a flood, or no message of this kind."""
    floods.spend(peer, floods.PEX, torrent.now)
    message = pex.parse(payload)
    named = [contact.address for contact in message.added if not (torrent.finished and contact.flags & SEED)]
    torrent.candidates.add(named, "pex", torrent.now, scope(peer.address.host))
    torrent.candidates.dropped(message.dropped, torrent.now)
    torrent.wake(torrent.now)


def due(torrent: TorrentState) -> None:
    """Tell those who want to know and have not been told."""
    if UT_PEX not in torrent.offers:
        return
    for peer in torrent.peers.values():
        if UT_PEX not in peer.extensions:
            continue
        at = peer.exchange.news_at(torrent.contacts_version, torrent.now)
        if torrent.now >= at:
            _tell(torrent, peer)
            at = peer.exchange.news_at(torrent.contacts_version, torrent.now)
        torrent.wake(at)


def _tell(torrent: TorrentState, peer: Peer) -> None:
    contacts = _contacts(torrent, peer)
    added, dropped = peer.exchange.take(contacts, torrent.contacts_version, MOST, torrent.now)
    if added or dropped:
        message = PexMessage([Contact(*contact) for contact in added.items()], dropped)
        extensions.send(torrent, peer, UT_PEX, pex.encode(message))


def _contacts(torrent: TorrentState, to: Peer) -> dict[Address, int]:
    """Whom we could name to a peer, and what we know of them."""
    narrowest = scope(to.address.host)
    return {
        peer.listens: SEED * (peer.is_seed or peer.upload_only)
        | REACHABLE * (not peer.incoming)
        | ENCRYPTS * peer.encrypts
        for peer in torrent.peers.values()
        if peer is not to and peer.listens is not None and scope(peer.listens.host) >= narrowest
    }
