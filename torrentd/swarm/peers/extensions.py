"""The extension protocol (BEP 10): what we offer under which ids, and what each peer offers under its own.

Our handshake follows that of BEP 3 at once, and comes again when something changed that it said. A later one of a peer
changes what it names; id 0 in `m` switches an extension off. What we offer depends on the torrent (`offers`). Which
function takes the messages of which of our extensions is a table of whoever talks with the peers, see
`conversation.ON_EXTENSION`.

`ipv4` and `ipv6` tell where the other side is reached by the other IP family. A second connection to the same peer
would be closed, so that address becomes a candidate when this one is lost; ours is said as soon as somebody told us.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

from torrentd.model.address import scope
from torrentd.policy.peers.hosts import plain_host
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
    if torrent.greeted != _facts(torrent):
        torrent.greeted = None
    news, before = _news(torrent, peer), peer.told
    withdrawn = [name for name in before.offers if name not in news.offers] if before is not None else []
    peer.told = news
    handshake = ExtensionHandshake(
        m={name: IDS[name] for name in news.offers} | dict.fromkeys(withdrawn, 0),
        client=torrent.settings.client,
        port=torrent.settings.port or None,
        reqq=QUEUE,
        yourip=ip_address(plain_host(peer.address.host)).packed,
        ipv4=_packed(news.elsewhere, 4),
        ipv6=_packed(news.elsewhere, 16),
        metadata_size=news.metadata_size or None,
        upload_only=news.upload_only,
        encrypts=torrent.settings.encrypts,
    )
    torrent.send(peer, Extended(extensions.HANDSHAKE, extensions.encode(handshake)))


def update(torrent: Membership[Any]) -> None:
    """Send it again to whom it told something that is not so any more; haves do not show that we want nothing."""
    facts = _facts(torrent)
    if facts == torrent.greeted:
        return
    torrent.greeted = facts
    for peer in torrent.peers.values():
        if peer.told != _news(torrent, peer):
            greet(torrent, peer)


def _facts(torrent: Membership[Any]) -> object:
    """What the news for all peers follow from."""
    return torrent.offers, torrent.metadata_size, torrent.finished, *torrent.candidates.ours.items()


def _news(torrent: Membership[P], peer: P) -> Told:
    return Told(torrent.offers, torrent.metadata_size, torrent.finished, _our_other_host(torrent, peer))


def _our_other_host(torrent: Membership[P], peer: P) -> str:
    """Where we are reached by the family that the peer did not use; empty if that is not known, or the address means
    nothing where the peer is."""
    host = plain_host(peer.address.host)
    ours = torrent.candidates.ours.get(":" not in host)
    return ours.host if ours is not None and scope(ours.host) >= scope(host) else ""


def _packed(host: str, size: int) -> bytes:
    packed = ip_address(host).packed if host else b""
    return packed if len(packed) == size else b""


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
    elsewhere = handshake.ipv4 if ":" in plain_host(peer.address.host) else handshake.ipv6
    if elsewhere:
        peer.elsewhere = ip_text(elsewhere)
    if handshake.yourip:
        torrent.commands.append(SeenAt(ip_text(handshake.yourip), peer.address.host))
    return handshake


def named(torrent: Membership[Any], message: Extended) -> bytes | None:
    """Which of our extensions the message belongs to; None if it is none that we offer."""
    name = NAMES.get(message.id)
    return name if name in torrent.offers else None
