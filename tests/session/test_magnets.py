"""Magnet links: added, fetched from peers, and torrents in the end."""

from __future__ import annotations

import pytest

from tests.session.world import Home, Sample, result
from torrentd.session.control import AddOptions


@pytest.fixture
def torrent():
    return Sample()


@pytest.fixture
def seed(make_home, torrent):
    home = make_home(6881).start()
    home.put(torrent)
    home.add(torrent)
    assert home.row(torrent).state == "seeding"
    return home


@pytest.fixture
def leech(make_home, seed):
    return make_home(6882).start()


def link(torrent: Sample, *more: str) -> str:
    return "&".join([f"magnet:?xt=urn:btih:{torrent.id}", *more])


def add(home: Home, text: str, **options) -> tuple[str, bool]:
    return result(home.steering.add_magnet(text, AddOptions(**options)))


def test_from_link_to_data(leech, seed, world, torrent):
    assert add(leech, link(torrent, f"x.pe={seed.address}", "dn=a+name")) == (torrent.id, True)
    row = leech.row(torrent)
    assert (row.id, row.hash_v1, row.name, row.state) == (torrent.id, torrent.id, "a name", "metadata")
    assert (row.size, row.wanted, row.left, row.piece_count, row.piece_size, row.private) == (None,) * 6
    assert (row.progress, row.done, row.metadata_progress) == (0.0, 0, 0.0)
    world.until(lambda: leech.row(torrent).state == "seeding", 60)
    assert leech.same(torrent)
    assert leech.row(torrent).metadata_progress == 1.0
    assert world.network.dialled == [seed.address]  # the connection was kept
