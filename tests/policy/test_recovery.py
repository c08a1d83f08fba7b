"""What is believed after a restart."""

from torrentd.model.bitfield import Bitfield
from torrentd.model.geometry import Geometry
from torrentd.model.layout import FileEntry, Layout
from torrentd.policy.recovery import FileStat, Recovery, recovery

PIECE = 16384
LAYOUT = Layout(
    (
        FileEntry(("t", "a"), 4 * PIECE, 0),
        FileEntry(("t", "empty"), 0, 4 * PIECE),
        FileEntry(("t", "b"), 2 * PIECE + 100, 4 * PIECE),
        FileEntry(("t", ".pad"), PIECE - 100, 6 * PIECE + 100, padding=True),
        FileEntry(("t", "c"), PIECE, 7 * PIECE),
    )
)
GEOMETRY = Geometry(LAYOUT.size, PIECE)
STAT = FileStat(4 * PIECE, 1000, 7)
ALL = [STAT, FileStat(0, 1, 1), FileStat(2 * PIECE + 100, 1000, 8), None, FileStat(PIECE, 1000, 9)]


def decide(have=(), writing=(), recorded=ALL, found=ALL):
    return recovery(LAYOUT, GEOMETRY, Bitfield(GEOMETRY.piece_count, have), writing, recorded, found)


def changed(index, stat):
    return [stat if i == index else old for i, old in enumerate(ALL)]


def test_nothing_is_hashed_when_all_is_as_recorded():
    assert decide(have=range(8)) == Recovery([], [])


def test_marked_pieces_alone_are_hashed_in_a_dirty_file():
    moved = FileStat(4 * PIECE, 2000, 7)
    assert decide(have=[0], writing=[3, 1], found=changed(0, moved)) == Recovery([1, 3], [])


def test_a_dirty_file_that_shrank_or_was_replaced_is_hashed_whole():
    for stat in (FileStat(100, 2000, 7), FileStat(4 * PIECE, 2000, 70)):
        assert decide(have=[0], writing=[1], found=changed(0, stat)) == Recovery([0, 1, 2, 3], [])


def test_a_dirty_file_never_recorded_is_new():
    assert decide(writing=[1], recorded=changed(0, None)) == Recovery([1], [])


def test_what_nobody_looked_at_is_hashed_whole_though_it_is_marked():
    assert decide(have=[0], writing=[1, 4, 7], recorded=None, found=changed(2, None)) == Recovery(
        [0, 1, 2, 3, 4, 7], []
    )


def test_a_clean_file_that_changed_in_any_way_is_hashed_whole():
    for stat in (STAT._replace(size=1), STAT._replace(mtime_ns=5), STAT._replace(inode=5)):
        assert decide(have=[0, 7], found=changed(0, stat)) == Recovery([0, 1, 2, 3], [])


def test_a_file_that_appeared_from_nowhere_is_hashed():
    assert decide(recorded=changed(4, None)) == Recovery([7], [])


def test_a_missing_file_is_named_only_if_something_of_it_was_claimed():
    assert decide(have=[0], found=changed(0, None)) == Recovery([], [0])
    assert decide(have=[7], found=changed(0, None)) == Recovery([], [])


def test_a_piece_that_spans_into_the_next_file_marks_both_as_dirty():
    assert decide(have=[5], writing=[6], found=changed(2, FileStat(3 * PIECE, 2000, 8))) == Recovery([6], [])


def test_padding_and_empty_files_are_never_asked_for():
    assert decide(have=range(8), found=[ALL[0], None, *ALL[2:]]) == Recovery([], [])
