"""What trackers are told, compared with what the scripted peers on the other side counted, across a restart."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB
from tests.interop.daemon import Torrentd
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Leecher, Seeder
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.announce import Announce
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.faults.trackers.udp import UdpTracker
from tests.interop.processes import until

SIZE = 8 * MIB + 12_345


def told(announce: Announce) -> tuple[str, int, int, int]:
    return announce.event, announce.uploaded, announce.downloaded, announce.left


def start_tracker(kind: str, until_end: ExitStack) -> HttpTracker | UdpTracker:
    tracker = HttpTracker(answers.peers()) if kind == "http" else UdpTracker()
    until_end.enter_context(tracker)
    return tracker


def name_peers(tracker: HttpTracker | UdpTracker, *addresses: str) -> None:
    if isinstance(tracker, HttpTracker):
        tracker.answer = answers.peers(*addresses)
    else:
        tracker.peers = addresses


@pytest.mark.parametrize("kind", ["http", "udp"])
def test_counters_and_events(stage: Stage, torrentd: Torrentd, until_end: ExitStack, kind: str) -> None:
    content = Computed(SIZE)
    half = range(content.piece_count // 2)
    half_size = sum(map(content.piece_length, half))
    half_seed = until_end.enter_context(Seeder(content, pieces=half, peer_id=b"-XX0001-halfaseed---"))
    tracker = start_tracker(kind, until_end)
    heard = tracker.announces
    name_peers(tracker, half_seed.address)
    torrent = content.torrent([tracker.url])

    # the first run: half of it comes, a quarter of it is fetched from us
    torrentd.add(torrent)
    first = heard.wait_event("started")
    assert told(first) == ("started", 0, 0, SIZE)
    until(lambda: torrentd.get(torrent)["left"] == SIZE - half_size, "half of it is there", 10)
    with Leecher(content, torrentd.peer_address) as leecher:
        leecher.fetch(half[: len(half) // 2])
        until(lambda: torrentd.get(torrent)["uploaded"] == leecher.received, "it is counted", 5)
    assert torrentd.stop() == 0
    stopped = heard.wait_event("stopped")
    assert told(stopped) == ("stopped", leecher.received, half_seed.sent, SIZE - half_size)
    assert half_seed.sent == half_size

    # the second run: its counters begin anew, what is left does not; the rest comes
    full_seed = until_end.enter_context(Seeder(content, peer_id=b"-XX0001-wholeseed---"))
    name_peers(tracker, full_seed.address)
    heard.all.clear()
    torrentd.start()
    assert told(heard.wait_event("started")) == ("started", 0, 0, SIZE - half_size)
    torrentd.wait(torrent)
    assert told(heard.wait_event("completed")) == ("completed", 0, full_seed.sent, 0)
    assert full_seed.sent == SIZE - half_size
    row = torrentd.get(torrent)
    assert (row["downloaded"], row["uploaded"]) == (SIZE, leecher.received)
    assert torrentd.stop() == 0
    assert told(heard.wait_event("stopped")) == ("stopped", 0, full_seed.sent, 0)
    assert heard.events() == ["started", "completed", "stopped"]

    # the third run: complete from the beginning, so it is not completed again
    heard.all.clear()
    torrentd.start()
    assert told(heard.wait_event("started")) == ("started", 0, 0, 0)
    assert torrentd.stop() == 0
    heard.wait_event("stopped")
    assert heard.events() == ["started", "stopped"]


def test_who_we_are(torrentd: Torrentd, until_end: ExitStack) -> None:
    content = Computed(SIZE)
    with HttpTracker(answers.peers(compact=False)) as tracker:
        torrent = content.torrent([tracker.url])
        torrentd.add(torrent)
        started = tracker.announces.wait_event("started")
        assert started.info_hash == torrent.info_hash
        assert started.peer_id.startswith(b"-TD")
        assert f":{started.port}" == torrentd.peer_address[torrentd.peer_address.rindex(":") :]
        assert started.numwant > 0
        assert (started.more["compact"], started.more["no_peer_id"]) == ("1", "1")
        torrentd.rpc("torrent.pause", ids=[torrent.info_hash])
        stopped = tracker.announces.wait_event("stopped")
        assert (stopped.peer_id, stopped.key, stopped.numwant) == (started.peer_id, started.key, 0)
