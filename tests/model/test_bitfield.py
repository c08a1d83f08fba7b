from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.bitfield import Bitfield

sizes = st.integers(0, 70)


@st.composite
def sets(draw) -> tuple[int, set[int]]:
    size = draw(st.integers(1, 70))
    return size, draw(st.sets(st.integers(0, size - 1)))


@given(sets())
def test_it_is_a_set_of_pieces(drawn):
    size, pieces = drawn
    field = Bitfield(size, pieces)
    assert list(field) == sorted(pieces)
    assert list(field.missing()) == sorted(set(range(size)) - pieces)
    assert len(field) == field.count == len(pieces)
    assert field.has_all() == (len(pieces) == size)
    assert all((piece in field) == (piece in pieces) for piece in range(size))


@given(sets())
def test_the_wire_form_there_and_back(drawn):
    size, pieces = drawn
    field = Bitfield(size, pieces)
    again = Bitfield.from_bytes(size, field.to_bytes())
    assert again == field
    assert again.count == field.count


@given(sets(), st.lists(st.tuples(st.booleans(), st.integers(0, 69))))
def test_adding_and_discarding_say_whether_anything_changed(drawn, steps):
    size, pieces = drawn
    field = Bitfield(size, pieces)
    for adds, piece in steps:
        piece %= size
        if adds:
            assert field.add(piece) == (piece not in pieces)
            pieces.add(piece)
        else:
            assert field.discard(piece) == (piece in pieces)
            pieces.discard(piece)
        assert field.count == len(pieces)
    assert list(field) == sorted(pieces)


@given(sizes)
def test_full(size):
    assert list(Bitfield.full(size)) == list(range(size))
    assert Bitfield.full(size).has_all()


def test_bit_0_is_the_highest():
    assert Bitfield(12, [0, 7, 8, 11]).to_bytes() == b"\x81\x90"


@pytest.mark.parametrize(("size", "data"), [(12, b"\xff"), (12, b"\0\0\0"), (12, b"\0\x08"), (0, b"\0"), (1, b"")])
def test_a_wrong_length_or_a_spare_bit_is_refused(size, data):
    with pytest.raises(ValueError, match="bit"):
        Bitfield.from_bytes(size, data)


@pytest.mark.parametrize("piece", [-1, 12, 15, 2**40])
def test_there_is_nothing_outside(piece):
    field = Bitfield(12, [0])
    for act in (field.add, field.discard, field.__contains__):
        with pytest.raises(IndexError):
            act(piece)


def test_a_copy_is_independent():
    field = Bitfield(12, [3])
    copy = field.copy()
    copy.add(4)
    assert list(field) == [3]
    assert copy != field
    assert field != "field"
    assert repr(copy) == "<Bitfield 2/12>"


@given(st.sets(st.integers(0, 76)), st.integers(0, 9), st.integers(1, 12))
def test_a_window_is_a_part_as_a_number(pieces: set[int], first: int, size: int) -> None:
    first, size = first * 8, size * 8
    window = Bitfield(77, sorted(pieces)).window(first, size)
    expected = {piece - first for piece in pieces if first <= piece < first + size}
    assert {bit for bit in range(size) if window >> size - 1 - bit & 1} == expected
    assert window < 1 << size


def test_flags():
    assert Bitfield(11, [0, 8, 10]).flags() == "10000000101"
    assert Bitfield(3).flags() == "000"


def test_the_first_of_some_pieces():
    some = Bitfield(20, [3, 9, 17])
    assert some.first_of([0, 17, 3]) == 17
    assert some.first_of([0, 1]) is None
    assert some.first_of([]) is None
