from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.lsd import LARGEST, MOST, V4_GROUP, V6_GROUP, Announcement, encode, parse

ONE, TWO = b"\x01" * 20, b"\xab" * 20


def test_as_in_bep_14() -> None:
    assert encode(Announcement(6881, (ONE, TWO), "k"), V4_GROUP) == (
        b"BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\nPort: 6881\r\n"
        b"Infohash: " + b"01" * 20 + b"\r\nInfohash: " + b"ab" * 20 + b"\r\ncookie: k\r\n\r\n\r\n"
    )
    assert b"Host: [ff15::efc0:988f]:6771\r\n" in encode(Announcement(1, (ONE,)), V6_GROUP)


def test_what_others_write_is_read() -> None:
    told = b"BT-SEARCH * HTTP/1.1\r\nhost: x\r\nPORT:  51413 \r\nInfohash: " + b"AB" * 20 + b"\r\nX-New: y\r\n\r\n"
    assert parse(told) == Announcement(51413, (TWO,))


def test_the_largest_announcement_fits_into_a_packet() -> None:
    most = tuple(bytes([number]) * 20 for number in range(MOST))
    datagram = encode(Announcement(65535, most, "12345678"), V6_GROUP)
    assert len(datagram) <= 1400
    assert parse(datagram).info_hashes == most


@pytest.mark.parametrize("count", [0, MOST + 1])
def test_no_info_hash_or_too_many(count: int) -> None:
    with pytest.raises(ValueError, match="info hashes"):
        encode(Announcement(1, (ONE,) * count), V4_GROUP)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ((b"BT-SEARCH", b"M-SEARCH"), "BT-SEARCH"),
        ((b"Port: 6881\r\n", b""), "no port"),
        ((b"6881", b"0"), "1 to 65535"),
        ((b"6881", b"65536"), "1 to 65535"),
        ((b"6881", b"+681"), "1 to 65535"),
        ((b"6881", b"1" * 1000), "1 to 65535"),
        ((b"Infohash", b"Other"), "no info hash"),
        ((b"01" * 20, b"01" * 19), "no info hash"),
        ((b"01" * 20, b"01" * 19 + b"+1"), "no info hash"),
        ((b"\r\n\r\n", b"\r\n" + b"a: b\r\n" * LARGEST), "too large"),
    ],
)
def test_nonsense(change: tuple[bytes, bytes], problem: str) -> None:
    datagram = encode(Announcement(6881, (ONE,)), V4_GROUP)
    with pytest.raises(ValueError, match=problem):
        parse(datagram.replace(*change))


@given(st.binary(max_size=200), st.integers(0, 150))
def test_whatever_comes_is_an_announcement_or_a_value_error(noise: bytes, at: int) -> None:
    datagram = encode(Announcement(6881, (ONE,), "c"), V4_GROUP)
    for told in (noise, datagram[:at] + noise + datagram[at:]):
        try:
            announcement = parse(told)
        except ValueError:
            continue
        assert 0 < announcement.port < 65536 and all(len(one) == 20 for one in announcement.info_hashes)
