"""Whole, byte by byte, with the next message behind, with random bytes; and all that must close the connection."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.net.buffers import RECEIVE
from torrentd.wire.peer import ids
from torrentd.wire.peer.encode import block_headers, encode
from torrentd.wire.peer.framing import MAX_BLOCK, MAX_EXTENDED, MAX_EXTENDED_EARLY, Framing
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
    Unknown,
)

PIECES = 20
BLOCK = 16 * 1024

u32 = st.integers(0, 2**32 - 1)
control = st.one_of(
    st.builds(Choke),
    st.builds(Unchoke),
    st.builds(Interested),
    st.builds(NotInterested),
    st.builds(Have, st.integers(0, PIECES - 1)),
    st.builds(Request, u32, u32, u32),
    st.builds(Cancel, u32, u32, u32),
    st.builds(HaveAll),
    st.builds(HaveNone),
    st.builds(Suggest, st.integers(0, PIECES - 1)),
    st.builds(AllowedFast, st.integers(0, PIECES - 1)),
    st.builds(Reject, u32, u32, u32),
    st.builds(Port, st.integers(0, 65535)),
    st.builds(Extended, st.integers(0, 255), st.binary(max_size=30)),
)


def message(kind: int, payload: bytes = b"") -> bytes:
    return struct.pack(">IB", 1 + len(payload), kind) + payload


def block(piece: int, begin: int, data: bytes) -> bytes:
    return block_headers([(piece, begin, len(data))], len(data)) + data


def scan(data: bytes, framing: Framing | None = None):
    return (framing or Framing(PIECES)).scan(memoryview(data), len(data))


def read(data: bytes):
    """The messages of `data`, which must be all consumed; views as bytes."""
    messages, consumed = scan(data)
    assert consumed == len(data)
    return [flat(message) for message in messages]


def flat(message):
    if isinstance(message, Blocks):
        data = b"".join(message.views)
        assert len(data) == message.length
        return (message.piece, message.begin, data)
    return message


def one_by_one(messages):
    """Runs of requests as single requests."""
    for message in messages:
        if isinstance(message, Request):
            piece, begin, length = message.piece, message.begin, message.length
            yield from (Request(piece, begin + block * length, length) for block in range(message.count))
        else:
            yield message


@given(st.lists(control, max_size=12))
def test_what_was_encoded_is_found(messages):
    assert list(one_by_one(read(encode(messages)))) == messages


@given(st.lists(control, max_size=6), st.data())
def test_a_cut_message_waits_for_its_rest(messages, data):
    whole = encode(messages)
    end = data.draw(st.integers(0, len(whole)))
    framing = Framing(PIECES)
    first, consumed = framing.scan(memoryview(whole), end)
    assert consumed <= end
    rest = whole[consumed:]
    second, consumed = framing.scan(memoryview(rest), len(rest))
    assert list(one_by_one(first + second)) == messages
    assert consumed == len(rest)


def test_byte_by_byte():
    sent = [BitfieldMessage(b"\xff\xff\xf0"), Unchoke(), Have(3), Extended(0, b"de"), Request(1, 2, 3), Port(9)]
    sent += [HaveAll(), HaveNone(), Reject(1, 2, 3), Suggest(4), AllowedFast(5)]
    stream = encode(sent) + block(4, 0, b"data") + encode([KeepAlive(), Choke()])
    framing = Framing(PIECES)
    kept, found = b"", []
    for byte in stream:
        kept += bytes((byte,))
        messages, consumed = framing.scan(memoryview(kept), len(kept))
        found += map(flat, messages)
        kept = kept[consumed:]
    assert found == [*sent, (4, 0, b"data"), KeepAlive(), Choke()]
    assert kept == b""


def test_bytes_behind_the_end_are_not_looked_at():
    data = encode([Have(1), Have(2)])
    assert Framing(PIECES).scan(memoryview(data), 17) == ([Have(1)], 9)
    assert Framing(PIECES).scan(memoryview(data), 0) == ([], 0)


def test_a_block_that_is_not_whole_stays():
    data = block(0, 0, bytes(BLOCK)) + block(0, BLOCK, bytes(BLOCK))[:-1]
    messages, consumed = scan(data)
    assert consumed == BLOCK + 13
    assert [message.length for message in messages] == [BLOCK]


class TestRuns:
    def test_consecutive_blocks_become_one_message_without_copies(self):
        data = bytearray(b"".join(block(2, begin, bytes(BLOCK)) for begin in range(BLOCK, 5 * BLOCK, BLOCK)))
        messages, consumed = Framing(PIECES).scan(memoryview(data), len(data))
        assert consumed == len(data)
        [run] = messages
        assert (run.piece, run.begin, run.length, len(run.views)) == (2, BLOCK, 4 * BLOCK, 4)
        data[13:14] = b"!"
        assert run.views[0][0] == ord("!")

    def test_a_short_last_block_ends_the_run(self):
        last = block(2, BLOCK, b"short")
        data = block(2, 0, bytes(BLOCK)) + last + block(2, BLOCK + 5, b"more")
        assert read(data) == [(2, 0, bytes(BLOCK) + b"short"), (2, BLOCK + 5, b"more")]

    def test_a_large_block_is_not_continued(self):
        data = block(2, 0, bytes(MAX_BLOCK)) + block(2, MAX_BLOCK, bytes(BLOCK))
        assert [(message[1], len(message[2])) for message in read(data)] == [(0, MAX_BLOCK), (MAX_BLOCK, BLOCK)]

    @pytest.mark.parametrize("second", [(3, BLOCK), (2, 0), (2, 2 * BLOCK)])
    def test_another_piece_or_place_begins_another_run(self, second):
        data = block(2, 0, bytes(BLOCK)) + block(*second, bytes(BLOCK))
        assert [message[:2] for message in read(data)] == [(2, 0), second]

    def test_a_message_between_keeps_the_order(self):
        data = block(2, 0, bytes(BLOCK)) + encode([Choke()]) + block(2, BLOCK, bytes(BLOCK))
        assert [type(message) for message in scan(data)[0]] == [Blocks, Choke, Blocks]

    def test_runs_do_not_reach_over_reads(self):
        framing = Framing(PIECES)
        first, _ = scan(block(2, 0, bytes(BLOCK)), framing)
        second, _ = scan(block(2, BLOCK, bytes(BLOCK)), framing)
        assert first[0].length == second[0].length == BLOCK

    def test_the_end_of_the_number_range(self):
        far = 2**32 - BLOCK
        assert read(block(2, far, bytes(BLOCK)) + block(2, 0, b"x")) == [(2, far, bytes(BLOCK)), (2, 0, b"x")]


class TestRequests:
    def test_those_that_follow_each_other_become_one_message(self):
        each = [Request(2, begin, BLOCK) for begin in range(BLOCK, 5 * BLOCK, BLOCK)]
        assert read(encode(each)) == [Request(2, BLOCK, BLOCK, 4)]

    def test_blocks_of_any_length_may_follow_each_other(self):
        assert read(encode([Request(2, 5, 7), Request(2, 12, 7)])) == [Request(2, 5, 7, 2)]

    @pytest.mark.parametrize("other", [Request(3, BLOCK, BLOCK), Request(2, 0, BLOCK), Request(2, BLOCK, 5)])
    def test_another_piece_place_or_length_begins_another_run(self, other):
        assert read(encode([Request(2, 0, BLOCK), other])) == [Request(2, 0, BLOCK), other]

    def test_a_message_between_keeps_the_order(self):
        sent = [Request(2, 0, BLOCK), Have(1), Request(2, BLOCK, BLOCK), Choke(), Request(2, 2 * BLOCK, BLOCK)]
        assert read(encode(sent)) == sent

    def test_the_end_of_the_number_range(self):
        sent = [Request(2, 2**32 - BLOCK, BLOCK), Request(2, 0, BLOCK), Request(2**32 - 1, 2**32 - 1, 2**32 - 1)]
        assert read(encode(sent)) == sent


class TestSkipped:
    @pytest.mark.parametrize("kind", [0x0A, 0x0B, 0x0C, 0x12, 0x13, 0x15, 0xFF])
    def test_unknown_ids(self, kind):
        for payload in (b"", b"x", bytes(MAX_EXTENDED)):
            assert read(message(kind, payload) + encode([Choke()])) == [Unknown(len(payload)), Choke()]

    def test_keep_alives(self):
        assert read(bytes(4 * 5)) == [KeepAlive()] * 5
        assert read(bytes(4) + encode([Choke()]) + bytes(8)) == [KeepAlive(), Choke(), KeepAlive(), KeepAlive()]

    def test_a_keep_alive_before_what_looks_like_a_block(self):
        assert read(bytes(4) + block(7, 7, b"data")) == [KeepAlive(), (7, 7, b"data")]


class TestRefused:
    @pytest.mark.parametrize(
        ("kind", "length"),
        [
            *((kind, 2) for kind in (0, 1, 2, 3, 14, 15)),
            *((kind, length) for kind in (4, 13, 17) for length in (1, 4, 6)),
            *((kind, length) for kind in (6, 8, 16) for length in (1, 12, 14)),
            *((7, length) for length in (1, 8, 9, 9 + MAX_BLOCK + 1)),
            *((5, length) for length in (1, 3, 5)),
            *((9, length) for length in (1, 2, 4)),
            *((20, length) for length in (1, 2 + MAX_EXTENDED + 1)),
            (0xFF, 1 + MAX_EXTENDED + 1),
            (7, 2**32 - 1),
            (20, 2**31),
        ],
    )
    def test_a_length_that_the_id_cannot_have_before_the_rest_comes(self, kind, length):
        head = struct.pack(">IB", length, kind)
        for data in (head, head + bytes(40)):
            with pytest.raises(ProtocolError):
                scan(data)

    def test_an_absurd_length_without_an_id(self):
        with pytest.raises(ProtocolError, match="longer than any"):
            scan(b"\xff\xff\xff\xff")
        assert scan(b"\0\0\0\1") == ([], 0)

    @pytest.mark.parametrize("kind", [Have, Suggest, AllowedFast])
    def test_a_piece_that_is_not_there(self, kind):
        with pytest.raises(ProtocolError, match="about piece 20"):
            scan(encode([kind(PIECES)]))

    def test_a_spare_bit(self):
        with pytest.raises(ProtocolError, match="spare"):
            scan(encode([BitfieldMessage(b"\xff\xff\xf8")]))
        assert Framing(16).scan(memoryview(message(5, b"\xff\xff")), 7)[1] == 7

    def test_a_bitfield_may_come_at_any_time(self):
        sent = [Extended(0, b"de"), BitfieldMessage(bytes(3)), Have(1), BitfieldMessage(b"\xff\xff\xf0")]
        assert read(encode(sent)) == sent

    def test_the_bitfield_of_a_huge_torrent_is_longer_than_other_messages(self):
        bits = bytes(2**21 // 8)
        data = message(5, bits)
        assert Framing(2**21).scan(memoryview(data), len(data)) == ([BitfieldMessage(bits)], len(data))


@given(st.binary(max_size=200))
def test_any_bytes_are_messages_or_the_peers_fault(data):
    try:
        _, consumed = scan(data)
    except ProtocolError:
        return
    assert consumed <= len(data)


@given(st.lists(st.tuples(st.sampled_from([0, 4, 5, 7, 9, 13, 14, 16, 17, 20]), st.binary(max_size=15)), max_size=8))
def test_any_payloads_are_messages_or_the_peers_fault(parts):
    data = b"".join(message(kind, payload) for kind, payload in parts)
    try:
        _, consumed = scan(data)
    except ProtocolError:
        return
    assert consumed == len(data)


class TestUnknownNumberOfPieces:
    """While the metadata is fetched."""

    def test_bitfields_of_any_length(self):
        for size in (1, 7, 2**18):
            (found,), _ = scan(message(ids.BITFIELD, b"\xff" * size), Framing(None))
            assert found == BitfieldMessage(b"\xff" * size)

    @pytest.mark.parametrize("size", [0, 2**18 + 1])
    def test_what_no_torrent_has(self, size):
        with pytest.raises(ProtocolError):
            scan(message(ids.BITFIELD, b"\xff" * size), Framing(None))

    def test_haves(self):
        (found,), _ = scan(message(ids.HAVE, (2**21 - 1).to_bytes(4, "big")), Framing(None))
        assert found == Have(2**21 - 1)
        with pytest.raises(ProtocolError):
            scan(message(ids.HAVE, (2**21).to_bytes(4, "big")), Framing(None))

    def test_learned_later(self):
        framing = Framing(None)
        framing.learn(10)
        with pytest.raises(ProtocolError):
            scan(message(ids.HAVE, (10).to_bytes(4, "big")), framing)
        with pytest.raises(ProtocolError):
            scan(message(ids.BITFIELD, b"\xff\xff"), framing)
        (found,), _ = scan(message(ids.BITFIELD, b"\xff\xc0"), framing)
        assert found == BitfieldMessage(b"\xff\xc0")

    def test_while_the_metadata_is_fetched_extension_messages_may_be_longer(self):
        data = memoryview(message(20, b"\0" + bytes(MAX_EXTENDED_EARLY)))
        assert len(data) < RECEIVE  # there is always room to read the rest of it
        framing = Framing(None)
        assert framing.scan(data, len(data)) == ([Extended(0, bytes(MAX_EXTENDED_EARLY))], len(data))
        framing.learn(PIECES)
        with pytest.raises(ProtocolError):
            framing.scan(data, 5)

    @pytest.mark.parametrize(("kind", "length"), [(20, 2 + MAX_EXTENDED_EARLY + 1), (0xFF, 1 + MAX_EXTENDED + 1)])
    def test_even_then_no_longer(self, kind, length):
        with pytest.raises(ProtocolError):
            Framing(None).scan(memoryview(struct.pack(">IB", length, kind)), 5)
