"""A world per test, and daemons in it that are stopped in the end and leave nothing behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from twisted.logger import LogEvent, formatEvent, globalLogPublisher

from tests.session.world import Home, World


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def make_home(world: World, tmp_path: Path) -> Iterator[Callable[..., Home]]:
    homes: list[Home] = []

    def make(port: int = 6881, toml: str = "") -> Home:
        homes.append(Home(world, tmp_path / f"home{port}", port, toml))
        return homes[-1]

    yield make
    for home in homes:
        if hasattr(home, "daemon") and not home.daemon.stopping:
            home.stop()
    world.run(1.0)
    assert not world.reactor.getDelayedCalls(), f"a timer stayed behind: {world.reactor.getDelayedCalls()}"


@pytest.fixture
def home(make_home: Callable[..., Home]) -> Home:
    return make_home().start()


@pytest.fixture
def logged() -> Iterator[Callable[[], list[str]]]:
    """What was logged, as text."""
    events: list[LogEvent] = []
    globalLogPublisher.addObserver(events.append)
    yield lambda: [formatEvent(event) for event in events]
    globalLogPublisher.removeObserver(events.append)
