"""The user changes the trackers of a torrent, and takes its file away."""

from __future__ import annotations

from typing import Any

import pytest

from tests.session.world import Sample, error, result
from torrentd.session.steering.trackers import edited, without_repeats
from torrentd.wire.metainfo import parse, with_trackers

A, B, C = (f"http://{name}.example/announce" for name in "abc")


@pytest.fixture
def torrent() -> Sample:
    return Sample()


def test_trackers_survive_a_restart(home: Any, torrent: Sample) -> None:
    home.add(torrent, paused=True)
    assert result(home.steering.set_trackers(torrent.id, [[A, B], [], [B, C]])) == [[A, B], [C]]
    assert result(home.steering.edit_trackers(torrent.id, [B], [A])) == [[B], [C]]
    home.stop()
    home.start()
    assert [row.url for row in result(home.steering.trackers(torrent.id))] == [B, C]
    assert result(home.steering.set_trackers(torrent.id, [])) == []
    home.stop()
    home.start()
    assert result(home.steering.trackers(torrent.id)) == []


def test_a_tracker_that_is_not_there_cannot_go(home: Any, torrent: Sample) -> None:
    home.add(torrent, paused=True)
    refused = error(lambda: home.steering.edit_trackers(torrent.id, [A], [B]))
    assert (refused.name, refused.data["path"]) == ("invalid_params", "remove[0]")
    assert result(home.steering.trackers(torrent.id)) == []


@pytest.mark.parametrize(
    ("tiers", "add", "remove", "expected"),
    [
        ([[A], [B]], [C], [], [[A], [B], [C]]),
        ([[A, B]], [B], [], [[A, B]]),
        ([[A, B]], [C, C], [A], [[B], [C]]),
        ([[A], [B]], [A], [A], [[B], [A]]),
        ([[A]], [], [A], []),
    ],
)
def test_edited(tiers: list[list[str]], add: list[str], remove: list[str], expected: list[list[str]]) -> None:
    assert edited(tiers, add, remove) == expected


def test_each_tracker_once() -> None:
    assert without_repeats([[A, A], [B, A], [A], []]) == [[A], [B]]


def test_it_is_exported_as_it_was_added(home: Any, torrent: Sample) -> None:
    home.add(torrent, paused=True)
    data, link = result(home.steering.export(torrent.id))
    assert data == torrent.metainfo
    assert link.startswith(f"magnet:?xt=urn:btih:{torrent.id}&dn=sample")


def test_a_removal_overtakes_an_export(home: Any, torrent: Sample) -> None:
    home.add(torrent)
    home.keeper.hangs = True
    removed, exported = home.steering.remove(torrent.id, False), home.steering.export(torrent.id)
    home.keeper.go_on()
    home.world.run(1)
    result(removed)
    assert error(lambda: exported).name == "torrent_not_found"


def test_it_is_exported_with_the_trackers_of_now(home: Any) -> None:
    torrent = Sample(trackers=[A])
    home.add(torrent, paused=True)
    result(home.steering.edit_trackers(torrent.id, [B, C], [A]))
    data, link = result(home.steering.export(torrent.id))
    read = parse(data)
    assert (read.info_hash.hex(), read.info, read.tiers) == (torrent.id, parse(torrent.metainfo).info, [[B], [C]])
    assert link.count("&tr=") == 2
    home.stop()
    home.start()
    assert result(home.steering.export(torrent.id)) == (data, link)


def test_what_else_the_file_says_stays() -> None:
    data = b"d8:announce1:x7:comment2:hi4:infod6:lengthi1e1:zi1e1:ai2ee4:zzzzli1eee"
    with_b = with_trackers(data, [["x"]], [[B, C]])
    assert b"7:comment2:hi4:infod6:lengthi1e1:zi1e1:ai2ee4:zzzzli1eee" in with_b
    assert with_b.startswith(b"d8:announce25:http://b.example/announce13:announce-listll25:http://b")
    assert with_trackers(data, [["x"]], []) == b"d7:comment2:hi4:infod6:lengthi1e1:zi1e1:ai2ee4:zzzzli1eee"
