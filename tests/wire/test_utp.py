"""uTP is refused: to each SYN its RESET, to nothing else anything."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.wire.utp import refusal

SYN = bytes.fromhex("4102 a1b2 00112233 00000000 00100000 0001 0000 0008 0000000000000000")
"""As libtorrent sends it: with an extension of eight zeros."""


def test_a_syn_is_refused() -> None:
    assert refusal(SYN) == bytes.fromhex("3100 a1b2 00000000 00000000 00000000 0000 0001")


def test_a_header_is_enough() -> None:
    assert refusal(SYN[:20]) == refusal(SYN)


@pytest.mark.parametrize("first", [0x01, 0x11, 0x21, 0x31, 0x40, 0x42, 0x51, 0x64])
def test_nothing_else_is_answered(first: int) -> None:
    assert refusal(bytes([first]) + SYN[1:]) is None


@given(st.binary(max_size=64))
def test_an_answer_is_no_longer_than_its_cause_and_has_none_itself(datagram: bytes) -> None:
    answer = refusal(datagram)
    if answer is not None:
        assert len(answer) <= len(datagram)
        assert refusal(answer) is None


@given(st.binary(max_size=19))
def test_half_a_header_is_ignored(rest: bytes) -> None:
    assert refusal((b"\x41" + rest)[:19]) is None
