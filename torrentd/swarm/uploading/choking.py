"""Who may ask us: runs the choker, tells the peers.

A full round every `ROUND` seconds while there are peers; between rounds only free slots are filled, at once, and where
the order of serving matters (`sharing`), a slot whose holder asks for nothing is no reason to let our link idle.
"""

from __future__ import annotations

from torrentd.policy.choking import choker, slots
from torrentd.policy.choking.ranking import Candidate
from torrentd.swarm.membership import NEVER
from torrentd.swarm.peers import floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.swarm.uploading import offering, refusing
from torrentd.wire.peer.messages import Choke, Interested, NotInterested, Unchoke

ANSWER = 0.1
"""Seconds in which who may ask should have done so, before one more may because our link idles."""

SPREADING = 2
"""Times the slots, for an initial seed."""


def welcome(torrent: TorrentState, peer: Peer) -> None:
    """A peer told what it has. While we have nothing, as many as have slots may ask as soon as they want something: a
    round trip less for our first pieces, and in a swarm that begins several of them pass until everybody has something
    to give. Slots are taken by those who are interested only."""
    if torrent.sharing is None or torrent.have.count or peer.is_seed:
        return
    if sum(not other.am_choking for other in torrent.peers.values()) < torrent.settings.upload_slots:
        _unchoke(torrent, peer)


def interested(torrent: TorrentState, peer: Peer, _: Interested) -> None:
    """The peer wants blocks; it gets a slot at once if one is free."""
    floods.spend(peer, floods.INTEREST, torrent.now)
    peer.peer_interested = True
    fill(torrent)
    offering.idle(torrent)


def not_interested(torrent: TorrentState, peer: Peer, _: NotInterested) -> None:
    """The peer wants nothing; it keeps its slot in name until the next round, which counts as free."""
    floods.spend(peer, floods.INTEREST, torrent.now)
    peer.peer_interested = False
    fill(torrent)


def fill(torrent: TorrentState) -> None:
    """Give free slots away. Called with every change of interest: of those most find nothing to do, cheaply."""
    most, seeding = _slots(torrent), torrent.finished
    choked = [peer.am_choking for peer in torrent.peers.values() if peer.peer_interested]
    waiting = sum(choked)
    if waiting and len(choked) - waiting < most:
        for key in choker.fill(_candidates(torrent), most, seeding, torrent.now, torrent.rng):
            _unchoke(torrent, torrent.peers[key])
    elif waiting and torrent.sharing is not None:
        idle(torrent)


def got_pieces(torrent: TorrentState) -> None:
    """Pieces came: while a leech has few, each lets one more ask."""
    if torrent.sharing is not None and torrent.have.count <= torrent.settings.upload_slots * slots.MOST:
        fill(torrent)


def idle(torrent: TorrentState) -> None:
    """Let one more ask if none of those who may does, so that our link has nothing to send. The next round ends it."""
    peers = torrent.peers.values()
    if any(peer.serving is not None or peer.requests.count for peer in peers):
        return
    choked = [peer.am_choking for peer in peers if peer.peer_interested]
    if not any(choked):
        return
    if torrent.now >= torrent.spare_at:
        more = choked.count(False) + 1
        for key in choker.fill(_candidates(torrent), more, torrent.finished, torrent.now, torrent.rng):
            _unchoke(torrent, torrent.peers[key])
    torrent.wake(torrent.spare_at)


def due(torrent: TorrentState) -> None:
    """The choking round."""
    if torrent.sharing is not None:
        idle(torrent)
    if not torrent.peers:
        torrent.next_round = NEVER
        torrent.knows_givers = False
        return
    if torrent.now >= torrent.next_round:
        _round(torrent)
    torrent.next_round = min(torrent.next_round, torrent.now + choker.ROUND)
    torrent.wake(torrent.next_round)


def _round(torrent: TorrentState) -> None:
    if torrent.totals.downloaded > torrent.totals_at_start.downloaded:
        torrent.knows_givers = True
    chosen = choker.choose(_candidates(torrent), _slots(torrent), torrent.finished, torrent.now, torrent.rng)
    torrent.next_round = torrent.now + choker.ROUND
    for peer in torrent.peers.values():
        if peer.key in chosen:
            _unchoke(torrent, peer)
        elif not peer.am_choking:
            _choke(torrent, peer)


def _slots(torrent: TorrentState) -> int:
    """An initial seed serves a few at a time anyway, whoever passes on most; so more may ask."""
    configured = torrent.settings.upload_slots
    if torrent.initial_seed:
        return configured * SPREADING
    if torrent.sharing is not None:
        busy = any(peer.requests.count and peer.serving is None for peer in torrent.peers.values())
        return slots.for_leech(
            configured, torrent.have.count, torrent.up_meter.rate(torrent.now), torrent.knows_givers, busy
        )
    return configured


def _choke(torrent: TorrentState, peer: Peer) -> None:
    peer.am_choking = True
    peer.choked_at = torrent.now
    torrent.send(peer, Choke())
    refusing.clear_choked(torrent, peer)


def _unchoke(torrent: TorrentState, peer: Peer) -> None:
    if peer.am_choking:
        peer.am_choking = False
        peer.choked_at = torrent.now
        torrent.spare_at = torrent.now + ANSWER
        peer.sent_before_unchoke = peer.uploaded
        torrent.send(peer, Unchoke())


def _candidates(torrent: TorrentState) -> list[Candidate]:
    return [
        Candidate(
            peer=peer.key,
            interested=peer.peer_interested,
            unchoked=not peer.am_choking,
            since=peer.choked_at,
            connected_at=peer.connected_at,
            rate=peer.down.rate(torrent.now),
            sent=peer.uploaded - peer.sent_before_unchoke,
            snubbed=peer.snubbed,
        )
        for peer in torrent.peers.values()
    ]
