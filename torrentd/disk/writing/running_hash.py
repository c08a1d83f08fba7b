"""A job for a part of a large piece: write what came, and hash as far as there is no hole.

Bytes at hand are hashed from memory; what an earlier job wrote behind a hole is read back once the hole is closed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from torrentd.disk.files import Files
from torrentd.disk.hashing import Hasher, block_digests
from torrentd.disk.results import Failed, Verified

RUN = 1024 * 1024
"""Bytes written or read at a time: large enough for any disk, small enough to have many at a time."""


class Task(NamedTuple):
    """What the job does for a piece. `begin`s are within the piece."""

    piece: int
    offset: int
    """where the piece begins in the torrent's bytes"""
    parts: list[tuple[int, memoryview]]
    """(begin, data) to be written, ascending, none overlapping"""
    hash: Hasher
    """of the first `hashed` bytes; the job works on a copy"""
    hashed: int
    upto: int
    """bytes without a hole once the parts are written"""
    expected: bytes | None
    """set for the last job of the piece: `upto` is the piece's end"""
    digests: bool
    salt: bytes


class Progress(NamedTuple):
    """What a job came to."""

    hash: Hasher
    hashed: int
    verdict: Verified | Failed | None


def write_and_hash(files: Files, task: Task) -> Progress:
    """Write the parts, advance the hash, and say what became of the piece if this was the last of it."""
    for begin, data in task.parts:
        files.write(task.offset + begin, data)
    sha, hashed = task.hash.copy(), task.hashed
    for data in _stretches(files, task):
        sha.update(data)
        hashed += len(data)
    verdict = None if task.expected is None else _verdict(files, task, sha.digest() == task.expected)
    return Progress(sha, hashed, verdict)


def _stretches(files: Files, task: Task) -> Iterator[memoryview]:
    """The bytes from `hashed` to `upto`, from memory where they are at hand. A view is valid until the next."""
    begins = [begin for begin, _ in task.parts]
    position, buffer = task.hashed, memoryview(b"")
    while position < task.upto:
        following = bisect_right(begins, position)
        if following and begins[following - 1] == position:
            data = task.parts[following - 1][1]
        else:
            end = min(task.upto, position + RUN, *begins[following : following + 1])
            buffer = buffer or memoryview(bytearray(RUN))
            data = buffer[: end - position]
            files.read(task.offset + position, data)
        position += len(data)
        yield data


def _verdict(files: Files, task: Task, good: bool) -> Verified | Failed:
    """The digests come from what was written: the blocks are not in memory any more."""
    if good and not task.digests:
        return Verified(task.piece)
    digests: list[bytes] = []
    buffer = memoryview(bytearray(RUN))
    for begin in range(0, task.upto, RUN):
        data = buffer[: min(RUN, task.upto - begin)]
        files.read(task.offset + begin, data)
        digests += block_digests(data, task.salt)
    return Verified(task.piece, digests) if good else Failed(task.piece, digests)
