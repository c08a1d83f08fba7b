"""Clients on one network that find each other by multicast alone (BEP 14)."""

from __future__ import annotations

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.conftest import Stage
from tests.interop.content import MIB, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

pytestmark = pytest.mark.xdist_group("multicast")
"""One after another: they have the same torrent, and everybody on this machine hears everybody."""

LSD = {"discovery": {"dht": False, "pex": False, "lsd": True}}


def test_torrentd_finds_torrentd(stage: Stage) -> None:
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    seed, leech = stage.run(Torrentd, **LSD), stage.run(Torrentd, **LSD)
    leech.add(torrent)
    seed.add(torrent, torrent.origin)
    leech.wait(torrent)
    assert_same(torrent, leech.downloads)


@pytest.mark.parametrize("torrentd_first", [True, False])
def test_torrentd_and_libtorrent_find_each_other(stage: Stage, torrentd_first: bool) -> None:
    """Whoever comes second is heard by the first."""
    torrent = make(stage.directory("origin"), {"content.bin": MIB})
    target = stage.directory("target")
    seed = stage.run(Torrentd, **LSD)
    if torrentd_first:
        seed.add(torrent, torrent.origin)
        seed.wait(torrent)
    other = stage.run(Libtorrent, enable_lsd=True)
    other.add(torrent, target)
    if not torrentd_first:
        seed.add(torrent, torrent.origin)
    until(lambda: other.is_complete(torrent), "libtorrent is complete", WAIT)
    assert_same(torrent, target)
