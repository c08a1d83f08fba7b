from __future__ import annotations

from tests.rpc.asking import Asked
from tests.rpc.fake_control import FakeControl


def test_get() -> None:
    assert Asked(FakeControl()).call("limits.get") == {"down": "unlimited", "up": 5000}


def test_what_is_left_out_stays() -> None:
    control = FakeControl()
    assert Asked(control).call("limits.set", down=0) == {"down": 0, "up": 5000}
    assert Asked(control).call("limits.set", up="unlimited") == {"down": 0, "up": "unlimited"}
    assert control.rates == (0, None)


def test_null_takes_one_back() -> None:
    control = FakeControl()
    Asked(control).call("limits.set", down=1, up=2)
    assert Asked(control).call("limits.set", up=None) == {"down": 1, "up": 5000}
    assert Asked(control).call("limits.set", down=None) == {"down": "unlimited", "up": 5000}
