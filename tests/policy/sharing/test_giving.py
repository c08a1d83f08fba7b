"""Who is owed how much, and who only takes: neither the newcomer, nor a peer with a slow link."""

from __future__ import annotations

import pytest

from torrentd.policy.sharing.giving import GIFT, HEAD_START, LONGEST_START, SHARE, only_takes, owed

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


@pytest.mark.parametrize(
    ("more", "less"),
    [
        (owed(2 * MIB, MIB, 0.5, 64 * MIB), owed(MIB, MIB, 0.5, 64 * MIB)),
        (owed(MIB, MIB, 0.5, 64 * MIB), owed(MIB, 2 * MIB, 0.5, 64 * MIB)),
        (owed(MIB, MIB, 0.6, 64 * MIB), owed(MIB, MIB, 0.5, 64 * MIB)),
        (owed(int(64 * MIB * HEAD_START) + 1, 0, 0.0, 64 * MIB), owed(0, 0, 1.0, 64 * MIB)),
        (owed(LONGEST_START + 1, 0, 0.0, 1024**4), owed(0, 0, 1.0, 1024**4)),
    ],
    ids=["gave more", "took less", "lacks more", "gave more than others lack", "in a large torrent, too"],
)
def test_who_is_owed_more(more: float, less: float) -> None:
    assert more > less
