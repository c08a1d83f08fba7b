"""A world per test. After it everybody stops, and the books are audited."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from torrentd.simulate.swarm import Swarm

SEED = 1
FAILED = pytest.StashKey[bool]()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """What --sim-seed says, or SEED."""
    given: int | None = request.config.getoption("--sim-seed")
    return SEED if given is None else given


@pytest.fixture
def swarm(seed: int, request: pytest.FixtureRequest) -> Iterator[Swarm]:
    """An empty world."""
    world = Swarm(seed)
    yield world
    if not request.node.stash.get(FAILED, False):
        world.stop()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    report = yield
    if report.when == "call":  # type: ignore[attr-defined]
        item.stash[FAILED] = report.failed  # type: ignore[attr-defined]
    return report
