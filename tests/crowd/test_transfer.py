"""The whole case with a handful of peers, and what counts as the right content."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks import content
from benchmarks.case import Ground
from benchmarks.cases import CASES
from benchmarks.clients import Kind, LibtorrentKind, TorrentdKind
from benchmarks.crowd.process import Plan
from benchmarks.crowd.transfer import among_many, is_right
from benchmarks.crowd.wire import BLOCK
from benchmarks.sizes import KIB, MIB

TWISTD = Path(sys.executable).with_name("twistd")
PIECE = memoryview(bytes(range(1, 256)) * (4 * BLOCK))[: 4 * BLOCK]


@pytest.mark.interop
@pytest.mark.parametrize("kind", [TorrentdKind(TWISTD), LibtorrentKind()])
def test_what_goes_both_ways_is_measured(kind: Kind, tmp_path: Path) -> None:
    made = content.make(tmp_path / "source", 2 * MIB, 64 * KIB)
    plan, ground = Plan(seeds=3, leeches=2), Ground(tmp_path, patience=0.0)
    measurement = among_many(CASES["I"], kind, made, ground, plan, seconds=1.0)
    assert measurement.verified
    assert 0 < measurement.received < measurement.bytes
    assert measurement.lag > 0 and measurement.peak_rss > MIB
    assert [entry.name for entry in tmp_path.iterdir()] == ["source"]


def test_holes_are_no_error_but_wrong_blocks_and_too_few_are(tmp_path: Path) -> None:
    file = tmp_path / "content"
    half = bytes(PIECE[: 2 * BLOCK]) + bytes(2 * BLOCK)
    file.write_bytes(half + bytes(PIECE))
    assert is_right(file, PIECE, sent=8 * BLOCK)
    assert not is_right(file, PIECE, sent=13 * BLOCK)
    wrong = bytearray(half)
    wrong[BLOCK] ^= 1
    file.write_bytes(wrong)
    assert not is_right(file, PIECE, sent=0)
