"""What the storage's tests share: workers without threads, a disk that fails on demand, and small torrents."""

from __future__ import annotations

import errno
import hashlib
import os
import random
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.python.failure import Failure

from torrentd.disk.disk import Disk
from torrentd.disk.results import Stored, Unwritten
from torrentd.disk.storage import Storage
from torrentd.disk.system import System
from torrentd.model.errors import StorageError
from torrentd.model.geometry import BLOCK, Geometry
from torrentd.model.layout import FileEntry, Layout


def at_once(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    """A worker that has done the job before the call returns."""
    return execute(function, *args)


class Steps:
    """A worker that does one job per `step`: what happens meanwhile is up to the test."""

    def __init__(self) -> None:
        self.jobs: deque[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = deque()

    def run(self, function: Callable[..., Any], *args: Any) -> Deferred[Any]:
        deferred: Deferred[Any] = Deferred()
        self.jobs.append((deferred, function, args))
        return deferred

    def step(self) -> None:
        deferred, function, args = self.jobs.popleft()
        execute(function, *args).chainDeferred(deferred)

    def all(self) -> None:
        while self.jobs:
            self.step()


class FakeSystem(System):
    """The real calls, counted; `errors[name]` makes a call raise, `space` is what is free, `most` the bytes of one
    write or read."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.errors: dict[str, int] = {}
        self.space: int | None = None
        self.most: int | None = None

    def preadv(self, fd: int, buffers: Sequence[bytearray | memoryview], offset: int, flags: int = 0) -> int:
        self._call("preadv")
        return super().preadv(fd, [buffers[0][: self.most]], offset, flags)

    def pwritev(self, fd: int, buffers: Sequence[bytes | bytearray | memoryview], offset: int) -> int:
        self._call("pwritev")
        return super().pwritev(fd, [buffers[0][: self.most]], offset)

    def fallocate(self, fd: int, size: int) -> None:
        self._call("fallocate")
        super().fallocate(fd, size)

    def fdatasync(self, fd: int) -> None:
        self._call("fdatasync")
        super().fdatasync(fd)

    def fsync(self, fd: int) -> None:
        self._call("fsync")
        super().fsync(fd)

    def free(self, fd: int) -> int | None:
        self._call("free")
        return self.space

    def _call(self, name: str) -> None:
        self.calls.append(name)
        number = self.errors.get(name)
        if number is not None:
            raise OSError(number, os.strerror(number))


def layout(*files: tuple[str, int] | FileEntry) -> Layout:
    """Files by path and size, one after the other; an entry gives its flags and gets its offset."""
    entries, offset = [], 0
    for item in files:
        given = item if isinstance(item, FileEntry) else FileEntry(tuple(item[0].split("/")), item[1], 0)
        entries.append(FileEntry(given.path, given.size, offset, given.padding, given.executable, given.symlink))
        offset += given.size
    return Layout(tuple(entries))


class Answers:
    """What a storage reports of finished pieces, as one Deferred for each."""

    def __init__(self, storage: Any) -> None:
        self._storage = storage
        self._waiting: dict[int, deque[Deferred[Any]]] = {}
        storage.report_to(self._told)

    def finish(self, piece: int, digests: bool = False) -> Deferred[Any]:
        """Fires with Verified or Failed; errback with the reason of Unwritten."""
        done: Deferred[Any] = Deferred()
        self._waiting.setdefault(piece, deque()).append(done)
        self._storage.finish(piece, digests)
        return done

    def _told(self, stored: list[Stored]) -> None:
        for answer in stored:
            done = self._waiting[answer.piece].popleft()
            if isinstance(answer, Unwritten):
                if isinstance(answer.reason, Failure):  # which says that it is a bug of ours
                    assert answer.reason.check(StorageError) is None
                done.errback(answer.reason or StorageError("given up"))
            else:
                done.callback(answer)


class Sample:
    """A torrent with content, on a disk of its own."""

    def __init__(
        self,
        root: Path,
        files: Layout | Sequence[tuple[str, int] | FileEntry],
        piece_size: int = 2 * BLOCK,
        *,
        run: Callable[..., Deferred[Any]] = at_once,
        flush_run: Callable[..., Deferred[Any]] = at_once,
        system: System | None = None,
        allocation: Any = "sparse",
        **disk: Any,
    ) -> None:
        self.root = root
        self.layout = files if isinstance(files, Layout) else layout(*files)
        self.geometry = Geometry(self.layout.size, piece_size)
        self.content = _content(self.layout)
        self.system = system or FakeSystem()
        self.busy: list[bool] = []
        self.disk = Disk(run, flush_run, on_busy=self.busy.append, system=self.system, **disk)
        self.storage = self.open(allocation)
        self.finish = Answers(self.storage).finish

    def open(self, allocation: Any = "sparse") -> Storage:
        return self.disk.open(self.layout, self.geometry, self.hashes(), str(self.root), allocation)

    def hashes(self) -> bytes:
        return b"".join(hashlib.sha1(self.piece(number)).digest() for number in range(self.geometry.piece_count))

    def piece(self, number: int) -> bytes:
        start = number * self.geometry.piece_size
        return self.content[start : start + self.geometry.piece_length(number)]

    def blocks(self, piece: int, first: int = 0, last: int | None = None) -> list[memoryview]:
        """The blocks `first` to `last` of a piece, as they come from peers."""
        data = memoryview(self.piece(piece))
        count = self.geometry.block_count(piece)
        return [data[b * BLOCK : (b + 1) * BLOCK] for b in range(first, count if last is None else last)]

    def store(self, piece: int, data: bytes | None = None) -> None:
        self.storage.store(piece, 0, self.blocks(piece) if data is None else [memoryview(data)])

    def write(self, *pieces: int) -> list[Any]:
        """Everything for these pieces; what came of each finish."""
        results: list[Any] = []
        self.storage.permit(pieces)
        for piece in pieces:
            self.store(piece)
            self.finish(piece).addBoth(results.append)
        return results

    def put(self, *indexes: int) -> None:
        """Put files there as somebody else would."""
        for index in indexes or range(len(self.layout.files)):
            entry = self.layout.files[index]
            if not entry.padding:
                path = self.path(index)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(self.content[entry.offset : entry.offset + entry.size])

    def path(self, index: int) -> Path:
        return self.root.joinpath(*self.layout.files[index].path)

    def same(self, index: int) -> bool:
        """Whether a file has the content of the torrent."""
        entry = self.layout.files[index]
        return self.path(index).read_bytes() == self.content[entry.offset : entry.offset + entry.size]


def _content(files: Layout) -> bytes:
    parts = [
        bytes(entry.size) if entry.padding else random.Random(entry.offset).randbytes(entry.size)
        for entry in files.files
    ]
    return b"".join(parts)


def result(deferred: Deferred[Any]) -> Any:
    """What a Deferred that has fired came to; the error is raised."""
    answer = answer_of(deferred)
    if isinstance(answer, Failure):
        answer.raiseException()
    return answer


def answer_of(deferred: Deferred[Any]) -> Any:
    """As `result`, but an error is returned."""
    answers: list[Any] = []
    deferred.addBoth(answers.append)
    assert answers, "it has not fired"
    return answers[0]


def open_descriptors(root: Path) -> list[str]:
    """The content files that this process has open beneath a directory."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError as error:
            assert error.errno == errno.ENOENT  # the listing's own descriptor
            continue
        if target.startswith(str(root)):
            found.append(target.removeprefix(str(root)))
    return sorted(found)
