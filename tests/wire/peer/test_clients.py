from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.escape import escape
from torrentd.wire.peer.clients import client_name


@pytest.mark.parametrize(
    ("peer_id", "name"),
    [
        (b"-TR3000-abcdefghijkl", "Transmission 3.0"),
        (b"-TR4050-abcdefghijkl", "Transmission 4.0.5"),
        (b"-qB4630-abcdefghijkl", "qBittorrent 4.6.3"),
        (b"-LT1230-abcdefghijkl", "libtorrent 1.2.3"),
        (b"-LT20B0-abcdefghijkl", "libtorrent 2.0.11"),
        (b"-lt0D80-abcdefghijkl", "rTorrent 0.13.8"),
        (b"A2-1-36-0-abcdefghij", "aria2 1.36.0"),
        (b"-TD0100-abcdefghijkl", "torrentd 0.1"),
        (b"-zZ1000-abcdefghijkl", "zZ 1.0"),
        (b"M7-10-5--abcdefghijk", "BitTorrent 7.10.5"),
        (b"Q1-22-0--abcdefghijk", "Queen Bee 1.22.0"),
        (b"T03I----abcdefghijkl", "BitTornado 0.3.18"),
        (b"S58B-----abcdefghijk", "Shadow 5.8.11"),
        (b"exbc\0\x38LORDabcdefghi", "BitComet"),
        (b"-BOWA0C-abcdefghijkl", "Bits on Wheels"),
        (b"OP7685abcdefghijklmn", "Opera"),
        (bytes(20), ""),
        (b"\xff\xfe" + bytes(18), ""),
        (b"hello\x1b[2Jabcdefghijk", r"hello\x1b[2"),
        (b"", ""),
    ],
)
def test_known_ids(peer_id, name):
    assert client_name(peer_id) == name


@given(st.binary(min_size=20, max_size=20))
def test_any_id_is_safe_to_show(peer_id):
    name = client_name(peer_id)
    assert escape(name) == name
    assert len(name) <= 60
