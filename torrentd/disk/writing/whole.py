"""Pieces of up to 4 MiB: received into one buffer, hashed and written once, by a worker, while the bytes are hot.

A hop to a worker and back costs 50 to 100 microseconds, more than hashing a 16 KiB piece. So at most a few jobs are
under way at a time, and what is finished meanwhile goes together into the next one. The first piece never waits for
company.

Rejected: collecting until the end of the reactor's turn. It delays the first piece, needs the reactor here, and
batches no better when it matters, which is when the workers are busy.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from twisted.python.failure import Failure

from torrentd.disk.files import Files
from torrentd.disk.hashing import block_digests, piece_hash
from torrentd.disk.results import Failed, Stored, Unwritten, Verified
from torrentd.disk.writing.desk import Desk
from torrentd.model.errors import StorageError

WHOLE_LIMIT = 4 * 1024 * 1024
"""Larger pieces are written in runs: a hundred of them half received must not fill the memory."""

_BATCH = 1024 * 1024
"""Bytes after which a job is full: half a millisecond of hashing, ten times the cost of the hop."""

_Answer: TypeAlias = Verified | Failed | StorageError


@dataclass(slots=True)
class Task:
    """A finished piece, until it is known what became of it."""

    piece: int
    offset: int
    data: memoryview
    expected: bytes
    digests: bool
    buffer: memoryview
    """what `data` is a part of"""


class WholePieces:
    """The pieces of one torrent, buffered whole. Implements `Writing`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._permitted: set[int] = set()
        self._filling: dict[int, memoryview] = {}
        self._finished: dict[int, list[Task]] = {}
        """a torrent that was stopped and started may finish a piece again before the disk has answered: in order"""
        self._queue: deque[Task] = deque()
        self._jobs = 0
        self._starting = False

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        buffer = self._filling.get(piece)
        if buffer is None:
            buffer = self._filling[piece] = self._desk.buffers.take(self._desk.geometry.piece_size)
        for view in views:
            end = begin + len(view)
            buffer[begin:end] = view
            begin = end

    def finish(self, piece: int, digests: bool) -> None:
        desk = self._desk
        buffer = self._filling.pop(piece)
        data = buffer[: desk.geometry.piece_length(piece)]
        task = Task(piece, desk.offset(piece), data, desk.expected(piece), digests, buffer)
        line = self._finished.setdefault(piece, [])
        line.append(task)
        desk.access.pending.begin()
        desk.buffers.wait(len(data))
        if piece in self._permitted and line[0] is task:
            self._queue.append(task)
            self._start()

    def permit(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            if piece not in self._permitted and piece in self._finished:
                self._queue.append(self._finished[piece][0])
            self._permitted.add(piece)
        self._start()

    def discard(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            if piece not in self._finished:
                self._permitted.discard(piece)
            buffer = self._filling.pop(piece, None)
            if buffer is not None:
                self._desk.buffers.give(buffer)

    def abandon(self) -> None:
        self.discard(list(self._filling))
        given_up = [piece for piece in self._finished if piece not in self._permitted]
        self._report([(task, Unwritten(piece, None)) for piece in given_up for task in self._finished.pop(piece)])

    def _start(self) -> None:
        """Begin jobs while there is work and a free place. A job may end at once; then the loop sees it."""
        if self._starting:
            return
        self._starting = True
        try:
            while self._queue and self._jobs < self._desk.parallel:
                self._job(self._batch())
        finally:
            self._starting = False

    def _batch(self) -> list[Task]:
        size, batch = 0, []
        while self._queue and size < _BATCH:
            task = self._queue.popleft()
            size += len(task.data)
            batch.append(task)
        return batch

    def _job(self, batch: list[Task]) -> None:
        self._jobs += 1
        files = dict.fromkeys(index for task in batch for index in self._desk.span(task.piece))
        done = self._desk.access.work(verify_and_write, batch, self._desk.salt, files=files, writable=True)
        done.addBoth(self._done, batch, self._desk.unflushed.failures)

    def _done(self, outcome: Sequence[_Answer] | Failure, batch: list[Task], failures: int) -> None:
        self._jobs -= 1
        self._start()
        answers: Sequence[_Answer | Unwritten]
        answers = [Unwritten.after(task.piece, outcome) for task in batch] if isinstance(outcome, Failure) else outcome
        answered: list[tuple[Task, Stored]] = []
        for task, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Verified):
                answered += self._verified(task, answer, failures)
            else:
                self._next(task.piece)
                answered.append((task, Unwritten(task.piece, answer) if isinstance(answer, StorageError) else answer))
        self._report(answered)

    def _verified(self, task: Task, answer: Verified, failures: int) -> list[tuple[Task, Stored]]:
        """It is there, also for whoever finished it again meanwhile."""
        desk, piece = self._desk, answer.piece
        self._permitted.discard(piece)
        desk.wrote(desk.span(piece), len(task.data))
        result = desk.claim(answer, failures)
        return [(other, result) for other in self._finished.pop(piece)]

    def _next(self, piece: int) -> None:
        """The piece is not there: the next copy of it has its turn, if there is one."""
        line = self._finished[piece]
        line.pop(0)
        if line:
            self._queue.append(line[0])
            self._start()
        else:
            del self._finished[piece]

    def _report(self, answered: list[tuple[Task, Stored]]) -> None:
        """Give the buffers back and tell."""
        if not answered:
            return
        desk, size = self._desk, 0
        for task, _ in answered:
            size += len(task.data)
            desk.buffers.give(task.buffer)
        desk.report([answer for _, answer in answered])
        desk.buffers.done(size)
        desk.access.pending.end(len(answered))


def verify_and_write(files: Files, tasks: list[Task], salt: bytes) -> list[_Answer]:
    """The job: an answer for each task. Raises StorageError only for want of descriptors, which is worth a retry."""
    return [_verify_and_write(files, task, salt) for task in tasks]


def _verify_and_write(files: Files, task: Task, salt: bytes) -> _Answer:
    if piece_hash(task.data) != task.expected:
        return Failed(task.piece, block_digests(task.data, salt))
    try:
        files.write(task.offset, task.data)
    except StorageError as error:
        if error.code == "no_descriptors":
            raise
        return error
    return Verified(task.piece, block_digests(task.data, salt) if task.digests else None)
