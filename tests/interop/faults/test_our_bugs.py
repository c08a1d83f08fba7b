"""An exception where none was foreseen costs one peer or one torrent, and the rest goes on.

Each case makes the n-th call of one function of ours raise, in a daemon that downloads two torrents from two peers each
and seeds a third. Whatever was hit, everything completes in the end, at most after the user resumed a torrent.
"""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.interop.conftest import Stage
from tests.interop.content import MIB, Torrent
from tests.interop.daemon import WAIT
from tests.interop.faults.content import Computed
from tests.interop.faults.peers import Leecher, Seeder
from tests.interop.faults.running import Injected
from tests.interop.faults.trackers import answers
from tests.interop.faults.trackers.http import HttpTracker
from tests.interop.processes import until

SIZE = 4 * MIB
RATE = 4 * MIB

CASES = {
    "a message": ("torrentd.swarm.peers.conversation:received", [40, 41, 90]),
    "a new peer": ("torrentd.swarm.peers.connecting:peer_connected", [1, 3]),
    "a lost peer": ("torrentd.swarm.peers.connecting:peer_closed", [1]),
    "choosing blocks": ("torrentd.swarm.downloading.download:top_up", [10, 60]),
    "a verified piece": ("torrentd.swarm.storing:pieces_verified", [5]),
    "a deadline": ("torrentd.swarm.torrent:Torrent.next_deadline", [50]),
    "an announce": ("torrentd.session.meeting.announces:Announces.announce", [1]),
    "storing": ("torrentd.disk.storage:Storage.store", [30]),
    "hashing": ("torrentd.disk.writing.whole:piece_hash", [6]),
    "flushing": ("torrentd.disk.verbs.flushing:sync", [1]),
    "marking": ("torrentd.state.database:State.mark", [2, 4, 5]),
    "recording": ("torrentd.state.database:State.record", [1]),
    "sending": ("torrentd.net.peer:PeerProtocol.send", [20]),
    "serving": ("torrentd.net.peer:PeerProtocol.serve", [2]),
    "a handshake": ("torrentd.net.handshaking:Handshake", [2]),
    "framing": ("torrentd.net.peer:Framing", [2]),
}
"""What fails: (function, calls)"""


@pytest.mark.parametrize(("function", "calls"), CASES.values(), ids=CASES)
def test_a_bug(stage: Stage, until_end: ExitStack, function: str, calls: list[int]) -> None:
    contents = [Computed(SIZE, seed=seed, name=f"content-{seed}") for seed in (1, 2)]
    seeded = Computed(SIZE, seed=3, name="seeded.bin")
    seeders = {
        content: [until_end.enter_context(Seeder(content, f"127.0.6.{number}", RATE, peer_id=ids(number)))
                  for number in (1, 2)]
        for content in contents
    }  # fmt: skip
    tracker = until_end.enter_context(HttpTracker(answers.peers()))
    daemon = stage.run(Injected, faults={"raising": {function: calls}})
    seeded.write(daemon.downloads / seeded.name)
    torrents = {content: content.torrent([tracker.url]) for content in (*contents, seeded)}
    daemon.add(torrents[seeded])
    for content in contents:
        daemon.add(torrents[content], peers=[peer.address for peer in seeders[content]])
    fetch_all(daemon, seeded, torrents[seeded], attempts=len(calls) + 1)
    for content in contents:
        until(lambda content=content: is_complete(daemon, torrents[content], seeders[content]), content.name, WAIT)
        assert len(content.right_pieces(daemon.downloads / content.name)) == content.piece_count
    daemon.rpc("daemon.version")
    assert "call " in daemon.whole_log(), "nothing was raised"
    assert daemon.whole_log().count("a bug of ours") <= 3 * len(calls), "it goes on and on"
    assert daemon.stop() == 0


def ids(number: int) -> bytes:
    return b"-XX0001-goodseed%04d" % number


def fetch_all(daemon: Injected, content: Computed, torrent: Torrent, attempts: int) -> None:
    """Somebody fetches from us; each time the bug costs that connection or stops the torrent, once more."""
    for attempt in range(attempts):
        until(lambda: is_complete(daemon, torrent, []), "it seeds", WAIT)
        try:
            with Leecher(content, daemon.peer_address, f"127.0.7.{attempt + 1}") as leecher:
                leecher.fetch(range(content.piece_count))
        except OSError:
            continue
        return
    pytest.fail("nobody is served")


def is_complete(daemon: Injected, torrent: Torrent, seeders: list[Seeder]) -> bool:
    """Whether it is; a torrent that the bug has stopped is resumed, as its user would."""
    row = daemon.get(torrent)
    if row["error"] is not None:
        assert row["error"]["code"] == "internal"
        daemon.rpc("torrent.resume", ids=[torrent.info_hash])
        daemon.rpc("torrent.add_peers", id=torrent.info_hash, peers=[peer.address for peer in seeders])
        return False
    return bool(row["state"] == "seeding")
