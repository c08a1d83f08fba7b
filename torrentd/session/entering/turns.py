"""One thing at a time for each torrent: it is not added while it is being removed, nor added twice."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, DeferredLock

T = TypeVar("T")


class Turns:
    """A lock per key, which exists while somebody has it or waits for it."""

    def __init__(self) -> None:
        self._locks: dict[bytes, DeferredLock] = {}

    def run(self, key: bytes, work: Callable[..., Coroutine[Any, Any, T]], *args: Any) -> Deferred[T]:
        """Do the work when its turn has come; fires with its result."""
        lock = self._locks.setdefault(key, DeferredLock())
        done: Deferred[T] = lock.run(lambda: Deferred.fromCoroutine(work(*args)))
        return done.addBoth(self._over, key, lock)

    def _over(self, result: T, key: bytes, lock: DeferredLock) -> T:
        if not (lock.locked or lock.waiting):
            self._locks.pop(key, None)
        return result
