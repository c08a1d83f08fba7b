from __future__ import annotations

import platform

import twisted

from tests.rpc.asking import Asked
from tests.rpc.fake_control import FakeControl
from torrentd import __version__


def test_version() -> None:
    assert Asked(FakeControl()).call("daemon.version") == {
        "version": __version__,
        "api_version": 1,
        "python": platform.python_version(),
        "twisted": twisted.__version__,
        "features": [],
    }


def test_status() -> None:
    status = Asked(FakeControl()).call("daemon.status")
    assert (status["pid"], status["torrents"]["by_state"]["seeding"]) == (42, 1)


def test_reload() -> None:
    assert Asked(FakeControl()).call("daemon.reload") == {
        "changed": ["limits.upload"],
        "restart_required": ["network.listen"],
    }


def test_shutdown() -> None:
    control = FakeControl()
    assert Asked(control).call("daemon.shutdown") == {}
    assert control.told == [("shutdown",)]


def test_set_log_level() -> None:
    control = FakeControl()
    asked = Asked(control)
    assert asked.call("daemon.set_log_level", level="debug") == {"previous": "info"}
    asked.call("daemon.set_log_level", level="warn", namespace="swarm")
    assert control.told == [("set_log_level", "debug", "torrentd"), ("set_log_level", "warn", "swarm")]
    nonsense: list[dict[str, str]] = [{}, {"level": "loud"}, {"level": "info", "namespace": ""}]
    for params in nonsense:
        assert asked.error("daemon.set_log_level", **params)["code"] == -32602
