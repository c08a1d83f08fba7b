"""Nothing that steers a terminal or ends a log line gets through, whatever the bytes."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.escape import escape, escape_bytes


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, \u00fcn\u00efcode \U0001f600", "plain, \u00fcn\u00efcode \U0001f600"),
        ("a\nb\tc\0", r"a\x0ab\x09c\x00"),
        ("\x1b[31mred\x7f\x9b", r"\x1b[31mred\x7f\x9b"),
        ("\u202egpj.exe\u2066\u200e\u061c", r"\u202egpj.exe\u2066\u200e\u061c"),
        ("a\u2028b", r"a\u2028b"),
        ("\ud800", r"\ud800"),
        ("back\\slash", "back\\slash"),
    ],
)
def test_escape(text, shown):
    assert escape(text) == shown


def test_bytes_that_are_not_utf8_are_visible():
    assert escape_bytes(b"caf\xe9 \xf0\x9f\x98\x80 \xff\n") == "caf\\xe9 \U0001f600 \\xff\\x0a"


@given(st.binary(max_size=40))
def test_what_comes_out_is_printable_and_stays_as_it_is(raw):
    shown = escape_bytes(raw)
    shown.encode("utf-8")
    assert not any(unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp") for character in shown)
    assert not any(unicodedata.bidirectional(character) in ("RLO", "LRO", "RLE", "LRE", "PDF") for character in shown)
    assert escape(shown) == shown


@given(st.text(max_size=40))
def test_escaping_twice_is_escaping_once(text):
    assert escape(escape(text)) == escape(text)
