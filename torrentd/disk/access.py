"""How the verbs of one storage reach its files: a job goes to a worker with the descriptors it may use, and what it
opened, made and learned comes back with its outcome.

All state is here, on the reactor's thread; a job gets values and returns values. A job that ran out of descriptors is
tried once more after every idle file of the daemon was closed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from torrentd.disk.descriptors import Descriptors, OpenFile
from torrentd.disk.files import Outcome, Place, Terms, perform
from torrentd.disk.folders import Components
from torrentd.disk.pending import Pending
from torrentd.model.errors import StorageError

Run = Callable[..., Deferred[Any]]
"""`run(f, *args)` calls `f` in a worker; the Deferred fires on the reactor's thread."""

_T = TypeVar("_T")


class Access:
    """One torrent's files, for the verbs of its storage."""

    def __init__(self, key: int, place: Place, descriptors: Descriptors, run: Run) -> None:
        self.key = key
        self.place = place
        self.descriptors = descriptors
        self.run = run
        self.pending = Pending()
        self.closed = False
        self.allocate: frozenset[int] = frozenset()
        """files to be allocated in full when they are opened for writing"""
        self.expected: dict[int, int] = {}
        """file -> size it has at least: those we wrote, and those we saw. They are never made anew"""
        self.entries: dict[Components, None] = {}
        """folders whose new entries are not on the disk yet"""

    def work(
        self,
        job: Callable[..., _T],
        *args: object,
        files: Iterable[int],
        writable: bool = False,
        run: Run | None = None,
    ) -> Deferred[_T]:
        """Run `job(Files, *args)` in a worker. `files` are all that it touches. Errback StorageError."""
        if self.closed:
            return fail(StorageError("the storage is closed", "io_error", self.place.root))
        attempt = partial(self._attempt, run or self.run, list(files), writable, job, args)
        deferred: Deferred[_T] = attempt()
        deferred.addErrback(self._again, attempt)
        return deferred

    def forget(self, files: Iterable[int]) -> None:
        """Open them by their path next time."""
        for index in files:
            self.descriptors.forget((self.key, index))

    def _attempt(
        self, run: Run, files: list[int], writable: bool, job: Callable[..., _T], args: tuple[object, ...]
    ) -> Deferred[_T]:
        held = self.descriptors.hold(self.key, files, writable)
        terms = self._terms(files, writable, held)
        deferred = run(perform, self.place, terms, job, *args)
        deferred.addBoth(self._release, held)
        deferred.addCallback(self._settle, files)
        return deferred

    def _terms(self, files: list[int], writable: bool, held: dict[int, OpenFile]) -> Terms:
        descriptors = {index: file.fd for index, file in held.items()}
        expected = {index: self.expected[index] for index in files if index in self.expected}
        return Terms(
            descriptors, writable, expected, self.allocate.intersection(files) if self.allocate else self.allocate
        )

    def _release(self, result: _T, held: dict[int, OpenFile]) -> _T:
        self.descriptors.release(held.values())
        return result

    def _settle(self, outcome: Outcome[_T], files: list[int]) -> _T:
        for opened in outcome.opened:
            self.descriptors.adopt(self.key, opened)
        for index in outcome.sized:
            self.expected[index] = self.place.layout.files[index].size
        self.entries.update(outcome.entries)
        if outcome.error is not None:
            self.forget([*files, *(opened.file for opened in outcome.opened)])
            raise outcome.error
        return outcome.value  # type: ignore[return-value]  # a job's own None is a value

    def _again(self, failure: Failure, attempt: Callable[[], Deferred[_T]]) -> Failure | Deferred[_T]:
        error = failure.value
        if isinstance(error, StorageError) and error.code == "no_descriptors" and self.descriptors.shed():
            return attempt()
        return failure
