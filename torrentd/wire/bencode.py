"""Bencode (BEP 3), bounded: one scan that trusts nothing and builds the value as it goes.

`bencodepy` decodes recursively, believes declared lengths and reads integers with `int()`, which accepts `+5`, ` 5`
and `1_0`; it is used to encode only. `_scan` is iterative, bounded in depth and items, lengths are checked against the
input, integers are canonical, no key comes twice.

The scan's grammar is three patterns, one for each thing that may be expected next (a key, a value, an item of a list);
input that the expected pattern does not match is the error. Keys out of order are tolerated, because real trackers and
nodes send them; `encode` always sorts. The scan also notes where the top-level values begin: an info hash is made of
the bytes as they were received, never of a re-encoding.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn, TypeAlias, cast

import bencodepy

Value: TypeAlias = "bytes | int | list[Value] | dict[bytes, Value]"
"""What decoding gives. Strings stay bytes: their encoding is the reader's business."""

_Container: TypeAlias = "list[Value] | dict[bytes, Value]"

Encodable: TypeAlias = "bytes | str | int | Sequence[Encodable] | Mapping[bytes, Encodable] | Mapping[str, Encodable]"
"""What can be encoded; text becomes UTF-8."""


class BencodeError(ValueError):
    """The input is not acceptable bencode, or (encoding) the value has no bencoded form."""


class Limits(NamedTuple):
    """How much an input may hold: `depth` of nested containers, `items` values and keys in all."""

    depth: int
    items: int


METAINFO = Limits(depth=32, items=2_500_000)  # a torrent of 300,000 files has about 2,100,000
METAINFO_V2 = Limits(depth=100, items=2_500_000)  # the file tree of BEP 52 nests as deep as its directories
TRACKER = Limits(depth=8, items=10_000)
DHT = Limits(depth=16, items=500)
EXTENSION = Limits(depth=16, items=500)

_STRING = rb"(0|[1-9][0-9]{0,19}):"  # group 1: the length, at most 20 digits
_END = rb"(e)"
_DICT = rb"(d)"
_LIST = rb"(l)"
_INTEGER = rb"(i)(?:0|-?[1-9][0-9]{0,19})e"
_NEVER = rb"((?!))"  # in the place of _END: the groups have the same numbers in all three patterns

_KEY = re.compile(b"|".join((_STRING, _END))).match
_VALUE = re.compile(b"|".join((_STRING, _NEVER, _INTEGER, _DICT, _LIST))).match
_ITEM = re.compile(b"|".join((_STRING, _END, _INTEGER, _DICT, _LIST))).match
_IS_STRING, _IS_END, _IS_INTEGER, _IS_DICT = 1, 2, 3, 4


class _Mark(NamedTuple):
    """Where a top-level key stands and where its value begins."""

    key: bytes
    start: int
    value: int


def decode(data: bytes, limits: Limits) -> Value:
    """The value of `data`. BencodeError when it is malformed, beyond `limits`, or followed by anything."""
    return decode_spans(data, limits)[0]


def decode_prefix(data: bytes, limits: Limits) -> tuple[Value, int]:
    """The value that `data` begins with, and how many bytes it took. BencodeError as in `decode`."""
    value, end, _ = _scan(data, limits)
    return value, end


def decode_spans(data: bytes, limits: Limits) -> tuple[Value, dict[bytes, tuple[int, int]]]:
    """As `decode`, with the raw span (start, end) of each value of a top-level dictionary."""
    value, end, marks = _scan(data, limits)
    if end != len(data):
        raise BencodeError(f"{len(data) - end} bytes follow the value, at byte {end}")
    return value, _spans(marks, end)


def span(data: bytes, key: bytes, limits: Limits) -> tuple[int, int]:
    """Where the raw value of `key` stands in the dictionary that `data` begins with. BencodeError if it is missing."""
    _, end, marks = _scan(data, limits)
    try:
        return _spans(marks, end)[key]
    except KeyError:
        raise BencodeError(f"there is no key {key!r} at the top level") from None


def encode(value: Encodable) -> bytes:
    """The canonical form, keys sorted. BencodeError for a type that bencode does not know."""
    try:
        return cast(bytes, bencodepy.encode(value))
    except (KeyError, TypeError, AttributeError) as error:
        raise BencodeError(f"{type(value).__name__} cannot be bencoded: {error}") from None


def _spans(marks: list[_Mark], end: int) -> dict[bytes, tuple[int, int]]:
    """A value ends where the next key begins; the last one ends before the dictionary's `e`."""
    ends = [mark.start for mark in marks[1:]] + [end - 1]
    return {mark.key: (mark.value, stop) for mark, stop in zip(marks, ends, strict=False)}


def _scan(data: bytes, limits: Limits) -> tuple[Value, int, list[_Mark]]:
    """The value that `data` begins with; its end, and the marks of its keys if it is a dictionary.

    `inside` is the innermost container, `key` what it waits for the value of, if it is a dictionary; `outer` the same
    of the containers around it. One loop and few calls: a large torrent has two million tokens.
    """
    size, items, position = len(data), limits.items, 0
    marks: list[_Mark] = []
    outer: list[tuple[_Container | None, bytes]] = []
    inside: _Container | None = None
    key = b""
    expected = _VALUE
    while True:
        token = expected(data, position)
        if token is None:
            _refuse(data, position, expected)
        start, position = position, token.end()
        kind = token.lastindex
        items -= kind != _IS_END
        if items < 0:
            raise BencodeError(f"more than {limits.items} items")
        value: Value
        if kind == _IS_STRING:
            begin, position = position, position + int(token[1])
            if position > size:
                raise BencodeError(f"the string at byte {start} is longer than the input")
            value = data[begin:position]
            if expected is _KEY:
                _check_new(value, inside, start)
                if len(outer) == 1:
                    marks.append(_Mark(value, start, position))
                key, expected = value, _VALUE
                continue
        elif kind == _IS_INTEGER:
            value = int(data[start + 1 : position - 1])
        elif kind == _IS_END:
            value = inside  # type: ignore[assignment]  # an end is expected only inside a container
            inside, key = outer.pop()
        else:
            outer.append((inside, key))
            _check_depth(len(outer), limits, start)
            inside, expected = ({}, _KEY) if kind == _IS_DICT else ([], _ITEM)
            continue
        if inside is None:
            return value, position, marks
        if isinstance(inside, dict):
            inside[key], expected = value, _KEY
        else:
            inside.append(value)
            expected = _ITEM


def _check_new(key: bytes, inside: _Container | None, start: int) -> None:
    assert isinstance(inside, dict)  # a key is expected only there
    if key in inside:
        raise BencodeError(f"the key at byte {start} was there before")


def _check_depth(depth: int, limits: Limits, start: int) -> None:
    if depth > limits.depth:
        raise BencodeError(f"nested deeper than {limits.depth}, at byte {start}")


def _refuse(data: bytes, position: int, expected: object) -> NoReturn:
    if position >= len(data):
        raise BencodeError(f"the input ends at byte {position}, inside a value" if data else "the input is empty")
    what = "a key" if expected is _KEY else "a value"
    raise BencodeError(f"{what} was expected at byte {position}")
