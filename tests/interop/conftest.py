"""Real processes on loopback or on hosts of their own, each with an address, all ended when the test ends."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from itertools import count
from pathlib import Path
from typing import Any, Protocol, TypeVar

import pytest

from tests.interop.daemon import Torrentd
from tests.interop.lan.network import Lan
from tests.interop.processes import Missing, Program

P = TypeVar("P", bound=Program)

FIRST_HOST = 11
"""The numbers below are left to others: the first of a `Lan` is where the test is."""

LOOPBACK = 20 + int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
"""The /24 of 127.0 where this worker's programs are: what one saw to be free, no other takes."""


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


class Hosts(Protocol):
    """Where programs are."""

    def host(self, number: int) -> str:
        """A new address."""

    def at(self, address: str) -> AbstractContextManager[None]:
        """What is started meanwhile is there."""


class Loopback:
    """All on this machine."""

    def host(self, number: int) -> str:
        return f"127.0.{LOOPBACK}.{number}"

    def at(self, address: str) -> AbstractContextManager[None]:
        return nullcontext()


class Stage:
    """Where a test's programs run. `run` starts one in a folder of its own."""

    def __init__(self, folder: Path, stack: ExitStack, hosts: Hosts) -> None:
        self.folder = folder
        self._stack = stack
        self._hosts = hosts
        self._numbers = count(FIRST_HOST)

    def place(self, kind: Callable[..., P], **settings: Any) -> P:
        """A program that is not started yet, but will be ended. Settings that are functions are told its address."""
        number = next(self._numbers)
        host = self._hosts.host(number)
        told = {name: value(host) if callable(value) else value for name, value in settings.items()}
        with self._hosts.at(host):
            program = kind(self.folder / f"{kind.__name__.lower()}-{number}", host, **told)
        self._stack.callback(program.kill)
        return program

    def start(self, program: Program) -> None:
        with self._hosts.at(program.host):
            program.start()

    def run(self, kind: Callable[..., P], *, clock: int = 1, **settings: Any) -> P:
        """A running program, for which time may go several times as fast."""
        program = self.place(kind, **settings)
        program.clock = clock
        self.start(program)
        return program

    def directory(self, name: str) -> Path:
        """A new directory for content."""
        path = self.folder / name
        path.mkdir()
        return path


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as stack:
        yield Stage(tmp_path, stack, Loopback())


@pytest.fixture
def lan(tmp_path: Path) -> Iterator[Stage]:
    """A stage of hosts that are not loopback, which other clients treat in other ways. Linux, root."""
    with ExitStack() as stack:
        yield Stage(tmp_path, stack, stack.enter_context(Lan()))


@pytest.fixture
def torrentd(stage: Stage) -> Torrentd:
    """A running daemon."""
    return stage.run(Torrentd)
