"""Blocks that we ask of peers.

Life of a block: a read ends with one `top_up` of the peer's request queue; `Requests` chooses the blocks, `Ask` sends
them. They come back as runs of blocks (`arrivals`) and go to the disk. A request ends in one of four ways: answered;
overtaken by another peer's copy; given back because the peer chokes us or goes; or timed out (`release`). What is
given back is offered to all other peers at once (`share_out`).

`torrent.requests` exists exactly while we download; `begin` and `end` make and drop it.
"""

from __future__ import annotations

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerId
from torrentd.model.layout import Priority
from torrentd.policy.picking import blocks, piece_sets
from torrentd.policy.picking.picker import Picker
from torrentd.policy.picking.requests import Requests
from torrentd.policy.picking.shares import Shares
from torrentd.policy.sharing.lending import Lending
from torrentd.swarm import rationing
from torrentd.swarm.commands import Ask, Discard, Mark
from torrentd.swarm.downloading import takeover
from torrentd.swarm.peers.peer import Peer
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Cancel, Range

REQUEST_TIMEOUT = 20.0
"""Seconds without a block before what a peer owes us is asked of others."""

TRIAL = 60.0
"""Seconds in which a peer should bring a piece alone; then others may help, or a liar could hold it up for hours."""

SENDS = 2.0
"""Seconds without a block after which a peer does not count as one who sends."""

REFILL = 8
"""The queue is topped up when an eighth of it is free: fast peers get few large writes, slow ones each block."""

FAST_DEPTH = 16
"""Blocks that a peer is asked for at a time while it chokes us: pieces that it allows are a gift."""

# --- beginning and ending


def begin(torrent: TorrentState) -> None:
    """Start to download what is missing, if anything is and nothing forbids it."""
    if torrent.requests is not None or not torrent.running or torrent.storage_failed or torrent.finished:
        return
    picker = Picker(
        torrent.geometry.piece_count,
        torrent.rng,
        verified=torrent.have.count,
        sequential=torrent.sequential,
        shares=Shares(max(torrent.own_ids, default=PeerId(b"")), lambda: rivals(torrent)),
    )
    for peer in torrent.peers.values():
        picker.availability.joined(peer.have)
        peer.queue.dry = -1
    wanted = piece_sets.without(torrent.missing, Bitfield(torrent.geometry.piece_count, torrent.storing))
    picker.fill(torrent.piece_priorities, wanted)
    torrent.sharing = Lending(picker.availability.count)
    torrent.requests = Requests(torrent.geometry, picker, torrent.storing, torrent.suspects)
    share_out(torrent)


def rivals(torrent: TorrentState) -> list[PeerId]:
    """The leeches: they ask seeds for the same as we."""
    return [peer.peer_id for peer in torrent.peers.values() if not peer.is_seed and not peer.upload_only]


def end(torrent: TorrentState) -> None:
    """Stop to download: take everything back, forget what is unfinished."""
    requests = torrent.requests
    if requests is None:
        return
    discard(torrent, list(requests.started))
    torrent.requests = torrent.sharing = None
    torrent.down.leave()
    rationing.pace_all(torrent)


def discard(torrent: TorrentState, pieces: list[int]) -> None:
    """Give up started pieces: cancel their requests, forget their blocks."""
    requests = torrent.requests
    if requests is None or not pieces:
        return
    for piece in pieces:
        for peer in torrent.peers.values():
            cancel(torrent, peer, piece, requests.withdraw(peer.queue, piece))
        started = requests.drop(piece)
        received = torrent.geometry.all_blocks(piece) & ~started.missing
        torrent.totals.wasted += torrent.geometry.blocks_length(piece, received)
    torrent.commands.append(Discard(pieces))


def wanted_again(torrent: TorrentState, piece: int) -> None:
    """A piece that was stored, or verified, has to be fetched (again)."""
    if torrent.requests is None:
        begin(torrent)
    else:
        torrent.requests.picker.add(piece, Priority(torrent.piece_priorities[piece]))
        share_out(torrent)


# --- asking


def top_up(torrent: TorrentState, peer: Peer) -> None:
    """Fill the peer's request queue up to its depth, within the download limit."""
    requests = torrent.requests
    if requests is None or not peer.am_interested or torrent.now < peer.asked_again_at:
        return
    if peer.peer_choking:
        _ask_fast(torrent, requests, peer)
        return
    queue, depth = peer.queue, _depth(torrent, requests, peer)
    before = queue.count
    room = depth - before
    if room * REFILL < depth:
        return
    if rationing.grants_a_block(torrent, peer):
        take_over(torrent, requests, peer)
    if not before:
        torrent.wake(torrent.now + takeover.LOOK)
        if torrent.sequential:
            queue.dry = -1  # those who had what was needed next may have stopped to send
    if not requests.could_ask(queue):
        return
    room = rationing.may_ask(torrent, peer, room)
    if not room:
        return
    _ask_for(torrent, requests, peer, peer.have, room)


def _ask_for(torrent: TorrentState, requests: Requests, peer: Peer, have: Bitfield, room: int) -> None:
    """Ask for up to `room` blocks, which were granted, of what the peer has."""
    queue, before = peer.queue, peer.queue.count
    requests.picker.look(torrent.now)
    ahead = _may_go_ahead(torrent, requests, peer)
    ranges, begun = requests.ask(queue, have, room, ahead)
    rationing.not_asked(torrent, peer, before + room - queue.count)
    if begun:
        torrent.commands.append(Mark(begun))
        _begin_trials(torrent, begun)
    if ranges:
        _ask(torrent, peer, ranges, was_empty=not before)
        rationing.asked(torrent, peer, queue.count - before)
        if requests.endgame_begins():
            share_out(torrent)


def _ask_fast(torrent: TorrentState, requests: Requests, peer: Peer) -> None:
    """The peer chokes us, but may allow some pieces (BEP 6)."""
    room = min(FAST_DEPTH, peer.pipeline.depth) - peer.queue.count
    if not peer.fast_for_us or room <= 0 or not requests.could_ask(peer.queue):
        return
    have = Bitfield(peer.have.size, [piece for piece in peer.fast_for_us if piece in peer.have])
    if have.count and (room := rationing.may_ask(torrent, peer, room)):
        _ask_for(torrent, requests, peer, have, room)


def _depth(torrent: TorrentState, requests: Requests, peer: Peer) -> int:
    """How many blocks the peer should be asked for at a time.

    A seed that sends in the order of asking will send what it was asked for, whatever others bring meanwhile. One that
    chooses, as ours do, does better the more it can choose from.
    """
    depth = peer.pipeline.depth
    if peer.is_seed and peer.queue.sends_in_order:
        picker = requests.picker
        depth = int(min(depth, picker.shares.most(picker.availability.only_seeds()) * torrent.geometry.block_count(0)))
    return depth


def _may_go_ahead(torrent: TorrentState, requests: Requests, peer: Peer) -> bool:
    """Whether it may be asked for that whose turn it is not (see `Picker.next`)."""
    return _nobody_sends_next(torrent, requests, peer) if torrent.sequential else _may_help(torrent, requests, peer)


def _may_help(torrent: TorrentState, requests: Requests, peer: Peer) -> bool:
    """Whether it may be asked for the share of others: not if it is a seed that sends in order and they will soon have
    it; but at any rate if nothing came for as long as its last answer took, for then they are slow."""
    picker = requests.picker
    if not (peer.is_seed and peer.queue.sends_in_order and picker.shares.contested):
        return True
    if torrent.now >= peer.waiting_since + peer.pipeline.latency:
        return True
    return not picker.shares.soon_over(picker.availability.only_seeds(), torrent.now)


def _nobody_sends_next(torrent: TorrentState, requests: Requests, peer: Peer) -> bool:
    """Whether nobody else who sends has what is needed next."""
    near = requests.picker.next_pieces()
    senders = (
        other
        for other in torrent.peers.values()
        if other is not peer and other.queue.count and torrent.now < other.waiting_since + SENDS
    )
    return not any(piece in other.have for other in senders for piece in near)


def take_over(torrent: TorrentState, requests: Requests, peer: Peer) -> None:
    """Make what the peer would bring much sooner than others free to be asked for: now, or when it was rejected."""
    found = takeover.find(torrent, requests, peer)
    if found is None:
        return
    other, piece, asked = found
    was_recalled = piece in other.queue.recalled
    if not was_recalled and takeover.may_wait(torrent, other, peer):
        other.queue.recall(piece, asked, torrent.now)
        peer.awaits = other.key, piece
        torrent.wake(torrent.now + takeover.RECALL)
        cancel(torrent, other, piece, asked)
        return
    if was_recalled:
        takeover.not_in_time(torrent, other)
    cancel(torrent, other, piece, requests.withdraw(other.queue, piece, asked))


def _ask(torrent: TorrentState, peer: Peer, ranges: list[Range], *, was_empty: bool) -> None:
    rationing.pace(torrent, peer)
    torrent.commands.append(Ask(peer.key, ranges))
    peer.spoke_at = torrent.now
    if was_empty:
        peer.pipeline.asked(torrent.now, alone=not peer.queue.late)
        peer.waiting_since = torrent.now
        torrent.wake(torrent.now + REQUEST_TIMEOUT)


def _begin_trials(torrent: TorrentState, begun: list[int]) -> None:
    """Pieces with a bad copy that are fetched from one peer alone now: not for ever."""
    for piece in begun:
        if piece in torrent.suspects:
            torrent.trials[piece] = torrent.now + TRIAL
            torrent.wake(torrent.now + TRIAL)


def share_out(torrent: TorrentState, but: Peer | None = None) -> None:
    """There is something new to ask for: everybody may, those who do not answer at last."""
    if torrent.requests is None:
        return
    for peer in torrent.peers.values():
        if peer.pipeline.depth > 1 and peer is not but:
            top_up(torrent, peer)
    for peer in torrent.peers.values():
        if peer.pipeline.depth <= 1 and peer is not but:
            top_up(torrent, peer)


def cancel(torrent: TorrentState, peer: Peer, piece: int, cancelled: int) -> None:
    """One Cancel per block, as BEP 3 wants it."""
    messages = [
        Cancel(piece, block * BLOCK, torrent.geometry.block_length(piece, block))
        for first, count in blocks.runs(cancelled)
        for block in range(first, first + count)
    ]
    if messages:
        torrent.send(peer, *messages)
