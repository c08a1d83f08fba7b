from __future__ import annotations

import pytest

from torrentd.dht.answering.floods import HOSTS, IGNORED_FOR, MESSAGES, PERIOD, Floods, owner
from torrentd.model.address import Address


def flood(floods: Floods, host: str, count: int, now: float) -> list[bool]:
    return [floods.accept(Address(host, 5), now) for _ in range(count)]


def test_who_sends_too_much_is_ignored_for_a_while():
    floods = Floods()
    assert all(flood(floods, "1.2.3.4", MESSAGES, 0.0))
    assert not floods.accept(Address("1.2.3.4", 5), 1.0)
    assert floods.ignores(Address("1.2.3.4", 5), 1.0 + IGNORED_FOR - 1)
    assert not floods.ignores(Address("1.2.3.4", 5), 1.0 + IGNORED_FOR)
    assert floods.accept(Address("1.2.3.4", 5), 1.0 + IGNORED_FOR)


def test_others_are_heard():
    floods = Floods()
    flood(floods, "1.2.3.4", MESSAGES + 1, 0.0)
    assert not floods.ignores(Address("1.2.3.5", 5), 0.0)
    assert floods.accept(Address("1.2.3.5", 5), 0.0)


def test_a_steady_stream_below_the_limit_is_heard():
    floods = Floods()
    assert all(floods.accept(Address("1.2.3.4", 5), number * PERIOD / MESSAGES) for number in range(1000))


def test_ipv6_counts_by_64_bits():
    floods = Floods()
    accepted = [floods.accept(Address(f"2001:db8::{number:x}", 5), 0.0) for number in range(MESSAGES + 1)]
    assert accepted == [True] * MESSAGES + [False]
    assert floods.ignores(Address("2001:db8::ffff", 5), 0.0)
    assert not floods.ignores(Address("2001:db8:0:1::1", 5), 0.0)


def test_counts_what_was_dropped():
    floods = Floods()
    flood(floods, "1.2.3.4", MESSAGES + 1, 0.0)
    floods.ignores(Address("1.2.3.4", 5), 0.0)
    assert floods.dropped == 2


def test_memory_is_bounded():
    floods = Floods()
    for number in range(HOSTS + 100):
        flood(floods, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", MESSAGES + 1, 0.0)
    assert len(floods._counts) <= HOSTS
    assert len(floods._ignored) <= HOSTS


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (Address("1.2.3.4", 5), Address("1.2.3.4", 6), True),
        (Address("1.2.3.4", 5), Address("1.2.3.5", 5), False),
        (Address("2001:db8::1", 5), Address("2001:db8::2", 6), True),
        (Address("127.0.0.1", 5), Address("127.0.0.1", 6), False),
        (Address("::1", 5), Address("::1", 6), False),
        (Address("10.0.0.1", 5), Address("10.0.0.1", 6), True),
    ],
)
def test_owner(one, other, same):
    assert (owner(one) == owner(other)) is same
