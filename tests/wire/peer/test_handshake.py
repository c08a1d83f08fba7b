from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.wire.peer.handshake import (
    HEAD_LENGTH,
    LENGTH,
    RESERVED,
    START,
    Handshake,
    check_start,
    encode,
    has_dht,
    has_extensions,
    has_fast,
    parse,
    parse_head,
    with_dht,
)

OURS = Handshake(RESERVED, b"h" * 20, b"p" * 20)


def test_the_bytes():
    assert encode(OURS) == b"\x13BitTorrent protocol\0\0\0\0\0\x10\0\x04" + b"h" * 20 + b"p" * 20
    assert (HEAD_LENGTH, LENGTH) == (48, 68)


@given(st.binary(min_size=8, max_size=8), st.binary(min_size=20, max_size=20), st.binary(max_size=9))
def test_there_and_back_with_anything_behind(reserved, info_hash, rest):
    handshake = Handshake(reserved, info_hash, b"p" * 20)
    data = encode(handshake) + rest
    assert parse(data) == handshake
    assert parse_head(data) == (reserved, info_hash)
    assert parse_head(data[:HEAD_LENGTH]) == (reserved, info_hash)


def test_every_beginning_may_become_a_handshake_but_is_none():
    data = encode(OURS)
    for end in range(LENGTH):
        check_start(data[:end])
        with pytest.raises(ProtocolError):
            parse(data[:end])
        if end < HEAD_LENGTH:
            with pytest.raises(ProtocolError):
                parse_head(data[:end])


@pytest.mark.parametrize("position", range(len(START)))
def test_a_wrong_byte_is_refused_when_it_comes(position):
    wrong = START[:position] + b"\xff"
    check_start(wrong[:-1])
    with pytest.raises(ProtocolError, match="protocol"):
        check_start(wrong)
    with pytest.raises(ProtocolError, match="protocol"):
        parse(wrong + bytes(LENGTH))


def test_the_extension_bit():
    assert OURS.extended
    assert not has_extensions(bytes(8))
    assert not has_extensions(b"\xff\xff\xff\xff\xff\xef\xff\xff")


def test_the_fast_bit():
    assert has_fast(OURS.reserved)
    assert not has_fast(b"\xff\xff\xff\xff\xff\xff\xff\xfb")


def test_the_dht_bit():
    assert has_dht(with_dht(bytes(8)))
    assert with_dht(bytes([0, 0, 0, 0, 0, 0x10, 0, 4])) == bytes([0, 0, 0, 0, 0, 0x10, 0, 5])
    assert not has_dht(b"\xff\xff\xff\xff\xff\xff\xff\xfe")


@given(st.binary(max_size=100))
def test_any_bytes_give_a_handshake_or_the_peers_error(data):
    try:
        assert encode(parse(data)) == data[:LENGTH]
    except ProtocolError:
        assert not data.startswith(START) or len(data) < LENGTH
