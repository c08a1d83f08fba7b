from __future__ import annotations

from ipaddress import IPv6Address

import pytest

from torrentd.dht.answering.bloom import bloom, estimate, union

V4 = [f"192.0.2.{number}" for number in range(256)]
V6 = [str(IPv6Address("2001:db8::") + number) for number in range(0x3E8)]
VECTOR = bytes.fromhex(
    "F6C3F5EAA07FFD91BDE89F777F26FB2BFF37BDB8FB2BBAA2FD3DDDE7BACFFF75EE7CCBAE"
    "FE5EEDB1FBFAFF67F6ABFF5E43DDBCA3FD9B9FFDF4FFD3E9DFF12D1BDF59DB53DBE9FA5B"
    "7FF3B8FDFCDE1AFB8BEDD7BE2F3EE71EBBBFE93BCDEEFE148246C2BC5DBFF7E7EFDCF24F"
    "D8DC7ADFFD8FFFDFDDFFF7A4BBEEDF5CB95CE81FC7FCFF1FF4FFFFDFE5F7FDCBB7FD79B3"
    "FA1FC77BFE07FFF905B7B7FFC7FEFEFFE0B8370BB0CD3F5B7F2BD93FEB4386CFDD6F7FD5"
    "BFAF2E9EBFFFFEECD67ADBF7C67F17EFD5D75EBA6FFEBA7FFF47A91EB1BFBB53E8ABFB57"
    "62ABE8FF237279BFEFBFEEF5FFC5FEBFDFE5ADFFADFEE1FB737FFFFBFD9F6AEFFEEE76B6"
    "FD8F72EF"
)


def test_the_vector_of_bep_33():
    assert bloom(V4 + V6) == VECTOR
    assert estimate(VECTOR) == pytest.approx(1224.9308, abs=1e-4)


def test_union():
    assert union([bloom(V4), bloom(V6)]) == VECTOR
    assert union([]) == bytes(256)


@pytest.mark.parametrize("count", [0, 1, 10, 100, 200])
def test_small_numbers(count):
    assert estimate(bloom(V4[:count])) == pytest.approx(count, rel=0.1)


def test_a_full_one_is_no_error():
    assert estimate(b"\xff" * 256) > 5000
