from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.model.errors import RpcError
from torrentd.rpc.core import envelope
from torrentd.rpc.core.errors import error_object

REFUSED = {
    "nothing": b"",
    "not JSON": b"{",
    "trailing text": b"{} x",
    "two values": b"{}{}",
    "not UTF-8": b'{"a": "\xff"}',
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "byte order mark": b"\xef\xbb\xbf{}",
    "encoded surrogate": b'"\xed\xa0\x80"',
    "escaped surrogate": rb'{"a": "\ud800"}',
    "escaped surrogate as a key": rb'{"\uDFFF": 1}',
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "minus Infinity": b"[-Infinity]",
    "a number beyond floats": b"[1e999]",
    "an endless integer": b"[" + b"9" * 5000 + b"]",
    "duplicate key": b'{"a": 1, "a": 1}',
    "duplicate key, deep": b'[{"b": {"a": 1, "a": 2}}]',
    "duplicate key, one escaped": rb'{"a": 1, "\u0061": 2}',
    "single quotes": b"{'a': 1}",
    "control character": b'"a\nb"',
    "33 arrays": b"[" * 33 + b"]" * 33,
    "33 objects": b'{"a":' * 33 + b"1" + b"}" * 33,
    "no end of arrays": b"[" * 100_000,
    "no end of objects": b'{"a":' * 100_000,
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_refuses(body: bytes) -> None:
    with pytest.raises(RpcError) as caught:
        envelope.read(body)
    assert caught.value.name == "parse_error"
    assert "set_int_max_str_digits" not in str(caught.value)


def test_takes_32_levels() -> None:
    assert envelope.read(b"[" * 32 + b"]" * 32)


@pytest.mark.parametrize("part", [b"[],", b"{},", b"1,"])
def test_a_small_body_must_not_become_a_large_value(part: bytes) -> None:
    with pytest.raises(RpcError) as caught:
        envelope.read(b"[" + part * 1_000_001 + b"1]")
    assert caught.value.name == "too_large"


def test_a_wide_value_is_not_deep() -> None:
    assert envelope.read(b"[" + b",".join([b'{"a":[1]}'] * 100) + b"]")


def test_takes_a_pair_of_surrogates() -> None:
    assert envelope.read(rb'"\ud83d\ude00"') == "\N{GRINNING FACE}"


@given(st.binary())
def test_no_bytes_surprise_it(body: bytes) -> None:
    try:
        envelope.read(body)
    except RpcError as error:
        assert error.name == "parse_error"


NOT_CALLS = [
    1,
    None,
    "call",
    [],
    {},
    {"method": "a"},
    {"jsonrpc": "1.0", "method": "a"},
    {"jsonrpc": 2.0, "method": "a"},
    {"jsonrpc": "2.0"},
    {"jsonrpc": "2.0", "method": 1},
    {"jsonrpc": "2.0", "method": None},
    {"jsonrpc": "2.0", "method": "a", "params": "b"},
    {"jsonrpc": "2.0", "method": "a", "params": None},
    {"jsonrpc": "2.0", "method": "a", "params": 1},
    {"jsonrpc": "2.0", "method": "a", "id": 1.5},
    {"jsonrpc": "2.0", "method": "a", "id": True},
    {"jsonrpc": "2.0", "method": "a", "id": []},
    {"jsonrpc": "2.0", "method": "a", "id": {}},
]


@pytest.mark.parametrize("value", NOT_CALLS, ids=repr)
def test_not_a_call(value: object) -> None:
    with pytest.raises(RpcError) as caught:
        envelope.read_call(value)
    assert caught.value.name == "invalid_request"


def test_an_unknown_member_is_ignored() -> None:
    assert envelope.read_call({"jsonrpc": "2.0", "method": "a", "extension": 1}).method == "a"


@pytest.mark.parametrize(
    ("value", "id"),
    [({"id": 5}, 5), ({"id": "x"}, "x"), ({"id": None}, None), ({"id": True}, None), ({"id": 1.5}, None), ([], None)],
)
def test_the_id_of_something_invalid(value: object, id: object) -> None:
    assert envelope.id_of(value) == id


@pytest.mark.parametrize(
    ("id", "encoded"), [(1, b"1"), (-7, b"-7"), (10**30, b"1" + b"0" * 30), ("é\n", '"é\\n"'.encode()), (None, b"null")]
)
def test_answers_echo_the_id(id: envelope.Id, encoded: bytes) -> None:
    assert envelope.result_answer(id, {}) == b'{"jsonrpc":"2.0","result":{},"id":' + encoded + b"}"


def test_an_error_answer() -> None:
    answer = envelope.error_answer(None, error_object("busy", "Later", id="x"))
    expected = b'{"jsonrpc":"2.0","error":{"code":13,"message":"Later","data":{"name":"busy","id":"x"}},"id":null}'
    assert answer == expected


def test_a_batch_of_notifications_has_no_answer() -> None:
    assert envelope.batch_answer([None, None]) is None
    assert envelope.batch_answer([b"1", None, b"2"]) == b"[1,2]"
