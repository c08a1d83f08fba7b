from __future__ import annotations

from pathlib import Path

from tests.state.samples import HASH, opened, result
from torrentd.state.records import BanRecord

LATER = BanRecord("2a00::/64", "noise", 5.0, 6.5, None)
FIRST = BanRecord("1.2.3.4", "sent bad data", 1.0, None, HASH)


def test_they_are_there_again(tmp_path: Path) -> None:
    with opened(tmp_path / "db") as (state, loaded):
        assert loaded.bans == []
        result(state.put_bans([LATER, FIRST, BanRecord("9.9.9.9", "", 2.0, None, None)]))
        result(state.lift_bans(["9.9.9.9", "8.8.8.8"]))
    with opened(tmp_path / "db") as (state, loaded):
        assert loaded.bans == [FIRST, LATER]
        result(state.put_bans([FIRST._replace(at=7.0)]))
    with opened(tmp_path / "db") as (_, loaded):
        assert loaded.bans == [LATER, FIRST._replace(at=7.0)]
