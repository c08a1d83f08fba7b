"""Who runs dry takes over what waits long at others.

Blocks are promised to peers before it is known how fast they come, and what is rare is promised before others have it.
So a peer that could send more, and for which nothing is free, gets what has been waiting longest elsewhere, if it would
bring that much sooner: it is cancelled there. Unlike in endgame nothing is asked for twice.

Seeds are relieved first while there is a leech that has the piece: what only they can send is worth more.
"""

from __future__ import annotations

from torrentd.model.geometry import BLOCK
from torrentd.policy.picking.requests import Requests
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState

DRY = 0.5
"""Seconds of requests in its queue below which a peer is about to run dry."""

SOONER = 2.0
"""How many times sooner it must be, for both times are estimates."""

MARGIN = 1.0
"""Seconds that it must be sooner at least: what is cancelled may be on its way already."""

SEED = 10.0
"""Seconds that a seed's queue counts as longer for a leech."""

TRIAL = 1.0
"""Seconds that a piece is taken to need from a peer that sent nothing yet."""

SLOWEST = 1000.0
"""Bytes per second that are expected of those who send nothing."""

PATIENCE = 2.0
"""Seconds in which a peer that was asked should have begun to send."""

LOOK = 0.25
"""Seconds between two looks at those who have nothing to do."""


def find(torrent: TorrentState, requests: Requests, peer: Peer) -> tuple[Peer, int, int] | None:
    """Whose blocks of which piece `peer` should be asked for instead; None if that gains nothing."""
    if torrent.disk_busy or requests.open or peer.queue.dry != requests.picker.generation:
        return None
    rate = peer.down.rate(torrent.now)
    if peer.queue.count > 1 and peer.queue.count * BLOCK > DRY * rate:
        return None
    found = _waiting_longest(torrent, requests, peer)
    if found is None:
        return None
    wait, other, piece = found
    asked = _takeable(other, piece)
    ours = (peer.queue.count + asked.bit_count()) * BLOCK / rate if rate > SLOWEST else TRIAL
    return (other, piece, asked) if wait >= ours * SOONER + MARGIN else None


def _waiting_longest(torrent: TorrentState, requests: Requests, peer: Peer) -> tuple[float, Peer, int] | None:
    """The longest queue from which `peer` could take something, and the last piece in it that it could."""
    best: tuple[float, Peer, int] | None = None
    for other in torrent.peers.values():
        if other is peer or other.queue.count < 2:
            continue  # the first of all may be on its way
        rate = other.down.rate(torrent.now)
        if rate < SLOWEST and torrent.now < other.waiting_since + PATIENCE:
            continue
        wait = other.queue.count * BLOCK / max(SLOWEST, rate)
        if other.is_seed and not peer.is_seed:
            wait += SEED
        if best is not None and wait <= best[0]:
            continue
        piece = next((one for one in reversed(other.queue.outstanding) if _could_bring(requests, peer, one)), None)
        if piece is not None:
            best = wait, other, piece
    return best


def _takeable(other: Peer, piece: int) -> int:
    """Blocks of the piece that `other` was asked for, but for the first of all if it is one of them: that may be on its
    way."""
    asked = other.queue.outstanding[piece]
    return asked & (asked - 1) if asked.bit_count() == other.queue.count else asked


def _could_bring(requests: Requests, peer: Peer, piece: int) -> bool:
    started = requests.started[piece]
    return (
        piece in peer.have
        and piece not in peer.queue.outstanding
        and started.owner is None
        and not started.layers  # nobody else was asked for it as well
    )
