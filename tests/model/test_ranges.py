"""Ranges of addresses: what is in them is what a walk over all of them says."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.ranges import V4_PAIR, V6_PAIR, Ranges, in_order, merged

NEAR = st.integers(0x0A000000, 0x0A000100)
"""Few addresses, so that ranges overlap and touch."""
WIDE = st.integers(0, 2**32 - 1)


def pairs(*bounds: tuple[int, int]) -> list[bytes]:
    return [V4_PAIR.pack(min(pair), max(pair)) for pair in bounds]


def pairs6(*bounds: tuple[int, int]) -> list[bytes]:
    return [V6_PAIR.pack(min(pair).to_bytes(16), max(pair).to_bytes(16)) for pair in bounds]


def ranges(*texts: str) -> Ranges:
    found = [[ipaddress.ip_address(end) for end in text.split("-")] for text in texts]
    four = [(int(first), int(last)) for first, last in found if first.version == 4]
    six = [(int(first), int(last)) for first, last in found if first.version == 6]
    return merged(pairs(*four), pairs6(*six))


@given(st.lists(st.tuples(NEAR, NEAR) | st.tuples(WIDE, WIDE)), st.lists(NEAR | WIDE, min_size=1))
def test_an_ipv4_address_is_in_them_if_it_is_in_one(bounds: list[tuple[int, int]], numbers: list[int]) -> None:
    found = merged(pairs(*bounds), [])
    assert in_order(found)
    for number in [*numbers, *(end for pair in bounds for end in pair)]:
        covered = any(min(pair) <= number <= max(pair) for pair in bounds)
        host = ipaddress.IPv4Address(number)
        assert found.covers(str(host)) == covered
        assert found.covers(f"::ffff:{host}") == covered


@given(st.lists(st.tuples(NEAR, NEAR)), st.lists(NEAR, min_size=1))
def test_an_ipv6_address_is_in_them_if_it_is_in_one(bounds: list[tuple[int, int]], numbers: list[int]) -> None:
    high = 0x20010DB8 << 96
    found = merged([], pairs6(*((high + first, high + last) for first, last in bounds)))
    assert in_order(found)
    for number in numbers:
        covered = any(min(pair) <= number <= max(pair) for pair in bounds)
        assert found.covers(str(ipaddress.IPv6Address(high + number))) == covered


def test_those_that_overlap_or_touch_become_one() -> None:
    found = ranges("1.0.0.5-1.0.0.9", "1.0.0.0-1.0.0.4", "1.0.0.2-1.0.0.3", "1.0.0.11-1.0.0.11", "::1-::2", "::3-::4")
    assert found.count == 3
    assert not found.covers("1.0.0.10")


@pytest.mark.parametrize(
    ("range", "inside", "outside"),
    [
        ("0.0.0.0-0.0.0.0", ["0.0.0.0"], ["0.0.0.1", "255.255.255.255"]),
        ("255.255.255.255-255.255.255.255", ["255.255.255.255"], ["255.255.255.254", "0.0.0.0"]),
        ("1.2.255.255-1.3.0.0", ["1.2.255.255", "1.3.0.0"], ["1.2.255.254", "1.3.0.1"]),
        ("0.0.0.0-255.255.255.255", ["0.0.0.0", "127.0.0.1", "255.255.255.255"], ["::1"]),
        ("::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ["::", "fe80::1%eth0"], ["1.2.3.4", "::ffff:1.2.3.4"]),
    ],
)
def test_the_bounds(range: str, inside: list[str], outside: list[str]) -> None:
    found = ranges(range)
    assert [found.covers(host) for host in inside] == [True] * len(inside)
    assert [found.covers(host) for host in outside] == [False] * len(outside)


@given(st.text())
def test_what_is_no_address_is_in_none(text: str) -> None:
    everything = ranges("0.0.0.0-255.255.255.255", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
    try:
        ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        assert not everything.covers(text)
