"""The watch folder: files become torrents, whatever else lies there."""

from __future__ import annotations

import os

import pytest

from tests.session.world import Sample
from torrentd.session.unattended.watching import EVERY, LARGEST_LINKS, PATIENCE

LINK = f"magnet:?xt=urn:btih:{'ab' * 20}"


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "watched").mkdir()
    return tmp_path / "watched"


@pytest.fixture
def watching(make_home, folder):
    return lambda **more: make_home(
        6881, toml=f'[watch]\ndir = "{folder}"\n' + "".join(f"{key} = {value}\n" for key, value in more.items())
    ).start()


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_torrent_is_added_once_it_looks_the_same_twice(watching, world, folder, torrent):
    home = watching()
    (folder / "one.TORRENT").write_bytes(torrent.metainfo)
    world.run(EVERY)
    assert home.steering.ids() == []
    world.run(EVERY)
    assert home.steering.ids() == [torrent.id]
    assert names(folder) == ["one.TORRENT.added"]


def test_what_was_there_before_the_start(watching, world, folder, torrent):
    (folder / "one.torrent").write_bytes(torrent.metainfo)
    home = watching(after='"delete"', paused="true")
    world.run(EVERY)
    assert home.row(torrent).state == "paused"
    assert names(folder) == []


def test_a_copy_under_way_is_waited_for(watching, world, folder, torrent):
    home = watching()
    for end in range(0, len(torrent.metainfo), 100):
        (folder / "one.torrent").write_bytes(torrent.metainfo[:end])
        world.run(EVERY)
    assert names(folder) == ["one.torrent"]
    world.run(PATIENCE - 2 * EVERY)  # it got stuck
    (folder / "one.torrent").write_bytes(torrent.metainfo)
    world.run(2 * EVERY)
    assert home.steering.ids() == [torrent.id]


def test_links_of_which_one_is_known(watching, world, folder):
    home = watching()
    other = LINK.replace("ab", "cd")
    (folder / "links.magnet").write_text(f"{LINK}\n\n  {other}\r\n{LINK}\n")
    world.run(2 * EVERY)
    assert home.steering.ids() == ["ab" * 20, "cd" * 20]
    assert names(folder) == ["links.magnet.added"]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("bad.torrent", b"nonsense"),
        ("empty.torrent", b""),
        ("bad.magnet", b"http://no.magnet/"),
        ("empty.magnet", b"\n \n"),
        ("binary.magnet", bytes(range(256))),
        ("large.magnet", b"x" * (LARGEST_LINKS + 1)),
    ],
)
def test_what_is_none_is_put_away_after_a_while(watching, world, folder, logged, name, data):
    home = watching()
    (folder / name).write_bytes(data)
    world.run(PATIENCE)
    assert names(folder) == [name]
    world.run(3 * EVERY)
    assert names(folder) == [name + ".invalid"]
    assert home.steering.ids() == []
    assert sum(f"watch folder: {name}" in line for line in logged()) == 1


def test_everything_else_is_left_alone(watching, world, folder, torrent, tmp_path):
    home = watching()
    (tmp_path / "outside").write_bytes(torrent.metainfo)
    (folder / "link.torrent").symlink_to(tmp_path / "outside")
    (folder / "dir.torrent").mkdir()
    os.mkfifo(folder / "pipe.torrent")
    (folder / ".hidden.torrent").write_bytes(torrent.metainfo)
    (folder / "one.torrent.part").write_bytes(torrent.metainfo)
    before = names(folder)
    world.run(2 * PATIENCE)
    assert home.steering.ids() == []
    assert names(folder) == before


def test_nothing_is_replaced(watching, world, folder, torrent):
    watching()
    (folder / "one.torrent.added").write_text("mine")
    (folder / "one.torrent").write_bytes(torrent.metainfo)
    world.run(2 * EVERY)
    assert names(folder) == ["one.torrent.added", "one.torrent.added.1"]
    assert (folder / "one.torrent.added").read_text() == "mine"


def test_a_name_without_room_for_the_suffix(watching, world, folder, torrent):
    home = watching()
    (folder / ("x" * 247 + ".torrent")).write_bytes(torrent.metainfo)
    world.run(2 * EVERY)
    assert home.steering.ids() == [torrent.id]
    assert [name[-6:] for name in names(folder)] == [".added"]


def test_a_folder_that_is_missing_is_said_once_and_looked_for_again(watching, world, folder, torrent, logged):
    folder.rmdir()
    home = watching()
    world.run(4 * EVERY)
    assert sum("watch folder" in line for line in logged()) == 1
    folder.mkdir()
    (folder / "one.torrent").write_bytes(torrent.metainfo)
    world.run(3 * EVERY)
    assert home.steering.ids() == [torrent.id]
