"""The extension protocol (BEP 10): what we offer under which ids, and what each peer offers under its own.

Our handshake follows that of BEP 3 at once, and comes again when something changed that it said. A later one of a peer
changes what it names; id 0 in `m` switches an extension off. What we offer depends on the torrent (`offers`). Which
function takes the messages of which of our extensions is a table of whoever talks with the peers, see
`conversation.ON_EXTENSION`.

Of what a handshake may hold, `ipv4` and `ipv6` are neither said nor used: a connection to the same peer over its other
address would be closed as its second one.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from torrentd.policy.peers.bans import plain_host
from torrentd.swarm.commands import SeenAt
from torrentd.swarm.membership import Membership, P, Told
from torrentd.swarm.peers import acceptance
from torrentd.swarm.uploading.upload import QUEUE
from torrentd.wire.addresses import ip_text
from torrentd.wire.peer import extensions
from torrentd.wire.peer.extensions import LT_DONTHAVE, UPLOAD_ONLY, UT_PEX, ExtensionHandshake
from torrentd.wire.peer.handshake import has_extensions
from torrentd.wire.peer.messages import Extended
from torrentd.wire.peer.metadata import NAME as UT_METADATA

IDS = {UT_PEX: 1, UT_METADATA: 2, UPLOAD_ONLY: 3, LT_DONTHAVE: 7}
"""Our ids, the same in every torrent; they are libtorrent's, for whoever reads a dump of the traffic."""

NAMES = {id: name for name, id in IDS.items()}


# --- what we say


def greet(torrent: Membership[P], peer: P) -> None:
    """Send our handshake, if the peer speaks the protocol."""
    if not has_extensions(peer.reserved):
        return
    news, before = _news(torrent), peer.told
    withdrawn = [name for name in before.offers if name not in news.offers] if before is not None else []
    peer.told = news
    handshake = ExtensionHandshake(
        m={name: IDS[name] for name in news.offers} | dict.fromkeys(withdrawn, 0),
        client=torrent.settings.client,
        port=torrent.settings.port or None,
        reqq=QUEUE,
        yourip=ip_address(plain_host(peer.address.host)).packed,
        metadata_size=news.metadata_size or None,
        upload_only=news.upload_only,
    )
    torrent.send(peer, Extended(extensions.HANDSHAKE, extensions.encode(handshake)))


def update(torrent: Membership[Any]) -> None:
    """Send it again to whom it told something that is not so any more; haves do not show that we want nothing."""
    news = _news(torrent)
    for peer in torrent.peers.values():
        if peer.told != news:
            greet(torrent, peer)


def _news(torrent: Membership[Any]) -> Told:
    return Told(torrent.offers, torrent.metadata_size, torrent.finished)


def send(torrent: Membership[P], peer: P, name: bytes, payload: bytes) -> bool:
    """Send a message of an extension; False if the peer does not offer it."""
    id = peer.extensions.get(name)
    if id is not None:
        torrent.send(peer, Extended(id, payload))
    return id is not None


# --- what they say


def heard(torrent: Membership[P], peer: P, payload: bytes) -> ExtensionHandshake:
    """A handshake came: take what concerns any connection, and give it back for the rest. ProtocolError as `parse`."""
    handshake = extensions.parse(payload)
    torrent.wake(torrent.now)
    for name, id in handshake.m.items():
        if id and name in IDS:
            peer.extensions[name] = id
        else:
            peer.extensions.pop(name, None)
    if handshake.client:
        peer.client = handshake.client
    if handshake.port is not None:
        acceptance.learn_port(torrent, peer, handshake.port)
    if handshake.yourip:
        torrent.commands.append(SeenAt(ip_text(handshake.yourip), peer.address.host))
    return handshake


def named(torrent: Membership[Any], message: Extended) -> bytes | None:
    """Which of our extensions the message belongs to; None if it is none that we offer."""
    name = NAMES.get(message.id)
    return name if name in torrent.offers else None
