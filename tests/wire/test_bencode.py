"""The facade: what the scan accepts is what the library decodes, and everything else is one error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.bencode import (
    DHT,
    EXTENSION,
    METAINFO,
    METAINFO_V2,
    TRACKER,
    BencodeError,
    Limits,
    decode,
    decode_prefix,
    decode_spans,
    encode,
    span,
)

values = st.recursive(
    st.integers(-(10**19), 10**19) | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.binary(max_size=8), inner, max_size=5),
    max_leaves=20,
)


@given(values)
def test_what_was_encoded_is_decoded(value):
    assert decode(encode(value), METAINFO) == value


@given(values, st.binary(min_size=1, max_size=20))
def test_what_follows_is_refused_or_left(value, rest):
    data = encode(value)
    with pytest.raises(BencodeError, match="follow"):
        decode(data + rest, METAINFO)
    assert decode_prefix(data + rest, METAINFO) == (value, len(data))


@given(values)
def test_no_beginning_of_a_value_is_a_value(value):
    data = encode(value)
    for end in range(len(data)):
        with pytest.raises(BencodeError):
            decode(data[:end], METAINFO)


@given(st.binary(max_size=60) | st.text("0123456789:ilde-", max_size=40).map(str.encode))
def test_any_bytes_give_a_value_or_the_one_error(data):
    try:
        value = decode(data, TRACKER)
    except BencodeError:
        return
    assert sorted(encode(value)) == sorted(data)  # the keys may have been in another order


@pytest.mark.parametrize(
    "data",
    [
        b"i+5e",
        b"i 5e",
        b"i5 e",
        b"i1_0e",
        b"i-0e",
        b"i00e",
        b"i05e",
        b"i-05e",
        b"ie",
        b"i-e",
        b"i0x10e",
        b"i1.5e",
        "i\u0661e".encode(),  # a digit, for int()
        b"i" + b"9" * 21 + b"e",
        b"i" + b"9" * 100_000 + b"e",
        b"1_0:aaaaaaaaaa",
        b"+1:a",
        b" 1:a",
        b"-1:a",
        b"01:a",
        b"00:",
        b"2:a",
        b"99999999999999999999:a",
        b"9" * 100_000 + b":a",
        b"5",
        b"e",
        b"d1:ae",
        b"di1ei2ee",
        b"d1:ai1e1:ai2ee",
        b"d1:b0:1:a0:1:b0:e",
        b"dle0:e",
        b"l",
        b"d",
        b"x",
        b"\xff\xfe",
    ],
)
def test_malformed_input_is_refused(data):
    with pytest.raises(BencodeError):
        decode(data, METAINFO)
    with pytest.raises(BencodeError):
        decode(b"l" + data + b"e", METAINFO)


def test_nothing_is_no_value():
    with pytest.raises(BencodeError, match="empty"):
        decode(b"", METAINFO)


def test_integers_have_at_most_twenty_digits():
    assert decode(b"i" + b"9" * 20 + b"e", METAINFO) == 10**20 - 1
    assert decode(b"i-" + b"9" * 20 + b"e", METAINFO) == 1 - 10**20


def test_unsorted_keys_are_tolerated_and_keep_their_order():
    assert list(decode(b"d1:b0:1:a0:e", METAINFO)) == [b"b", b"a"]


def test_equal_keys_in_different_dictionaries_are_no_duplicates():
    assert decode(b"d1:ad1:ai1ee1:bd1:ai2eee", METAINFO) == {b"a": {b"a": 1}, b"b": {b"a": 2}}


def test_a_duplicate_is_found_behind_a_nested_dictionary():
    with pytest.raises(BencodeError, match="before"):
        decode(b"d1:ad1:bi1ee1:ai2ee", METAINFO)


@pytest.mark.parametrize("limits", [METAINFO, METAINFO_V2, TRACKER, DHT, EXTENSION])
def test_depth_is_bounded(limits):
    fits = b"l" * limits.depth + b"e" * limits.depth
    decode(fits, limits)
    decode(b"d1:a" * limits.depth + b"0:" + b"e" * limits.depth, limits)
    with pytest.raises(BencodeError, match="deeper"):
        decode(b"l" + fits + b"e", limits)


def test_a_million_brackets_do_no_harm():
    for bracket in (b"l", b"d1:a"):
        with pytest.raises(BencodeError, match="deeper"):
            decode(bracket * 1_000_000, METAINFO)


def test_items_are_bounded_and_containers_count():
    limits = Limits(depth=4, items=10)
    decode(b"l" + b"le" * 9 + b"e", limits)
    for item in (b"le", b"de", b"0:", b"i1e"):
        with pytest.raises(BencodeError, match="more than 10 items"):
            decode(b"l" + item * 10 + b"e", limits)
    with pytest.raises(BencodeError, match="more than 10 items"):
        decode(b"d" + b"".join(b"1:%ci1e" % key for key in b"abcde") + b"e", limits)


@given(st.dictionaries(st.binary(max_size=8), values, max_size=6))
def test_spans_hold_exactly_the_values(value):
    data = encode(value)
    decoded, spans = decode_spans(data, METAINFO)
    assert decoded == value
    assert {key: decode(data[start:end], METAINFO) for key, (start, end) in spans.items()} == value
    for key, where in spans.items():
        assert span(data, key, METAINFO) == where


def test_a_span_is_of_the_top_level_only():
    data = b"d1:ad4:infoi1ee4:infoi2ee"
    start, end = span(data, b"info", METAINFO)
    assert data[start:end] == b"i2e"
    for other in (b"d1:ad4:infoi1eee", b"ld4:infoi1eee", b"4:info"):
        with pytest.raises(BencodeError):
            span(other, b"info", METAINFO)
    assert decode_spans(b"ld4:infoi1eee", METAINFO)[1] == {}


def test_a_span_keeps_what_encoding_would_change():
    data = b"d4:infod1:bi1e1:ai2eee"
    start, end = span(data, b"info", METAINFO)
    assert data[start:end] == b"d1:bi1e1:ai2ee"


def test_spans_refuse_what_follows():
    with pytest.raises(BencodeError, match="follow"):
        decode_spans(b"d4:infodeex", METAINFO)


def test_encoding_sorts_and_takes_text():
    assert encode({"b": "\u00fc", "a": [1, -2, b"\xff"]}) == b"d1:ali1ei-2e1:\xffe1:b2:\xc3\xbce"


@pytest.mark.parametrize("value", [None, 1.5, {1: 2}, [object()], {"a": None}])
def test_what_has_no_bencoded_form_is_refused(value):
    with pytest.raises(BencodeError):
        encode(value)
