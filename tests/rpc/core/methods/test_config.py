from __future__ import annotations

from tests.rpc.asking import Asked
from tests.rpc.fake_control import FakeControl


def test_get_everything() -> None:
    control = FakeControl()
    result = Asked(control).call("config.get")
    assert result["values"] == control.config
    assert result["source"]["limits.upload"] == "file"


def test_get_some() -> None:
    result = Asked(FakeControl()).call("config.get", keys=["limits.upload"])
    assert result == {"values": {"limits.upload": 5000}, "source": {"limits.upload": "file"}}


def test_get_what_is_not_there() -> None:
    assert Asked(FakeControl()).error("config.get", keys=["limits.upload", "x"])["data"]["path"] == "keys[1]"


def test_schema() -> None:
    assert Asked(FakeControl()).call("config.schema") == {"type": "object"}
