from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import ProtocolError
from torrentd.wire.peer.metadata import (
    MAX_MESSAGE,
    MAX_SIZE,
    PIECE,
    Data,
    Reject,
    Request,
    encode,
    parse,
    piece_count,
    piece_length,
)

pieces = st.integers(0, MAX_SIZE // PIECE - 1)
messages = st.one_of(
    st.builds(Request, pieces),
    st.builds(Reject, pieces),
    st.builds(Data, pieces, st.integers(1, MAX_SIZE), st.binary(max_size=PIECE)),
)


@given(messages)
def test_there_and_back(message):
    assert parse(encode(message)) == message


def test_as_the_bep_writes_them():
    assert encode(Request(0)) == b"d8:msg_typei0e5:piecei0ee"
    assert encode(Reject(0)) == b"d8:msg_typei2e5:piecei0ee"
    assert parse(b"d8:msg_typei1e5:piecei0e10:total_sizei34256eexxx") == Data(0, 34256, b"xxx")


def test_a_kind_that_is_not_known_is_ignored():
    assert parse(b"d8:msg_typei3e5:piecei0ee") is None
    assert parse(b"d8:msg_type1:05:piecei0ee") is None
    assert parse(b"de") is None


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"i1e",
        b"d8:msg_typei0e",
        b"d8:msg_typei0ee",
        b"d8:msg_typei0e5:piecei-1ee",
        b"d8:msg_typei0e5:piece1:0e",
        b"d8:msg_typei2e5:piecei2048ee",
        b"d8:msg_typei0e5:piecei9223372036854775807ee",
        b"d8:msg_typei1e5:piecei0eexxx",
        b"d8:msg_typei1e5:piecei0e10:total_sizei-1eexxx",
        b"d8:msg_typei1e5:piecei0e10:total_sizei0eexxx",
        b"d8:msg_typei1e5:piecei0e10:total_sizei33554433eexxx",
        b"d8:msg_typei1e5:piecei0e10:total_sizei4294967296eexxx",
        b"d8:msg_typei0e5:piecei0ee" + bytes(MAX_MESSAGE),
        b"l" * 100,
    ],
)
def test_what_no_honest_peer_sends(payload):
    with pytest.raises(ProtocolError, match=r"^ut_metadata: "):
        parse(payload)


@given(st.binary(max_size=60) | st.binary(max_size=40).map(lambda tail: b"d8:msg_typei1e" + tail))
def test_nonsense_is_refused_or_read(payload):
    with contextlib.suppress(ProtocolError):
        parse(payload)


@given(st.integers(1, MAX_SIZE))
def test_the_pieces_are_all_of_it(size):
    count = piece_count(size)
    assert sum(piece_length(size, piece) for piece in range(count)) == size
    assert all(0 < piece_length(size, piece) <= PIECE for piece in range(count))


def test_sizes_that_are_multiples():
    assert (piece_count(PIECE), piece_length(PIECE, 0)) == (1, PIECE)
    assert (piece_count(2 * PIECE), piece_length(2 * PIECE, 1)) == (2, PIECE)
    assert (piece_count(PIECE + 1), piece_length(PIECE + 1, 1)) == (2, 1)
