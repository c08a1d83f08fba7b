from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.wire.addresses import ip_text, pack_compact, parse_compact, v6_text

ports = st.integers(1, 65535)
v4 = st.builds(Address, st.ip_addresses(v=4).map(str), ports)
v6 = st.builds(Address, st.ip_addresses(v=6).filter(lambda ip: not ip.ipv4_mapped).map(str), ports)


@given(st.lists(v4, max_size=10))
def test_v4_there_and_back(addresses):
    assert parse_compact(pack_compact(addresses), v6=False) == addresses


@given(st.lists(v6, max_size=10))
def test_v6_there_and_back(addresses):
    assert parse_compact(pack_compact(addresses), v6=True) == addresses


def test_the_bytes_are_big_endian():
    assert parse_compact(b"\x7f\0\0\1\x1a\xe1", v6=False) == [Address("127.0.0.1", 6881)]
    assert pack_compact([Address("::1", 6881)]) == bytes(15) + b"\1\x1a\xe1"


def test_one_address():
    assert (ip_text(b"\1\2\3\4"), ip_text(bytes(15) + b"\1")) == ("1.2.3.4", "::1")


def test_port_0_and_a_cut_end_are_left_out():
    whole = b"\1\2\3\4\0\x50"
    assert parse_compact(b"\1\2\3\4\0\0" + whole + whole[:5], v6=False) == [Address("1.2.3.4", 80)]
    assert parse_compact(bytes(16) + b"\0\x50" + bytes(17), v6=True) == [Address("::", 80)]


def test_a_mapped_address_is_the_address_it_stands_for():
    assert v6_text(bytes(10) + b"\xff\xff\1\2\3\4") == "1.2.3.4"


def test_a_host_name_cannot_be_packed():
    with pytest.raises(ValueError, match="tracker"):
        pack_compact([Address("tracker.example", 1)])


@given(st.binary(max_size=100), st.booleans())
def test_any_bytes_are_addresses(data, six):
    assert len(parse_compact(data, six)) <= len(data) // (18 if six else 6)
