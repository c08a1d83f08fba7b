from __future__ import annotations

from collections.abc import Iterable
from random import Random

import pytest

from torrentd.model.bitfield import Bitfield
from torrentd.model.ids import PeerId
from torrentd.model.layout import Priority
from torrentd.policy.picking.picker import AHEAD, PATIENCE, RANDOM_FIRST, Picker
from torrentd.policy.picking.shares import Shares

NORMAL, HIGH, LOW = Priority.NORMAL, Priority.HIGH, Priority.LOW


def _picker(pieces: int, *, verified: int = RANDOM_FIRST, sequential: bool = False) -> Picker:
    picker = Picker(pieces, Random(1), verified=verified, sequential=sequential)
    picker.fill(bytes([NORMAL]) * pieces, Bitfield.full(pieces))
    return picker


def _join(picker: Picker, pieces: int, *have: int) -> Bitfield:
    bits = Bitfield(pieces, have)
    picker.availability.joined(bits)
    return bits


def test_the_rarest_piece_that_the_peer_has() -> None:
    picker = _picker(8)
    here = _join(picker, 8, 1, 2, 3)
    _join(picker, 8, 1, 3, 7)
    _join(picker, 8, 1)
    assert [picker.next(here) for _ in range(4)] == [2, 3, 1, None]


def test_a_piece_leaves_the_pool_when_it_is_picked_and_may_come_back() -> None:
    picker = _picker(3)
    here = _join(picker, 3, 0)
    assert picker.next(here) == 0
    assert (0 in picker, len(picker), picker.next(here)) == (False, 2, None)
    generation = picker.generation
    picker.add(0, NORMAL)
    assert picker.generation > generation
    assert picker.next(here) == 0


def test_the_first_pieces_are_not_the_rarest_but_random() -> None:
    firsts = set()
    for seed in range(40):
        picker = Picker(20, Random(seed))
        picker.fill(bytes([NORMAL]) * 20, Bitfield.full(20))
        everything = _join(picker, 20, *range(20))
        _join(picker, 20, *range(1, 20))  # 0 is the rarest
        firsts.add(picker.next(everything))
    assert len(firsts) > 10


def test_random_picks_end_after_the_first_pieces() -> None:
    picker = _picker(200, verified=0)
    everything = _join(picker, 200, *range(200))
    _join(picker, 200, *range(100, 200))
    for _ in range(RANDOM_FIRST):
        picker.next(everything)
    rarest = [picker.next(everything) for _ in range(50)]
    assert all(piece is not None and piece < 100 for piece in rarest)


def test_random_picks_respect_priority() -> None:
    picker = _picker(4, verified=0)
    everything = _join(picker, 4, 0, 1, 2, 3)
    picker.add(2, HIGH)
    assert picker.next(everything) == 2


def test_luck_that_finds_nothing_gives_way_to_rarity() -> None:
    picker = _picker(5000, verified=0)
    assert picker.next(_join(picker, 5000, 4321)) == 4321


@pytest.mark.parametrize("pieces", [PATIENCE * 20, 16])
def test_a_peer_with_few_common_pieces_in_a_large_torrent(pieces: int) -> None:
    picker = _picker(pieces)
    _join(picker, pieces, *range(pieces))
    few = _join(picker, pieces, 3, pieces - 2)
    _join(picker, pieces, 3)
    assert [picker.next(few) for _ in range(3)] == [pieces - 2, 3, None]
    picker.check()


def test_a_peer_that_alone_starts_pieces_is_not_kept_from_its_own_by_those_of_others() -> None:
    """What it lacks would gather at any place where all walks begin."""
    pieces = PATIENCE * 40
    picker = _picker(pieces)
    mine = _Walked(pieces, range(0, pieces, 2))
    picker.availability.joined(mine)
    _join(picker, pieces, *range(1, pieces, 2))
    for _ in range(pieces // 4):
        assert picker.next(mine) is not None
    assert mine.in_vain == 0


class _Walked(Bitfield):
    """Counts the walks that ended with nothing."""

    in_vain = 0

    def first_of(self, pieces: Iterable[int]) -> int | None:
        found = super().first_of(pieces)
        self.in_vain += found is None
        return found


def test_priorities_hold_for_a_peer_with_few_common_pieces() -> None:
    pieces = PATIENCE * 20
    picker = _picker(pieces)
    picker.add(pieces - 1, HIGH)
    picker.add(0, LOW)
    _join(picker, pieces, *range(pieces - 1))
    few = _join(picker, pieces, 0, 5, pieces - 1)
    assert [picker.next(few) for _ in range(4)] == [pieces - 1, 5, 0, None]


def test_in_sequential_mode_the_order_is_that_of_the_bytes() -> None:
    picker = _picker(10, sequential=True)
    everything = _join(picker, 10, *range(10))
    odd = _join(picker, 10, 1, 3, 5)
    assert [picker.next(everything), picker.next(odd), picker.next(everything), picker.next(odd)] == [0, 1, 2, 3]
    picker.add(1, NORMAL)  # it failed
    assert picker.next(everything) == 1
    assert picker.next(_join(picker, 10)) is None


def test_what_is_needed_next_is_what_somebody_has_of_the_highest_priority() -> None:
    picker = _picker(40, sequential=True)
    assert picker.next_pieces() == []
    _join(picker, 40, 2, *range(5, 40))
    assert picker.next_pieces() == [2, 5, 6, 7]
    picker.add(30, Priority.HIGH)
    assert picker.next_pieces() == [30]
    for piece in range(40):
        picker.remove(piece)
    assert picker.next_pieces() == []


def test_sequential_mode_leaves_later_pieces_alone_while_others_send_the_next() -> None:
    picker = _picker(40, sequential=True)
    everything = _join(picker, 40, *range(1, 40))  # nobody has the first
    late = _join(picker, 40, AHEAD + 1, 39)
    before = picker.generation
    assert picker.next(late, ahead=False) is None
    assert picker.next(everything, ahead=False) == 1
    assert picker.generation != before, "the next are others now: worth another look"
    assert picker.next(late, ahead=False) == AHEAD + 1
    assert picker.next(late, ahead=False) is None
    assert picker.next(late, ahead=True) == 39


def test_sequential_mode_reaches_far_pieces() -> None:
    pieces = PATIENCE * 5
    picker = _picker(pieces, sequential=True)
    assert picker.next(_join(picker, pieces, pieces - 1)) == pieces - 1


def test_sequential_mode_takes_higher_priorities_first() -> None:
    picker = _picker(6, sequential=True)
    everything = _join(picker, 6, *range(6))
    picker.add(4, HIGH)
    picker.add(0, LOW)
    assert [picker.next(everything) for _ in range(7)] == [4, 1, 2, 3, 5, 0, None]


def test_skipped_pieces_are_not_in_the_pool() -> None:
    picker = _picker(2)
    everything = _join(picker, 2, 0, 1)
    picker.add(0, Priority.SKIP)
    assert [picker.next(everything), picker.next(everything)] == [1, None]


def test_only_what_somebody_has_is_obtainable() -> None:
    picker = _picker(2)
    assert not picker.obtainable()
    here = _join(picker, 2, 1)
    assert picker.obtainable()
    picker.next(here)
    assert not picker.obtainable()


def test_a_seed_is_asked_for_what_no_other_leech_asks_it_for() -> None:
    ids = [PeerId(bytes([number]) * 20) for number in range(5)]
    picked: list[int] = []
    for own in ids:
        rivals = [one for one in ids if one != own]
        picker = Picker(60, Random(1), verified=RANDOM_FIRST, shares=Shares(own, lambda rivals=rivals: rivals))
        picker.fill(bytes([NORMAL]) * 60, Bitfield.full(60))
        seed = _join(picker, 60, *range(60))
        picked += [piece for piece in (picker.next(seed) for _ in range(5)) if piece is not None]
    assert len(picked) == len(set(picked)) == 25


def test_a_rarer_piece_of_a_seed_goes_before_one_that_is_ours() -> None:
    picker = _picker(8)
    seed = _join(picker, 8, *range(8))
    _join(picker, 8, 0, 1, 2, 3, 4, 5, 7)
    assert picker.next(seed) == 6


def test_a_part_of_what_a_seed_has() -> None:
    """It allows that while it chokes us (BEP 6), and no leech has any of it."""
    picker = _picker(100)
    _join(picker, 100, *range(100))
    _join(picker, 100, 1, 2)
    allowed = Bitfield(100, [7, 50, 99])
    assert {picker.next(allowed) for _ in range(4)} == {7, 50, 99, None}


class TestSuggested:
    def test_of_equally_rare_pieces_it_is_the_first(self) -> None:
        picker = _picker(20)
        leech = _join(picker, 20, *range(20))
        assert [picker.next(leech, suggested=[13, 4]) for _ in range(2)] == [13, 4]
        assert picker.next(leech, suggested=[13, 4]) not in (13, 4, None)

    def test_a_rarer_one_goes_before_it(self) -> None:
        picker = _picker(8)
        leech = _join(picker, 8, *range(8))
        _join(picker, 8, 0, 1, 2, 3, 4, 5, 7)
        assert [picker.next(leech, suggested=[3]) for _ in range(2)] == [6, 3]

    def test_so_does_a_higher_priority(self) -> None:
        picker = _picker(8)
        leech = _join(picker, 8, *range(8))
        picker.add(5, HIGH)
        assert [picker.next(leech, suggested=[3]) for _ in range(2)] == [5, 3]

    def test_what_the_peer_lacks_or_is_begun_is_not_asked_for(self) -> None:
        picker = _picker(8)
        few = _join(picker, 8, 1, 2)
        picker.remove(1)
        assert [picker.next(few, suggested=[7, 1]) for _ in range(2)] == [2, None]

    def test_not_in_sequential_mode_nor_of_the_first_pieces(self) -> None:
        picker = _picker(8, sequential=True)
        assert picker.next(_join(picker, 8, *range(8)), suggested=[5]) == 0
        picked = set()
        for seed in range(10):
            picker = Picker(50, Random(seed))
            picker.fill(bytes([NORMAL]) * 50, Bitfield.full(50))
            picked.add(picker.next(_join(picker, 50, *range(50)), suggested=[5]))
        assert len(picked) > 3

    @pytest.mark.parametrize("rivals", [0, 1])
    def test_a_seed_that_others_ask_too_is_asked_for_our_share(self, rivals: int) -> None:
        ids = [PeerId(bytes([number]) * 20) for number in range(1 + rivals)]
        picked = []
        for suggested in ([], [3, 4]):
            picker = Picker(60, Random(1), verified=RANDOM_FIRST, shares=Shares(ids[0], lambda: ids[1:]))
            picker.fill(bytes([NORMAL]) * 60, Bitfield.full(60))
            seed = _join(picker, 60, *range(60))
            picked.append([picker.next(seed, suggested=suggested) for _ in range(2)])
        assert (picked[0] == picked[1]) == bool(rivals)
        assert (picked[1] == [3, 4]) == (not rivals)


def test_what_only_seeds_have_may_be_left_to_others_and_what_leeches_have_is_asked_for() -> None:
    """Of a seed that sends in the order of asking."""
    us, rival = PeerId(b"-TD0001-" + bytes(12)), PeerId(b"-TD0001-" + bytes([1]) * 12)
    shares = Shares(us, lambda: [rival])
    theirs = [piece for piece in range(64) if shares.choose([piece], in_order=True, ahead=False) is None]
    ours = [piece for piece in range(64) if piece not in theirs]
    picker = Picker(64, Random(1), verified=RANDOM_FIRST, shares=shares)
    picker.fill(bytes([NORMAL]) * 64, Bitfield.full(64))
    seed = _join(picker, 64, *range(64))
    _join(picker, 64, *ours)
    chosen = [picker.next(seed, ahead=False, in_order=True) for _ in ours]
    assert sorted(piece for piece in chosen if piece is not None) == ours
    assert picker.next(seed, ahead=False, in_order=True) is None
    assert picker.next(seed, in_order=True) in theirs
