from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.wire import bencode
from torrentd.wire.peer.extensions import MAX_CLIENT_NAME, ExtensionHandshake, encode, parse

handshakes = st.builds(
    ExtensionHandshake,
    m=st.dictionaries(st.binary(max_size=12), st.integers(0, 255), max_size=5),
    client=st.text(st.characters(categories=("L", "N")), max_size=MAX_CLIENT_NAME // 4),
    port=st.none() | st.integers(1, 65535),
    reqq=st.none() | st.integers(1, 2**31),
    yourip=st.sampled_from([b"", b"\1\2\3\4", bytes(16)]),
    ipv4=st.sampled_from([b"", b"\1\2\3\4"]),
    ipv6=st.sampled_from([b"", bytes(16)]),
    metadata_size=st.none() | st.integers(1, 2**31),
    upload_only=st.booleans(),
    encrypts=st.booleans(),
)


@given(handshakes, st.binary(max_size=5))
def test_there_and_back_with_anything_behind(handshake, rest):
    assert parse(encode(handshake) + rest) == handshake


def test_what_is_not_said_is_left_out():
    assert encode(ExtensionHandshake()) == b"d1:mdee"
    assert parse(b"de") == ExtensionHandshake()


def test_a_real_one():
    said = parse(
        b"d1:ei0e4:ipv64:oops12:complete_agoi1e1:md11:ut_metadatai3e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e"
        b"4:reqqi255e11:upload_onlyi1e1:v17:qBittorrent/4.6.36:yourip4:\x7f\0\0\1e"
    )
    assert said == ExtensionHandshake(
        m={b"ut_metadata": 3, b"ut_pex": 1},
        client="qBittorrent/4.6.3",
        port=6881,
        reqq=255,
        yourip=b"\x7f\0\0\1",
        metadata_size=31235,
        upload_only=True,
    )
    assert parse(b"d1:ei1ee").encrypts


@pytest.mark.parametrize(
    "fields",
    [
        {"m": [], "v": 5, "p": b"80", "reqq": [], "yourip": 7, "ipv4": b"12345", "ipv6": b"1234", "upload_only": b"1"},
        {"m": {"a": -1, "b": 256, "c": b"1"}, "p": 0, "reqq": 0, "metadata_size": 0, "yourip": b"12345"},
        {"p": 65536, "reqq": -1, "metadata_size": -1, "upload_only": -1, "e": b"1"},
        {"p": 2**63, "reqq": 2**63, "metadata_size": 2**64},
    ],
)
def test_fields_of_the_wrong_kind_are_not_said(fields):
    assert parse(bencode.encode(fields)) == ExtensionHandshake()


def test_a_client_name_is_short_and_safe():
    assert parse(bencode.encode({"v": b"x\x1b[2J\xff"})).client == r"x\x1b[2J\xff"
    assert len(parse(bencode.encode({"v": b"\x1b" * 10_000})).client) == MAX_CLIENT_NAME


@pytest.mark.parametrize("payload", [b"", b"le", b"i1e", b"d", b"d1:m", b"d1:ai1e1:ai2ee", b"l" * 100_000, b"\xff"])
def test_what_is_no_dictionary_is_the_peers_fault(payload):
    with pytest.raises(ProtocolError):
        parse(payload)


@given(st.binary(max_size=60))
def test_any_bytes_give_a_handshake_or_the_peers_error(data):
    with contextlib.suppress(ProtocolError):
        parse(data)
