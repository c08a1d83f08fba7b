from __future__ import annotations

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import ONE, FakeControl
from torrentd.session.events.log import TOPICS


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


def test_a_poll(asked: Asked, control: FakeControl) -> None:
    event = {"cursor": "e-1", "time": 5.0, "topic": "torrent.added", "data": {"id": ONE}}
    assert asked.call("events.poll") == {"cursor": "e-1", "events": [event], "gap": False}
    asked.call("events.poll", "e-1", ["stats"], 0)
    assert control.told == [("poll_events", None, TOPICS, 25), ("poll_events", "e-1", ("stats",), 0)]


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"since": 5}, "since"),
        ({"since": "x" * 65}, "since"),
        ({"topics": ["torrent"]}, "topics[0]"),
        ({"topics": "stats"}, "topics"),
        ({"timeout": -1}, "timeout"),
        ({"timeout": 301}, "timeout"),
        ({"interval": 1}, "interval"),
    ],
)
def test_nonsense(asked: Asked, control: FakeControl, params: dict[str, object], path: str) -> None:
    assert asked.error("events.poll", **params)["data"] == {"name": "invalid_params", "path": path}
    assert control.told == []
