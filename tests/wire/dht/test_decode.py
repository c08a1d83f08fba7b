"""Nothing in a datagram is believed."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from torrentd.model.address import Address
from torrentd.wire.bencode import encode
from torrentd.wire.dht.decode import LARGEST, MAX_NODES, MAX_VALUES, decode_message
from torrentd.wire.dht.messages import KrpcError, Query, Response

ID, OTHER = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"


def query(method: object = b"ping", t: object = b"aa", **fields: object) -> bytes:
    return encode({"a": {"id": ID, **fields}, "q": method, "t": t, "y": "q"})


def response(**fields: object) -> bytes:
    return encode({"r": {"id": ID, **fields}, "t": b"aa", "y": "r"})


def refused(data: bytes) -> KrpcError:
    with pytest.raises(KrpcError) as caught:
        decode_message(data)
    return caught.value


class TestDropped:
    """What is no query is answered by nothing."""

    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"d",
            b"de",
            b"i1e",
            b"le",
            b"d1:y1:qe",
            query(t=7),
            query(t=b""),
            query(t=b"x" * 33),
            query() + b"x",
            encode({"t": "aa", "y": "x"}),
            encode({"t": "aa", "y": 1}),
            encode({"t": "aa", "y": "r"}),
            encode({"t": "aa", "y": "r", "r": []}),
            encode({"t": "aa", "y": "r", "r": {}}),
            encode({"t": "aa", "y": "r", "r": {"id": ID[:19]}}),
            encode({"t": "aa", "y": "e"}),
            encode({"t": "aa", "y": "e", "e": ["203", "text"]}),
            query(x=b"x" * LARGEST),
            b"d1:a" + b"l" * 17 + b"e" * 17 + b"1:t2:aa1:y1:qe",
            encode({"a": {"id": ID, "x": [0] * 500}, "q": "ping", "t": "aa", "y": "q"}),
        ],
    )
    def test_nonsense(self, data):
        assert refused(data).transaction is None


class TestAnsweredWithAnError:
    @pytest.mark.parametrize(
        "data",
        [
            encode({"t": "aa", "y": "q"}),
            encode({"a": [], "q": "ping", "t": "aa", "y": "q"}),
            encode({"a": {"id": ID}, "q": 1, "t": "aa", "y": "q"}),
            encode({"a": {}, "q": "ping", "t": "aa", "y": "q"}),
            query(id=ID[:5]),
            query(b"find_node"),
            query(b"find_node", target=OTHER + b"x"),
            query(b"get_peers"),
            query(b"get_peers", info_hash=7),
            query(b"announce_peer", info_hash=OTHER, port=1),
            query(b"announce_peer", info_hash=OTHER, port=1, token=b"x" * 65),
            query(b"announce_peer", info_hash=OTHER, token=b"x"),
            query(b"announce_peer", info_hash=OTHER, token=b"x", port=0),
            query(b"announce_peer", info_hash=OTHER, token=b"x", port=65536),
            query(b"announce_peer", info_hash=OTHER, token=b"x", port=-1),
            query(b"sample_infohashes"),
        ],
    )
    def test_protocol_error(self, data):
        error = refused(data)
        assert (error.transaction, error.code) == (b"aa", 203)

    def test_unknown_method(self):
        error = refused(query(b"sing"))
        assert (error.transaction, error.code) == (b"aa", 204)


class TestQueries:
    def test_unknown_methods_with_a_target_are_lookups(self):
        assert decode_message(query(b"vote", target=OTHER)) == Query(b"aa", ID, "find_node", OTHER)
        assert decode_message(query(b"vote", info_hash=OTHER)) == Query(b"aa", ID, "find_node", OTHER)

    def test_implied_port(self):
        announce = query(b"announce_peer", info_hash=OTHER, token=b"x", port=99, implied_port=1)
        assert decode_message(announce).port == 0

    def test_want(self):
        data = query(b"find_node", target=OTHER, want=[b"n6", 5, b"n9", b"n6"])
        assert decode_message(data).want == ("n6",)
        assert decode_message(query(b"find_node", target=OTHER, want=b"n6")).want == ()

    def test_keys_out_of_order_are_tolerated(self):
        assert decode_message(b"d1:y1:q1:t2:aa1:q4:ping1:ad2:id20:" + ID + b"ee") == Query(b"aa", ID, "ping")


class TestResponses:
    def test_what_is_wrong_counts_as_missing(self):
        wrong = response(
            nodes=5, nodes6=[], values=b"x", token=b"t" * 65, BFsd=b"x" * 255, BFpe=7, samples=b"x" * 21, interval=-1
        )
        assert decode_message(wrong) == Response(b"aa", ID)

    def test_values_of_both_families(self):
        values = [b"\x01\x02\x03\x04\x00\x50", bytes(15) + b"\x01\x00\x50", b"short", 7, b"\x01\x02\x03\x04\x00\x00"]
        assert decode_message(response(values=values)).values == (Address("1.2.3.4", 80), Address("::1", 80))

    def test_bounds(self):
        node = ID + b"\x01\x02\x03\x04\x00\x50"
        whole = decode_message(response(nodes=node * 40, values=[b"\x01\x02\x03\x04\x00\x50"] * 300))
        assert (len(whole.nodes), len(whole.values)) == (MAX_NODES, MAX_VALUES)


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_noise(data):
    with contextlib.suppress(KrpcError):
        decode_message(data)


VALUES = st.recursive(
    st.one_of(st.binary(max_size=40), st.integers(-(2**63), 2**63)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.binary(max_size=6), inner, max_size=4)),
    max_leaves=10,
)
KEYS = st.sampled_from(
    [
        b"id",
        b"target",
        b"info_hash",
        b"want",
        b"token",
        b"port",
        b"nodes",
        b"values",
        b"samples",
        b"seed",
        b"implied_port",
    ]
)


@settings(deadline=None)
@given(
    st.sampled_from([b"q", b"r", b"e"]),
    st.dictionaries(KEYS, VALUES, max_size=8),
    st.sampled_from([b"ping", b"find_node", b"get_peers", b"announce_peer", b"sample_infohashes", b"x"]),
    VALUES,
)
def test_nonsense_in_the_right_places(kind, fields, method, other):
    data = encode({b"t": b"aa", b"y": kind, b"a": fields, b"r": {b"id": ID, **fields}, b"q": method, b"e": other})
    with contextlib.suppress(KrpcError):
        message = decode_message(data)
        assert len(getattr(message, "sender", ID)) == 20
        assert len(getattr(message, "target", b"")) in (0, 20)
