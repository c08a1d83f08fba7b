from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.policy.peers.priority import crc32c, priority


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ("123.213.32.10", "98.76.54.32", 0xEC2D7224),
        ("123.213.32.10", "123.213.32.234", 0x99568189),
    ],
)
def test_the_examples_of_bep_40(ours: str, theirs: str, expected: int) -> None:
    assert priority(Address(ours, 1), Address(theirs, 2)) == expected
    assert priority(Address(theirs, 2), Address(ours, 1)) == expected


def test_of_one_address_the_ports_count() -> None:
    one, other = Address("10.0.0.1", 0x1234), Address("10.0.0.1", 0x0102)
    assert priority(one, other) == priority(other, one) == crc32c(bytes.fromhex("01021234"))


@pytest.mark.parametrize(
    ("ours", "theirs", "masked"),
    [
        ("1.2.255.255", "1.2.3.255", "0102035501 02ff55"),
        (
            "2001:db8:1:ffff::1",
            "2001:db9:1:ffff::1",
            "20010db800015555000000000000000120010db9000155550000000000000001",
        ),
        (
            "2001:db8:1:ffff::ff",
            "2001:db8:1:0fff::ff",
            "20010db800010f55000000000000005520010db80001ff550000000000000055",
        ),
        (
            "2001:db8:1:ff0f::ff",
            "2001:db8:1:ffff::ff",
            "20010db80001ff0f000000000000005520010db80001ffff0000000000000055",
        ),
        ("2001:db8::1", "2001:db8::2", "20010db800000000000000000000000120010db8000000000000000000000002"),
    ],
)
def test_the_nearer_the_more_bits_count(ours: str, theirs: str, masked: str) -> None:
    assert priority(Address(ours, 1), Address(theirs, 2)) == crc32c(bytes.fromhex(masked))


def test_crc_32c_has_its_check_value() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_between_families_there_is_none() -> None:
    assert priority(Address("1.2.3.4", 1), Address("2001:db8::1", 1)) == 0
