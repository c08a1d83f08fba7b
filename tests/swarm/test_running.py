"""Start, stop, limits."""

from __future__ import annotations

from tests.swarm.evaluator import arrives, asked, closed, commands, has, make, run, run_of, says
from torrentd.model.geometry import BLOCK
from torrentd.swarm.commands import Announce, Discard
from torrentd.swarm.events import Announced, PeerClosed, Start, Stop, StorageFailed
from torrentd.wire.peer.messages import Unchoke
from torrentd.wire.tracker.answer import Answer

URL = "http://tracker.example/announce"


def test_a_stop_closes_the_peers_and_drops_what_is_unfinished() -> None:
    torrent = make(pieces=3, tiers=[[URL]])
    log = run(
        torrent,
        (0, Start()),
        (0, Announced(URL, Answer(interval=1800, seeders=1))),
        *((0.0, event) for key in (1, 2) for event in (arrives(key), says(key, has(3, 0, 1, 2), Unchoke()))),
        (1, says(1, run_of(0, 0, 4), run_of(1, 0, 2))),
        (2, Stop()),
        (2, PeerClosed(1, "the torrent was paused")),
    )
    at_stop = [command for at, command in log if at == 2]
    assert closed(log) == {1: "the torrent was paused", 2: "the torrent was paused"}
    assert commands(log, Discard) == [Discard([1, 2])]
    assert [command.event for command in commands(log, Announce)] == ["started", "stopped"]
    assert len(at_stop) == 4
    assert torrent.totals.wasted == 2 * BLOCK
    assert (torrent.running, torrent.next_deadline()) == (False, float("inf"))


def test_a_silent_stop_tells_no_tracker() -> None:
    torrent = make(tiers=[[URL]])
    log = run(torrent, (0, Start()), (0, Announced(URL, Answer(interval=1800))), (1, Stop(silent=True)))
    assert [command.event for command in commands(log, Announce)] == ["started"]


def test_starting_and_stopping_twice_changes_nothing() -> None:
    torrent = make(tiers=[[URL]])
    assert len(commands(run(torrent, (0, Start()), (1, Start())), Announce)) == 1
    assert run(torrent, (2, Stop()), (3, Stop())) != []
    assert run(torrent, (4, Stop())) == []


def test_a_restart_forgives_the_storage_and_fetches_what_was_dropped() -> None:
    torrent = make(pieces=2)
    hello = [arrives(1), says(1, has(2, 0, 1), Unchoke())]
    run(
        torrent,
        (0, Start()),
        *((0.0, e) for e in hello),
        (1, StorageFailed(None, "gone", "files_missing")),
        (2, Stop()),
    )
    log = run(torrent, (3, Start()), *((3.0, event) for event in hello))
    assert asked(log, 1) == [(0, 0, 4 * BLOCK), (1, 0, 4 * BLOCK)]


def test_an_idle_torrent_has_no_deadline() -> None:
    torrent = make(have=[0, 1, 2, 3])
    assert torrent.next_deadline() == float("inf")
    run(torrent, (0, Start()))
    assert torrent.next_deadline() == float("inf")
