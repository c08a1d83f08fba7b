from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tests.disk.fakes import FakeSystem, layout, open_descriptors
from torrentd.disk.files import Files, Place, Terms, perform
from torrentd.model.errors import StorageError
from torrentd.model.layout import FileEntry

FILES = layout(("t/a", 5), ("t/d/b", 7), ("t/empty", 0), FileEntry((".pad", "4"), 4, 0, padding=True), ("t/c", 6))
TEXT = b"AAAAABBBBBBB\0\0\0\0CCCCCC"


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def place(tmp_path: Path, system: FakeSystem) -> Place:
    return Place(str(tmp_path), FILES, 0, system)


def write(files: Files, offset: int, data: bytes) -> None:
    files.write(offset, memoryview(data))


def read(files: Files, offset: int, length: int) -> bytes:
    data = bytearray(length)
    files.read(offset, memoryview(data))
    return bytes(data)


def put(place: Place, offset: int, data: bytes, terms: Terms | None = None) -> None:
    outcome = perform(place, terms or Terms(writable=True), write, offset, data)
    close(outcome.opened)
    if outcome.error:
        raise outcome.error


def get(place: Place, offset: int, length: int, terms: Terms | None = None) -> bytes:
    outcome = perform(place, terms or Terms(), read, offset, length)
    close(outcome.opened)
    if outcome.error:
        raise outcome.error
    assert outcome.value is not None
    return outcome.value


def close(opened: list) -> None:
    for item in opened:
        os.close(item.fd)


def test_what_was_written_over_many_files_is_read_back(place: Place, tmp_path: Path) -> None:
    put(place, 0, TEXT)
    assert (tmp_path / "t/a").read_bytes() == b"AAAAA"
    assert (tmp_path / "t/d/b").read_bytes() == b"BBBBBBB"
    assert (tmp_path / "t/c").read_bytes() == b"CCCCCC"
    assert get(place, 0, len(TEXT)) == TEXT
    assert get(place, 3, 6) == TEXT[3:9]


def test_padding_is_never_stored_and_reads_as_zeros(place: Place, tmp_path: Path) -> None:
    put(place, 12, b"xxxxC")
    assert not (tmp_path / ".pad").exists()
    assert get(place, 12, 5) == b"\0\0\0\0C"


def test_only_files_that_hold_bytes_of_the_write_are_made_with_their_full_size(place: Place, tmp_path: Path) -> None:
    put(place, 6, b"BB")
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["b", "d", "t"]
    assert (tmp_path / "t/d/b").read_bytes() == b"\0BB\0\0\0\0"


def test_a_read_makes_nothing(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        get(place, 0, 5)
    assert (caught.value.code, caught.value.path) == ("files_missing", str(tmp_path / "t/a"))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_short_is_missing(place: Place, tmp_path: Path) -> None:
    put(place, 0, TEXT)
    os.truncate(tmp_path / "t/a", 3)
    with pytest.raises(StorageError, match="shorter") as caught:
        get(place, 0, 5)
    assert caught.value.code == "files_missing"
    assert get(place, 0, 3) == b"AAA"


def test_a_file_known_to_exist_is_not_made_anew(place: Place, tmp_path: Path) -> None:
    with pytest.raises(StorageError) as caught:
        put(place, 0, b"AAAAA", Terms(writable=True, expected={0: 5}))
    assert caught.value.code == "files_missing"
    assert list(tmp_path.iterdir()) == []


def test_a_file_known_to_be_longer_is_not_extended(place: Place, tmp_path: Path) -> None:
    put(place, 0, b"AAAAA")
    os.truncate(tmp_path / "t/a", 3)
    with pytest.raises(StorageError) as caught:
        put(place, 4, b"A", Terms(writable=True, expected={0: 5}))
    assert caught.value.code == "files_missing"
    put(place, 4, b"A", Terms(writable=True, expected={0: 3}))
    assert (tmp_path / "t/a").read_bytes() == b"AAA\0A"


def test_a_longer_file_keeps_its_end(place: Place, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/a").write_bytes(b"0123456789")
    put(place, 0, b"AAAAA")
    assert (tmp_path / "t/a").read_bytes() == b"AAAAA56789"


@pytest.mark.parametrize("planted", ["t", "t/d", "t/d/b"])
def test_links_planted_at_any_level_are_not_followed(place: Place, tmp_path: Path, planted: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "d").mkdir()
    (outside / "b").write_bytes(b"victim!")
    (outside / "d" / "b").write_bytes(b"victim!")
    link = tmp_path / planted
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to({"t": outside, "t/d": outside / "d", "t/d/b": outside / "b"}[planted])
    with pytest.raises(StorageError) as caught:
        put(place, 5, b"BBBBBBB")
    assert (caught.value.code, caught.value.path) == ("permission", str(tmp_path / "t/d/b"))
    with pytest.raises(StorageError) as caught:
        get(place, 5, 7)
    assert caught.value.code == "files_missing"
    assert (outside / "b").read_bytes() == b"victim!"
    assert (outside / "d" / "b").read_bytes() == b"victim!"


def test_a_dangling_link_is_not_written_through(place: Place, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    (tmp_path / "t/a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match="not followed"):
        put(place, 0, b"AAAAA")
    assert not (tmp_path / "elsewhere").exists()


def test_a_named_pipe_in_the_way_does_not_hold_the_thread(place: Place, tmp_path: Path) -> None:
    (tmp_path / "t").mkdir()
    os.mkfifo(tmp_path / "t/a")
    for act in (lambda: get(place, 0, 5), lambda: put(place, 0, b"AAAAA")):
        with pytest.raises(StorageError, match="not a regular file"):
            act()


def test_a_folder_in_the_way_is_named(place: Place, tmp_path: Path) -> None:
    (tmp_path / "t/a").mkdir(parents=True)
    with pytest.raises(StorageError, match="a folder is in the way"):
        put(place, 0, b"AAAAA")


def test_short_reads_and_writes_are_continued(place: Place, system: FakeSystem) -> None:
    system.most = 2
    put(place, 0, TEXT)
    assert get(place, 0, len(TEXT)) == TEXT


@pytest.mark.parametrize(
    ("call", "number", "code"),
    [
        ("pwritev", errno.ENOSPC, "disk_full"),
        ("pwritev", errno.EIO, "io_error"),
        ("free", errno.EIO, "io_error"),
        ("preadv", errno.EIO, "io_error"),
    ],
)
def test_errors_name_the_file(place: Place, system: FakeSystem, call: str, number: int, code: str) -> None:
    put(place, 0, TEXT)
    system.errors[call] = number
    with pytest.raises(StorageError) as caught:
        put(place, 5, b"B") if call != "preadv" else get(place, 5, 1)
    assert (caught.value.code, caught.value.path) == (code, place.path(1))


def test_space_is_left_on_the_disk(tmp_path: Path, system: FakeSystem) -> None:
    place = Place(str(tmp_path), FILES, 100, system)
    system.space = 104
    with pytest.raises(StorageError, match="only 104 bytes are free") as caught:
        put(place, 0, b"AAAAA")
    assert caught.value.code == "disk_full"
    system.space = 105
    put(place, 0, b"AAAAA")
    assert system.calls.count("pwritev") == 1


def test_a_disk_of_which_nothing_is_to_be_left(tmp_path: Path, system: FakeSystem) -> None:
    place = Place(str(tmp_path), FILES, 0, system)
    system.space = 4
    with pytest.raises(StorageError, match=r": No space left on device$") as caught:
        put(place, 0, b"AAAAA")
    assert caught.value.code == "disk_full"


def test_space_is_asked_for_once_a_job(place: Place, system: FakeSystem) -> None:
    put(place, 0, TEXT)
    assert system.calls.count("free") == 1


def test_blocks_are_allocated_only_where_it_is_asked(place: Place, tmp_path: Path, system: FakeSystem) -> None:
    put(place, 0, b"AAAAABB", Terms(writable=True, allocate=frozenset([1])))
    assert system.calls.count("fallocate") == 1
    assert (tmp_path / "t/d/b").stat().st_blocks > 0
    assert (tmp_path / "t/d/b").read_bytes() == b"BB\0\0\0\0\0"


def test_a_file_system_without_allocation_gets_a_hole(place: Place, tmp_path: Path, system: FakeSystem) -> None:
    system.errors["fallocate"] = errno.EOPNOTSUPP
    put(place, 0, b"A", Terms(writable=True, allocate=frozenset([0])))
    assert (tmp_path / "t/a").stat().st_size == 5


def test_an_allocation_that_fails_is_taken_back(place: Place, tmp_path: Path, system: FakeSystem) -> None:
    system.errors["fallocate"] = errno.ENOSPC
    with pytest.raises(StorageError) as caught:
        put(place, 0, b"A", Terms(writable=True, allocate=frozenset([0])))
    assert caught.value.code == "disk_full"
    assert (tmp_path / "t/a").stat().st_size == 0


def test_an_executable_file_is_made_so(tmp_path: Path) -> None:
    place = Place(str(tmp_path), layout(FileEntry(("x",), 3, 0, executable=True)))
    put(place, 0, b"abc")
    assert (tmp_path / "x").stat().st_mode & 0o100


def test_a_job_hands_back_what_it_opened_and_keeps_few(tmp_path: Path) -> None:
    place = Place(str(tmp_path), layout(*[(f"f{number}", 2) for number in range(50)]))

    def write_into_each(files: Files) -> None:
        for number in range(50):
            write(files, 2 * number, b"x")

    outcome = perform(place, Terms(writable=True), write_into_each)
    assert [opened.file for opened in outcome.opened] == list(range(42, 50))
    assert all(opened.writable for opened in outcome.opened)
    assert list(outcome.sized) == list(range(50))
    assert list(outcome.entries) == [()]
    assert len(open_descriptors(tmp_path)) == 8
    close(outcome.opened)


def test_files_that_one_write_fills_are_not_kept_open(place: Place, tmp_path: Path) -> None:
    outcome = perform(place, Terms(writable=True), write, 0, TEXT[:14])
    assert outcome.opened == []
    assert list(outcome.sized) == [0, 1]
    assert list(outcome.entries) == [(), ("t",), ("t", "d")]
    assert open_descriptors(tmp_path) == []


def test_what_lies_in_the_place_of_a_file_is_overwritten_but_not_cut(place: Place, tmp_path: Path) -> None:
    put(place, 5, b"B")
    (tmp_path / "t/a").write_bytes(b"0123456789")
    put(place, 0, TEXT)
    assert (tmp_path / "t/a").read_bytes() == b"AAAAA56789"
    assert (tmp_path / "t/d/b").read_bytes() == b"BBBBBBB"


def test_a_file_that_was_written_in_part_only_has_no_size_yet(place: Place, tmp_path: Path, system: FakeSystem) -> None:
    system.errors["pwritev"] = errno.ENOSPC
    outcome = perform(place, Terms(writable=True), write, 0, TEXT)
    assert list(outcome.sized) == []
    assert open_descriptors(tmp_path) == []
    del system.errors["pwritev"]
    put(place, 0, TEXT)
    assert (tmp_path / "t/a").read_bytes() == b"AAAAA"


def test_descriptors_that_came_with_the_job_are_used_and_left_open(place: Place, tmp_path: Path) -> None:
    put(place, 0, TEXT)
    fd = os.open(tmp_path / "t/a", os.O_RDONLY)
    (tmp_path / "t/a").unlink()
    assert get(place, 0, 5, Terms({0: fd})) == b"AAAAA"
    os.close(fd)


def test_a_failed_job_still_tells_what_it_opened_and_made(place: Place, system: FakeSystem) -> None:
    system.errors["pwritev"] = errno.EIO
    outcome = perform(place, Terms(writable=True), write, 1, b"A")
    assert outcome.error is not None
    assert [opened.file for opened in outcome.opened] == [0]
    assert list(outcome.entries) == [(), ("t",)]
    close(outcome.opened)


def test_a_bug_in_a_job_leaves_nothing_open(place: Place, tmp_path: Path) -> None:
    put(place, 0, TEXT)

    def broken(files: Files) -> None:
        files.descriptor(0)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        perform(place, Terms(), broken)
    assert open_descriptors(tmp_path) == []


def test_span_holds_every_file_of_a_stretch(place: Place) -> None:
    for offset in range(len(TEXT)):
        for length in range(1, len(TEXT) - offset + 1):
            files = {piece.file for piece in FILES.slices(offset, length)}
            span = place.layout.span(offset, length)
            assert files <= set(span)
            assert {span[0], span[-1]} <= files | {2}
