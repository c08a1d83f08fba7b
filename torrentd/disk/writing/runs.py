"""Pieces over 4 MiB: written in runs of 1 MiB, and hashed as they come, so that memory does not grow with the piece.

A run is written when its last block is there. A swarm that fills many runs of a piece at a time has the oldest written
half full, and the rest of it later: that memory is bounded too.

The bytes reach the disk before the piece is verified, so nothing is written, not even the first run, before the permit
for the piece is there. One job per piece at a time: runs of a discarded piece, or of a finished one, have landed before
the same piece, begun anew, is written again. How a job hashes is in `running_hash`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from twisted.python.failure import Failure

from torrentd.disk.hashing import Hasher, hasher
from torrentd.disk.results import Failed, Stored, Unwritten, Verified
from torrentd.disk.writing.desk import Desk
from torrentd.disk.writing.running_hash import RUN, Progress, Task, write_and_hash
from torrentd.model.geometry import BLOCK

_OPEN_RUNS = 8
"""Runs of one piece being filled at a time: more peers than that rarely share a piece."""


@dataclass(slots=True)
class _Run:
    begin: int
    buffer: memoryview
    blocks: int = 0
    """block set of what the buffer holds"""


@dataclass(slots=True, eq=False)
class _Piece:
    length: int
    received: dict[int, int] = field(default_factory=dict)
    """run number -> block set of what ever came of it"""
    filling: dict[int, _Run] = field(default_factory=dict)
    ready: list[_Run] = field(default_factory=list)
    written: int = 0
    """block set of the piece: on the disk, or in the job under way"""
    hash: Hasher = field(default_factory=hasher)
    hashed: int = 0
    busy: bool = False
    discarded: bool = False
    finished: bool = False
    digests: bool = False
    failure: Failure | None = None
    failures: int = 0
    """flushes that had failed when the first job began"""

    def whole(self) -> bool:
        """Whether every block came."""
        runs = -(-self.length // RUN)
        return all(self.received.get(number) == self.all_of(number) for number in range(runs))

    def all_of(self, number: int) -> int:
        """The full block set of a run; the last one may be shorter."""
        return (1 << -(-min(self.length - number * RUN, RUN) // BLOCK)) - 1


class PiecesInRuns:
    """The large pieces of one torrent. Implements `Writing`."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._permitted: set[int] = set()
        self._lines: dict[int, deque[_Piece]] = {}
        """the copies of each piece: the first may be written; all but the last are finished or discarded"""

    def store(self, piece: int, begin: int, views: list[memoryview]) -> None:
        line = self._lines.setdefault(piece, deque())
        if not line or line[-1].finished or line[-1].discarded:
            line.append(_Piece(self._desk.geometry.piece_length(piece)))
        if line[-1].failure:
            return
        for view in views:
            self._copy(line[-1], begin, view)
            begin += len(view)
        self._start(piece)

    def finish(self, piece: int, digests: bool) -> None:
        state = self._lines[piece][-1]
        if state.failure:
            self._leave(piece, state)
            self._desk.report([Unwritten.after(piece, state.failure)])
            return
        if not state.whole():
            raise ValueError(f"blocks of piece {piece} are missing")
        state.finished = True
        state.digests = digests
        self._desk.access.pending.begin()
        self._start(piece)

    def permit(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            self._permitted.add(piece)
            self._start(piece)

    def discard(self, pieces: Iterable[int]) -> None:
        for piece in pieces:
            line = self._lines.get(piece)
            if line is None or not any(state.finished for state in line):
                self._permitted.discard(piece)
            if line is not None and not line[-1].finished:
                self._drop(piece, line[-1])

    def abandon(self) -> None:
        self.discard(list(self._lines))
        for piece in [piece for piece in self._lines if piece not in self._permitted]:
            for state in [state for state in self._lines[piece] if state.finished]:
                self._leave(piece, state)
                self._answer(state, Unwritten(piece, None))

    # --- filling

    def _copy(self, state: _Piece, begin: int, view: memoryview) -> None:
        """Into the runs; a block that came before is left as it was."""
        while view:
            number, start = divmod(begin, RUN)
            count = min(len(view), RUN - start)
            blocks = ((1 << -(-count // BLOCK)) - 1) << (start // BLOCK)
            before = state.received.get(number, 0)
            if blocks & ~before:
                run = state.filling.get(number) or self._open(state, number)
                run.buffer[start : start + count] = view[:count]
                run.blocks |= blocks
                state.received[number] = before | blocks
                if before | blocks == state.all_of(number):
                    self._seal(state, number)
            begin += count
            view = view[count:]

    def _open(self, state: _Piece, number: int) -> _Run:
        if len(state.filling) >= _OPEN_RUNS:
            self._seal(state, next(iter(state.filling)))
        run = state.filling[number] = _Run(number * RUN, self._desk.buffers.take(RUN))
        return run

    def _seal(self, state: _Piece, number: int) -> None:
        """The buffer takes no more blocks: it waits for the disk."""
        state.ready.append(state.filling.pop(number))
        self._desk.buffers.wait(RUN)

    # --- writing

    def _start(self, piece: int) -> None:
        """Begin a job if there is something to do and it may be done."""
        line = self._lines.get(piece)
        if not line or piece not in self._permitted:
            return
        state = line[0]
        if state.busy or not (state.ready or state.finished):
            return
        if not state.written:
            state.failures = self._desk.unflushed.failures
        runs, state.ready = sorted(state.ready, key=lambda run: run.begin), []
        task = self._task(piece, state, runs)
        state.busy = True
        self._desk.access.pending.begin()
        done = self._desk.access.work(write_and_hash, task, files=self._desk.span(piece), writable=True)
        done.addBoth(self._done, state, runs, task)

    def _task(self, piece: int, state: _Piece, runs: list[_Run]) -> Task:
        desk = self._desk
        for run in runs:
            state.written |= run.blocks << (run.begin // BLOCK)
        upto = min(_before_hole(state.written) * BLOCK, state.length)
        parts = [part for run in runs for part in _parts(run, state.length)]
        last = state.finished and upto == state.length
        expected = desk.expected(piece) if last else None
        offset = desk.offset(piece)
        return Task(piece, offset, parts, state.hash, state.hashed, upto, expected, state.digests, desk.salt)

    def _done(self, progress: Progress | Failure, state: _Piece, runs: list[_Run], task: Task) -> None:
        state.busy = False
        self._wrote(task)
        for run in runs:
            self._desk.buffers.give(run.buffer)
        if state.discarded:
            self._leave(task.piece, state)
        elif isinstance(progress, Failure):
            self._failed(task.piece, state, progress)
        else:
            state.hash, state.hashed, verdict = progress
            if verdict is not None:
                self._decided(task.piece, state, verdict)
        self._start(task.piece)
        self._desk.buffers.done(RUN * len(runs))
        self._desk.access.pending.end()

    def _wrote(self, task: Task) -> None:
        for begin, data in task.parts:
            self._desk.wrote(self._desk.access.place.layout.span(task.offset + begin, len(data)), len(data))

    def _failed(self, piece: int, state: _Piece, failure: Failure) -> None:
        """Tell it now if the piece is finished, else when it will be: nobody asked yet."""
        state.failure = failure
        self._release(state)
        if state.finished:
            self._leave(piece, state)
            self._answer(state, Unwritten.after(piece, failure))

    def _decided(self, piece: int, state: _Piece, verdict: Verified | Failed) -> None:
        """A verified piece is there also for whoever finished it again meanwhile."""
        self._leave(piece, state)
        if isinstance(verdict, Failed):
            self._answer(state, verdict)
            return
        self._permitted.discard(piece)
        result = self._desk.claim(verdict, state.failures)
        others = [other for other in self._lines.get(piece, ()) if other.finished]
        for other in others:
            self._leave(piece, other)
        for answered in (state, *others):
            self._answer(answered, result)

    def _answer(self, state: _Piece, answer: Stored) -> None:
        self._release(state)
        self._desk.report([answer])
        self._desk.access.pending.end()

    def _drop(self, piece: int, state: _Piece) -> None:
        """Not wanted any more; it keeps its place in the line while a job of it is under way."""
        state.discarded = True
        self._release(state)
        if not state.busy:
            self._leave(piece, state)

    def _leave(self, piece: int, state: _Piece) -> None:
        line = self._lines[piece]
        line.remove(state)
        if not line:
            del self._lines[piece]

    def _release(self, state: _Piece) -> None:
        """Give up what no job has."""
        for run in (*state.filling.values(), *state.ready):
            self._desk.buffers.give(run.buffer)
        waiting = RUN * len(state.ready)
        state.filling, state.ready = {}, []
        self._desk.buffers.done(waiting)


def _before_hole(blocks: int) -> int:
    """How many blocks of the set there are before the first that is not."""
    return (~blocks & (blocks + 1)).bit_length() - 1


def _parts(run: _Run, piece_length: int) -> Iterator[tuple[int, memoryview]]:
    """The stretches that a run's buffer holds, as (begin in the piece, data)."""
    block = 0
    while run.blocks >> block:
        count = _before_hole(run.blocks >> block)
        if count:
            start, end = block * BLOCK, min((block + count) * BLOCK, piece_length - run.begin)
            yield run.begin + start, run.buffer[start:end]
        block += count or 1
