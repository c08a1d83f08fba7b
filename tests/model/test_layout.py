from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.layout import FileEntry, FileSlice, Layout


def layout(sizes: list[int]) -> Layout:
    offsets = list(accumulate(sizes, initial=0))[:-1]
    entries = zip(sizes, offsets, strict=True)
    return Layout(tuple(FileEntry((str(index),), size, offset) for index, (size, offset) in enumerate(entries)))


size_lists = st.lists(st.integers(0, 20), min_size=1, max_size=12).filter(any)


@given(size_lists, st.data())
def test_slices_are_the_bytes_that_were_asked_for(sizes, data):
    whole = layout(sizes)
    assert whole.size == sum(sizes)
    offset = data.draw(st.integers(0, whole.size - 1))
    length = data.draw(st.integers(0, whole.size - offset))
    owners = [(index, position) for index, size in enumerate(sizes) for position in range(size)]
    found = [
        (part.file, position)
        for part in whole.slices(offset, length)
        for position in range(part.start, part.start + part.length)
    ]
    assert found == owners[offset : offset + length]
    assert all(part.length > 0 for part in whole.slices(offset, length))


@given(size_lists, st.data())
def test_a_span_holds_every_file_of_its_slices(sizes, data):
    whole = layout(sizes)
    offset = data.draw(st.integers(0, whole.size - 1))
    length = data.draw(st.integers(1, whole.size - offset))
    files = [part.file for part in whole.slices(offset, length)]
    span = whole.span(offset, length)
    assert set(files) <= set(span)
    assert span[0] == files[0]
    assert all(not sizes[index] for index in set(span) - set(files))


@given(size_lists, st.integers(1, 30))
def test_the_pieces_of_a_file_are_those_that_hold_its_bytes(sizes, piece_size):
    whole = layout(sizes)
    for index, entry in enumerate(whole.files):
        touched = {(entry.offset + position) // piece_size for position in range(entry.size)}
        assert list(whole.pieces_of(index, piece_size)) == sorted(touched)


def test_files_of_length_zero_are_passed_over():
    assert list(layout([0, 5, 0, 0, 5, 0]).slices(0, 10)) == [FileSlice(1, 0, 5), FileSlice(4, 0, 5)]
