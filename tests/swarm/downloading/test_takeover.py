"""Scripts with two or three seeds or leeches; `asked` tells whom what was asked for, `sent` whom what was cancelled."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import FAST, arrives, asked, has, make, run, run_of, says, sent
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.swarm.downloading.release import UNANSWERED
from torrentd.swarm.downloading.takeover import FORGIVEN, LOOK, RECALL, SHORT_PATIENCE, may_wait
from torrentd.swarm.events import DiskBusy, Event, PeerClosed, Start
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Cancel, Choke, Have, Reject, Suggest, Unchoke

PIECES, BLOCKS = 4, 4


def _here(key: int, *pieces: int, of: int = PIECES) -> list[tuple[float, Event]]:
    return [(0.0, arrives(key)), (0.0, says(key, has(of, *pieces), Unchoke()))]


def _cancelled(log: list, key: int) -> list[tuple[int, int]]:
    return [(message.piece, message.begin // BLOCK) for message in sent(log, key) if isinstance(message, Cancel)]


def test_an_idle_peer_takes_over_the_last_piece_of_a_long_queue() -> None:
    torrent = make(PIECES, BLOCKS)
    log = run(torrent, (0, Start()), *_here(1, 0, 1, 2, 3), *_here(2, 3), until=3)
    assert _cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]
    assert torrent.peers[1].queue.outstanding == {0: 0b1111, 1: 0b1111, 2: 0b1111}


def test_what_nobody_was_asked_for_and_an_idle_peer_lacks_does_not_keep_it_waiting() -> None:
    torrent = make(PIECES, BLOCKS)
    chokes = (0.1, says(3, Choke(), *(Reject(1, block * BLOCK, BLOCK) for block in range(BLOCKS))))
    log = run(torrent, (0, Start()), *_here(1, 0, 2, 3), *_here(2, 3), *_here(3, 1), chokes, until=3)
    assert torrent.requests is not None and list(torrent.requests.open) == [1]
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_a_peer_that_was_just_asked_has_time_to_answer() -> None:
    log = run(make(PIECES, BLOCKS), (0, Start()), *_here(1, 0, 1, 2, 3), *_here(2, 3), until=1.5)
    assert asked(log, 2) == []


def test_a_peer_that_sends_as_fast_as_another_would_keeps_its_queue() -> None:
    quick = [(0.05, says(1, *(run_of(number // BLOCKS, number % BLOCKS) for number in range(8))))]
    both = [*_here(1, 0, 1, 2, 3, of=5), *_here(2, 3, of=5)]
    log = run(make(5, BLOCKS), (0, Start()), *both, *quick, until=1.0)
    assert asked(log, 2) == _cancelled(log, 1) == []


def test_the_first_block_of_the_only_piece_in_a_queue_stays_while_it_may_be_on_its_way() -> None:
    torrent = make(1, 16)
    sends = [(0.1, says(1, run_of(0))), (1.4, says(1, run_of(0, 1)))]
    other = [(1.5, arrives(2)), (1.5, says(2, has(1, 0), Unchoke()))]
    log = run(torrent, (0, Start()), *_here(1, 0, of=1), *sends, *other, until=1.9)
    assert _cancelled(log, 1) == [(0, block) for block in range(3, 16)]
    assert torrent.peers[2].queue.outstanding == {0: 0xFFF8}


def test_a_seed_is_relieved_by_a_leech_as_soon_as_it_has_the_piece() -> None:
    torrent = make(PIECES, BLOCKS)
    sends = [(0.3 * number, says(1, run_of(0, number - 1))) for number in (1, 2, 3)]
    script = [(0.0, Start()), *_here(1, 0, 1, 2, 3), *_here(2), *sends]
    log = run(torrent, *script, (1, says(2, Have(3))), until=1.4)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_what_was_begun_is_left_to_finish_while_something_else_waits_longer() -> None:
    begins = [(0.1, says(1, run_of(1)))]
    other = [(0.2, arrives(2)), (0.2, says(2, has(2, 0, 1), Unchoke()))]
    log = run(make(2, 8), (0.0, Start()), *_here(1, 0, 1, of=2), *begins, *other, until=0.5)
    assert _cancelled(log, 1) == [(0, block) for block in range(8)]


def test_what_was_begun_is_left_to_finish_by_who_needs_a_moment_only() -> None:
    quick = [*_here(2, 1, of=2), (0.05, says(2, *(run_of(1, block) for block in range(8))))]
    slow = [(0.4 * number, says(1, run_of(0, number - 1))) for number in range(1, 5)]
    log = run(make(2, 8), (0.0, Start()), *quick, *_here(1, 0, of=2), *slow, (1.61, says(2, Have(0))), until=1.7)
    assert _cancelled(log, 1) == []


def test_who_owes_nothing_is_judged_by_how_soon_it_answered_not_by_how_little_it_was_asked() -> None:
    quick = [*_here(2, 4, of=6), (0.1, says(2, *(run_of(4, block) for block in range(BLOCKS))))]
    slow = [(0.5 * number, says(1, run_of(0, number - 1))) for number in range(1, 5)]
    steady = [(0.5 * number, says(1, run_of(1, number - 5))) for number in (5, 6)]
    script = [(0.0, Start()), *quick, *_here(1, 0, 1, 2, 3, of=6), *slow, *steady, (3.1, says(2, Have(3)))]
    log = run(make(6, BLOCKS), *script, until=3.2)
    assert asked(log, 2) == [(4, 0, BLOCKS * BLOCK), (3, 0, BLOCKS * BLOCK)]


@pytest.mark.parametrize("common", [1, 2])
def test_of_a_leech_what_most_peers_have_is_taken_over(common: int) -> None:
    others = [*_here(2, 1, 2), (0.0, arrives(3)), (0.0, says(3, has(PIECES, common)))]
    log = run(make(PIECES, BLOCKS), (0, Start()), *_here(1, 0, 1, 2), *others, until=2.3)
    assert asked(log, 2) == [(common, 0, BLOCKS * BLOCK)]


def test_nothing_is_taken_over_while_it_is_our_disk_that_holds_all_up() -> None:
    log = run(make(PIECES, BLOCKS), (0, Start()), *_here(1, 0, 1, 2, 3), *_here(2, 3), (1, DiskBusy(True)), until=9)
    assert asked(log, 2) == []


def test_the_only_block_that_a_peer_owes_is_taken_over_once_it_is_late_and_not_given_back() -> None:
    nearly = [(0.1, says(1, *(run_of(0, block) for block in range(7))))]
    steady = [(1.3 * number, says(2, run_of(1, number - 1))) for number in range(1, 9)]
    third = [(1.0, arrives(3)), (1.0, says(3, has(2, 0), Unchoke()))]
    later = sorted([*nearly, *steady, *third], key=lambda one: one[0])
    log = run(make(2, 8), (0.0, Start()), *_here(1, 0, of=2), *_here(2, 1, of=2), *later, until=10)
    assert _cancelled(log, 1) == [(0, 7)]
    assert [at > 1.0 + 0.1 for at, command in log if asked([(at, command)], 3)] == [True]
    assert _cancelled(log, 3) == []


# --- with peers that reject what is cancelled (BEP 6)


def _fast(key: int, *pieces: int) -> list[tuple[float, Event]]:
    return [(0.0, arrives(key, reserved=FAST)), (0.0, says(key, has(PIECES, *pieces), Unchoke()))]


def _rejects(piece: int) -> Event:
    return _rejected(piece, *range(BLOCKS))


def _rejected(piece: int, *some: int) -> Event:
    return says(1, *(Reject(piece, block * BLOCK, BLOCK) for block in some))


def _recall(torrent: TorrentState, *pieces: int) -> float:
    """The first sends a block after a while; when the second, which has `pieces`, was to be asked instead."""
    sends = (0.3, says(1, run_of(0)))
    log = run(torrent, (0, Start()), *_fast(1, 0, 1, 2, 3), *_fast(2, *pieces), sends, until=0.5)
    assert _cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
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
    both = [(0.0, arrives(1, reserved=FAST)), (0.0, says(1, has(1, 0), Unchoke()))]
    sends = [(0.1, says(1, run_of(0))), (0.8, says(1, run_of(0, 1)))]
    other = [(1.5, arrives(2, reserved=FAST)), (1.5, says(2, has(1, 0), Unchoke()))]
    log = run(torrent, (0, Start()), *both, *sends, *other, until=1.5 + LOOK)
    assert _cancelled(log, 1) == [(0, block) for block in range(3, 16)]
    assert asked(log, 2) == []
    return torrent.now


def test_the_next_block_that_a_recall_left_alone_is_cancelled_once_it_is_late() -> None:
    torrent = make(1, 16)
    since = _recall_all_but_the_next(torrent)
    log = run(torrent, until=since + RECALL + LOOK)
    assert _cancelled(log, 1) == [(0, 2)]
    assert asked(log, 2) == [(0, 2 * BLOCK, 14 * BLOCK)]


def test_a_recall_that_ends_unanswered_leaves_the_next_block_where_it_is() -> None:
    torrent = make(1, 16)
    since = _recall_all_but_the_next(torrent)
    log = run(torrent, (since + 0.01, PeerClosed(PeerKey(2), "")), until=since + UNANSWERED + 0.01)
    assert asked(log, 1) == [(0, 3 * BLOCK, 13 * BLOCK)]
    assert _cancelled(log, 1) == []
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
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)] and _cancelled(log, 1) == []  # it was told once
    assert torrent.peers[PeerKey(1)].rejects_late_until > torrent.now


def test_a_free_link_is_believed_to_be_quick() -> None:
    """The other was asked a moment ago and has sent nothing yet: for anybody else it would be given two seconds."""
    torrent = make(PIECES, BLOCKS)
    suggests = (SHORT_PATIENCE + 0.01, says(2, Suggest(3)))
    log = run(torrent, (0, Start()), *_fast(1, 0, 1, 2, 3), *_fast(2, 3), suggests, until=0.2)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_nobody_is_relieved_by_a_free_link_before_it_could_have_begun() -> None:
    suggests = (SHORT_PATIENCE - 0.01, says(2, Suggest(3)))
    log = run(make(PIECES, BLOCKS), (0, Start()), *_fast(1, 0, 1, 2, 3), *_fast(2, 3), suggests, until=0.149)
    assert asked(log, 2) == []


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
    torrent.now = since + RECALL + LOOK + FORGIVEN
    assert may_wait(torrent, first, second)


def test_who_is_far_away_is_not_relieved_before_an_answer_could_be_here() -> None:
    torrent = make(PIECES, BLOCKS)
    answers = [(0.6, says(1, *(run_of(0, block) for block in range(BLOCKS))))]
    pauses = [(0.6, says(1, Choke(), *(Reject(piece, block * BLOCK, BLOCK) for piece in (1, 2) for block in range(4))))]
    far = [(0.0, arrives(1, reserved=FAST)), (0.0, says(1, has(PIECES, 0, 1, 2), Unchoke()))]
    script = [*far, *answers, *pauses, (20.0, says(1, Unchoke())), *_fast(2, 1, 2)]
    offers = [(20.0 + 0.2 * turn, says(2, Suggest(1))) for turn in range(1, 4)]
    log = run(torrent, (0, Start()), *script, *offers, until=20.85)
    assert _cancelled(log, 1) == []
