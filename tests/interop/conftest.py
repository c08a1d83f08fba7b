"""Real processes on loopback, each with an address of its own, all ended when the test ends."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.interop.daemon import Torrentd
from tests.interop.processes import Missing, Program

P = TypeVar("P", bound=Program)

FIRST_HOST = 11
"""127.0.0.1 to 127.0.0.10 are left to the machine"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything in this folder is an interop test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.interop)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[Any]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Skips for one missing program get one place, whichever test met it, so that the summary names it once."""
    report = yield
    if report.skipped and call.excinfo is not None and isinstance(call.excinfo.value, Missing):
        report.longrepr = (str(Path(__file__)), None, f"Skipped: {call.excinfo.value.msg}")
    return report


class Stage:
    """Where a test's programs run. `run` starts one in a folder of its own."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self._numbers = count(FIRST_HOST)

    def place(self, kind: Callable[..., P], **settings: Any) -> P:
        """A program that is not started yet, but will be ended."""
        number = next(self._numbers)
        program = kind(self.folder / f"{kind.__name__.lower()}-{number}", f"127.0.0.{number}", **settings)
        self._stack.callback(program.kill)
        return program

    def run(self, kind: Callable[..., P], **settings: Any) -> P:
        """A running program."""
        program = self.place(kind, **settings)
        program.start()
        return program

    def directory(self, name: str) -> Path:
        """A new directory for content."""
        path = self.folder / name
        path.mkdir()
        return path


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack)


@pytest.fixture
def torrentd(stage: Stage) -> Torrentd:
    """A running daemon."""
    return stage.run(Torrentd)
