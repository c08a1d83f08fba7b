from __future__ import annotations

from torrentd.model.address import Address
from torrentd.policy.peers.exchange import NEVER, SOON, SPACING, Exchange

ONE, TWO, THREE = (Address("10.0.0.1", port) for port in (1, 2, 3))


def test_news_are_gathered_for_a_moment_and_then_a_minute_passes() -> None:
    exchange = Exchange()
    assert exchange.news_at(1, 100.0) == 100 + SOON
    assert exchange.news_at(2, 101.0) == 100 + SOON
    assert exchange.take({ONE: "a", TWO: "b"}, 2, 50, 105.0) == ({ONE: "a", TWO: "b"}, [])
    assert exchange.news_at(2, 105.0) == NEVER
    assert exchange.news_at(3, 106.0) == 105 + SPACING
    assert exchange.take({TWO: "b", THREE: "c"}, 3, 50, 165.0) == ({THREE: "c"}, [ONE])
    assert exchange.news_at(4, 300.0) == 300 + SOON


def test_who_came_and_went_meanwhile_is_not_told() -> None:
    exchange = Exchange()
    exchange.take({ONE: 0}, 1, 50, 0.0)
    assert exchange.take({ONE: 0}, 3, 50, 60.0) == ({}, [])
    assert exchange.news_at(4, 61.0) == 61 + SOON  # nothing was sent


def test_what_does_not_fit_follows_in_the_next_message() -> None:
    exchange = Exchange()
    many = {Address("10.0.0.1", port): 0 for port in range(1, 6)}
    assert list(exchange.take(many, 1, 3, 0.0)[0]) == list(many)[:3]
    assert exchange.news_at(1, 0.0) == SPACING
    assert list(exchange.take(many, 1, 3, SPACING)[0]) == list(many)[3:]
    assert exchange.news_at(1, SPACING) == NEVER
    assert exchange.take({}, 2, 3, 2 * SPACING) == ({}, list(many)[:3])
    assert exchange.news_at(2, 2 * SPACING) == 3 * SPACING
    assert exchange.take({}, 2, 3, 3 * SPACING) == ({}, list(many)[3:])
    assert exchange.told == {}
