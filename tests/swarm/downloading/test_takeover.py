"""Scripts with two or three seeds or leeches: of whom was what asked for, and what was cancelled there?"""

from __future__ import annotations

import pytest

from tests.swarm.downloading.scripts import BLOCKS, PIECES, cancelled, here
from tests.swarm.evaluator import FAST, PLAIN, Script, arrives, asked, has, make, run, run_of, says
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.swarm.downloading.takeover import LOOK
from torrentd.swarm.events import DiskBusy, SetLimits, Start
from torrentd.wire.peer.messages import Choke, Have, Reject, Unchoke


def _sends(key: int, count: int, *, first: int = 0, at: float = 0.05) -> Script:
    """In one read, so many of the blocks that peer number `key` was asked for, from piece `first` on."""
    return [(at, says(key, *(run_of(first + number // BLOCKS, number % BLOCKS) for number in range(count))))]


def test_an_idle_peer_takes_over_the_last_piece_of_a_long_queue() -> None:
    torrent = make(PIECES, BLOCKS)
    log = run(torrent, (0, Start()), *here(1, 0, 1, 2, 3), *here(2, 3), until=3)
    assert cancelled(log, 1) == [(3, block) for block in range(BLOCKS)]
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]
    assert torrent.peers[1].queue.outstanding == {0: 0b1111, 1: 0b1111, 2: 0b1111}


def test_what_nobody_was_asked_for_and_an_idle_peer_lacks_does_not_keep_it_waiting() -> None:
    torrent = make(PIECES, BLOCKS)
    chokes = (0.1, says(3, Choke(), *(Reject(1, block * BLOCK, BLOCK) for block in range(BLOCKS))))
    log = run(torrent, (0, Start()), *here(1, 0, 2, 3), *here(2, 3), *here(3, 1), chokes, until=3)
    assert torrent.requests is not None and list(torrent.requests.open) == [1]
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_a_peer_that_was_just_asked_has_time_to_answer() -> None:
    log = run(make(PIECES, BLOCKS), (0, Start()), *here(1, 0, 1, 2, 3), *here(2, 3), until=1.5)
    assert asked(log, 2) == []


def test_a_peer_that_sends_as_fast_as_another_would_keeps_its_queue() -> None:
    quick = [(0.05, says(1, *(run_of(number // BLOCKS, number % BLOCKS) for number in range(8))))]
    both = [*here(1, 0, 1, 2, 3, of=5), *here(2, 3, of=5)]
    log = run(make(5, BLOCKS), (0, Start()), *both, *quick, until=1.0)
    assert asked(log, 2) == cancelled(log, 1) == []


def test_the_first_block_of_the_only_piece_in_a_queue_stays_while_it_may_be_on_its_way() -> None:
    torrent = make(1, 16)
    sends = [(0.1, says(1, run_of(0))), (1.4, says(1, run_of(0, 1)))]
    other = [(1.5, arrives(2)), (1.5, says(2, has(1, 0), Unchoke()))]
    log = run(torrent, (0, Start()), *here(1, 0, of=1), *sends, *other, until=1.9)
    assert cancelled(log, 1) == [(0, block) for block in range(3, 16)]
    assert torrent.peers[2].queue.outstanding == {0: 0xFFF8}


def test_a_seed_is_relieved_by_a_leech_as_soon_as_it_has_the_piece() -> None:
    torrent = make(PIECES, BLOCKS)
    sends = [(0.3 * number, says(1, run_of(0, number - 1))) for number in (1, 2, 3)]
    script = [(0.0, Start()), *here(1, 0, 1, 2, 3), *here(2), *sends]
    log = run(torrent, *script, (1, says(2, Have(3))), until=1.4)
    assert asked(log, 2) == [(3, 0, BLOCKS * BLOCK)]


def test_what_was_begun_is_left_to_finish_while_something_else_waits_longer() -> None:
    begins = [(0.1, says(1, run_of(1)))]
    other = [(0.2, arrives(2)), (0.2, says(2, has(2, 0, 1), Unchoke()))]
    log = run(make(2, 8), (0.0, Start()), *here(1, 0, 1, of=2), *begins, *other, until=0.5)
    assert cancelled(log, 1) == [(0, block) for block in range(8)]


def test_what_was_begun_is_left_to_finish_by_who_needs_a_moment_only() -> None:
    quick = [*here(2, 1, of=2), (0.05, says(2, *(run_of(1, block) for block in range(8))))]
    slow = [(0.4 * number, says(1, run_of(0, number - 1))) for number in range(1, 5)]
    log = run(make(2, 8), (0.0, Start()), *quick, *here(1, 0, of=2), *slow, (1.61, says(2, Have(0))), until=1.7)
    assert cancelled(log, 1) == []


def test_who_owes_nothing_is_judged_by_how_soon_it_answered_not_by_how_little_it_was_asked() -> None:
    quick = [*here(2, 4, of=6), (0.1, says(2, *(run_of(4, block) for block in range(BLOCKS))))]
    slow = [(0.5 * number, says(1, run_of(0, number - 1))) for number in range(1, 5)]
    steady = [(0.5 * number, says(1, run_of(1, number - 5))) for number in (5, 6)]
    script = [(0.0, Start()), *quick, *here(1, 0, 1, 2, 3, of=6), *slow, *steady, (3.1, says(2, Have(3)))]
    log = run(make(6, BLOCKS), *script, until=3.2)
    assert asked(log, 2) == [(4, 0, BLOCKS * BLOCK), (3, 0, BLOCKS * BLOCK)]


@pytest.mark.parametrize("common", [1, 2])
def test_of_a_leech_what_most_peers_have_is_taken_over(common: int) -> None:
    others = [*here(2, 1, 2), (0.0, arrives(3)), (0.0, says(3, has(PIECES, common)))]
    log = run(make(PIECES, BLOCKS), (0, Start()), *here(1, 0, 1, 2), *others, until=2.3)
    assert asked(log, 2) == [(common, 0, BLOCKS * BLOCK)]


def test_nothing_is_taken_over_while_it_is_our_disk_that_holds_all_up() -> None:
    log = run(make(PIECES, BLOCKS), (0, Start()), *here(1, 0, 1, 2, 3), *here(2, 3), (1, DiskBusy(True)), until=9)
    assert asked(log, 2) == []


def test_the_only_block_that_a_peer_owes_is_taken_over_once_it_is_late_and_not_given_back() -> None:
    nearly = [(0.1, says(1, *(run_of(0, block) for block in range(7))))]
    steady = [(1.3 * number, says(2, run_of(1, number - 1))) for number in range(1, 9)]
    third = [(1.0, arrives(3)), (1.0, says(3, has(2, 0), Unchoke()))]
    later = sorted([*nearly, *steady, *third], key=lambda one: one[0])
    log = run(make(2, 8), (0.0, Start()), *here(1, 0, of=2), *here(2, 1, of=2), *later, until=10)
    assert cancelled(log, 1) == [(0, 7)]
    assert [at > 1.0 + 0.1 for at, command in log if asked([(at, command)], 3)] == [True]
    assert cancelled(log, 3) == []


@pytest.mark.parametrize(("rejects", "at", "taken"), [(True, 0.55, True), (False, 0.55, False), (False, 0.7, True)])
def test_more_must_be_gained_with_a_peer_that_does_not_reject_what_is_cancelled(
    rejects: bool, at: float, taken: bool
) -> None:
    """The last of what it owes will take 2.6 seconds, or 3.25; the newcomer is taken to need one."""
    first = here(1, 0, 1, 2, 3, of=5, reserved=FAST if rejects else PLAIN)
    log = run(make(5, BLOCKS), (0, Start()), *first, *_sends(1, 3), *here(2, 3, of=5, at=at), until=at + LOOK)
    assert bool(cancelled(log, 1)) == taken


def test_who_owed_nothing_until_just_now_has_time_to_begin() -> None:
    early = [*here(1, 0), *_sends(1, BLOCKS), *here(2)]
    later = [(4.0, says(1, Have(1))), (4.05, says(2, Have(1)))]
    torrent = make(PIECES, BLOCKS)
    log = run(torrent, (0, Start()), *early, *later, until=4.28)
    assert asked(log, 1)[-1] == (1, 0, BLOCKS * BLOCK) and cancelled(log, 1) == []
    assert cancelled(run(torrent, until=4.5), 1) == [(1, block) for block in range(1, BLOCKS)]


@pytest.mark.parametrize(("first_sent", "second_sent", "relieved"), [(4, 2, 2), (2, 4, 1)])
def test_what_waits_longest_is_taken_over(first_sent: int, second_sent: int, relieved: int) -> None:
    both = [*here(1, 0, 1, 2, 3, of=9), *here(2, 4, 5, 6, 7, of=9)]
    sends = [*_sends(1, first_sent), *_sends(2, second_sent, first=4)]
    log = run(make(9, BLOCKS), (0, Start()), *both, *sends, *here(3, 3, 7, of=9, at=0.3), until=0.3 + LOOK)
    assert [key for key in (1, 2) if cancelled(log, key)] == [relieved]


def test_a_seed_is_relieved_before_a_leech_whose_queue_takes_longer() -> None:
    both = [*here(1, *range(8), of=8), *here(2, 4, 5, 6, 7, of=8)]
    sends = [*_sends(1, 4), *_sends(2, 2, first=4)]
    log = run(make(8, BLOCKS), (0, Start()), *both, *sends, *here(3, 3, 7, of=8, at=0.3), until=0.3 + LOOK)
    assert [key for key in (1, 2) if cancelled(log, key)] == [1]


@pytest.mark.parametrize("piece", [24, 63])
def test_both_ends_of_a_long_queue_are_looked_at(piece: int) -> None:
    torrent = make(80, 1)
    sends = [(at, says(1, *map(run_of, some))) for at, some in ((0.05, range(16)), (0.1, range(16, 24)))]
    run(torrent, (0, Start()), *here(1, *range(70), of=80), *sends)
    assert list(torrent.peers[PeerKey(1)].queue.outstanding) == list(range(24, 64))  # more than LATEST + FIRST
    log = run(torrent, *here(2, piece, of=80, at=2.0), until=2.0 + LOOK)
    assert cancelled(log, 1) == [(piece, 0)]


def test_nothing_is_taken_over_while_the_download_limit_grants_nothing() -> None:
    """Once the first is refused more than what it owes, nobody is asked for anything."""
    torrent = make(8, BLOCKS, sequential=False)
    run(torrent, (0, Start()), *here(1, *range(7), of=8))
    *_, first, last = torrent.peers[PeerKey(1)].queue.outstanding
    script = [*here(2, last, of=8, at=0.1), (0.15, SetLimits(down=0)), *_sends(1, 3, first=first, at=0.2)]
    assert cancelled(run(torrent, *script, until=5), 1) == []
    assert torrent.rationed
    log = run(torrent, (5.1, SetLimits()), until=5.1 + LOOK)
    assert cancelled(log, 1) == [(last, block) for block in range(BLOCKS)]
