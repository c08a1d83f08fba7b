"""Who only takes: neither the newcomer, nor a peer with a slow link."""

from __future__ import annotations

import pytest

from torrentd.policy.sharing.giving import GIFT, SHARE, only_takes

MIB = 1024 * 1024


@pytest.mark.parametrize(
    ("gave", "took", "since_unchoked", "waits"),
    [
        (0, GIFT - 1, GIFT - 1, False),
        (0, GIFT, GIFT, True),
        (0, 100 * MIB, 0, False),
        (16 * 1024, 2 * MIB, MIB, True),
        (2 * MIB // SHARE, 2 * MIB, MIB, False),
        (MIB, 8 * MIB, 8 * MIB, False),
    ],
)
def test_who_waits(gave: int, took: int, since_unchoked: int, waits: bool) -> None:
    assert only_takes(gave, took, since_unchoked) == waits
