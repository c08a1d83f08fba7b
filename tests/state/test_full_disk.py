"""No space for the state: the callers hear it, nothing that was there is lost, and it goes on when there is space."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.defer import execute

from tests.state.samples import HASH, opened, record, result
from torrentd.model.errors import StorageError
from torrentd.state.database import State

TMPFS_SIZE = "2m"
METAINFO = b"m" * 60_000
ENOUGH = 200
"""additions, far more than fit"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 2 MiB."""
    where = tmp_path / "disk"
    where.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={TMPFS_SIZE}", "tmpfs", str(where)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs (needs root): {mounted.stderr.decode().strip()}")
    yield where
    subprocess.run(["umount", str(where)], check=True)


def name(number: int) -> bytes:
    return number.to_bytes(20, "big")


def fill(state: State) -> list[bytes]:
    """Add until there is no space; what was confirmed."""
    confirmed = []
    for number in range(ENOUGH):
        try:
            result(state.add(record(name(number)), METAINFO))
        except StorageError as error:
            assert error.code == "disk_full"
            return confirmed
        confirmed.append(name(number))
    raise AssertionError("the disk did not fill up")


def test_a_full_disk_is_told_and_nothing_is_lost(small_disk: Path) -> None:
    path = small_disk / "torrentd.db"
    filler = small_disk / "filler"
    filler.write_bytes(bytes(1_200_000))
    with opened(path) as (state, _):
        confirmed = fill(state)
        assert confirmed
        with pytest.raises(StorageError) as caught:
            result(state.backup())
        assert caught.value.code == "disk_full"
        assert result(state.metainfo(confirmed[0])) == METAINFO  # reading goes on
        filler.unlink()
        result(state.add(record(), METAINFO))
        confirmed.append(HASH)
    with opened(path) as (_, loaded):
        assert [found.info_hash for found in loaded.torrents] == confirmed


def test_it_starts_on_a_full_disk(small_disk: Path) -> None:
    path = small_disk / "torrentd.db"
    with opened(path) as (state, _):
        result(state.add(record(), METAINFO))
        result(state.note_started(HASH))
        left = {found.name: found.read_bytes() for found in small_disk.iterdir()}
    for file, data in left.items():
        (small_disk / file).write_bytes(data)  # as if it had been killed
    with open(small_disk / "filler", "wb") as filler:
        with pytest.raises(OSError):
            while True:
                os.write(filler.fileno(), bytes(4096))
    with opened(path, crashed=True) as (state, loaded):
        assert [found.info_hash for found in loaded.torrents] == [HASH]
        assert loaded.suspects == {HASH: 1}
        assert result(state.metainfo(HASH)) == METAINFO


def test_the_same_without_a_file_system_of_ones_own(tmp_path: Path) -> None:
    state = State(execute, str(tmp_path / "torrentd.db"))
    result(state.open())
    limit = "PRAGMA max_page_count = {}"
    result(state._query(lambda connection: connection.execute(limit.format(100))))
    confirmed = fill(state)
    result(state.update(confirmed[0], uploaded=1))
    result(state._query(lambda connection: connection.execute(limit.format(10_000))))
    result(state.add(record(), METAINFO))
    result(state.close())
    with opened(tmp_path / "torrentd.db") as (_, loaded):
        assert [found.info_hash for found in loaded.torrents] == [*confirmed, HASH]
