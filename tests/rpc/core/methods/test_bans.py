from __future__ import annotations

from typing import Any

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import ONE, FakeControl


@pytest.fixture
def control() -> FakeControl:
    return FakeControl()


@pytest.fixture
def asked(control: FakeControl) -> Asked:
    return Asked(control)


def test_list(asked: Asked) -> None:
    assert asked.call("ban.list") == {
        "bans": [
            {
                "network": "192.0.2.1",
                "reason": "sent piece 3 with a wrong hash",
                "automatic": True,
                "torrent": ONE,
                "at": 1000.0,
                "until": 2000.0,
            }
        ]
    }


def test_add_and_remove(asked: Asked, control: FakeControl) -> None:
    (row,) = asked.call("ban.add", networks=["192.0.2.0/24"])["bans"]
    assert (row["network"], row["until"], row["automatic"]) == ("192.0.2.0/24", None, False)
    asked.call("ban.add", networks=["a"], reason="noise", seconds=60)
    assert asked.call("ban.remove", networks=["a", "b"]) == {"removed": 2}
    assert control.told == [
        ("ban", ("192.0.2.0/24",), None, None),
        ("ban", ("a",), "noise", 60),
        ("lift_bans", ("a", "b")),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"networks": []},
        {"networks": ["x" * 65]},
        {"networks": ["x"] * 1001},
        {"networks": "192.0.2.1"},
        {"networks": ["a"], "seconds": 0},
        {"networks": ["a"], "reason": ""},
        {"networks": ["a"], "for": 5},
    ],
)
def test_nonsense(asked: Asked, control: FakeControl, wrong: dict[str, Any]) -> None:
    assert asked.error("ban.add", **wrong)["code"] == -32602
    assert control.told == []
