from __future__ import annotations

from tests.rpc.asking import GUEST, Asked
from tests.rpc.fake_control import FakeControl


def test_get_everything() -> None:
    control = FakeControl()
    result = Asked(control).call("config.get")
    assert result["values"] == control.config
    assert result["source"]["limits.upload"] == "file"


def test_get_some() -> None:
    result = Asked(FakeControl()).call("config.get", keys=["limits.upload"])
    assert result == {"values": {"limits.upload": 5000}, "source": {"limits.upload": "file"}}


def test_get_a_section() -> None:
    control = FakeControl()
    result = Asked(control).call("config.get", keys=["limits"])
    assert result["values"] == {key: value for key, value in control.config.items() if key.startswith("limits.")}
    assert result["source"].keys() == result["values"].keys() != set()
    assert Asked(control).error("config.get", keys=["limit"])["data"]["path"] == "keys[0]"


def test_get_what_is_not_there() -> None:
    error = Asked(FakeControl()).error("config.get", keys=["limits.upload", "x"])
    assert (error["data"]["path"], error["message"]) == ("keys[1]", "keys[1]: there is no key 'x'")


def test_schema() -> None:
    assert Asked(FakeControl()).call("config.schema") == {"type": "object"}


def test_set() -> None:
    control = FakeControl()
    answer = Asked(control).call("config.set", values={"limits.upload": 7, "paths.download_dir": None})
    assert answer == {"applied": ["limits.upload", "paths.download_dir"], "restart_required": []}
    assert control.told == [("set_config", {"limits.upload": 7, "paths.download_dir": None})]


def test_set_what_is_not_there() -> None:
    error = Asked(FakeControl()).error("config.set", values={"x": 1})
    assert (error["code"], error["data"]["problems"]) == (11, ["x: unknown"])


def test_only_the_owner_sets() -> None:
    assert Asked(FakeControl(), GUEST).error("config.set", values={})["code"] == -32001
