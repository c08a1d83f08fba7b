"""Who runs dry takes over what waits long at others.

Blocks are promised to peers before it is known how fast they come, and what is rare is promised before others have it.
So a peer that could send more, and for which nothing is free, gets what has been waiting longest elsewhere, if it would
bring that much sooner. Unlike in endgame hardly anything is asked for twice: it is cancelled there first, and asked for
anew when that peer rejects it (BEP 6), or brought by it, if it had left already. Peers that cannot tell, or did so too
late, are not waited for, and then more must be gained.

Who says that its link is free (Suggest, see `uploading.offering`) is believed to be quick unless none of its answers
was, and does not wait for those that have sent nothing yet.

Seeds are relieved first while there is a leech that has the piece: what only they can send is worth more.
"""

from __future__ import annotations

from itertools import islice

from torrentd.model.geometry import BLOCK
from torrentd.policy.picking.requests import Requests
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState

DRY = 0.25
"""Seconds of requests in its queue below which a peer is about to run dry."""

SOONER = 1.5
"""How many times sooner it must be, for both times are estimates."""

MARGIN = 0.1
"""Seconds that it must be sooner at least: a cancel and its answer."""

BLIND_SOONER = 2.0
"""The first with a peer that does not reject what is cancelled, or not in time."""

BLIND_MARGIN = 0.75
"""The second likewise: what is cancelled may be on its way already."""

BEGUN = 1.5
"""Seconds that it must be sooner in addition if it was begun: a third of the blocks of such pieces came nevertheless,
and one in thirty of the others."""

SEED = 10.0
"""Seconds that a seed's queue counts as longer for a leech."""

TRIAL = 1.0
"""Seconds that a piece is taken to need from a peer that sent nothing yet."""

SLOWEST = 1000.0
"""Bytes per second that are expected of those who send nothing."""

LATEST, FIRST = 24, 8
"""Pieces that are looked at of those that a peer was asked for last, and first: what comes last is among the former,
what it began among the latter."""

PATIENCE = 2.0
"""Seconds in which a peer that was asked should have begun to send."""

NEXT = 1.0
"""Seconds in which a peer's next block should follow the last. A single block that a slow link owed, behind what it
sends to others, held a piece up for ten seconds while thirty peers that had it idled."""

FREE = 0.2
"""Seconds for which it counts that a peer's link is free."""

QUICK = 0.5
"""Seconds that something must have to wait at least for such a peer to be sooner: most bring a piece in a part of that.
"""

PER_BLOCK = 0.5
"""What each block takes of its link, of the time of its quickest answer: the rest of that is the way there and back."""

SHORT_PATIENCE = 0.15
"""`PATIENCE` if there is such a peer: who is not sending by then has others to send to first."""

SLACK = 1.5
"""That in terms of the peer's quickest answer, which is more for those far away."""

FRESH = 0.3
"""Seconds that who owed nothing has to begin, at most, whatever its rate is: it is as low as we made it. Without that
the last blocks went from one to the other."""

RECALL = 0.3
"""Seconds in which what was cancelled should be rejected, or here. Then it is asked for elsewhere all the same."""

FORGIVEN = 10.0
"""Seconds after which a peer that did not reject in time is tried again: it may have had much to send."""

LOOK = 0.1
"""Seconds between two looks at those who have nothing to do."""


def find(torrent: TorrentState, requests: Requests, peer: Peer) -> tuple[Peer, int, int] | None:
    """Whose blocks of which piece `peer` should be asked for instead; None if that gains nothing."""
    if torrent.disk_busy or _has_free(requests, peer) or _awaits(torrent, peer):
        return None
    rate = peer.down.rate(torrent.now)
    if peer.queue.count > 1 and peer.queue.count * BLOCK > DRY * rate:
        return None
    free = is_free(torrent, peer)
    found = _waiting_longest(torrent, requests, peer, free)
    if found is None:
        return None
    wait, other, piece = found
    asked = _takeable(torrent, other, piece)
    ours = _needs(peer, peer.queue.count + asked.bit_count(), rate)
    enough = ours * BLIND_SOONER + BLIND_MARGIN if _is_blind(torrent, other) else ours * SOONER + MARGIN
    if free:
        enough = min(enough, max(QUICK, asked.bit_count() * PER_BLOCK * peer.pipeline.quickest))
    return (other, piece, asked) if wait >= enough else None


def _has_free(requests: Requests, peer: Peer) -> bool:
    """Whether the peer may have something that nobody was asked for."""
    return peer.queue.dry != requests.picker.generation or any(piece in peer.have for piece in requests.open)


def is_free(torrent: TorrentState, peer: Peer) -> bool:
    """Whether the peer told that its link is free, and owes us nothing."""
    return torrent.now < peer.free_until and not peer.queue.count


def _is_blind(torrent: TorrentState, other: Peer) -> bool:
    """Whether what is cancelled there is hardly ever rejected before it would be here."""
    return not other.fast or torrent.now < other.rejects_late_until


def may_wait(torrent: TorrentState, other: Peer, peer: Peer) -> bool:
    """Whether `peer` should be asked for what `other` owes only when that was rejected. A slow peer's answer comes
    behind what it is sending. And of those who sent nothing yet little comes after all: a free link need not wait."""
    return not _is_blind(torrent, other) and not (is_free(torrent, peer) and other.down.rate(torrent.now) < SLOWEST)


def not_in_time(torrent: TorrentState, other: Peer) -> None:
    """What was recalled of `other` was neither rejected nor brought when it should have been: it is not waited for
    again for a while."""
    other.rejects_late_until = torrent.now + FORGIVEN


def is_recalled(torrent: TorrentState, other: Peer, piece: int) -> bool:
    """Whether what `other` owes of the piece was cancelled just now, and neither rejected nor brought yet."""
    recall = other.queue.recalled.get(piece)
    return recall is not None and torrent.now < recall.since + RECALL


def _awaits(torrent: TorrentState, peer: Peer) -> bool:
    """Whether something is being recalled for the peer."""
    if peer.awaits is None:
        return False
    key, piece = peer.awaits
    other = torrent.peers.get(key)
    return other is not None and is_recalled(torrent, other, piece)


def _needs(peer: Peer, count: int, rate: float) -> float:
    """Seconds in which the peer would bring so many blocks. If it owes nothing, its rate is as low as we made it; what
    it can do shows in how long an answer took when nothing was before it in its queue."""
    seconds = count * BLOCK / rate if rate > SLOWEST else TRIAL
    if not peer.queue.count and peer.pipeline.latency:
        seconds = min(seconds, count * peer.pipeline.latency)
    return seconds


def is_silent(torrent: TorrentState, peer: Peer) -> bool:
    """Whether the peer should have begun to send what it owes, and has not."""
    return torrent.now >= peer.waiting_since + PATIENCE and peer.down.rate(torrent.now) < SLOWEST


def _waiting_longest(
    torrent: TorrentState, requests: Requests, peer: Peer, free: bool
) -> tuple[float, Peer, int] | None:
    """How long what waits longest elsewhere and `peer`, whose link may be free, could bring will wait, at whom, and of
    which piece it is. Who sent nothing yet is left alone for a while."""
    best: tuple[float, Peer, int] | None = None
    for other in torrent.peers.values():
        count = other.queue.count
        if not count or other is peer:
            continue
        late = _is_late(torrent, other)
        if count == 1 and not late:
            continue  # the first of all may be on its way
        rate, waited = other.down.rate(torrent.now), torrent.now - other.waiting_since
        if waited < _patience(other, free) and (rate < SLOWEST or (other.pipeline.just_asked and waited < FRESH)):
            continue
        each = max(BLOCK / max(SLOWEST, rate), waited if late else 0.0)
        if best is not None and count * each + (SEED if other.is_seed else 0.0) <= best[0]:
            continue  # nothing there waits longer
        found = _last_to_come(torrent, requests, peer, other, each)
        if found is not None and (best is None or found[0] > best[0]):
            best = found[0], other, found[1]
    return best


def _patience(other: Peer, free: bool) -> float:
    """Seconds in which `other`, which was asked, should have begun to send if somebody else is there whose link may be
    free. Nobody is blamed for being far away."""
    return min(PATIENCE, max(SHORT_PATIENCE, SLACK * other.pipeline.quickest)) if free else PATIENCE


def _last_to_come(
    torrent: TorrentState, requests: Requests, peer: Peer, other: Peer, each: float
) -> tuple[float, int] | None:
    """The longest wait for a piece that `other` owes and `peer` could bring, and which; `each` block takes so long.

    What it began to send goes on before the rest, as far as we know: we wait for its own blocks only, and most of them
    would cross a cancel. Of the rest a leech should send last what most peers have, and of that what it was asked for
    last.
    """
    begun: tuple[float, int] | None = None
    rest: list[int] = []
    for piece in _latest_and_first(other.queue.outstanding):
        if not _could_bring(requests, peer, piece) or is_recalled(torrent, other, piece):
            continue
        if other.key not in requests.started[piece].contributors:
            rest.append(piece)
            if other.is_seed:
                break
            continue
        wait = other.queue.outstanding[piece].bit_count() * each - BEGUN
        if begun is None or wait > begun[0]:
            begun = wait, piece
    if not rest:
        return begun
    last = max(rest, key=requests.picker.availability.count)
    return other.queue.count * each + (SEED if other.is_seed and not peer.is_seed else 0.0), last


def _latest_and_first(outstanding: dict[int, int]) -> list[int]:
    """The pieces of a queue, those asked for last first; of a long one only some from either end, for many who idle may
    look at many queues."""
    if len(outstanding) <= LATEST + FIRST:
        return list(reversed(outstanding))
    return [*islice(reversed(outstanding), LATEST), *islice(outstanding, FIRST)]


def _takeable(torrent: TorrentState, other: Peer, piece: int) -> int:
    """Blocks of the piece that `other` was asked for, but for the first of all if it is one of them: unless it is late,
    that may be on its way."""
    asked = other.queue.outstanding[piece]
    if asked.bit_count() == other.queue.count and not _is_late(torrent, other):
        return asked & (asked - 1)
    return asked


def _is_late(torrent: TorrentState, peer: Peer) -> bool:
    """Whether the next block that the peer owes should be here: so it was hardly begun (of those that are taken over
    one in twenty came nevertheless)."""
    return torrent.now >= peer.waiting_since + NEXT


def _could_bring(requests: Requests, peer: Peer, piece: int) -> bool:
    started = requests.started[piece]
    return (
        piece in peer.have
        and piece not in peer.queue.outstanding
        and piece not in peer.queue.late  # it was relieved of it just now
        and started.owner is None
        and not started.layers  # nobody else was asked for it as well
    )
