"""One seed that sends in the order of asking, and another leech that asks it for the same."""

from __future__ import annotations

import pytest

from tests.swarm.evaluator import Log, arrives, asked, has, make, run, run_of, says
from torrentd.model.geometry import BLOCK
from torrentd.model.ids import PeerKey
from torrentd.policy.picking.pipeline import START
from torrentd.policy.picking.shares import AHEAD
from torrentd.swarm.events import Start
from torrentd.swarm.state import TorrentState
from torrentd.wire.peer.messages import Have, Unchoke

SEED, RIVAL, OTHER = PeerKey(1), PeerKey(2), PeerKey(3)
PIECES = 32


def _meet(torrent: TorrentState, pieces: int = PIECES, rival: bool = True, orderly: float = 1.0) -> Log:
    others = [(0, arrives(RIVAL)), (0, says(RIVAL, has(pieces)))] if rival else []
    log = run(
        torrent, (0, Start()), (0, arrives(SEED)), (0, says(SEED, has(pieces, *range(pieces)))), *others, until=0.1
    )
    torrent.peers[SEED].queue.in_order = orderly
    return log + run(torrent, (0.2, says(SEED, Unchoke())), until=0.3)


def _blocks(log: Log) -> int:
    return sum(length for _, _, length in asked(log, SEED)) // BLOCK


@pytest.mark.parametrize(
    ("rival", "orderly", "asked_for"), [(True, 1.0, 4 * 8 * AHEAD / 2), (True, 0.5, START), (False, 1.0, START)]
)
def test_it_is_asked_for_a_part_of_what_is_left_at_a_time(rival: bool, orderly: float, asked_for: int) -> None:
    assert _blocks(_meet(make(pieces=8, blocks=4), 8, rival, orderly)) == asked_for


def _theirs() -> list[int]:
    """What fits the rival better than us."""
    torrent = make(pieces=PIECES, blocks=1, sequential=False)
    _meet(torrent)
    assert torrent.requests is not None
    shares = torrent.requests.picker.shares
    return [piece for piece in range(PIECES) if shares.choose([piece], in_order=True, ahead=False) is None]


@pytest.mark.parametrize(("quick", "helps_at"), [(False, 2.0), (True, 3.0)])
def test_who_has_nothing_of_its_own_left_helps_unless_the_rest_will_soon_be_with_others(
    quick: bool, helps_at: float
) -> None:
    """The last answer took a second."""
    theirs = _theirs()
    ours = [piece for piece in range(PIECES) if piece not in theirs]
    torrent = make(pieces=PIECES, blocks=1, have=ours, sequential=False)
    ((first, _, _),) = asked(_meet(torrent), SEED)
    ((second, _, _),) = asked(run(torrent, (1.0, says(SEED, run_of(first)))), SEED)
    rest = [piece for piece in theirs if piece not in (first, second)]
    brings = [(1.9, says(RIVAL, *map(Have, rest[:-2])))] if quick else []
    log = run(torrent, *brings, (2.0, says(SEED, run_of(second))), until=3.5)
    times = [at for at, command in log if asked([(at, command)], SEED)]
    assert helps_at <= times[0] < helps_at + 0.11


def _after_a_pause(next_at: float, by_rival: float | None = None, by_us: float | None = None) -> float:
    """The seed sends a piece, and the next one only after a pause, in which the rival gets all but two of the rest, or
    we ask another seed for them, which chooses; when we ask the first for one of these two."""
    theirs = _theirs()
    ours = [piece for piece in range(PIECES) if piece not in theirs]
    torrent = make(pieces=PIECES, blocks=1, have=ours, sequential=False)
    ((first, _, _),) = asked(_meet(torrent), SEED)
    other = [(0.9, arrives(OTHER)), (0.9, says(OTHER, has(PIECES, *range(PIECES))))]
    ((second, _, _),) = asked(run(torrent, *other, (1.0, says(SEED, run_of(first)))), SEED)
    rest = [piece for piece in theirs if piece not in (first, second)]
    if by_rival is not None:
        run(torrent, (by_rival, says(RIVAL, *map(Have, rest[:-2]))))
    if by_us is not None:
        torrent.peers[OTHER].pipeline.accept(len(rest) - 2)
        run(torrent, (by_us, says(OTHER, Unchoke())))
    log = run(torrent, (next_at, says(SEED, run_of(second))), until=next_at + 3.0)
    return next(at for at, command in log if asked([(at, command)], SEED))


def test_how_fast_the_rest_goes_to_others_is_told_by_the_last_second_or_two_after_a_pause_too() -> None:
    assert _after_a_pause(5.0, by_rival=1.5) == 5.0
    assert 12.9 <= _after_a_pause(11.0, by_rival=10.9) < 13.11
    assert 12.9 <= _after_a_pause(11.0, by_us=10.9) < 13.11
