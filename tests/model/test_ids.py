from __future__ import annotations

import pytest

from torrentd.model.ids import parse_info_hash


def test_both_lengths_and_both_cases():
    assert parse_info_hash("aB" * 20) == b"\xab" * 20
    assert parse_info_hash("00" * 32) == bytes(32)


@pytest.mark.parametrize("text", ["", "ab", "ab" * 21, "g" * 40, " " * 40, "ab " * 13 + "a", "\u0661" * 40])
def test_malformed(text):
    with pytest.raises(ValueError, match="info hash"):
        parse_info_hash(text)
