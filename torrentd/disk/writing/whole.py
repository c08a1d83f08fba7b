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
from typing import NamedTuple, TypeAlias

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

from torrentd.disk.files import Files
from torrentd.disk.hashing import block_digests, piece_hash
from torrentd.disk.results import Failed, Verified
from torrentd.disk.writing.desk import Desk
from torrentd.model.errors import StorageError

WHOLE_LIMIT = 4 * 1024 * 1024
"""Larger pieces are written in runs: a hundred of them half received must not fill the memory."""

_BATCH = 1024 * 1024
"""Bytes after which a job is full: half a millisecond of hashing, ten times the cost of the hop."""


class Task(NamedTuple):
    """One piece, for a job."""

    piece: int
    offset: int
    data: memoryview
    expected: bytes
    digests: bool


_Answer: TypeAlias = Verified | Failed | StorageError | Failure


@dataclass(slots=True)
class _Waiting:
    """A finished piece until its result is out."""

    task: Task
    buffer: memoryview
    result: Deferred[Verified | Failed]


class WholePieces:
    """The pieces of one torrent, buffered whole. Implements `Writing`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._permitted: set[int] = set()
        self._filling: dict[int, memoryview] = {}
        self._finished: dict[int, _Waiting] = {}
        self._queue: deque[_Waiting] = deque()
        self._jobs = 0
        self._starting = False

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        if piece in self._finished:
            return
        buffer = self._filling.get(piece)
        if buffer is None:
            buffer = self._filling[piece] = self._desk.buffers.take(self._desk.geometry.piece_size)
        for view in views:
            end = begin + len(view)
            buffer[begin:end] = view
            begin = end

    def finish(self, piece: int, digests: bool) -> Deferred[Verified | Failed]:
        desk = self._desk
        buffer = self._filling.pop(piece)
        data = buffer[: desk.geometry.piece_length(piece)]
        task = Task(piece, desk.offset(piece), data, desk.expected(piece), digests)
        waiting = self._finished[piece] = _Waiting(task, buffer, Deferred())
        desk.access.pending.begin()
        desk.buffers.wait(len(data))
        if piece in self._permitted:
            self._queue.append(waiting)
            self._start()
        return waiting.result

    def permit(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            if piece in self._permitted:
                continue
            self._permitted.add(piece)
            if piece in self._finished:
                self._queue.append(self._finished[piece])
        self._start()

    def discard(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            if piece in self._finished:
                continue
            self._permitted.discard(piece)
            buffer = self._filling.pop(piece, None)
            if buffer is not None:
                self._desk.buffers.give(buffer)

    def abandon(self) -> None:
        self.discard(list(self._filling))
        for piece, waiting in list(self._finished.items()):
            if piece not in self._permitted:
                self._answer(waiting, Failure(CancelledError("the storage was closed before the piece was written")))

    def _start(self) -> None:
        """Begin jobs while there is work and a free place. A job may end at once; then the loop sees it."""
        if self._starting:
            return
        self._starting = True
        while self._queue and self._jobs < self._desk.parallel:
            self._job(self._batch())
        self._starting = False

    def _batch(self) -> list[_Waiting]:
        size, batch = 0, []
        while self._queue and size < _BATCH:
            waiting = self._queue.popleft()
            size += len(waiting.task.data)
            batch.append(waiting)
        return batch

    def _job(self, batch: list[_Waiting]) -> None:
        self._jobs += 1
        files = dict.fromkeys(index for waiting in batch for index in self._desk.span(waiting.task.piece))
        tasks = [waiting.task for waiting in batch]
        done = self._desk.access.work(verify_and_write, tasks, self._desk.salt, files=files, writable=True)
        done.addBoth(self._done, batch, self._desk.unflushed.failures)

    def _done(self, outcome: Sequence[_Answer] | Failure, batch: list[_Waiting], failures: int) -> None:
        self._jobs -= 1
        self._start()
        answers = [outcome] * len(batch) if isinstance(outcome, Failure) else outcome
        for waiting, answer in zip(batch, answers, strict=True):
            if isinstance(answer, Verified):
                self._permitted.discard(answer.piece)
                self._desk.wrote(self._desk.span(answer.piece), len(waiting.task.data))
                self._answer(waiting, self._desk.claim(answer, failures))
            else:
                self._answer(waiting, answer)

    def _answer(self, waiting: _Waiting, answer: _Answer) -> None:
        desk = self._desk
        del self._finished[waiting.task.piece]
        desk.buffers.give(waiting.buffer)
        if isinstance(answer, StorageError | Failure):
            waiting.result.errback(answer)
        else:
            waiting.result.callback(answer)
        desk.buffers.done(len(waiting.task.data))
        desk.access.pending.end()


def verify_and_write(files: Files, tasks: list[Task], salt: bytes) -> list[Verified | Failed | StorageError]:
    """The job: an answer for each task. Raises StorageError only for want of descriptors, which is worth a retry."""
    return [_verify_and_write(files, task, salt) for task in tasks]


def _verify_and_write(files: Files, task: Task, salt: bytes) -> Verified | Failed | StorageError:
    if piece_hash(task.data) != task.expected:
        return Failed(task.piece, block_digests(task.data, salt))
    try:
        files.write(task.offset, task.data)
    except StorageError as error:
        if error.code == "no_descriptors":
            raise
        return error
    return Verified(task.piece, block_digests(task.data, salt) if task.digests else None)
