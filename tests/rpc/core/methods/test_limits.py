from __future__ import annotations

import pytest

from tests.rpc.asking import Asked
from tests.rpc.fake_control import FakeControl

ALTERNATIVE = {"down": "unlimited", "up": 1000, "enabled": False, "schedule": []}


def rates(down: object, up: object) -> dict[str, object]:
    return {"down": down, "up": up, "alternative": ALTERNATIVE}


def test_get() -> None:
    assert Asked(FakeControl()).call("limits.get") == rates("unlimited", 5000)


def test_what_is_left_out_stays() -> None:
    control = FakeControl()
    assert Asked(control).call("limits.set", down=0) == rates(0, 5000)
    assert Asked(control).call("limits.set", up="unlimited") == rates(0, "unlimited")
    assert control.rates == (0, None)
    assert control.told == []


def test_null_takes_one_back() -> None:
    control = FakeControl()
    Asked(control).call("limits.set", down=1, up=2)
    assert Asked(control).call("limits.set", up=None) == rates(1, 5000)
    assert Asked(control).call("limits.set", down=None) == rates("unlimited", 5000)


def test_the_alternative_ones() -> None:
    control = FakeControl()
    Asked(control).call("limits.set", alternative={"enabled": True, "down": 5, "up": None})
    Asked(control).call("limits.set", alternative={"schedule": ["mon-fri 08:00-18:00"], "enabled": None})
    assert [told[1] for told in control.told] == [
        {"enabled": True, "down": 5, "up": None},
        {"schedule": ["mon-fri 08:00-18:00"], "enabled": None},
    ]


@pytest.mark.parametrize(
    ("nonsense", "path"),
    [
        ({"schedule": ["08:00-09:00", "8-9"]}, "alternative.schedule[1]"),
        ({"schedule": "08:00-09:00"}, "alternative.schedule"),
        ({"schedule": ["08:00-09:00"] * 101}, "alternative.schedule"),
        ({"down": -1}, "alternative.down"),
        ({"enabled": 1}, "alternative.enabled"),
        ({"on": True}, "alternative.on"),
        (None, "alternative"),
    ],
)
def test_nonsense_changes_nothing(nonsense: object, path: str) -> None:
    control = FakeControl()
    assert Asked(control).error("limits.set", down=7, alternative=nonsense)["data"]["path"] == path
    assert (control.rates, control.told) == ((None, 5000), [])
