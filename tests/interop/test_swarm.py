"""Several clients that know of each other through a real tracker only."""

from __future__ import annotations

import pytest

from tests.interop.clients.libtorrent import Libtorrent
from tests.interop.clients.opentracker import Opentracker
from tests.interop.conftest import Stage
from tests.interop.content import MIB, assert_same, make
from tests.interop.daemon import WAIT, Torrentd
from tests.interop.processes import until

SIZE = 8 * MIB + 1


@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_three_torrentd_and_two_libtorrent(stage: Stage, scheme: str) -> None:
    tracker = stage.place(Opentracker)
    torrent = make(stage.directory("origin"), {"content.bin": SIZE}, announce=tracker.url(scheme))
    tracker.allow([torrent.info_hash])
    tracker.start()

    seed = stage.run(Torrentd)
    seed.add(torrent, torrent.origin)
    seed.wait(torrent)
    others = [stage.run(Libtorrent), stage.run(Libtorrent)]
    targets = [stage.directory("first"), stage.directory("second")]
    for other, target in zip(others, targets, strict=True):
        other.add(torrent, target)
    leeches = [stage.run(Torrentd), stage.run(Torrentd)]
    for leech in leeches:
        leech.add(torrent)

    for leech in leeches:
        leech.wait(torrent)
        assert_same(torrent, leech.downloads)
    for other, target in zip(others, targets, strict=True):
        until(lambda other=other: other.is_complete(torrent), "libtorrent is complete", WAIT)  # type: ignore[misc]
        assert_same(torrent, target)
    for daemon in (seed, *leeches):
        (row,) = daemon.rpc("torrent.trackers", id=torrent.info_hash)["trackers"]
        assert (row["status"], row["failures"]) == ("working", 0), row


@pytest.mark.parametrize("scheme", ["http", "udp"])
def test_the_tracker_hears_the_end(stage: Stage, scheme: str) -> None:
    """A clean stop tells the tracker."""
    tracker = stage.place(Opentracker)
    torrent = make(stage.directory("origin"), {"content.bin": MIB}, announce=tracker.url(scheme))
    tracker.allow([torrent.info_hash])
    tracker.start()
    seed = stage.run(Torrentd)
    seed.add(torrent, torrent.origin)
    seed.wait(torrent)
    until(lambda: tracker.seeds(torrent.info_hash) == 1, "the tracker knows the seed", WAIT)
    assert seed.stop() == 0
    assert tracker.seeds(torrent.info_hash) == 0
