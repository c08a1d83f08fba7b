"""The same script against the real database and the simulated one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred, execute

from tests.state.samples import record
from torrentd.model.errors import StorageError
from torrentd.simulate.clock import Clock
from torrentd.simulate.reactor import Reactor
from torrentd.simulate.state import COMMIT, Archive, SimulatedState
from torrentd.simulate.workers import Workers
from torrentd.state.database import State


def at_once(function: Callable[..., Any], *args: Any) -> Deferred[Any]:
    return execute(function, *args)


def now(deferred: Deferred[Any]) -> Any:
    results: list[Any] = []
    deferred.addBoth(results.append)
    (result,) = results
    return getattr(result, "value", result)


@pytest.fixture(params=["real", "simulated"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], State]:
    if request.param == "real":
        return lambda: State(at_once, str(tmp_path / "db"))
    archive = Archive()
    request.addfinalizer(archive.close)
    return lambda: SimulatedState(at_once, archive)


def test_what_was_written_is_there_in_the_next_run(make: Callable[[], State]) -> None:
    state = make()
    now(state.open())
    one = record()
    now(state.add(one, b"metainfo"))
    now(state.mark(one.info_hash, [1]))
    now(state.update(one.info_hash, paused=True))
    now(state.set_setting("limits", {"down": 5}))
    now(state.backup())
    now(state.close())
    assert isinstance(now(state.update(one.info_hash, paused=False)), StorageError)
    state = make()
    loaded = now(state.open())
    assert [(found.info_hash, found.paused, found.writing) for found in loaded.torrents] == [(one.info_hash, True, [1])]
    assert loaded.settings == {"limits": {"down": 5}}
    assert now(state.metainfo(one.info_hash)) == b"metainfo"
    now(state.close())


def test_a_torrent_that_is_not_there_is_a_lookup_error(make: Callable[[], State]) -> None:
    state = make()
    now(state.open())
    assert isinstance(now(state.mark(bytes(20), [1])), LookupError)
    now(state.close())


def test_a_crash_loses_what_was_not_committed() -> None:
    clock, archive = Clock(), Archive()

    def state() -> SimulatedState:
        return SimulatedState(Workers(reactor, duration=COMMIT).run, archive)

    reactor = Reactor(clock)
    first = state()
    first.open()
    clock.run_until(1)
    one = record()
    first.add(one, b"metainfo")
    clock.run_until(2)
    first.update(one.info_hash, paused=True)
    reactor.crash()
    clock.run_until(3)
    loaded: list[Any] = []
    state().open().addCallback(loaded.append)
    clock.run_until(4)
    assert [found.paused for found in loaded[0].torrents] == [False]
    archive.close()
