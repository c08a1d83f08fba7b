"""The packets of BEP 5's examples, and what their authors' extensions add."""

from __future__ import annotations

import pytest

from torrentd.model.address import Address
from torrentd.wire.dht.decode import decode_message
from torrentd.wire.dht.encode import encode_message
from torrentd.wire.dht.messages import Error, Query, Response
from torrentd.wire.dht.nodes import NodeInfo

ID, OTHER = b"abcdefghij0123456789", b"mnopqrstuvwxyz123456"
V = b"1:v4:td\x00\x01"


@pytest.mark.parametrize(
    ("message", "data"),
    [
        (Query(b"aa", ID, "ping"), b"d1:ad2:id20:" + ID + b"e1:q4:ping1:t2:aa" + V + b"1:y1:qe"),
        (
            Query(b"aa", ID, "find_node", OTHER),
            b"d1:ad2:id20:" + ID + b"6:target20:" + OTHER + b"e1:q9:find_node1:t2:aa" + V + b"1:y1:qe",
        ),
        (
            Query(b"aa", ID, "get_peers", OTHER),
            b"d1:ad2:id20:" + ID + b"9:info_hash20:" + OTHER + b"e1:q9:get_peers1:t2:aa" + V + b"1:y1:qe",
        ),
        (
            Query(b"aa", ID, "announce_peer", OTHER, token=b"aoeusnth"),
            b"d1:ad2:id20:"
            + ID
            + b"12:implied_porti1e9:info_hash20:"
            + OTHER
            + b"4:porti0e5:token8:aoeusnthe1:q13:announce_peer1:t2:aa"
            + V
            + b"1:y1:qe",
        ),
        (Query(b"aa", ID, "ping", read_only=True), b"d1:ad2:id20:" + ID + b"e1:q4:ping2:roi1e1:t2:aa" + V + b"1:y1:qe"),
        (
            Response(b"aa", ID, token=b"aoeusnth", values=(Address("97.120.106.101", 0x2E75),)),
            b"d1:rd2:id20:" + ID + b"5:token8:aoeusnth6:valuesl6:axje.uee1:t2:aa" + V + b"1:y1:re",
        ),
        (
            Response(b"aa", ID, ip=Address("1.2.3.4", 258)),
            b"d2:ip6:\x01\x02\x03\x04\x01\x021:rd2:id20:" + ID + b"e1:t2:aa" + V + b"1:y1:re",
        ),
        (
            Error(b"aa", 201, "A Generic Error Ocurred"),
            b"d1:eli201e23:A Generic Error Ocurrede1:t2:aa" + V + b"1:y1:ee",
        ),
    ],
)
def test_packets(message, data):
    assert encode_message(message) == data


@pytest.mark.parametrize(
    "message",
    [
        Query(b"t", ID, "ping"),
        Query(b"t", ID, "get_peers", OTHER, want=("n4", "n6"), no_seeds=True, scrape=True),
        Query(b"t", ID, "announce_peer", OTHER, token=b"x", port=6881, seed=True),
        Query(b"t", ID, "announce_peer", OTHER, token=b"x"),
        Query(b"t", ID, "sample_infohashes", OTHER, read_only=True),
        Response(
            b"t",
            ID,
            nodes=(NodeInfo(OTHER, Address("1.2.3.4", 5)),),
            nodes6=(NodeInfo(OTHER, Address("2001:db8::1", 5)),),
            values=(Address("1.2.3.4", 5), Address("2001:db8::2", 6)),
            token=b"tok",
            seeds=bytes(256),
            leeches=b"\xff" * 256,
            samples=(b"h" * 20, b"i" * 20),
            interval=60,
            stored=2,
            ip=Address("9.8.7.6", 5),
        ),
        Response(b"t", ID, nodes=(), samples=()),
        Error(b"t", 203, "bad token", Address("2001:db8::1", 7)),
    ],
)
def test_there_and_back(message):
    assert decode_message(encode_message(message)) == message
