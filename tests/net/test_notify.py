"""What systemd hears."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.internet.task import Clock
from twisted.logger import capturedLogs

from torrentd.net.notify import Notify


@pytest.fixture(params=["file", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """The service manager's socket and its name in the environment."""
    name = f"@torrentd-test-{os.getpid()}" if request.param == "abstract" else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bound:
        bound.bind("\0" + name[1:] if name.startswith("@") else name)
        bound.settimeout(0)
        yield bound, name


def heard(manager: socket.socket) -> list[str]:
    found = []
    while True:
        try:
            found.append(manager.recv(4096).decode())
        except BlockingIOError:
            return found


def test_a_life(manager: tuple[socket.socket, str]) -> None:
    bound, name = manager
    notify = Notify(Clock(), {"NOTIFY_SOCKET": name})
    notify.status("checking\n3 torrents")
    notify.ready("listening")
    notify.reloading(12.5)
    notify.ready()
    notify.stopping()
    assert heard(bound) == [
        "STATUS=checking 3 torrents",
        "READY=1\nSTATUS=listening",
        "RELOADING=1\nMONOTONIC_USEC=12500000",
        "READY=1",
        "STOPPING=1",
    ]


def test_the_watchdog_is_fed_at_half_its_time(manager: tuple[socket.socket, str]) -> None:
    bound, name = manager
    clock = Clock()
    notify = Notify(clock, {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "4000000", "WATCHDOG_PID": "77"}, pid=77)
    clock.advance(10)
    assert heard(bound) == []
    notify.ready()
    notify.ready()
    heard(bound)
    clock.advance(1.9)
    assert heard(bound) == []
    clock.advance(0.1)
    clock.advance(2)
    assert heard(bound) == ["WATCHDOG=1"] * 2
    notify.stopping()
    clock.advance(10)
    assert heard(bound) == ["STOPPING=1"]
    assert clock.getDelayedCalls() == []


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "soon"},
        {"WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"NOTIFY_SOCKET": "vsock:2:1234"},
    ],
)
def test_nobody_listens(environment: dict[str, str]) -> None:
    clock = Clock()
    notify = Notify(clock, environment, pid=77)
    notify.ready("hello")
    notify.status("hello")
    notify.stopping()
    assert clock.getDelayedCalls() == []


def test_a_manager_that_is_gone_is_logged(tmp_path: Path) -> None:
    with capturedLogs() as logs:
        Notify(Clock(), {"NOTIFY_SOCKET": str(tmp_path / "gone")}).ready()
    assert "No such file" in logs[0]["problem"]
