"""What is told of a torrent beyond its row, and what is kept for the layers above."""

from __future__ import annotations

import pytest

from tests.session.world import PIECE, Sample, result
from torrentd.model.layout import Priority
from torrentd.session.control import AddOptions, FileChoice, Wishes


@pytest.fixture
def torrent():
    return Sample()


def test_of_a_torrent(home, torrent):
    home.put(torrent)
    home.add(torrent)
    details = result(home.steering.details(torrent.id))
    assert details.magnet.startswith(f"magnet:?xt=urn:btih:{torrent.id}")
    assert details.file_count == len(result(home.steering.files(torrent.id)))
    assert (details.paused, details.unverified, details.obtainable) == (False, 0, 0)
    result(home.steering.pause(torrent.id))
    assert result(home.steering.details(torrent.id)).paused


def test_in_the_middle_of_a_download(make_home, world, torrent):
    seed, leech = make_home(6881).start(), make_home(6882).start()
    seed.put(torrent)
    seed.add(torrent)
    result(seed.steering.set_limits(None, PIECE))
    leech.add(torrent, peers=(seed.address,))
    world.until(lambda: leech.row(torrent).left not in (0, leech.row(torrent).size), 60)
    details = result(leech.steering.details(torrent.id))
    row = leech.row(torrent)
    assert details.obtainable == row.left
    assert 0 <= details.unverified <= row.left
    world.until(lambda: result(leech.steering.details(torrent.id)).unverified > 0, 60)
    assert leech.row(torrent).downloading_time > 0
    world.until(lambda: leech.row(torrent).state == "seeding", 180)
    spent = leech.row(torrent).downloading_time
    world.run(50)
    assert result(leech.steering.details(torrent.id)).obtainable == 0
    assert leech.row(torrent).downloading_time == spent > 0
    leech.stop()
    leech.start()
    assert leech.row(torrent).downloading_time == spent


def test_without_metadata(home):
    id = "5a" * 20
    link = f"magnet:?xt=urn:btih:{id}&tr=http%3A%2F%2Ft.example%2Fannounce&ws=http%3A%2F%2Fw.example%2F"
    result(home.steering.add_magnet(link, AddOptions(paused=True)))
    details = result(home.steering.details(id))
    assert (details.tiers, details.paused, details.file_count) == ([["http://t.example/announce"]], True, 0)
    assert details.webseeds == ["http://w.example/"]
    assert result(home.steering.details(id)).magnet == details.magnet
    assert details.magnet.startswith(f"magnet:?xt=urn:btih:{id}")


def test_what_the_user_edits_is_dated(home, world, torrent):
    home.put(torrent)
    home.add(torrent)
    edited = home.row(torrent).edited_at
    assert edited >= home.row(torrent).added_at
    for edit in (
        lambda: home.steering.set(torrent.id, Wishes(labels=("a",))),
        lambda: home.steering.set(torrent.id, Wishes(limits={"ratio": 2.0})),
        lambda: home.steering.set_files(torrent.id, [FileChoice(Priority.HIGH, index=0)]),
    ):
        world.run(1)
        result(edit())
        assert home.row(torrent).edited_at > edited
        edited = home.row(torrent).edited_at
    result(home.steering.pause(torrent.id))
    result(home.steering.resume(torrent.id, False))
    assert home.row(torrent).edited_at == edited
    home.stop()
    assert home.start().row(torrent).edited_at == edited


def test_kept_for_the_layers_above(home):
    assert home.steering.kept("a") is None
    result(home.steering.keep("a", {"b": [1]}))
    result(home.steering.keep("limits", 5))
    home.stop()
    home.start()
    assert home.steering.kept("a") == {"b": [1]}
    assert home.steering.limits() == (None, None)
    result(home.steering.keep("a", None))
    home.stop()
    assert home.start().steering.kept("a") is None


def test_files_and_runs_are_counted(home, torrent):
    home.put(torrent)
    home.add(torrent)
    files = result(home.steering.details(torrent.id)).file_count
    totals = home.steering.status().totals
    assert (totals.session.files, totals.session.runs, totals.all_time.files, totals.all_time.runs) == (
        files,
        1,
        files,
        1,
    )
    home.stop()
    totals = home.start().steering.status().totals
    assert (totals.session.files, totals.all_time.files, totals.all_time.runs) == (0, files, 2)


def test_the_disk_of_a_path(home):
    there = result(home.steering.disk("/"))
    assert there.free <= there.total
    assert result(home.steering.disk("/nowhere/at/all")).free is not None
    assert result(home.steering.disk("/" + "x" * 5000)).free is None
