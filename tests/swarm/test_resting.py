"""A torrent that slept goes on exactly where it was."""

from __future__ import annotations

from tests.swarm.evaluator import Log, arrives, commands, evaluate, make, run
from torrentd.model.address import Address
from torrentd.swarm.commands import Announce, Connect
from torrentd.swarm.events import (
    Announced,
    AnnounceFailed,
    ConnectFailed,
    Dial,
    PeerClosed,
    PeersFound,
    PortChanged,
    Start,
    Stop,
    Tick,
)
from torrentd.swarm.resting import WORTHWHILE, Rest, may_rest, rest, resume
from torrentd.swarm.settings import Totals
from torrentd.swarm.torrent import Torrent
from torrentd.wire.tracker.answer import Answer

ONE, TWO = "http://one.example/announce", "http://two.example/announce"
PEER = Address("10.9.9.9", 6881)
NUMBERS = Answer(interval=1800, min_interval=900, seeders=1, leechers=1, tracker_id=b"t")


def seed(**others: object) -> Torrent:
    return make(pieces=2, have=[0, 1], **others)  # type: ignore[arg-type]


def woken(torrent: Torrent, now: float) -> Torrent:
    """What it is after a sleep."""
    assert may_rest(torrent, now)
    kept = rest(torrent)
    fresh = seed(tiers=[["http://other.example"]] if kept is None else [[ONE], [TWO]])
    if kept is not None:
        resume(fresh, kept, now)
    return fresh


def _announces(log: Log) -> list[tuple[float, Announce]]:
    return [(at, command) for at, command in log if isinstance(command, Announce)]


def test_the_same_words_to_trackers_with_and_without_sleep() -> None:
    told = []
    for asleep in (False, True):
        torrent = seed(tiers=[[ONE], [TWO]])
        run(torrent, (0, Start()), (0.5, AnnounceFailed(ONE, "refused")), (1, Announced(TWO, NUMBERS)), until=100)
        if asleep:
            torrent = woken(torrent, 100)
        log = evaluate(torrent, lambda _: [(100, Tick()), (4000, Stop())], until=4000)
        told.append(_announces(log))
    assert told[0] == told[1] != []


def test_who_met_nobody_keeps_nothing() -> None:
    torrent = seed()
    run(torrent, (0, Start()))
    assert may_rest(torrent, 10)
    assert rest(torrent) is None


def test_a_candidate_is_dialled_no_earlier_and_no_later() -> None:
    torrent = seed()
    run(torrent, (0, Start()), (0, PeersFound([PEER], "tracker")), (0, Dial()), (1, ConnectFailed(PEER, "refused")))
    assert not may_rest(torrent, 2)  # he is dialled again in a minute
    run(torrent, (60, Dial()), (61, ConnectFailed(PEER, "refused")))
    kept = rest(torrent)
    assert kept is not None
    due = kept.wakes_at
    assert due > 61 + WORTHWHILE
    fresh = woken(torrent, 61)
    log = run(fresh, (61, Tick()), (due - 1, Dial()), (due, Dial()))
    assert [(at, command.address) for at, command in log if isinstance(command, Connect)] == [(due, PEER)]


def test_the_last_words_of_peers_are_kept() -> None:
    torrent = seed()
    run(torrent, (0, Start()), (0, arrives(1)), (1, PeerClosed(1, "gone")))
    fresh = woken(torrent, 1000)
    assert [peer.reason for peer in fresh.closed_peers] == ["gone"]


def test_who_may_not_rest() -> None:
    torrent = seed(tiers=[[ONE]])
    run(torrent, (0, Start()))
    assert not may_rest(torrent, 0)  # the tracker has not answered
    run(torrent, (1, Announced(ONE, NUMBERS)))
    assert may_rest(torrent, 1)
    assert not may_rest(torrent, 1 + 1800 - WORTHWHILE / 2)  # the next announce is near
    run(torrent, (2, arrives(1)))
    assert not may_rest(torrent, 2)
    busy = make(pieces=2)
    run(busy, (0, Start()), (0, PeersFound([PEER], "tracker")))
    assert not may_rest(busy, 0)


def test_a_tracker_that_is_to_hear_of_another_port_does_it_after_a_sleep() -> None:
    """When its min interval is over; until then there is no reason to stay awake."""
    torrent = seed(tiers=[[ONE], [TWO]])
    run(torrent, (0, Start()), (1, Announced(ONE, NUMBERS)), (2, PortChanged()))
    log = run(woken(torrent, 100), (100, Tick()), until=950)
    assert [(at, command.url, command.event) for at, command in _announces(log)] == [(901, ONE, "")]
    assert not may_rest(torrent, 901 - WORTHWHILE / 2)


def test_a_paused_torrent_has_no_deadline() -> None:
    torrent = make(pieces=2, tiers=[[ONE]])
    run(torrent, (0, PeersFound([PEER], "user")))
    kept = rest(torrent)
    assert kept is not None
    assert (kept.running, kept.wakes_at) == (False, float("inf"))
    fresh = make(pieces=2, tiers=[[ONE]])
    resume(fresh, kept, 5)
    log = run(fresh, (5, Start()), (5, Dial()))
    assert len(commands(log, Connect)) == 1


def test_goodbyes_are_said_asleep() -> None:
    torrent = seed(tiers=[[ONE]], totals=Totals(uploaded=100))
    run(torrent, (0, Start()), (1, Announced(ONE, NUMBERS)))
    kept = rest(torrent)
    assert kept is not None
    (goodbye,) = kept.farewell(500, 150, 0, 0)
    assert (goodbye.event, goodbye.uploaded, goodbye.tracker_id) == ("stopped", 50, b"t")
    assert kept.farewell(501, 150, 0, 0) == []
    silent = Rest(True, False, Totals(), None, None, None, {})
    assert silent.farewell(0, 0, 0, 0) == []
