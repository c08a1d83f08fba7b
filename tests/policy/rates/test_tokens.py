from __future__ import annotations

from torrentd.policy.rates.tokens import Tokens


def test_a_burst_then_the_rate() -> None:
    tokens = Tokens(3, 0.5)
    assert [tokens.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert tokens.wait(10.0) == 2.0
    assert [tokens.take(11.9), tokens.take(12.0), tokens.take(12.1)] == [False, True, False]


def test_a_quiet_time_saves_up_no_more_than_a_burst() -> None:
    tokens = Tokens(2, 1)
    assert sum(tokens.take(1000.0) for _ in range(10)) == 2
    assert sum(tokens.take(9000.0) for _ in range(10)) == 2


def test_whoever_may_need_not_wait() -> None:
    assert Tokens(1, 1).wait(5.0) == 0.0
