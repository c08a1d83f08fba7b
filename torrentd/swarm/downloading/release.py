"""Requests that will not be answered: the peer chokes us, goes, or lets them time out.

They go back at once and others are asked. A peer that times out falls to one request at a time (see `pipeline`) until
it sends again, so it never holds up more than one block, and in endgame not even that.
"""

from __future__ import annotations

from torrentd.model.errors import ProtocolError
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import Priority
from torrentd.policy.picking.requests import Requests
from torrentd.swarm.downloading import download, takeover
from torrentd.swarm.downloading.download import REQUEST_TIMEOUT
from torrentd.swarm.peers import floods
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import AllowedFast, Choke, Reject, Suggest, Unchoke

FIRST_PAUSE = 0.5
"""Seconds between two refusals of a peer that sends no block meanwhile: it is asked for nothing until then."""

PATIENT = 4
"""Refusals in a row before this is doubled each time. An initial seed, which refuses so as to be asked for something
else, does it once in a second at most."""

LONGEST_PAUSE = 20.0
"""Seconds that it grows to: as long as a request may take."""

ALLOWED = 64
"""Pieces that are remembered of those a peer allows while it chokes us; sets have ten."""

SNUB_TIMEOUTS = 3
"""Time-outs in a row, a minute in all, before we take it that the peer does not want to send (Cohen 2003)."""

UNANSWERED = 1.0
"""Seconds after which a recall that a peer neither rejects nor answers ends: some clients drop what is cancelled
without a word, and who was to be asked instead may have left."""

LEFTOVERS = 32
"""Started pieces that no connected peer has are kept up to this number; then the oldest are given up."""


def choked(torrent: TorrentState, peer: Peer, _: Choke) -> None:
    """The peer answers no requests from now on, nor those that are on their way; with the fast extension it rejects
    these one by one, or answers them after all."""
    floods.spend(peer, floods.CHOKE, torrent.now)
    peer.peer_choking = True
    if not peer.fast:
        _give_back(torrent, peer)


def unchoked(torrent: TorrentState, peer: Peer, _: Unchoke) -> None:
    """The peer answers requests; the first are sent at the end of the read."""
    floods.spend(peer, floods.CHOKE, torrent.now)
    if peer.peer_choking:
        peer.peer_choking = False
        peer.queue.dry = -1
        peer.asked_again_at = peer.refusals = 0
        peer.pipeline.restart(torrent.now)


def rejected(torrent: TorrentState, peer: Peer, message: Reject) -> None:
    """A request will not be answered (BEP 6): others may be asked at the end of the read, and this peer as well.

    What was given up and asked for again is answered twice, and this is the answer to the earlier request: the later
    one stands. Unless the peer has read our cancel, and let that pass without a word.

    A choke explains it, or that we recalled it. Without, the peer is asked for something else, or the same, but not
    twice in half a second, and less and less if no block comes: it would not do to ask and be refused as fast as
    messages travel.
    """
    peer.require_fast()
    queue, piece, asked = peer.queue, message.piece, _asked(torrent, message)
    if queue.rejected_late(piece, asked):
        return
    recalled, in_time = queue.is_recalled(piece, asked), takeover.is_recalled(torrent, peer, piece)
    if torrent.requests is None or not torrent.requests.reject(queue, piece, asked):
        floods.spend(peer, floods.REJECT, torrent.now)
        return
    torrent.given_back[piece] = None
    if recalled:
        if in_time:
            peer.rejects_late_until = torrent.now
    elif peer.peer_choking:
        peer.fast_for_us.pop(message.piece, None)
    elif peer.refused_at != torrent.now:
        peer.refusals += 1
        doublings = min(max(0, peer.refusals - PATIENT), 20)
        peer.asked_again_at = peer.refused_at + min(LONGEST_PAUSE, FIRST_PAUSE * 2.0**doublings)
        peer.refused_at = torrent.now


def _asked(torrent: TorrentState, message: Reject) -> int:
    """The block that is rejected, a set of one; empty if we cannot have asked for that."""
    block, odd = divmod(message.begin, BLOCK)
    if odd or not torrent.geometry.is_range(message.piece, message.begin, message.length):
        return 0
    return 1 << block


def share_rejected(torrent: TorrentState, peer: Peer) -> None:
    """The read with rejects of `peer` is over: first those are asked for whom something was recalled that came back."""
    pieces, torrent.given_back = torrent.given_back, {}
    for other in torrent.peers.values():
        if other.awaits is not None and other.awaits[0] == peer.key and other.awaits[1] in pieces:
            download.top_up(torrent, other)
    download.share_out(torrent, but=peer)
    if torrent.now < peer.asked_again_at:
        torrent.wake(peer.asked_again_at)


def allowed(torrent: TorrentState, peer: Peer, message: AllowedFast) -> None:
    """A piece that may be asked for while the peer chokes us (BEP 6)."""
    _hinted(torrent, peer, message.piece)
    if len(peer.fast_for_us) < ALLOWED:
        peer.fast_for_us[message.piece] = None
        peer.queue.dry = -1


def suggested(torrent: TorrentState, peer: Peer, message: Suggest) -> None:
    """A piece that the peer would like to be asked for (BEP 6): of equally rare ones it is begun first. A leech that
    says so has a free link."""
    _hinted(torrent, peer, message.piece)
    if message.piece in torrent.missing and message.piece in peer.have:
        peer.queue.suggest(message.piece)
    if not peer.is_seed:
        peer.free_until = torrent.now + takeover.FREE


def _hinted(torrent: TorrentState, peer: Peer, piece: int) -> None:
    peer.require_fast()
    floods.spend(peer, floods.HINT, torrent.now)
    if piece >= torrent.geometry.piece_count:
        raise ProtocolError(f"a hint at piece {piece}, where there are {torrent.geometry.piece_count}")


def gone(torrent: TorrentState, peer: Peer) -> None:
    """The peer is not one of `torrent.peers` any more."""
    torrent.given_back = {}  # by its last read, perhaps: now everybody is offered all that it owed
    requests = torrent.requests
    if requests is None:
        return
    requests.picker.availability.left(peer.have)
    requests.picker.shares.changed()
    _give_back(torrent, peer)
    _trim(torrent, requests)


def refused(torrent: TorrentState, peer: Peer, piece: int) -> None:
    """The peer will not send what it was asked for of this piece."""
    requests = torrent.requests
    if requests is not None and piece in peer.queue.outstanding:
        requests.withdraw(peer.queue, piece)
        download.share_out(torrent)


def _give_back(torrent: TorrentState, peer: Peer) -> None:
    """Offer to others what this peer was asked for."""
    if torrent.requests is not None:
        torrent.requests.release(peer.queue)
        download.share_out(torrent)


def _trim(torrent: TorrentState, requests: Requests) -> None:
    """Do not let pieces pile up that were started with peers who left and took them along."""
    count = requests.picker.availability.count
    orphans = [piece for piece, started in requests.open.items() if not started.requested and not count(piece)]
    given_up = orphans[: max(0, len(orphans) - LEFTOVERS)]
    download.discard(torrent, given_up)
    for piece in given_up:
        requests.picker.add(piece, Priority(torrent.piece_priorities[piece]))


# --- time


def due(torrent: TorrentState) -> None:
    """Time-outs, unless it is our disk that holds the blocks up; and what the download limit grants again."""
    if torrent.requests is None:
        return
    _end_recalls(torrent, torrent.requests)
    if not torrent.disk_busy:
        _time_out(torrent)
        _doubt_the_silent(torrent, torrent.requests)
    for peer in torrent.peers.values():
        if torrent.now < peer.asked_again_at:
            torrent.wake(peer.asked_again_at)
        elif not peer.queue.count:
            download.top_up(torrent, peer)
    _end_trials(torrent, torrent.requests)
    if torrent.rationed:
        torrent.rationed = False
        for peer in sorted(torrent.peers.values(), key=lambda peer: peer.spoke_at):
            download.top_up(torrent, peer)


def _end_recalls(torrent: TorrentState, requests: Requests) -> None:
    """What was cancelled and neither rejected nor brought for so long may be asked of anybody, whoever it was for."""
    ended = False
    for peer in torrent.peers.values():
        for piece, recall in list(peer.queue.recalled.items()):
            if torrent.now < recall.since + UNANSWERED:
                torrent.wake(recall.since + UNANSWERED)
                continue
            takeover.not_in_time(torrent, peer)
            requests.withdraw(peer.queue, piece, recall.blocks)
            ended = True
    if ended:
        download.share_out(torrent)


def _time_out(torrent: TorrentState) -> None:
    late = False
    for peer in torrent.peers.values():
        if not peer.queue.count:
            continue
        if torrent.now < peer.waiting_since + REQUEST_TIMEOUT:
            torrent.wake(peer.waiting_since + REQUEST_TIMEOUT)
            continue
        late = True
        peer.timeouts += 1
        peer.snubbed = peer.timeouts >= SNUB_TIMEOUTS
        peer.pipeline.collapse(torrent.now)
        _take_back(torrent, peer)
    if late:
        download.share_out(torrent)


def _doubt_the_silent(torrent: TorrentState, requests: Requests) -> None:
    for peer in torrent.peers.values():
        if peer.queue.count and takeover.is_silent(torrent, peer):
            requests.doubt(peer.queue)


def _take_back(torrent: TorrentState, peer: Peer) -> None:
    """Cancel all that the peer was asked for."""
    assert torrent.requests is not None
    torrent.requests.disown(peer.queue)
    for piece in list(peer.queue.outstanding):
        download.cancel(torrent, peer, piece, torrent.requests.withdraw(peer.queue, piece))


def _end_trials(torrent: TorrentState, requests: Requests) -> None:
    """A piece that one peer should bring alone and has not: anybody may help now."""
    for piece, at in list(torrent.trials.items()):
        if piece not in requests.started:
            del torrent.trials[piece]
        elif torrent.now >= at:
            del torrent.trials[piece]
            requests.started[piece].owner = None
            download.share_out(torrent)
        else:
            torrent.wake(at)


def disk_has_room(torrent: TorrentState) -> None:
    """The disk queue has room again. Peers were not read meanwhile: their silence was ours."""
    for peer in torrent.peers.values():
        peer.waiting_since = torrent.now
        peer.heard_at = peer.useful_at = torrent.now
    torrent.wake(torrent.now)
