"""A leech whose link idles says so (Suggest, BEP 6) to those who lack what it has.

Blocks are promised to whoever has a piece first. In a young swarm that is a few peers, and what they owe waits for
seconds, while those who got the same pieces a little later have nothing to send: nobody asks twice, and nobody sees
that their links are free. Who is told takes over what waits elsewhere (see `downloading.takeover`). To others it is an
ordinary suggestion, and who does not follow it gets fewer and fewer.
"""

from __future__ import annotations

from torrentd.policy.picking import piece_sets
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import sharing
from torrentd.wire.peer.messages import Suggest

AT_A_TIME = 6
"""Peers that are told at a time: not all of them have something to ask for."""

FEW = 1
"""Peers being served, while nobody waits, that do not make a link busy: before the last one is done, who is told now
may have asked."""

LOOK = 0.05
"""Seconds between two looks while the link idles."""

FIRST_PAUSE = 0.1
"""Seconds until who was told, and asked for something, is told again; without that it is doubled each time."""

LONGEST_PAUSE = 16.0
"""Seconds that it grows to."""

MANY = 50
"""Times that a peer is told at once, at most, and once more for each second that it is connected: others, and we, may
take more than that for a flood."""

LOOKED_AT = 8
"""Pieces among which the rarest is suggested; which one it is matters little."""


def idle(torrent: TorrentState, *, news: bool = False) -> None:
    """Our link may have nothing to send, or hardly anything: tell those who may ask. `news`: we have just got a piece,
    and whether they are interested in it they cannot have told yet."""
    if torrent.sharing is None or torrent.requests is None or not torrent.have.count:
        return
    peers = torrent.peers.values()
    if sharing.places_taken(torrent) > FEW or any(peer.requests.count for peer in peers):
        return
    able = [peer for peer in peers if _may_be_told(torrent, peer, news)]
    if not able:
        return
    if torrent.now >= torrent.offers_at:
        torrent.offers_at = torrent.now + LOOK
        due = [peer for peer in able if torrent.now >= _told_again_at(peer)]
        for peer in sorted(due, key=lambda peer: (peer.offered_at, peer.have.count))[:AT_A_TIME]:
            _tell(torrent, peer)
    torrent.wake(max(torrent.offers_at, min(map(_told_again_at, able))))


def _may_be_told(torrent: TorrentState, peer: Peer, news: bool) -> bool:
    return (
        peer.fast
        and (news or peer.peer_interested)
        and not peer.am_choking
        and peer.serving is None
        and peer.offers < MANY + torrent.now - peer.connected_at
    )


def _told_again_at(peer: Peer) -> float:
    return peer.offered_at + peer.offer_pause


def _tell(torrent: TorrentState, peer: Peer) -> None:
    """Suggest the rarest of some pieces that it lacks."""
    assert torrent.requests is not None
    peer.offered_at = torrent.now
    peer.offer_pause = min(2 * max(peer.offer_pause, FIRST_PAUSE), LONGEST_PAUSE)
    lacks = piece_sets.without(torrent.have, peer.have)
    if lacks.count:
        some = piece_sets.some_common(lacks, torrent.have, LOOKED_AT)
        peer.offers += 1
        torrent.send(peer, Suggest(min(some, key=torrent.requests.picker.availability.count)))


def asked(peer: Peer) -> None:
    """The peer asks for something: it may be told again soon."""
    peer.offer_pause = FIRST_PAUSE
