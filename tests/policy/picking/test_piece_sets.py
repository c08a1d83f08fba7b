from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.layout import FileEntry, Layout, Priority
from torrentd.policy.picking import piece_sets

SKIP, LOW, NORMAL, HIGH = Priority.SKIP, Priority.LOW, Priority.NORMAL, Priority.HIGH

SETS = st.sets(st.integers(0, 20))


def _layout(*sizes: int, padding: int | None = None) -> Layout:
    entries, offset = [], 0
    for index, size in enumerate(sizes):
        entries.append(FileEntry((f"f{index}",), size, offset, padding=index == padding))
        offset += size
    return Layout(tuple(entries))


@given(SETS, SETS, st.integers(1, 5))
def test_common_pieces(one: set[int], other: set[int], limit: int) -> None:
    a, b = Bitfield(21, sorted(one)), Bitfield(21, sorted(other))
    assert piece_sets.count_common(a, b) == len(one & other)
    assert piece_sets.some_common(a, b, limit) == sorted(one & other)[:limit]
    assert list(piece_sets.without(a, b)) == sorted(one - other)


@given(st.sets(st.integers(0, 3 * piece_sets.WINDOW + 4)), st.integers(0, 3 * piece_sets.WINDOW + 4))
def test_common_pieces_from_a_place_on(one: set[int], start: int) -> None:
    size = 3 * piece_sets.WINDOW + 5
    here = start // piece_sets.WINDOW * piece_sets.WINDOW
    expected = sorted(one, key=lambda piece: (piece < here, piece))
    assert piece_sets.some_common(Bitfield(size, one), Bitfield.full(size), size, start) == expected
    assert piece_sets.some_common(Bitfield.full(size), Bitfield(size, one), 2, start) == expected[:2]


def test_counting_with_everything_or_nothing() -> None:
    some = Bitfield(9, [1, 8])
    for other, count in ((Bitfield.full(9), 2), (Bitfield(9), 0)):
        assert piece_sets.count_common(some, other) == piece_sets.count_common(other, some) == count


def test_a_piece_has_the_highest_priority_of_its_files() -> None:
    layout = _layout(15, 10, 0, 25)
    geometry = Geometry(50, 10)
    assert piece_sets.piece_priorities(layout, geometry, [HIGH, SKIP, NORMAL, LOW]) == bytes(
        [HIGH, HIGH, LOW, LOW, LOW]
    )
    assert piece_sets.piece_priorities(layout, geometry, [SKIP, SKIP, NORMAL, LOW]) == bytes([0, 0, LOW, LOW, LOW])
    assert piece_sets.piece_priorities(layout, geometry, [NORMAL] * 4) == bytes([NORMAL] * 5)


def test_the_pieces_inside_a_large_file_are_its_own() -> None:
    layout = _layout(5, 90, 5)
    geometry = Geometry(100, 10)
    expected = bytes([HIGH] + [LOW] * 8 + [HIGH])
    assert piece_sets.piece_priorities(layout, geometry, [HIGH, LOW, HIGH]) == expected


def test_padding_wants_nothing() -> None:
    layout = _layout(5, 15, 10, padding=1)
    assert piece_sets.piece_priorities(layout, Geometry(30, 10), [LOW] * 3) == bytes([LOW, SKIP, LOW])


def test_wanted_pieces_and_their_bytes() -> None:
    geometry = Geometry(25, 10)
    assert list(piece_sets.wanted(bytes([1, 0, 2]))) == [0, 2]
    assert piece_sets.wanted(bytes([1, 1, 2])).has_all()
    assert piece_sets.bytes_of(geometry, Bitfield(3, [0, 2])) == 15
    assert piece_sets.bytes_of(geometry, Bitfield(3, [0, 1])) == 20
