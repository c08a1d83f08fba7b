"""Bodies within their cap."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib

import pytest

from torrentd.model.errors import TrackerError
from torrentd.net.trackers.body import LARGEST, Unpacking

PLAIN = b"d8:intervali1800ee"


@pytest.mark.parametrize("step", [1, 5, 1000])
@pytest.mark.parametrize(
    ("encoding", "data"),
    [("", PLAIN), ("identity", PLAIN), ("gzip", gzip.compress(PLAIN, mtime=0)), ("x-gzip", zlib.compress(PLAIN))],
)
def test_however_it_is_packed_and_cut(encoding: str, data: bytes, step: int) -> None:
    unpacking = Unpacking(encoding)
    for start in range(0, len(data), step):
        unpacking.feed(data[start : start + step])
    assert unpacking.finish() == PLAIN


@pytest.mark.parametrize("encoding", ["br", "gzip,gzip", "deflate"])
def test_what_was_not_asked_for(encoding: str) -> None:
    with pytest.raises(TrackerError, match="packed"):
        Unpacking(encoding)


def test_a_plain_answer_too_large() -> None:
    unpacking = Unpacking("")
    unpacking.feed(bytes(LARGEST))
    with pytest.raises(TrackerError, match="larger than 1024 KiB"):
        unpacking.feed(b"x")


def test_a_bomb_is_not_unpacked_further_than_the_cap() -> None:
    bomb = gzip.compress(bytes(64 * LARGEST))
    tracemalloc.start()
    with pytest.raises(TrackerError, match="larger"):
        Unpacking("gzip").feed(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * LARGEST


def test_packed_rubbish() -> None:
    with pytest.raises(TrackerError, match="damaged"):
        Unpacking("gzip").feed(b"this is not gzip")


def test_packed_and_cut_short() -> None:
    unpacking = Unpacking("gzip")
    unpacking.feed(gzip.compress(PLAIN)[:-10])
    with pytest.raises(TrackerError, match="cut short"):
        unpacking.finish()


def test_what_follows_the_packed_data_is_ignored() -> None:
    unpacking = Unpacking("gzip")
    unpacking.feed(gzip.compress(PLAIN) + b"rubbish")
    unpacking.feed(b"more")
    assert unpacking.finish() == PLAIN
