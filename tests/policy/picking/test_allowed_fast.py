from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torrentd.policy.picking.allowed_fast import BYTES, MOST, allowed_fast

HASH = b"\xaa" * 20
MIB = 1024 * 1024


def test_the_examples_of_the_bep() -> None:
    nine = [1059, 431, 808, 1217, 287, 376, 1188, 353, 508]
    assert allowed_fast(HASH, "80.4.4.200", 1313, BYTES // 9)[:9] == nine
    assert allowed_fast(HASH, "80.4.4.200", 1313, BYTES // 7) == nine[:7]


@pytest.mark.parametrize(("one", "other"), [("80.4.4.200", "80.4.4.1"), ("2001:db8::1", "2001:db8::ffff:1")])
def test_a_network_has_one_set_however_many_addresses(one: str, other: str) -> None:
    assert allowed_fast(HASH, one, 1313, MIB) == allowed_fast(HASH, other, 1313, MIB)
    assert allowed_fast(HASH, one, 1313, MIB) != allowed_fast(HASH, "80.4.5.1", 1313, MIB)
    assert allowed_fast(HASH, "::ffff:80.4.4.9", 1313, MIB) == allowed_fast(HASH, "80.4.4.200", 1313, MIB)


@given(st.binary(min_size=20, max_size=20), st.integers(1, 60), st.integers(1, 2**29))
def test_a_set_of_different_pieces_that_is_small(info_hash: bytes, count: int, size: int) -> None:
    pieces = allowed_fast(info_hash, "1.2.3.4", count, size)
    assert len(set(pieces)) == len(pieces) == min(count, MOST, max(1, BYTES // size))
    assert all(0 <= piece < count for piece in pieces)
