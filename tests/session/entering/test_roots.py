"""Where callers may put torrents, and links that somebody plants there after it was looked at."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.session.world import Home, Sample, World, error, result
from torrentd.model.errors import RpcError, StorageError
from torrentd.session.control import AddOptions
from torrentd.session.entering.roots import allowed_directory


@pytest.fixture
def torrent() -> Sample:
    return Sample()


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """Nothing of this daemon's; a folder of it is called like the one that callers name."""
    (tmp_path / "outside" / "films").mkdir(parents=True)
    return tmp_path / "outside"


@pytest.fixture
def seed(make_home, torrent: Sample) -> Home:  # type: ignore[no-untyped-def]
    made: Home = make_home(6881).start()
    made.put(torrent)
    made.add(torrent)
    return made


@pytest.fixture
def leech(make_home) -> Home:  # type: ignore[no-untyped-def]
    made: Home = make_home(6882).start()
    return made


def files_in(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if not path.is_dir()]


def fetch(leech: Home, seed: Home, torrent: Sample) -> None:
    result(leech.steering.resume(torrent.id, False))
    result(leech.steering.add_peers(torrent.id, [seed.address]))
    leech.world.run(10)


@pytest.mark.parametrize("depth", [1, 2])
def test_a_link_planted_after_the_directory_was_named(
    world: World, seed: Home, leech: Home, torrent: Sample, outside: Path, depth: int
) -> None:
    named = leech.downloads / "films" / "new"
    leech.add(torrent, download_dir=str(named), paused=True)
    planted = [named, named.parent][depth - 1]
    planted.parent.mkdir(exist_ok=True)
    planted.symlink_to(outside, target_is_directory=True)
    fetch(leech, seed, torrent)
    row = leech.row(torrent)
    assert (row.state, row.error.code) == ("error", "permission")
    assert files_in(outside) == []
    planted.unlink()
    fetch(leech, seed, torrent)
    world.until(lambda: leech.row(torrent).state == "seeding", 120)
    assert len(files_in(named)) == len(torrent.files)


def test_nothing_is_read_or_removed_through_it(leech: Home, torrent: Sample, outside: Path) -> None:
    named = leech.downloads / "films"
    for name, data in torrent.files.items():
        path = outside / torrent.name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    leech.add(torrent, download_dir=str(named), paused=True)
    named.symlink_to(outside, target_is_directory=True)
    result(leech.steering.verify(torrent.id))
    leech.world.run(5)
    assert leech.row(torrent).done == 0
    leech.steering.remove(torrent.id, True).addErrback(lambda failure: failure.trap(StorageError) and None)
    leech.world.run(5)
    assert len(files_in(outside)) == len(torrent.files)


def test_a_link_planted_while_a_torrent_is_moved_there(seed: Home, torrent: Sample, outside: Path) -> None:
    target = seed.downloads / "films"
    seed.worker.hangs = True
    job = result(seed.steering.move(torrent.id, str(target), "move"))
    target.symlink_to(outside, target_is_directory=True)
    seed.worker.go_on()
    seed.world.run(5)
    assert seed.steering.job(job).state == "failed"
    assert files_in(outside) == []
    assert seed.same(torrent) and seed.row(torrent).state == "seeding"


def test_every_way_to_name_a_directory_is_asked(leech: Home, torrent: Sample, outside: Path) -> None:
    (leech.downloads / "link").symlink_to(outside, target_is_directory=True)
    leech.add(torrent, paused=True)
    link = f"magnet:?xt=urn:btih:{'5e' * 20}"
    steering = leech.steering
    for where in (str(outside), f"{leech.downloads}/../outside", f"{leech.downloads}/link/films", "films", "/"):
        options = AddOptions(download_dir=where)
        for problem in (
            error(lambda options=options: steering.add(Sample("other").metainfo, options)),  # type: ignore[misc]
            error(lambda options=options: steering.add_magnet(link, options)),  # type: ignore[misc]
            error(lambda options=options: steering.add_url("http://192.0.2.1/x.torrent", options)),  # type: ignore[misc]
            error(lambda where=where: steering.move(torrent.id, where, "move")),  # type: ignore[misc]
            error(lambda where=where: steering.move(torrent.id, where, "point")),  # type: ignore[misc]
        ):
            assert isinstance(problem, RpcError) and problem.name == "path_not_allowed", (where, problem)
    assert steering.ids() == [torrent.id]


def test_a_directory_is_what_it_leads_to(tmp_path: Path, outside: Path) -> None:
    """Also one that is named by the configuration."""
    (tmp_path / "link").symlink_to(outside, target_is_directory=True)
    link = f"{tmp_path}/link"
    assert allowed_directory(None, link, []) == str(outside)
    assert allowed_directory(f"{link}/films", link, []) == f"{outside}/films"
    assert allowed_directory(f"{outside}/films", link, []) == f"{outside}/films"
    assert allowed_directory(f"{link}/films/../films", "/nowhere", [link]) == f"{outside}/films"


@pytest.mark.parametrize(
    ("root", "wanted", "inside"),
    [
        ("films", "films", True),
        ("films", "films/", True),
        ("films", "films/new", True),
        ("films/", "films/new", True),
        ("films", "films2", False),
        ("films", "film", False),
        ("films", "films/../films2", False),
        ("films", "", False),
        ("/", "films", True),
    ],
)
def test_whole_names_are_compared(tmp_path: Path, root: str, wanted: str, inside: bool) -> None:
    there = f"{tmp_path}/{wanted}"
    if inside:
        assert allowed_directory(there, "/nowhere", [root if root == "/" else f"{tmp_path}/{root}"]) == there.rstrip(
            "/"
        )
        return
    with pytest.raises(RpcError) as refused:
        allowed_directory(there, "/nowhere", [f"{tmp_path}/{root}"])
    assert refused.value.name == "path_not_allowed"
    assert f"download_dir {os.path.normpath(there)} is neither" in str(refused.value)


def test_links_that_go_round(tmp_path: Path) -> None:
    os.symlink(tmp_path / "b", tmp_path / "a")
    os.symlink(tmp_path / "a", tmp_path / "b")
    with pytest.raises(RpcError) as refused:
        allowed_directory(f"{tmp_path}/a/x", "/srv", [])
    assert refused.value.name == "path_not_allowed"
