from __future__ import annotations

import pytest

from torrentd.dht.floods import HOSTS, IGNORED_FOR, MESSAGES, PERIOD, Floods, network


def flood(floods: Floods, host: str, count: int, now: float) -> list[bool]:
    return [floods.accept(host, now) for _ in range(count)]


def test_who_sends_too_much_is_ignored_for_a_while():
    floods = Floods()
    assert all(flood(floods, "1.2.3.4", MESSAGES, 0.0))
    assert not floods.accept("1.2.3.4", 1.0)
    assert floods.ignores("1.2.3.4", 1.0 + IGNORED_FOR - 1)
    assert not floods.ignores("1.2.3.4", 1.0 + IGNORED_FOR)
    assert floods.accept("1.2.3.4", 1.0 + IGNORED_FOR)


def test_others_are_heard():
    floods = Floods()
    flood(floods, "1.2.3.4", MESSAGES + 1, 0.0)
    assert not floods.ignores("1.2.3.5", 0.0)
    assert floods.accept("1.2.3.5", 0.0)


def test_a_steady_stream_below_the_limit_is_heard():
    floods = Floods()
    assert all(floods.accept("1.2.3.4", number * PERIOD / MESSAGES) for number in range(1000))


def test_ipv6_counts_by_64_bits():
    floods = Floods()
    accepted = [floods.accept(f"2001:db8::{number:x}", 0.0) for number in range(MESSAGES + 1)]
    assert accepted == [True] * MESSAGES + [False]
    assert floods.ignores("2001:db8::ffff", 0.0)
    assert not floods.ignores("2001:db8:0:1::1", 0.0)


def test_counts_what_was_dropped():
    floods = Floods()
    flood(floods, "1.2.3.4", MESSAGES + 1, 0.0)
    floods.ignores("1.2.3.4", 0.0)
    assert floods.dropped == 2


def test_memory_is_bounded():
    floods = Floods()
    for number in range(HOSTS + 100):
        flood(floods, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", MESSAGES + 1, 0.0)
    assert len(floods._counts) <= HOSTS
    assert len(floods._ignored) <= HOSTS


@pytest.mark.parametrize(("host", "length"), [("1.2.3.4", 4), ("2001:db8::1", 8)])
def test_network(host, length):
    assert len(network(host)) == length
