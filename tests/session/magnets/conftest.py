"""A torrent, somebody who has it, and somebody who has nothing yet."""

from __future__ import annotations

import pytest

from tests.session.world import Sample


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
