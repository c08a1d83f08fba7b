"""Options of the whole suite."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

from torrentd.plugin import YOUNG_OBJECTS

settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
"""How long an example takes is the machine's business; each test has a time limit."""


def pytest_addoption(parser: pytest.Parser) -> None:
    simulator = parser.getgroup("simulator")
    simulator.addoption("--sim-seed", type=int, help="run every simulated world with this seed: replays a failure")


def pytest_collection_finish() -> None:
    """As the daemon does: what is there by now is not walked again and again. It is a tenth of a simulated swarm."""
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
