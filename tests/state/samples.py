"""Records to begin with, a way to read a Deferred that has fired, and ways to run what the state thread runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from twisted.internet.defer import Deferred, execute
from twisted.python.failure import Failure

from torrentd.state.database import State
from torrentd.state.records import Loaded, TorrentRecord

HASH = b"h" * 20


def record(info_hash: bytes = HASH, **changes: Any) -> TorrentRecord:
    """Ten pieces in two files, nothing had yet."""
    fields = {
        "info_hash": info_hash,
        "hash_v1": info_hash,
        "name": "a torrent",
        "size": 95,
        "piece_size": 10,
        "piece_count": 10,
        "file_count": 2,
        "download_dir": "/downloads",
        "added_at": 1_700_000_000.5,
        "have": b"\0\0",
    }
    return TorrentRecord(**{**fields, **changes})


def result(deferred: Deferred[Any]) -> Any:
    """What it fired with; its failure is raised."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    assert found, "the Deferred has not fired"
    if isinstance(found[0], Failure):
        found[0].raiseException()
    return found[0]


class HeldRun:
    """`run` for a test that decides when the thread gets to work."""

    def __init__(self) -> None:
        self.calls: list[tuple[Deferred[Any], Callable[..., Any], tuple[Any, ...]]] = []

    def __call__(self, f: Callable[..., Any], *args: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()
        self.calls.append((done, f, args))
        return done

    def step(self) -> None:
        """Let the oldest call happen."""
        done, f, args = self.calls.pop(0)
        execute(f, *args).addBoth(done.callback)


@contextmanager
def thread_run() -> Iterator[Callable[..., Deferred[Any]]]:
    """`run` on a real thread of its own; the caller waits for it."""
    with ThreadPoolExecutor(1) as pool:
        yield lambda f, *args: execute(lambda: pool.submit(f, *args).result())


@contextmanager
def opened(path: object, crashed: bool = False) -> Iterator[tuple[State, Loaded]]:
    """An open state that is closed in the end."""
    state = State(execute, str(path))
    loaded = result(state.open(crashed))
    try:
        yield state, loaded
    finally:
        result(state.close())
