"""What is taken over from a peer that rejects what is cancelled (BEP 6) is asked for elsewhere when it did."""

from __future__ import annotations

import pytest

from tests.swarm.downloading.scripts import BLOCKS, PIECES, cancelled, here
from tests.swarm.evaluator import FAST, arrives, asked, commands, has, layout, make, run, run_of, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.model.layout import Priority
from torrentd.swarm.commands import Store
from torrentd.swarm.downloading.download import REQUEST_TIMEOUT
from torrentd.swarm.downloading.release import UNANSWERED
from torrentd.swarm.downloading.takeover import FORGIVEN, LOOK, RECALL, may_wait
from torrentd.swarm.events import Event, PeerClosed, SetPriorities, Start
from torrentd.swarm.peers import floods
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Cancel, Choke, Have, Range, Reject


def _rejects(piece: int) -> Event:
    return _rejected(piece, *range(BLOCKS))


def _rejected(piece: int, *some: int) -> Event:
    return says(1, *(Reject(piece, block * BLOCK, BLOCK) for block in some))


def _recall(torrent: TorrentState, *pieces: int, of: int = PIECES) -> float:
    """The first sends a block after a while; when the second, which has `pieces`, was to be asked instead."""
    sends = (0.3, says(1, run_of(0)))
    both = [*here(1, 0, 1, 2, 3, of=of, reserved=FAST), *here(2, *pieces, of=of, reserved=FAST)]
    log = run(torrent, (0, Start()), *both, sends, until=0.5)
    assert cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
    assert asked(log, 2) == [] and 3 in torrent.peers[PeerKey(1)].queue.outstanding
    return next(at for at, command in log if any(isinstance(one, Cancel) for one in sent([(at, command)], 1)))


def test_what_is_cancelled_is_asked_for_elsewhere_when_it_was_rejected() -> None:
    torrent = make(PIECES, BLOCKS)
    _recall(torrent, 3)
    log = run(torrent, (0.51, _rejects(3)), until=0.51)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]
    first = torrent.peers[PeerKey(1)]
    assert 3 not in first.queue.outstanding and not first.queue.recalled and not first.refusals


def test_rejects_in_several_reads_are_answers_to_the_recall_all_of_them() -> None:
    torrent = make(PIECES, BLOCKS)
    _recall(torrent, 3)
    log = run(torrent, (0.51, _rejected(3, 0, 1)), (0.52, _rejected(3, 2)), (0.53, _rejected(3, 3)), until=0.55)
    assert asked(log, 2) == [(3, 0, 2 * BLOCK), (3, 2 * BLOCK, BLOCK), (3, 3 * BLOCK, BLOCK)]
    assert torrent.peers[PeerKey(1)].refusals == 0


def test_rejects_that_come_when_somebody_else_was_asked_are_no_refusals() -> None:
    torrent = make(PIECES, BLOCKS)
    since = _recall(torrent, 2, 3)
    run(torrent, until=since + RECALL + LOOK)
    run(torrent, (since + RECALL + LOOK + 0.01, _rejects(3)), until=since + RECALL + LOOK + 0.02)
    first = torrent.peers[PeerKey(1)]
    assert first.refusals == 0 and first.asked_again_at <= torrent.now and not first.queue.late


def _recall_all_but_the_next(torrent: TorrentState) -> float:
    """The first sends two blocks of the only piece, and then a second peer that has it arrives; when it was recalled
    for that one."""
    sends = [(0.1, says(1, run_of(0))), (0.8, says(1, run_of(0, 1)))]
    other = here(2, 0, of=1, at=1.5, reserved=FAST)
    log = run(torrent, (0, Start()), *here(1, 0, of=1, reserved=FAST), *sends, *other, until=1.5 + LOOK)
    assert cancelled(log, 1) == [(0, block) for block in range(3, 16)]
    assert asked(log, 2) == []
    return torrent.now


def test_the_next_block_that_a_recall_left_alone_is_cancelled_once_it_is_late() -> None:
    torrent = make(1, 16)
    since = _recall_all_but_the_next(torrent)
    log = run(torrent, until=since + RECALL + LOOK)
    assert cancelled(log, 1) == [(0, 2)]
    assert asked(log, 2) == [(0, 2 * BLOCK, 14 * BLOCK)]


def test_a_recall_that_ends_unanswered_leaves_the_next_block_where_it_is() -> None:
    torrent = make(1, 16)
    since = _recall_all_but_the_next(torrent)
    log = run(torrent, (since + 0.01, PeerClosed(PeerKey(2), "")), until=since + UNANSWERED + 0.01)
    assert asked(log, 1) == [(0, 3 * BLOCK, 13 * BLOCK)]
    assert cancelled(log, 1) == []
    assert torrent.peers[PeerKey(1)].queue.outstanding[0] & 0b100


def test_nothing_is_left_of_a_read_that_ends_the_connection() -> None:
    torrent = make(PIECES, BLOCKS)
    _recall(torrent, 3)
    log = run(torrent, (0.51, says(1, Reject(3, 0, BLOCK), Have(PIECES))), until=0.52)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)] and not torrent.given_back


def test_what_is_brought_after_all_is_not_asked_for_elsewhere() -> None:
    torrent = make(PIECES, BLOCKS)
    _recall(torrent, 3)
    log = run(torrent, (0.51, says(1, *(run_of(3, block) for block in range(BLOCKS)))), until=0.9)
    assert asked(log, 2) == [] and torrent.totals.wasted == 0


def test_who_does_not_reject_in_time_is_not_waited_for_again() -> None:
    torrent = make(PIECES, BLOCKS)
    since = _recall(torrent, 2, 3)
    log = run(torrent, until=since + RECALL + LOOK)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)] and cancelled(log, 1) == []  # it was told once
    assert torrent.peers[PeerKey(1)].rejects_late_until > torrent.now


def test_what_is_not_rejected_is_free_again_though_the_one_for_whom_it_was_recalled_left() -> None:
    torrent = make(PIECES, BLOCKS)
    since = _recall(torrent, 3)
    brings = [(since + 0.2 * turn, says(1, run_of(0, turn))) for turn in (1, 2, 3)]
    run(torrent, (0.51, PeerClosed(PeerKey(2), "")), *brings, until=since + UNANSWERED - 0.01)
    assert 3 in torrent.peers[PeerKey(1)].queue.outstanding
    log = run(torrent, until=since + UNANSWERED + 0.01)
    assert asked(log, 1) == [(3, 0, BLOCKS * BLOCK)]
    assert not torrent.peers[PeerKey(1)].queue.recalled


def test_a_peer_that_rejected_late_is_waited_for_again_after_a_while() -> None:
    torrent = make(PIECES, BLOCKS)
    since = _recall(torrent, 2, 3)
    run(torrent, until=since + RECALL + LOOK)
    first, second = torrent.peers[PeerKey(1)], torrent.peers[PeerKey(2)]
    assert not may_wait(torrent, first, second)
    torrent.now = since + RECALL + 9.9
    assert not may_wait(torrent, first, second)
    torrent.now = since + RECALL + LOOK + 10.1
    assert may_wait(torrent, first, second)


def test_who_rejected_nothing_is_not_waited_for_either_though_the_one_for_whom_it_was_recalled_left() -> None:
    torrent = make(PIECES, BLOCKS)
    since = _recall(torrent, 3)
    first, second = torrent.peers[PeerKey(1)], torrent.peers[PeerKey(2)]
    run(torrent, (0.51, PeerClosed(PeerKey(2), "")), until=since + UNANSWERED)
    assert torrent.now == since + UNANSWERED and not first.queue.recalled
    torrent.now += FORGIVEN - 0.1
    assert not may_wait(torrent, first, second)
    torrent.now += 0.1
    assert may_wait(torrent, first, second)


def test_who_rejects_in_time_again_is_waited_for_again_at_once() -> None:
    torrent = make(PIECES, BLOCKS)
    _recall(torrent, 3)
    first, second = torrent.peers[PeerKey(1)], torrent.peers[PeerKey(2)]
    first.rejects_late_until = 9.0
    run(torrent, (0.51, _rejects(3)), until=0.51)
    assert may_wait(torrent, first, second)


def test_first_those_are_asked_for_whom_that_was_recalled_which_came_back() -> None:
    """The second awaits what the first owes of the last piece, the third what it owes of another."""
    torrent = make(6, BLOCKS)
    first = here(1, 0, 1, 2, 3, of=6, reserved=FAST)
    seen = [(0.0, arrives(key)) for key in (4, 5)] + [(0.0, says(key, has(6, 3))) for key in (4, 5)]
    both = [*here(2, 2, 3, of=6, reserved=FAST), *here(3, 2, of=6, reserved=FAST)]
    run(torrent, (0, Start()), *first, *seen, *both, (0.4, says(1, run_of(0))), until=0.55)
    assert [torrent.peers[PeerKey(key)].awaits for key in (2, 3)] == [(1, 3), (1, 2)]
    log = run(torrent, (0.56, _rejects(2)), until=0.56)
    assert (asked(log, 2), asked(log, 3)) == ([], [(2, 0, BLOCKS * BLOCK)])


def test_what_was_recalled_is_not_cancelled_again_when_the_peer_times_out() -> None:
    """There is no endgame: the third, which chokes us, has a piece that nobody was asked for."""
    torrent = make(PIECES + 1, BLOCKS)
    first = [*here(1, 0, 1, 2, 3, of=5, reserved=FAST), (0.3, says(1, run_of(0)))]
    third = [(0, arrives(3)), (0, says(3, has(5, 4)))]
    second = [
        *here(2, 3, of=5, at=REQUEST_TIMEOUT - 0.4, reserved=FAST),
        (REQUEST_TIMEOUT - 0.2, PeerClosed(PeerKey(2), "")),
    ]
    log = run(torrent, (0, Start()), *first, *third, *second, until=REQUEST_TIMEOUT)
    assert cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
    log = run(torrent, until=REQUEST_TIMEOUT + 0.3)
    assert torrent.peers[PeerKey(1)].timeouts == 1
    assert cancelled(log, 1) == [
        (0, 1),
        (0, 2),
        (0, 3),
        *((piece, block) for piece in (1, 2) for block in range(BLOCKS)),
    ]


def test_what_was_recalled_is_not_cancelled_again_when_it_is_not_wanted_any_more() -> None:
    torrent = make(PIECES, BLOCKS, files=layout(*[BLOCKS * BLOCK] * PIECES))
    _recall(torrent, 3)
    log = run(torrent, (0.51, SetPriorities([Priority.NORMAL, Priority.NORMAL, Priority.SKIP, Priority.SKIP])))
    assert cancelled(log, 1) == [(2, block) for block in range(BLOCKS)]


def test_what_was_recalled_is_not_cancelled_again_when_somebody_else_brings_it() -> None:
    """The third was asked for it before, choked us then, and sends a block of it nevertheless."""
    torrent = make(PIECES, BLOCKS)
    run(torrent, (0, Start()), *here(3, 3), *here(1, 0, 1, 2, reserved=FAST), until=0.01)
    run(torrent, (0.02, says(1, Have(3))), (0.03, says(3, Choke())), until=0.05)
    assert torrent.peers[PeerKey(1)].queue.outstanding[3] == 0b1111
    log = run(torrent, *here(2, 3, at=0.1, reserved=FAST), (0.3, says(1, run_of(0))), until=0.5)
    assert cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
    log = run(torrent, (0.51, says(3, run_of(3))), until=0.51)
    assert cancelled(log, 1) == [] and torrent.peers[PeerKey(1)].queue.outstanding[3] == 0b1110
    assert torrent.totals.wasted == 0


def _asked_again_after_an_unanswered_recall(torrent: TorrentState) -> None:
    """The last piece was recalled of the first for the second, which left. After that the first is asked for a piece
    that it got meanwhile."""
    since = _recall(torrent, 3, of=5)
    log = run(torrent, (0.51, PeerClosed(PeerKey(2), "")), until=since + UNANSWERED)
    assert asked(log, 1) == [(3, 0, BLOCKS * BLOCK)]
    assert asked(run(torrent, (2.0, says(1, run_of(0, 1), Have(4)))), 1) == [(4, 0, BLOCKS * BLOCK)]


@pytest.mark.parametrize(("brings", "asked_once_more"), [((0, 2), []), ((4, 0), [(3, 0, BLOCK)])])
def test_a_reject_is_of_what_was_asked_again_once_the_peer_has_read_the_cancel(
    brings: tuple[int, int], asked_once_more: list[Range]
) -> None:
    """It has when it sends what it was asked for after that."""
    torrent = make(5, BLOCKS)
    _asked_again_after_an_unanswered_recall(torrent)
    run(torrent, (2.1, says(1, run_of(*brings))), until=2.1)
    assert asked(run(torrent, (2.2, _rejected(3, 0))), 1) == asked_once_more


def test_what_is_sent_in_spite_of_a_cancel_that_was_read_is_no_offence() -> None:
    """The reject was of the earlier request after all, and the block answers the later one."""
    torrent = make(5, BLOCKS)
    _asked_again_after_an_unanswered_recall(torrent)
    log = run(torrent, (2.1, says(1, run_of(4))), (2.2, _rejected(3, 0)), (2.21, says(1, run_of(3))), until=2.21)
    assert [(store.piece, store.begin) for store in commands(log, Store)] == [(4, 0), (3, 0)]
    assert torrent.totals.wasted == 0 and floods.BLOCK.what not in torrent.peers[PeerKey(1)].spent
