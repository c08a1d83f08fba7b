"""The exact bytes; that they are read back is framing's test."""

from __future__ import annotations

import pytest

from torrentd.wire.peer.encode import block_headers, encode, encode_requests
from torrentd.wire.peer.messages import (
    AllowedFast,
    BitfieldMessage,
    Blocks,
    Cancel,
    Choke,
    Extended,
    Have,
    HaveAll,
    HaveNone,
    Interested,
    KeepAlive,
    NotInterested,
    Port,
    Reject,
    Request,
    Suggest,
    Unchoke,
)


@pytest.mark.parametrize(
    ("message", "hexadecimal"),
    [
        (KeepAlive(), "00000000"),
        (Choke(), "00000001 00"),
        (Unchoke(), "00000001 01"),
        (Interested(), "00000001 02"),
        (NotInterested(), "00000001 03"),
        (Have(258), "00000005 04 00000102"),
        (BitfieldMessage(b"\xf0\x80"), "00000003 05 f080"),
        (Request(1, 16384, 16383), "0000000d 06 00000001 00004000 00003fff"),
        (Cancel(1, 16384, 16383), "0000000d 08 00000001 00004000 00003fff"),
        (Port(6881), "00000003 09 1ae1"),
        (Suggest(258), "00000005 0d 00000102"),
        (HaveAll(), "00000001 0e"),
        (HaveNone(), "00000001 0f"),
        (Reject(1, 16384, 16383), "0000000d 10 00000001 00004000 00003fff"),
        (AllowedFast(258), "00000005 11 00000102"),
        (Extended(3, b"de"), "00000004 14 03 6465"),
    ],
)
def test_every_message(message, hexadecimal):
    assert encode([message]) == bytes.fromhex(hexadecimal)


def test_messages_follow_each_other():
    assert encode([Choke(), KeepAlive()]) == b"\0\0\0\1\0\0\0\0\0"
    assert encode([]) == b""


def test_blocks_have_another_way():
    with pytest.raises(TypeError, match="Blocks"):
        encode([Blocks(0, 0, 1, [memoryview(b"x")])])


def test_requests_are_cut_in_blocks():
    assert encode_requests([(1, 16384, 40000), (2, 0, 5)]) == encode(
        [Request(1, 16384, 16384), Request(1, 32768, 16384), Request(1, 49152, 7232), Request(2, 0, 5)]
    )


@pytest.mark.parametrize("begin", [0, 5 * 16384, 254 * 16384, 256 * 16384, 1000])
def test_runs_of_whole_blocks_anywhere_in_a_piece(begin):
    each = [Request(7, begin + block * 16384, 16384) for block in range(4)]
    assert encode_requests([(7, begin, 4 * 16384)]) == encode(each)


def test_a_run_of_requests_is_one_for_each_block():
    assert encode([Request(1, 7, 100, 3)]) == encode([Request(1, 7, 100), Request(1, 107, 100), Request(1, 207, 100)])


def test_block_headers_count_the_data():
    assert block_headers([(3, 32768, 16384), (4, 0, 7)]) == bytes.fromhex(
        "00004009 07 00000003 00008000" + "00000010 07 00000004 00000000"
    )


@pytest.mark.parametrize("begin", [0, 5 * 16384, 1022 * 16384, 1024 * 16384, 1000])
@pytest.mark.parametrize("length", [4 * 16384, 3 * 16384 + 5])
def test_a_range_has_a_header_for_each_block(begin, length):
    each = [(7, at, min(16384, begin + length - at)) for at in range(begin, begin + length, 16384)]
    assert block_headers([(7, begin, length)]) == b"".join(block_headers([one], one[2]) for one in each)


def test_larger_blocks_have_fewer_headers():
    assert block_headers([(1, 0, 32768)], 32768) == bytes.fromhex("00008009 07 00000001 00000000")
