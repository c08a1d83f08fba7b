"""Which pieces are wanted."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import arrives, asked, commands, has, layout, make, run, run_of, says, sent
from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import BLOCK
from torrentd.model.layout import Priority
from torrentd.swarm.commands import Ask, Discard, Finished
from torrentd.swarm.events import Checked, Event, PiecesVerified, SetPriorities, SetSequential, Start, Stop
from torrentd.swarm.torrent import Torrent
from torrentd.wire.peer.messages import Cancel, NotInterested, Unchoke

SKIP, LOW, NORMAL, HIGH = Priority.SKIP, Priority.LOW, Priority.NORMAL, Priority.HIGH


def _three_files(*priorities: Priority) -> Torrent:
    """Three files of two pieces of two blocks each."""
    return make(pieces=6, blocks=2, files=layout(*[4 * BLOCK] * 3), priorities=priorities or [NORMAL] * 3)


def _hello() -> list[tuple[float, Event]]:
    return [(0, Start()), (0, arrives(1)), (0, says(1, has(6, *range(6)), Unchoke()))]


def test_higher_priorities_are_asked_for_first_and_skipped_files_never() -> None:
    log = run(_three_files(LOW, SKIP, HIGH), *_hello())
    assert [piece for piece, _, _ in asked(log, 1)] == [4, 5, 0, 1]


def test_sizes_count_the_pieces_of_the_selection() -> None:
    torrent = make(
        pieces=3, blocks=2, files=layout(3 * BLOCK, 3 * BLOCK - 9), priorities=[SKIP, NORMAL], short=9, have=[2]
    )
    assert (torrent.wanted_size, torrent.wanted_left) == (4 * BLOCK - 9, 2 * BLOCK)
    assert (torrent.finished, torrent.complete) == (False, False)


def test_deselecting_cancels_and_discards_what_was_begun() -> None:
    torrent = _three_files()
    log = run(torrent, *_hello(), (1, says(1, run_of(0, 0))), (2, SetPriorities([SKIP, NORMAL, NORMAL])))
    assert commands(log, Discard) == [Discard([0, 1])]
    assert [m for m in sent(log, 1) if isinstance(m, Cancel)] == [
        Cancel(0, BLOCK, BLOCK),
        Cancel(1, 0, BLOCK),
        Cancel(1, BLOCK, BLOCK),
    ]
    assert torrent.totals.wasted == BLOCK


def test_selecting_again_asks_at_once() -> None:
    torrent = _three_files(SKIP, SKIP, SKIP)
    hello = [(0, Start()), (0, arrives(1)), (0, says(1, has(6, 2, 3), Unchoke()))]
    log = run(torrent, *hello, (1, SetPriorities([SKIP, NORMAL, SKIP])))
    assert [at for at, command in log if isinstance(command, Ask)] == [1]
    assert asked(log, 1) == [(2, 0, 2 * BLOCK), (3, 0, 2 * BLOCK)]


def test_deselecting_the_rest_finishes_the_torrent_once() -> None:
    torrent = _three_files()
    log = run(
        torrent,
        *_hello(),
        (1, PiecesVerified([0])),
        (1, PiecesVerified([1])),
        (2, SetPriorities([NORMAL, SKIP, SKIP])),
        (3, SetPriorities([HIGH, SKIP, SKIP])),
    )
    assert commands(log, Finished) == [Finished()]
    assert sent(log, 1)[-1] == NotInterested()
    assert (torrent.finished, torrent.complete, torrent.running) == (True, False, True)


def test_a_selection_while_paused_holds_at_the_start() -> None:
    torrent = _three_files()
    assert run(torrent, (0, SetPriorities([SKIP, SKIP, NORMAL]))) == []
    assert [piece for piece, _, _ in asked(run(torrent, *_hello()), 1)] == [4, 5]


def test_priorities_of_pieces_on_their_way_to_the_disk_do_not_start_them_again() -> None:
    torrent = _three_files()
    script = [*_hello(), (1, says(1, run_of(0, 0, 2))), (1, SetPriorities([HIGH, SKIP, SKIP]))]
    run(torrent, *script, (2, SetPriorities([SKIP, HIGH, SKIP])), (3, PiecesVerified([0])))
    assert 0 in torrent.have
    assert torrent.wanted_left == 4 * BLOCK


def test_sequential_mode_can_be_switched_while_running() -> None:
    torrent = make(pieces=40, blocks=1, sequential=False)
    run(torrent, (0, Start()), (0, arrives(1)), (0, says(1, has(40, *range(40)))), (1, SetSequential(True)))
    log = run(torrent, (2, says(1, Unchoke())))
    assert [piece for piece, _, _ in asked(log, 1)] == list(range(16))


@pytest.mark.parametrize(("sends", "then"), [(True, []), (False, [30, 31])])
def test_in_sequential_mode_who_has_later_pieces_only_is_asked_when_nobody_sends_the_next(
    sends: bool, then: list[int]
) -> None:
    torrent = make(pieces=40, blocks=1)
    near = [(0.0, arrives(1)), (0.0, says(1, has(40, *range(30)), Unchoke()))]
    late = [(0.0, arrives(2)), (0.0, says(2, has(40, 30, 31))), (1.0, says(2, Unchoke()))]
    brought = [(0.5 * step, says(1, run_of(step))) for step in range(1, 5)] if sends else []
    log = run(torrent, (0, Start()), *near, *late, *brought, until=2.4)
    assert asked([entry for entry in log if entry[0] < 1.9], 2) == []
    assert [piece for piece, _, _ in asked(log, 2)] == then


def test_what_an_inspection_found_is_there() -> None:
    torrent = make(pieces=4, have=[3])
    run(torrent, (0, Checked(Bitfield(4, [0, 1]))))
    assert list(torrent.have) == [0, 1]
    assert torrent.wanted_left == 2 * 4 * BLOCK
    log = run(torrent, (1, Start()), (1, arrives(1)), (1, says(1, has(4, 2, 3), Unchoke())))
    assert [piece for piece, _, _ in asked(log, 1)] == [2, 3]
    with pytest.raises(ValueError, match="running"):
        torrent.handle(Checked(Bitfield(4)), 2.0)
    run(torrent, (3, Stop()), (3, Checked(Bitfield.full(4))))
    assert torrent.finished
