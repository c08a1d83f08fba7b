"""Options of the whole suite."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    simulator = parser.getgroup("simulator")
    simulator.addoption("--sim-seed", type=int, help="run every simulated world with this seed: replays a failure")
