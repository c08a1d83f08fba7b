from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.wire.dht.nodes import NodeInfo, pack_nodes, parse_nodes, parse_value

V4 = [NodeInfo(b"a" * 20, Address("1.2.3.4", 6881)), NodeInfo(b"b" * 20, Address("5.6.7.8", 1))]
V6 = [NodeInfo(b"c" * 20, Address("2001:db8::1", 6881)), NodeInfo(b"d" * 20, Address("::1", 65535))]


def test_form():
    assert pack_nodes(V4[:1]) == b"a" * 20 + bytes([1, 2, 3, 4]) + (6881).to_bytes(2, "big")
    assert len(pack_nodes(V6)) == 2 * 38


def test_there_and_back():
    assert parse_nodes(pack_nodes(V4), 8) == V4
    assert parse_nodes(pack_nodes(V6), 8, v6=True) == V6


def test_a_last_one_cut_short_is_left_out():
    assert parse_nodes(pack_nodes(V4)[:-1], 8) == V4[:1]
    assert parse_nodes(b"short", 8) == []


def test_no_more_than_wanted():
    assert parse_nodes(pack_nodes(V4 * 10), 3) == [V4[0], V4[1], V4[0]]


def test_port_0_is_left_out():
    assert parse_nodes(b"a" * 20 + bytes([1, 2, 3, 4, 0, 0]), 8) == []


def test_ipv4_dressed_as_ipv6_is_left_out():
    mapped = bytes(10) + b"\xff\xff" + bytes([1, 2, 3, 4]) + b"\x1a\xe1"
    assert parse_nodes(b"a" * 20 + mapped, 8, v6=True) == []
    assert parse_value(mapped) is None


def test_values_of_both_families():
    assert parse_value(bytes([1, 2, 3, 4, 0, 80])) == Address("1.2.3.4", 80)
    assert parse_value(bytes(15) + b"\x01\x00\x50") == Address("::1", 80)
    assert parse_value(bytes(7)) is None
    assert parse_value(17) is None


@settings(deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_nonsense(data, v6):
    for node in parse_nodes(data, 4, v6):
        assert len(node.id) == 20
        assert node.address.port
        assert (":" in node.address.host) == v6
