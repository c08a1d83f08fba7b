"""Who sent bad data.

A piece with a wrong hash that came from one peer alone is that peer's fault: banned at once. If several had a share,
each gets a strike, the salted digests of the bad copy are kept, and the next copy is fetched from one peer alone. If
that is bad too, its sender is banned; if it is good, each block of the bad copy that differs names its sender: banned,
and the strikes of the others are taken back.

Judgement takes a moment, and a liar among many can spoil piece after piece meanwhile. Who collects `STRIKES` is banned
without waiting for it, provided that it stands out: nobody it shared the piece with has as many. Otherwise a liar would
take an honest peer along that happened to share everything with it. For the same reason nobody has a strike for what a
banned peer had a share in.

A ban covers the owner of the address (see policy.peers.bans) and closes all its connections.
"""

from __future__ import annotations

from torrentd.model.address import Scope, scope
from torrentd.model.ids import PeerKey
from torrentd.policy.peers.hosts import owner
from torrentd.policy.picking import blocks
from torrentd.swarm.commands import Banned
from torrentd.swarm.peers import connecting
from torrentd.swarm.state import FailedCopy, Identity, TorrentState

STRIKES = 3
"""Bad pieces somebody may have had a share in (SAFETY.md)."""

COPIES = 8
"""Failed copies of one piece that are kept as evidence."""


def accuse(torrent: TorrentState, piece: int, digests: list[bytes], contributors: dict[PeerKey, int]) -> None:
    """A copy of `piece` has a wrong hash."""
    senders = [(identity, sent) for key, sent in contributors.items() if (identity := _identity(torrent, key))]
    if len(contributors) == 1:
        for identity, _ in senders:
            ban(torrent, identity, f"sent piece {piece} with a wrong hash")
        return
    with_liar = _has_liar(torrent, senders)
    torrent.suspects.setdefault(piece, []).append(FailedCopy(digests, senders, struck=not with_liar))
    del torrent.suspects[piece][:-COPIES]
    if with_liar:
        return
    strikes = [_strike(torrent, identity) for identity, _ in senders]
    most = max(strikes, default=0)
    if most >= STRIKES and strikes.count(most) == 1:
        ban(torrent, senders[strikes.index(most)][0], f"had a share in {most} pieces with wrong hashes")


def judge(torrent: TorrentState, piece: int, digests: list[bytes] | None) -> None:
    """A copy of `piece` is good: compare the failed ones with it."""
    copies = torrent.suspects.pop(piece, [])
    if digests is None:
        return
    for copy in copies:
        wrong = sum(1 << block for block, digest in enumerate(digests) if copy.digests[block] != digest)
        for identity, sent in copy.senders:
            if sent & wrong:
                first, _ = next(blocks.runs(sent & wrong))
                ban(torrent, identity, f"sent block {first} of piece {piece} wrong")
            elif copy.struck:
                _acquit(torrent, identity)


def ban(torrent: TorrentState, identity: Identity, reason: str) -> None:
    """Talk to that host no more."""
    whom = torrent.bans.ban(identity.address, reason, identity.peer_id)
    torrent.commands.append(Banned(whom, reason))
    torrent.strikes.pop(_who(identity), None)
    for peer in list(torrent.peers.values()):
        if torrent.bans.reason(peer.address, peer.peer_id) is not None:
            connecting.close(torrent, peer, f"banned: {reason}")
    for copies in torrent.suspects.values():
        copies[:] = [_without_strikes(torrent, copy) if _has_liar(torrent, copy.senders) else copy for copy in copies]


def _has_liar(torrent: TorrentState, senders: list[tuple[Identity, int]]) -> bool:
    return any(torrent.bans.reason(identity.address, identity.peer_id) is not None for identity, _ in senders)


def _without_strikes(torrent: TorrentState, copy: FailedCopy) -> FailedCopy:
    if copy.struck:
        for identity, _ in copy.senders:
            _acquit(torrent, identity)
    return copy._replace(struck=False)


def _strike(torrent: TorrentState, identity: Identity) -> int:
    strikes = torrent.strikes[_who(identity)] = torrent.strikes.get(_who(identity), 0) + 1
    return strikes


def _acquit(torrent: TorrentState, identity: Identity) -> None:
    strikes = torrent.strikes.get(_who(identity), 0) - 1
    if strikes > 0:
        torrent.strikes[_who(identity)] = strikes
    else:
        torrent.strikes.pop(_who(identity), None)


def _identity(torrent: TorrentState, key: PeerKey) -> Identity | None:
    peer = torrent.peers.get(key)
    return Identity(peer.address, peer.peer_id) if peer is not None else torrent.departed.get(key)


def _who(identity: Identity) -> object:
    """To whom strikes are counted: whose host it is; on loopback, which everybody shares, the peer id."""
    host = owner(identity.address.host)
    return identity.peer_id if scope(host) == Scope.LOOPBACK else host
